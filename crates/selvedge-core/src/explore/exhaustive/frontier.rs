//! The state of a search between two rounds, or within one: what is left to be
//! explored, and what was counted and met so far.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, EXECUTIONS, Setting, Stop};
use super::item::Item;
use super::knowledge::Knowledge;
use super::totals::Totals;
use crate::explore::Limits;
use crate::world::Numbering;

/// The chunks of a round: enough for many workers, and so few that what one
/// of them finds is soon known to all.
const CHUNKS: usize = 128;

/// The most items that a chunk begins with.
const ITEMS: usize = 16;

/// So many items does each shard of a search begin with: the more there are,
/// the more alike are the shards, and the longer does each take to find them.
fn shard_items(shards: u32) -> usize {
    (16_384 / shards as usize).clamp(64, 256)
}

/// One of several parts of a search that are explored without communication,
/// in processes of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shard {
    /// Which one, from 1.
    pub number: u32,
    /// Of how many.
    pub count: u32,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// The least of them must have something to do.
        const MOST: u32 = 1_000;
        let numbers =
            text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((number, count)) if (1..=count).contains(&number) && count <= MOST => {
                Ok(Shard { number, count })
            }
            _ => Err(format!("'{text}' is no part of a search: 1/4 to 4/4 are those of four")),
        }
    }
}

/// The state of an exhaustive search.
///
/// It is an ordered list of items, the next one last, the chunks of a round
/// that has begun, and totals. How a round is made of it depends on nothing
/// else, so a search that was stopped and gone on with is the same search.
#[derive(Debug)]
pub struct Frontier {
    pub(super) numbering: Arc<Numbering>,
    pub(super) knowledge: Knowledge,
    pub(super) items: Vec<Item>,
    pub(super) totals: Totals,
    pub(super) most_pending: u64,
    pub(super) round: Vec<Chunk>,
    pub(super) shard: Option<Shard>,
    /// The search was split, and this is the shard's part.
    pub(super) is_split: bool,
    /// A failure ended it.
    pub(super) failed: bool,
    /// The time that was spent on it.
    pub(super) elapsed: Duration,
}

impl Frontier {
    /// A search that has not begun, of which something may be known.
    pub fn new(shard: Option<Shard>, knowledge: Knowledge) -> Self {
        Frontier {
            numbering: Arc::default(),
            knowledge,
            items: vec![Item::root()],
            totals: Totals::default(),
            most_pending: 0,
            round: Vec::new(),
            shard,
            is_split: shard.is_none(),
            failed: false,
            elapsed: Duration::ZERO,
        }
    }

    /// What was learnt of the program.
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// What was counted and met in the rounds that are over.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many items are left, those of a round that has begun included.
    pub fn pending(&self) -> u64 {
        (self.items.len() + self.round.iter().map(|c| c.items.len()).sum::<usize>()) as u64
    }

    /// True if there is nothing to go on with.
    pub fn is_finished(&self) -> bool {
        self.failed || self.items.is_empty() && self.round.is_empty()
    }

    /// What its chunks have in common.
    pub(super) fn setting(&self, limits: Limits, program: Option<&str>) -> Arc<Setting> {
        Arc::new(Setting {
            limits,
            program: program.map(str::to_owned),
            numbering: Arc::clone(&self.numbering),
            knowledge: self.knowledge.clone(),
        })
    }

    /// Makes the chunks of the next round, in the order in which one worker
    /// would meet what is in them.
    pub(super) fn open_round(&mut self, max_executions: Option<u64>) {
        if !self.is_split {
            self.open_split();
            return;
        }
        let left = max_executions.map_or(u64::MAX, |most| most - self.totals.executions);
        let chunks = usize::try_from(left / EXECUTIONS).unwrap_or(CHUNKS).clamp(1, CHUNKS);
        let each = (self.items.len() / CHUNKS).clamp(1, ITEMS);
        while self.round.len() < chunks && !self.items.is_empty() {
            let items = self.items.split_off(self.items.len().saturating_sub(each));
            self.round.push(Chunk::new(items, left.min(EXECUTIONS)));
        }
    }

    /// The search is to be split: one execution of the item that is expected
    /// to be the largest, so that none is much larger than the others.
    fn open_split(&mut self) {
        let largest = self.items.iter().enumerate().max_by(|a, b| a.1.share.total_cmp(&b.1.share));
        if let Some((at, _)) = largest {
            let item = self.items.remove(at);
            self.round.push(Chunk::new(vec![item], 1));
        }
    }

    /// The round is over: its results are put together, as one worker would
    /// have met them. Gives what the search stopped at, if it did.
    pub(super) fn close_round(&mut self) -> Option<Stop> {
        let mut left = Vec::new();
        let mut stop = None;
        for chunk in self.round.drain(..) {
            self.totals.add(chunk.totals);
            self.most_pending = self.most_pending.max(chunk.most_pending);
            left.push(chunk.items);
            stop = chunk.stop;
            if stop.is_some() {
                break;
            }
        }
        left.into_iter().rev().for_each(|items| self.items.extend(items));
        self.most_pending = self.most_pending.max(self.items.len() as u64);
        match &stop {
            Some(Stop::Learnt(knowledge)) => self.restart(knowledge.clone()),
            Some(Stop::Failure) => self.failed = true,
            None => {}
        }
        self.split();
        stop
    }

    /// Starts again with what is known now.
    fn restart(&mut self, knowledge: Knowledge) {
        self.knowledge = knowledge;
        self.items = vec![Item::root()];
        self.totals = Totals::default();
        self.most_pending = 0;
        self.is_split = self.shard.is_none();
    }

    /// Keeps the part of the shard, if there is enough to be split.
    fn split(&mut self) {
        let Some(shard) = self.shard.filter(|_| !self.is_split) else { return };
        let enough = shard_items(shard.count) * shard.count as usize;
        if self.items.len() < enough && !self.items.is_empty() && !self.failed {
            return;
        }
        self.is_split = true;
        // What was met before the split is the first shard's.
        if shard.number > 1 {
            self.totals = Totals::default();
            self.most_pending = 0;
        }
        // The largest first, each to the shard that has the least so far.
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by(|a, b| self.items[*b].share.total_cmp(&self.items[*a].share));
        let mut sizes = vec![0.0; shard.count as usize];
        let mut mine = vec![false; self.items.len()];
        for at in order {
            let least = (0..sizes.len()).min_by(|a, b| f64::total_cmp(&sizes[*a], &sizes[*b]));
            let least = least.unwrap_or(0);
            sizes[least] += self.items[at].share;
            mine[at] = least + 1 == shard.number as usize;
        }
        let mut mine = mine.into_iter();
        self.items.retain(|_| mine.next().unwrap_or(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_print_and_parse() {
        for (text, number, count) in [("1/1", 1, 1), ("3/4", 3, 4)] {
            let shard = Shard { number, count };
            assert_eq!(text.parse(), Ok(shard));
            assert_eq!(shard.to_string(), text);
        }
        for bad in ["", "1", "0/4", "5/4", "a/b", "1/0", "1/2/3", "-1/2", "1/100000"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
