//! Threads that spin.
//!
//! `hint::spin_loop` says: I cannot go on until someone else writes. Such a
//! thread sleeps until something that it read since its last turn has
//! changed. `thread::yield_now` and `sleep` may be mere politeness; they are
//! taken for a loop once a whole turn repeated itself: the same operations at
//! the same places with the same answers as in the turn before.

use std::hash::{Hash, Hasher};
use std::panic::Location;

use rustc_hash::FxHasher;
use smallvec::SmallVec;

use crate::id::ObjectId;
use crate::op::YieldKind;

/// A turn that read more objects than this is not taken for a spin loop.
const MOST_READS: usize = 32;

/// What a thread did since its last yield.
#[derive(Debug, Default)]
pub(super) struct Spin {
    /// The objects read, with the version seen.
    reads: SmallVec<[(ObjectId, u32); 4]>,
    too_many: bool,
    this_turn: u64,
    last_turn: Option<u64>,
    asleep: bool,
}

impl Spin {
    pub(super) fn clear(&mut self) {
        self.reads.clear();
        self.too_many = false;
        self.this_turn = 0;
        self.last_turn = None;
        self.asleep = false;
    }

    /// An operation was executed at `at` and answered so.
    pub(super) fn saw(&mut self, at: &'static Location<'static>, answer: u64) {
        let mut hash = FxHasher::default();
        (self.this_turn, std::ptr::from_ref(at) as usize, answer).hash(&mut hash);
        self.this_turn = hash.finish();
    }

    /// An object was read.
    pub(super) fn read(&mut self, object: ObjectId, version: u32) {
        if let Some((_, seen)) = self.reads.iter_mut().find(|(o, _)| *o == object) {
            *seen = version;
        } else if self.reads.len() < MOST_READS {
            self.reads.push((object, version));
        } else {
            self.too_many = true;
        }
    }

    /// The thread has announced a yield.
    pub(super) fn announce(&mut self, kind: YieldKind) {
        let spins = kind == YieldKind::Spin || self.last_turn == Some(self.this_turn);
        self.asleep = spins && !self.reads.is_empty() && !self.too_many;
    }

    /// True if the announced yield may be executed.
    pub(super) fn may_go_on(&self, version: impl Fn(ObjectId) -> u32) -> bool {
        !self.asleep || self.reads.iter().any(|(o, seen)| version(*o) != *seen)
    }

    /// The yield was executed.
    pub(super) fn next_turn(&mut self) {
        self.last_turn = Some(self.this_turn);
        self.this_turn = 0;
        self.reads.clear();
        self.too_many = false;
        self.asleep = false;
    }

    /// The objects whose change would let the thread go on.
    pub(super) fn waits_for(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.reads.iter().map(|(o, _)| *o)
    }
}
