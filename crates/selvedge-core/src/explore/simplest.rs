//! A failing execution that is easy to follow: with as few preemptions as can
//! be had, then few steps, few threads, small values, few switches.

use std::time::{Duration, Instant};

use crate::failure::{Fault, Size};
use crate::machine::Machine;
use crate::op::{OpKind, ThreadOp};
use crate::schedule::Schedule;
use crate::world::World;

use super::{Dfs, PreemptionBound, Strategy, execute};

/// How much may be spent on a simpler execution.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Operations over all executions until a failing one is found; the last
    /// one may go beyond.
    pub steps: u64,
    /// The same, once one is found, to find a better one with as many preemptions.
    pub more_steps: u64,
    /// Wall time, which may be longer than the steps take: where it is shorter,
    /// another execution may be found each time.
    pub time: Duration,
}

impl Effort {
    /// As many operations as an optimised build runs in less than that time, so
    /// that it ends nothing there.
    pub fn within(time: Duration) -> Self {
        let steps = |each_second: f64| (time.as_secs_f64() * each_second) as u64;
        Effort { steps: steps(2_000_000.0), more_steps: steps(250_000.0), time }
    }
}

/// What the search for a simpler execution has found.
#[derive(Clone, Debug)]
pub struct Simplest {
    /// The schedule of the simplest one, if any was found.
    pub schedule: Option<Schedule>,
    /// All executions with fewer preemptions were run, and none fails in this way.
    pub least: bool,
    /// How many executions were run.
    pub executions: u64,
    /// How long that took.
    pub elapsed: Duration,
}

/// What is to be small: operations, threads, chosen values, switches.
type Weight = (usize, usize, u64, usize);

/// Looks for an execution that fails with the same kind and name as `fault`,
/// of the fewest preemptions, and among those for a small one.
///
/// Bounds of 0, 1, 2, ... preemptions are tried in turn, each to its end or
/// until `effort` is spent (Musuvathi, Qadeer, *Iterative Context Bounding for
/// Systematic Testing of Multithreaded Programs*, PLDI 2007).
pub fn simplest(
    machine: &mut dyn Machine,
    fault: &Fault,
    program: Option<&str>,
    max_steps: u64,
    effort: Effort,
) -> Simplest {
    let start = Instant::now();
    let mut world = World::new();
    let (mut executions, mut steps) = (0, 0);
    let mut least = true;
    let mut best: Option<(Weight, Schedule)> = None;
    for most in 0.. {
        let mut strategy = PreemptionBound::new(Dfs::unreduced(), most);
        let mut allowed = effort.steps;
        while strategy.begin() {
            if steps >= allowed || start.elapsed() >= effort.time {
                least &= best.is_some();
                break;
            }
            executions += 1;
            execute(machine, &mut world, &mut strategy, max_steps);
            steps += world.effort();
            if world.faults().iter().any(|f| f.is_same(fault)) {
                let weight = weight(&world);
                if best.is_none() {
                    allowed = allowed.min(steps + effort.more_steps);
                }
                if best.as_ref().is_none_or(|(lightest, _)| weight < *lightest) {
                    let schedule = Schedule::of(&world, program).with_visible(machine);
                    best = Some((weight, schedule));
                }
            }
            machine.finish(&mut world);
        }
        if best.is_some() || !least || strategy.left_out().is_none() {
            break;
        }
    }
    let schedule = best.map(|(_, schedule)| schedule);
    Simplest { least: least && schedule.is_some(), schedule, executions, elapsed: start.elapsed() }
}

fn weight(world: &World) -> Weight {
    let events = world.events();
    let chosen = events
        .iter()
        .filter(|e| matches!(e.op.kind, OpKind::Thread(ThreadOp::Any(_))))
        .map(|e| u64::from(e.choice))
        .sum();
    let Size { threads, steps, switches, .. } = size(world, 0);
    (steps, threads, chosen, switches)
}

/// How large the execution that `world` has gone through is; it had so many
/// preemptions.
pub fn size(world: &World, preemptions: usize) -> Size {
    let events = world.events();
    let takes_part = |t: &&crate::id::ThreadId| world.events_of(**t) > 0;
    Size {
        threads: world.threads().iter().filter(takes_part).count(),
        steps: events.len(),
        switches: events.windows(2).filter(|pair| pair[0].thread != pair[1].thread).count(),
        preemptions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::{Exhaustive, Limits, explore};
    use crate::failure::FailureKind;
    use crate::report::{Engine, Report};
    use crate::toy::{Program, Toy};

    /// A program's first failure, and the search for a simpler execution.
    fn simplify(text: &str, effort: Effort) -> (Fault, Simplest) {
        let mut toy = Toy::new(&Program::parse(text).unwrap());
        let mut report = Report::new(Engine::Native, "exhaustive", 0);
        let (mut search, limits) = (Exhaustive::new(), Limits::default());
        explore(&mut toy, &mut search, &limits, None, &mut report, &mut |_| true);
        let fault = report.failures[0].fault.clone();
        let found = simplest(&mut toy, &fault, None, limits.max_steps, effort);
        (fault, found)
    }

    /// Fails if T1 is preempted between its two looks.
    const TORN: &str =
        "T0: W x 1 sc; W x 2 sc; W x 3 sc | T1: a = R x sc; b = R x sc; assert a == b";

    #[test]
    fn all_with_fewer_preemptions_are_tried_within_the_effort() {
        let (_, found) = simplify(TORN, Effort::within(Duration::from_secs(2)));
        assert!(found.least && found.schedule.is_some(), "{found:?}");
    }

    #[test]
    fn an_effort_that_is_spent_ends_it() {
        let time = Duration::from_secs(60);
        // Enough for the executions without preemptions, and for no more.
        let (_, found) = simplify(TORN, Effort { steps: 10, more_steps: 0, time });
        assert_eq!((found.least, found.executions, found.schedule), (false, 2, None));
        let spent = Effort { time: Duration::ZERO, ..Effort::within(time) };
        let (_, found) = simplify(TORN, spent);
        assert_eq!((found.least, found.executions, found.schedule), (false, 0, None));
    }

    /// What loops do that wait for ever counted for nothing, so that the time
    /// ended the search, each time somewhere else.
    #[test]
    fn turns_that_are_forgotten_are_an_effort() {
        let waits = "r0 = R x sc; while r0 != 1 { SPIN; r0 = R x sc }";
        let effort = Effort { steps: 100, more_steps: 0, time: Duration::from_secs(60) };
        let (fault, found) = simplify(&format!("T0: {waits} | T1: {waits}"), effort);
        assert_eq!(fault.kind, FailureKind::Livelock);
        assert_eq!((found.least, found.executions), (true, 1));
    }
}
