//! What is left to explore, in pieces that do not depend on each other.

use std::panic::Location;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::id::ThreadId;
use crate::op::Op;
use crate::world::{Event, op_code};

/// How an event came to be what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// By the default rule: a read of the last store, the first choice.
    Default,
    /// By any other choice: it stays as it is in all executions below.
    Fixed,
    /// It was revisited by the store that it reads.
    Revisited,
}

/// One step of an execution to be repeated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) thread: ThreadId,
    pub(super) choice: u32,
    /// The event's place in the order in which the search added them, from 0.
    pub(super) stamp: u32,
    pub(super) flag: Flag,
    /// What the thread announced there, if that is known.
    announced: Option<(u8, &'static Location<'static>)>,
}

impl Step {
    /// The step that an event was.
    pub(super) fn of(event: &Event, flag: Flag, stamp: u32) -> Self {
        Step { stamp, ..Step::announced(event.thread, &event.op, event.choice, flag) }
    }

    /// A step of `thread`, which has announced `op`; its stamp is yet to be given.
    pub(super) fn announced(thread: ThreadId, op: &Op, choice: u32, flag: Flag) -> Self {
        let announced = Some((op_code(&op.kind), op.at));
        Step { thread, choice, stamp: 0, flag, announced }
    }

    /// A step of which it is not known what the thread announced.
    pub(super) fn known_as(thread: ThreadId, choice: u32, stamp: u32, flag: Flag) -> Self {
        Step { thread, choice, stamp, flag, announced: None }
    }

    /// Whether the thread now announces another operation than before.
    pub(super) fn differs(&self, op: &Op) -> bool {
        // A place has one address, as a rule: only codegen units may have copies.
        let same = |at: &'static Location<'static>| std::ptr::eq(at, op.at) || at == op.at;
        self.announced.is_some_and(|(code, at)| code != op_code(&op.kind) || !same(at))
    }

    /// Where the thread announced its operation before, if that is known.
    pub(super) fn place(&self) -> Option<&'static Location<'static>> {
        self.announced.map(|(_, at)| at)
    }
}

/// A wait that may only read what has an event in its past: what else it
/// could read is explored elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Floor {
    /// The wait: its thread, and the index within it.
    pub(super) wait: (u32, u32),
    /// The event: its thread, and the index within it.
    pub(super) above: (u32, u32),
    /// How many events had been added when it was set.
    pub(super) stamp: u32,
}

/// A clock, as long as there are threads.
pub(super) type Past = SmallVec<[i32; 8]>;

/// Which events of an execution an item keeps, and where its own go.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// All, and then its own.
    Last,
    /// All; its own right after those that the clock knows.
    Early(Past),
    /// Those that had been added before the stamp, and those that the clock
    /// knows; and then its own.
    Revisit { stamp: u32, past: Past },
}

/// An item before the execution that it came from has ended.
#[derive(Clone, Debug)]
pub(super) struct Child {
    /// How many events the execution had.
    pub(super) length: usize,
    pub(super) plan: Plan,
    pub(super) own: SmallVec<[Step; 2]>,
    pub(super) floors: Vec<Floor>,
}

/// A prefix of executions, to be gone on from.
///
/// It depends on no other item: any worker may take any item at any time. It
/// holds no value and no address of the program; items that came from one
/// execution share its steps.
#[derive(Clone, Debug)]
pub struct Item {
    base: Arc<[Step]>,
    child: Child,
    /// The share of the search that is expected below this item.
    pub(super) share: f64,
}

impl Item {
    /// The whole of a search.
    pub(super) fn root() -> Self {
        Item::new(
            Arc::new([]),
            Child { length: 0, plan: Plan::Last, own: SmallVec::new(), floors: Vec::new() },
            1.0,
        )
    }

    pub(super) fn new(base: Arc<[Step]>, child: Child, share: f64) -> Self {
        Item { base, child, share }
    }

    /// The execution that it came from, and what is to be made of that.
    pub(super) fn parts(&self) -> (&Arc<[Step]>, &Child) {
        (&self.base, &self.child)
    }

    /// The waits that are restricted.
    pub(super) fn floors(&self) -> &[Floor] {
        &self.child.floors
    }

    /// Writes the steps to be repeated to `steps`: a linearisation of an
    /// execution graph, with the stamps of its events numbered from 0.
    pub(super) fn steps_into(&self, steps: &mut Vec<Step>) {
        let base = &self.base[..self.child.length];
        steps.clear();
        match &self.child.plan {
            Plan::Last => steps.extend_from_slice(base),
            Plan::Early(past) => {
                let mut known = Known::of(past);
                steps.extend(base.iter().filter(|step| known.next(step)));
                self.add_own(steps);
                let mut known = Known::of(past);
                steps.extend(base.iter().filter(|step| !known.next(step)));
                return;
            }
            Plan::Revisit { stamp, past } => {
                let mut known = Known::of(past);
                let kept = |step: &&Step| known.next(step) | (step.stamp < *stamp);
                steps.extend(base.iter().filter(kept));
                // The stamps that are left are numbered again.
                let mut ranks: SmallVec<[u32; 64]> = SmallVec::from_elem(0, base.len());
                for step in &*steps {
                    ranks[step.stamp as usize] = 1;
                }
                let mut rank = 0;
                for entry in &mut ranks {
                    rank += std::mem::replace(entry, rank);
                }
                for step in &mut *steps {
                    step.stamp = ranks[step.stamp as usize];
                }
            }
        }
        self.add_own(steps);
    }

    fn add_own(&self, steps: &mut Vec<Step>) {
        let first = match self.child.plan {
            Plan::Last | Plan::Early(_) => self.child.length,
            Plan::Revisit { .. } => steps.len(),
        };
        for (step, stamp) in self.child.own.iter().zip(first as u32..) {
            steps.push(Step { stamp, ..*step });
        }
    }
}

/// Tells, going through the steps of an execution, which of them a clock knows.
struct Known<'a> {
    past: &'a [i32],
    seen: Past,
}

impl<'a> Known<'a> {
    fn of(past: &'a [i32]) -> Self {
        Known { past, seen: SmallVec::from_elem(0, past.len()) }
    }

    fn next(&mut self, step: &Step) -> bool {
        let thread = step.thread.index();
        // A thread that came later than the clock is not known to it.
        let Some(seen) = self.seen.get_mut(thread) else { return false };
        *seen += 1;
        *seen <= self.past[thread]
    }
}
