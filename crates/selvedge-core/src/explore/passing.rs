//! The execution that does not fail and is nearest to one that does: what
//! decides is where they part.

use crate::machine::Machine;
use crate::schedule::{Schedule, ScheduledStep};
use crate::world::World;

use super::{Decision, Replay, Strategy, View, execute};

/// Operations over all executions that are tried; the last one may go beyond.
const EFFORT: usize = 500_000;

/// Notes what else could have been done at each step of another strategy.
struct Alternatives<S> {
    inner: S,
    found: Vec<Vec<ScheduledStep>>,
}

impl<S: Strategy> Strategy for Alternatives<S> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn begin(&mut self) -> bool {
        self.inner.begin()
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        let decision = self.inner.next(view);
        if let Decision::Step(taken) = &decision {
            let world = view.world();
            let others = view.enabled().iter().flat_map(|&thread| {
                let choices = view.choices(thread);
                (0..choices.len()).map(move |k| (thread, choices.nth(k)))
            });
            let others =
                others.filter(|&(thread, choice)| (thread, choice) != (taken.thread, taken.choice));
            let step = |(thread, choice)| ScheduledStep { thread: world.path(thread), choice };
            self.found.push(others.map(step).collect());
        }
        decision
    }

    fn tick(&mut self, world: &World) {
        self.inner.tick(world);
    }

    fn end(&mut self, world: &World) {
        self.inner.end(world);
    }
}

/// A schedule under which the program does not fail, and which is the same as
/// `failing` up to as late a step as can be found with one other choice there
/// and no preemption after it; `None` if half a million steps do not find one.
pub fn nearest_passing(
    machine: &mut dyn Machine,
    failing: &Schedule,
    max_steps: u64,
) -> Option<Schedule> {
    let mut world = World::new();
    machine.presume(&failing.visible);
    let mut replay = Alternatives { inner: Replay::new(failing.clone()), found: Vec::new() };
    replay.begin();
    execute(machine, &mut world, &mut replay, max_steps);
    machine.finish(&mut world);

    let others = replay.found.iter().enumerate().rev();
    let others = others.flat_map(|(at, others)| others.iter().map(move |other| (at, other)));
    let mut spent = 0;
    for (at, other) in others {
        if spent >= EFFORT {
            break;
        }
        let mut steps = failing.steps[..at].to_vec();
        steps.push(other.clone());
        machine.presume(&failing.visible);
        let mut follow = Replay::new(Schedule { steps, ..failing.clone() });
        follow.begin();
        execute(machine, &mut world, &mut follow, max_steps);
        let passes = world.faults().is_empty();
        spent += world.events().len().max(1);
        let schedule = Schedule::of(&world, None).with_visible(machine);
        machine.finish(&mut world);
        if passes {
            return Some(Schedule { program: failing.program, ..schedule });
        }
    }
    None
}
