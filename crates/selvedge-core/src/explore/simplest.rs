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
    /// Wall time. The number of steps is meant to be used up before, so that
    /// the same execution is found each time.
    pub time: Duration,
}

impl Default for Effort {
    fn default() -> Self {
        Effort { steps: 4_000_000, more_steps: 500_000, time: Duration::from_secs(2) }
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
            steps += world.events().len() as u64;
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
