//! The outcomes among which a driver chooses.

use super::{Gate, World};
use crate::id::{ObjectId, ThreadId};
use crate::model::ObjectState;
use crate::op::{Op, OpKind, SelectOp, ThreadOp};

/// The choices that an enabled operation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choices {
    /// 0, 1, ... below the number.
    Below(u32),
    /// The cases of a select that are ready, as a set of bits.
    Among(u64),
}

impl Choices {
    /// How many there are.
    pub fn len(self) -> u32 {
        match self {
            Choices::Below(n) => n,
            Choices::Among(bits) => bits.count_ones(),
        }
    }

    /// Never: an enabled operation has a choice.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The `k`-th choice, from 0.
    pub fn nth(self, k: u32) -> u32 {
        match self {
            Choices::Below(_) => k,
            Choices::Among(mut bits) => {
                for _ in 0..k {
                    bits &= bits - 1;
                }
                bits.trailing_zeros()
            }
        }
    }

    /// The least choice that is at least `from`.
    pub fn at_least(self, from: u32) -> Option<u32> {
        match self {
            Choices::Below(n) => (from < n).then_some(from),
            Choices::Among(bits) => {
                let rest = if from < 64 { bits >> from << from } else { 0 };
                (rest != 0).then(|| rest.trailing_zeros())
            }
        }
    }
}

/// The most cases that a select may have.
pub const MAX_CASES: usize = 64;

impl World {
    /// The operation of a receive on one of several channels.
    ///
    /// # Panics
    /// If there are more than [`MAX_CASES`].
    pub fn select(&mut self, channels: &[ObjectId]) -> OpKind {
        assert!(channels.len() <= MAX_CASES, "a select has at most {MAX_CASES} cases");
        for pair in channels.windows(2) {
            self.unite(pair[0], pair[1]);
        }
        let first = self.cases.len() as u32;
        self.cases.extend_from_slice(channels);
        OpKind::Select(SelectOp { first, count: channels.len() as u32 })
    }

    /// The choices of the operation announced by an enabled thread.
    #[inline]
    pub fn choices(&self, thread: ThreadId) -> Choices {
        // What always takes effect, and what waits for a mutex, has one outcome;
        // so has the rest, but for a few.
        match self.threads[thread.index()].gate {
            Gate::Open | Gate::Mutex(_) | Gate::Ended(_) => Choices::Below(1),
            _ => self.choices_among(thread),
        }
    }

    #[inline(never)]
    fn choices_among(&self, thread: ThreadId) -> Choices {
        match self.announced(thread) {
            Some(Op { kind: OpKind::Thread(ThreadOp::Any(n)), .. }) => Choices::Below(*n),
            Some(Op { kind: OpKind::Select(select), .. }) => {
                Choices::Among(self.ready_cases(*select))
            }
            Some(op @ Op { kind: OpKind::Condvar(_), .. }) => {
                Choices::Below(self.object_of(op).choices(&op.kind))
            }
            _ => Choices::Below(1),
        }
    }

    pub(crate) fn case_channels(&self, select: SelectOp) -> &[ObjectId] {
        &self.cases[select.first as usize..][..select.count as usize]
    }

    pub(super) fn ready_cases(&self, select: SelectOp) -> u64 {
        let mut ready = 0;
        for (i, &channel) in self.case_channels(select).iter().enumerate() {
            if let ObjectState::Channel(s) = self.state(channel) {
                ready |= u64::from(s.ready()) << i;
            }
        }
        ready
    }
}
