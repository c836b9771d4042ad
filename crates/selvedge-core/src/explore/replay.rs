//! Repeating one execution.

use crate::failure::{FailureKind, Fault};
use crate::id::ThreadId;
use crate::schedule::Schedule;
use crate::world::World;

use super::{Decision, Step, Strategy, View};

/// Follows a schedule once, and beyond its end goes on with as few switches
/// as possible.
#[derive(Debug)]
pub struct Replay {
    schedule: Schedule,
    done: bool,
}

impl Replay {
    /// Repeats `schedule`.
    pub fn new(schedule: Schedule) -> Self {
        Replay { schedule, done: false }
    }

    /// A fault if the execution that `world` has gone through does not begin
    /// with the operations that were recorded with the schedule.
    ///
    /// That it goes on beyond them is none: it no longer fails where it did.
    pub fn check(&self, world: &World) -> Option<Fault> {
        let (recorded, now) = (self.schedule.steps.len(), world.events().len());
        let repeated = world.events().get(..recorded);
        if repeated.map(|events| world.fingerprint_of(events)) == Some(self.schedule.fingerprint) {
            return None;
        }
        let what = match repeated {
            Some(_) => {
                "the same threads take the steps, but not with the same operations".to_owned()
            }
            None => format!("{now} steps in place of {recorded}"),
        };
        Some(
            Fault::new(
                FailureKind::Nondeterminism,
                format!("the execution is not the recorded one: {what}"),
            )
            .detail(
                "the program was changed since the schedule was recorded, or does something \
                 random",
                None,
            ),
        )
    }
}

impl Strategy for Replay {
    fn name(&self) -> String {
        "replay".to_owned()
    }

    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.done, true)
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        let at = view.events().len();
        let Some(step) = self.schedule.steps.get(at) else {
            return Decision::Step(go_on(view));
        };
        let mismatch = |what: String| {
            let fault = Fault::new(
                FailureKind::Nondeterminism,
                format!("the schedule does not fit the program: at step {} {what}", at + 1),
            )
            .detail(
                "the schedule is of another program, or the program was changed, or does \
                 something random",
                None,
            );
            Decision::Diverged(Box::new(fault))
        };
        let Some(thread) = view.world().by_path(&step.thread) else {
            return mismatch(format!("there is no thread {}", step.thread));
        };
        if !view.enabled().contains(&thread) {
            let name = view.world().thread_name(thread);
            return mismatch(match view.announced(thread) {
                Some(op) => {
                    let (what, _) = view.world().describe_waiting(thread, op);
                    format!("{name} cannot go on: it waits {what}")
                }
                None => format!("{name} has ended already"),
            });
        }
        if view.choices(thread).at_least(step.choice) != Some(step.choice) {
            return mismatch(format!("there is no choice {}", step.choice));
        }
        Decision::Step(Step { thread, choice: step.choice })
    }

    fn end(&mut self, _world: &World) {}
}

/// The thread that ran last, else the oldest.
fn go_on(view: &View<'_>) -> Step {
    let enabled = view.enabled();
    let thread: ThreadId =
        view.last().filter(|t| enabled.contains(t)).unwrap_or_else(|| enabled[0]);
    Step { thread, choice: view.choices(thread).nth(0) }
}
