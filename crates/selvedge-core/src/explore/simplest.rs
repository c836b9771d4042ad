//! A failing schedule that is easy to follow: as few preemptions as can
//! cheaply be had.

use crate::failure::Fault;
use crate::machine::Machine;
use crate::schedule::Schedule;
use crate::world::World;

use super::{Dfs, PreemptionBound, Strategy, execute};

/// How much may be spent on a simpler schedule: never time, so that the same
/// schedule is found each time.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Executions.
    pub executions: u64,
    /// Operations over all executions; the last one may go beyond.
    pub steps: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Effort { executions: 20_000, steps: 1_000_000 }
    }
}

/// A schedule under which the program fails with the same kind and name, of
/// the fewest preemptions that were found within `effort`, and among those of
/// the fewest switches that were met; `None` if none was found.
///
/// Bounds of 0, 1, 2, ... preemptions are tried in turn.
pub fn simplest(
    machine: &mut dyn Machine,
    fault: &Fault,
    program: Option<&str>,
    max_steps: u64,
    effort: Effort,
) -> Option<Schedule> {
    let mut world = World::new();
    let (mut executions, mut steps) = (0, 0);
    for most in 0.. {
        let mut strategy = PreemptionBound::new(Dfs::unreduced(), most);
        let mut best: Option<(usize, Schedule)> = None;
        loop {
            let spent = executions >= effort.executions || steps >= effort.steps;
            if spent || !strategy.begin() {
                break;
            }
            executions += 1;
            execute(machine, &mut world, &mut strategy, max_steps);
            steps += world.events().len() as u64;
            if world.faults().iter().any(|f| f.is_same(fault)) {
                let switches = switches(&world);
                if best.as_ref().is_none_or(|(fewest, _)| switches < *fewest) {
                    best = Some((switches, Schedule::of(&world, program).with_visible(machine)));
                }
            }
            machine.finish(&mut world);
        }
        if best.is_some() {
            return best.map(|(_, schedule)| schedule);
        }
        let spent = executions >= effort.executions || steps >= effort.steps;
        if spent || strategy.left_out().is_none() {
            return None;
        }
    }
    None
}

fn switches(world: &World) -> usize {
    world.events().windows(2).filter(|pair| pair[0].thread != pair[1].thread).count()
}
