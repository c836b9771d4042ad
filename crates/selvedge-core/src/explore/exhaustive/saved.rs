//! The state of a search as data that outlives the process: no address, no
//! place in the source. Threads are the numbers of a table that is part of it,
//! steps are four numbers each, and items that came from one execution share
//! its steps, as they do in memory.
//!
//! What is not kept is what a thread had announced at a step: a program that
//! is not deterministic is noticed a little later.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::chunk::{Chunk, Stop};
use super::frontier::{Frontier, Shard};
use super::item::{Child, Flag, Floor, Item, Plan, Step};
use super::knowledge::Knowledge;
use super::totals::Totals;
use crate::id::ThreadId;
use crate::world::Numbering;

/// The state of an exhaustive search, to be written to a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    threads: Vec<(u32, u32)>,
    knowledge: Knowledge,
    totals: Totals,
    most_pending: u64,
    elapsed: Duration,
    shard: Option<Shard>,
    is_split: bool,
    failed: bool,
    /// The steps of executions.
    bases: Vec<Steps>,
    items: Vec<SavedItem>,
    round: Vec<SavedChunk>,
}

/// Steps: four numbers each.
type Steps = Vec<u32>;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedItem {
    base: u32,
    length: u32,
    plan: SavedPlan,
    own: Steps,
    /// Five numbers each.
    floors: Vec<u32>,
    /// The bits of the number.
    share: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum SavedPlan {
    Last,
    Early(Vec<i32>),
    Revisit(u32, Vec<i32>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedChunk {
    items: Vec<SavedItem>,
    most_executions: u64,
    totals: Totals,
    most_pending: u64,
    stop: Option<Stop>,
}

impl Saved {
    /// The state of a search.
    pub fn of(frontier: &Frontier) -> Self {
        let mut bases = Bases::default();
        let items = bases.items(&frontier.items);
        let chunk = |chunk: &Chunk| SavedChunk {
            items: bases.items(&chunk.items),
            most_executions: chunk.most_executions,
            totals: chunk.totals.clone(),
            most_pending: chunk.most_pending,
            stop: chunk.stop.clone(),
        };
        let round = frontier.round.iter().map(chunk).collect();
        Saved {
            // After the items: other workers may meet threads meanwhile.
            threads: frontier.numbering.threads(),
            knowledge: frontier.knowledge.clone(),
            totals: frontier.totals.clone(),
            most_pending: frontier.most_pending,
            elapsed: frontier.elapsed,
            shard: frontier.shard,
            is_split: frontier.is_split,
            failed: frontier.failed,
            bases: bases.steps,
            items,
            round,
        }
    }

    /// True if there is nothing to go on with.
    pub fn is_finished(&self) -> bool {
        self.failed || self.items.is_empty() && self.round.is_empty()
    }

    /// The shard that it is of, if it is of one.
    pub fn shard(&self) -> Option<Shard> {
        self.shard
    }

    /// The search, to be gone on with.
    ///
    /// # Errors
    /// If the data do not hang together.
    pub fn restore(self) -> Result<Frontier, String> {
        let numbering = Numbering::of(&self.threads).ok_or("its table of threads is none")?;
        let reader = Reader {
            threads: self.threads.len() + 1,
            bases: self.bases.iter().map(|steps| steps_of(steps)).collect::<Option<_>>(),
        };
        let items = |saved: Vec<SavedItem>| -> Option<Vec<Item>> {
            saved.into_iter().map(|item| reader.item(item)).collect()
        };
        let chunk = |saved: SavedChunk| {
            Some(Chunk {
                items: items(saved.items)?,
                most_executions: saved.most_executions,
                totals: saved.totals,
                most_pending: saved.most_pending,
                stop: saved.stop,
            })
        };
        let round: Option<Vec<Chunk>> = self.round.into_iter().map(chunk).collect();
        let (items, round) =
            items(self.items).zip(round).ok_or("an item does not fit its execution")?;
        Ok(Frontier {
            numbering: Arc::new(numbering),
            knowledge: self.knowledge,
            items,
            totals: self.totals,
            most_pending: self.most_pending,
            round,
            shard: self.shard,
            is_split: self.is_split,
            failed: self.failed,
            elapsed: self.elapsed,
        })
    }
}

/// The executions that items came from, each once.
#[derive(Default)]
struct Bases {
    steps: Vec<Steps>,
    /// By address, which is used while the items are there.
    known: FxHashMap<*const Step, u32>,
}

impl Bases {
    fn items(&mut self, items: &[Item]) -> Vec<SavedItem> {
        items.iter().map(|item| self.item(item)).collect()
    }

    fn item(&mut self, item: &Item) -> SavedItem {
        let (base, child) = item.parts();
        let next = self.steps.len() as u32;
        let base = match base.is_empty() {
            true => *self.known.entry(std::ptr::null()).or_insert(next),
            false => *self.known.entry(base.as_ptr()).or_insert(next),
        };
        if base == next {
            self.steps.push(numbers_of(item.parts().0));
        }
        SavedItem {
            base,
            length: child.length as u32,
            plan: match &child.plan {
                Plan::Last => SavedPlan::Last,
                Plan::Early(past) => SavedPlan::Early(past.to_vec()),
                Plan::Revisit { stamp, past } => SavedPlan::Revisit(*stamp, past.to_vec()),
            },
            own: numbers_of(&child.own),
            floors: child
                .floors
                .iter()
                .flat_map(|f| [f.wait.0, f.wait.1, f.above.0, f.above.1, f.stamp])
                .collect(),
            share: item.share.to_bits(),
        }
    }
}

fn numbers_of(steps: &[Step]) -> Steps {
    let numbers = |step: &Step| {
        let flag = match step.flag {
            Flag::Default => 0,
            Flag::Fixed => 1,
            Flag::Revisited => 2,
        };
        [step.thread.index() as u32, step.choice, step.stamp, flag]
    };
    steps.iter().flat_map(numbers).collect()
}

fn steps_of(numbers: &[u32]) -> Option<Arc<[Step]>> {
    let (steps, rest) = numbers.as_chunks::<4>();
    let step = |[thread, choice, stamp, flag]: &[u32; 4]| {
        let flag = match flag {
            0 => Flag::Default,
            1 => Flag::Fixed,
            2 => Flag::Revisited,
            _ => return None,
        };
        Some(Step::known_as(ThreadId::from_index(*thread as usize), *choice, *stamp, flag))
    };
    if rest.is_empty() { steps.iter().map(step).collect() } else { None }
}

/// Makes items again, and sees that they are sound: that none leads beyond its
/// execution, or to a thread that is not in the table.
struct Reader {
    threads: usize,
    bases: Option<Vec<Arc<[Step]>>>,
}

impl Reader {
    fn item(&self, saved: SavedItem) -> Option<Item> {
        let base = self.bases.as_ref()?.get(saved.base as usize)?;
        let own = steps_of(&saved.own)?;
        let known = |thread: u32| (thread as usize) < self.threads;
        let (floors, rest) = saved.floors.as_chunks::<5>();
        let sound = saved.length as usize <= base.len()
            && base.iter().all(|step| (step.stamp as usize) < base.len())
            && base.iter().chain(&*own).all(|step| step.thread.index() < self.threads)
            && floors.iter().all(|f| known(f[0]) && known(f[2]))
            && rest.is_empty();
        if !sound {
            return None;
        }
        let plan = match saved.plan {
            SavedPlan::Last => Plan::Last,
            SavedPlan::Early(past) => Plan::Early(past.into()),
            SavedPlan::Revisit(stamp, past) => Plan::Revisit { stamp, past: past.into() },
        };
        let floor = |&[thread, index, above, above_index, stamp]: &[u32; 5]| Floor {
            wait: (thread, index),
            above: (above, above_index),
            stamp,
        };
        let child = Child {
            length: saved.length as usize,
            plan,
            own: SmallVec::from_slice(&own),
            floors: floors.iter().map(floor).collect(),
        };
        Some(Item::new(Arc::clone(base), child, f64::from_bits(saved.share)))
    }
}
