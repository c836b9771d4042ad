//! An execution told step by step, while it happens.

use crate::machine::{Driver, Machine, Turn};
use crate::place::Place;
use crate::world::{Event, World};

use super::{Outcome, Steps, Strategy};

/// Runs one execution to its end, as [`execute`](super::execute) does, and gives
/// each step to `tell`: its number, the thread, what it did, and where.
///
/// A step is told when it has taken effect, before its thread goes on: what is
/// told last is where a program is that hangs or aborts. The world records the
/// execution from now on.
pub fn execute_aloud<S: Strategy>(
    machine: &mut dyn Machine,
    world: &mut World,
    strategy: &mut S,
    max_steps: u64,
    tell: &mut dyn FnMut(&str),
) -> Outcome {
    // Else threads take some steps by themselves.
    world.set_recording(true);
    world.begin();
    let steps = Steps { strategy, max_steps, outcome: Outcome::Complete };
    let mut narrated = Narrated { steps, tell };
    machine.run(world, &mut narrated);
    let Steps { strategy, outcome, .. } = narrated.steps;
    strategy.end(world);
    outcome
}

struct Narrated<'a, S> {
    steps: Steps<'a, S>,
    tell: &'a mut dyn FnMut(&str),
}

impl<S: Strategy> Driver for Narrated<'_, S> {
    fn turn(&mut self, world: &mut World) -> Turn {
        let before = world.events().len();
        let turn = self.steps.turn(world);
        if let Some(event) = world.events().get(before) {
            (self.tell)(&line(world, before + 1, event));
        }
        turn
    }
}

fn line(world: &World, number: usize, event: &Event) -> String {
    let who = world.thread_name(event.thread);
    let what = world.describe(event);
    let at = Place::from(event.op.at).short();
    format!("{number:>3} {who:<8} {what:<24} {at}")
}
