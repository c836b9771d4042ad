//! A chunk: a part of a search that one worker explores at a time.
//!
//! It begins with some items and explores them depth first, the last one
//! first, until none is left or its budget is used up. The budget is counted
//! in executions and steps, never in time, so that a chunk always comes to the
//! same end. It may be cut anywhere, and gone on with later, by any worker.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exhaustive;
use super::item::Item;
use super::knowledge::Knowledge;
use super::totals::{Totals, add_places};
use crate::explore::{Limits, Outcome, Strategy};
use crate::failure::{FailureKind, Place};
use crate::machine::Machine;
use crate::schedule::Schedule;
use crate::world::{Numbering, World};

/// The executions of a chunk: enough that handing it out costs nothing, and so
/// few that workers rarely wait for each other.
pub(super) const EXECUTIONS: u64 = 512;

/// The steps of a chunk; its last execution may go beyond.
const STEPS: u64 = 25_000;

/// What ends the whole search, or this try of it, at a chunk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Stop {
    /// A failure, and nothing else is asked for.
    Failure,
    /// More is known of the program now.
    Learnt(Knowledge),
}

/// A part of a search.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// What is left of it, the next item last.
    pub(super) items: Vec<Item>,
    pub(super) most_executions: u64,
    pub(super) totals: Totals,
    /// The most items that were left at a time.
    pub(super) most_pending: u64,
    pub(super) stop: Option<Stop>,
}

impl Chunk {
    pub(super) fn new(items: Vec<Item>, most_executions: u64) -> Self {
        Chunk { items, most_executions, totals: Totals::default(), most_pending: 0, stop: None }
    }

    /// True if nobody need go on with it in this round.
    pub(super) fn is_done(&self) -> bool {
        self.is_spent() || self.items.is_empty()
    }

    fn is_spent(&self) -> bool {
        self.stop.is_some()
            || self.totals.executions >= self.most_executions
            || self.totals.steps >= STEPS
    }
}

/// What all chunks have in common, as long as nothing is learnt.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) limits: Limits,
    pub(super) program: Option<String>,
    pub(super) numbering: Arc<Numbering>,
    pub(super) knowledge: Knowledge,
}

/// How a worker came back from a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// It is done, or was cut.
    Some,
    /// It met an object of another worker: nothing was done.
    Nothing,
}

/// Explores chunks, one after the other.
#[derive(Debug)]
pub(super) struct Worker<M> {
    machine: M,
    world: World,
    search: Exhaustive,
    setting: Option<Arc<Setting>>,
    /// No other worker runs: there is no object of another one.
    alone: bool,
}

impl<M: Machine> Worker<M> {
    pub(super) fn new(machine: M) -> Self {
        let (world, search) = (World::new(), Exhaustive::new());
        Worker { machine, world, search, setting: None, alone: false }
    }

    /// The others are gone.
    pub(super) fn inherit(&mut self) {
        self.machine.inherit();
        self.alone = true;
    }

    /// Goes on with a chunk until it is done, or `go_on`, asked before each
    /// execution with what was counted in it so far, gives false.
    pub(super) fn run(
        &mut self,
        setting: &Arc<Setting>,
        chunk: &mut Chunk,
        mut go_on: impl FnMut(&Totals) -> bool,
    ) -> Ran {
        self.prepare(setting);
        // An execution that meets an object of another worker is taken back.
        let untouched = (!self.alone).then(|| chunk.clone());
        let explored = chunk.totals.explored;
        self.search.load(std::mem::take(&mut chunk.items));
        let mut ran = Ran::Some;
        while !chunk.is_spent() && go_on(&chunk.totals) && self.search.begin() {
            let outcome =
                self.search.execute(&mut self.machine, &mut self.world, setting.limits.max_steps);
            if self.machine.met_sibling() {
                self.machine.finish(&mut self.world);
                ran = Ran::Nothing;
                break;
            }
            self.count(setting, chunk, outcome);
            chunk.totals.explored = explored + self.search.explored();
        }
        let left = self.search.unload();
        let [waiting, impatient] = self.world.take_loops();
        if let (Ran::Nothing, Some(untouched)) = (ran, untouched) {
            *chunk = untouched;
            return ran;
        }
        chunk.items = left;
        chunk.most_pending = chunk.most_pending.max(self.search.most_pending() as u64);
        add_places(&mut chunk.totals.waiting, waiting.into_iter().map(Place::from));
        add_places(&mut chunk.totals.impatient, impatient.into_iter().map(Place::from));
        ran
    }

    /// One execution has ended.
    fn count(&mut self, setting: &Setting, chunk: &mut Chunk, outcome: Outcome) {
        let (machine, world) = (&mut self.machine, &mut self.world);
        let totals = &mut chunk.totals;
        totals.steps += world.events().len() as u64;
        match outcome {
            Outcome::Complete => {
                totals.executions += 1;
                let program = setting.program.as_deref();
                totals.record(world.faults(), |fault| {
                    let schedule = Schedule::to_fault(world, fault, program);
                    Some(schedule.with_visible(machine).to_string())
                });
            }
            Outcome::Abandoned => totals.blocked += 1,
        }
        machine.finish(world);
        let diverged = world.faults().iter().any(|f| f.kind == FailureKind::Nondeterminism);
        if diverged || !setting.limits.keep_going && !totals.failures.is_empty() {
            chunk.stop = Some(Stop::Failure);
        } else if machine.learnt() | world.take_united() {
            let mut knowledge = setting.knowledge.clone();
            knowledge.add(&Knowledge::of(machine, world));
            chunk.stop = Some(Stop::Learnt(knowledge));
        }
    }

    fn prepare(&mut self, setting: &Arc<Setting>) {
        if self.setting.as_ref().is_some_and(|known| Arc::ptr_eq(known, setting)) {
            return;
        }
        self.world = World::numbered_by(Arc::clone(&setting.numbering));
        self.world.set_running_on(setting.limits.keep_going && self.search.runs_on());
        setting.knowledge.tell(&mut self.machine, &mut self.world);
        self.setting = Some(Arc::clone(setting));
    }
}
