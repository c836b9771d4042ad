//! Data races on plain memory, by the epochs of FastTrack (Flanagan, Freund,
//! PLDI 2009): the last write, and the reads since, each with its place.
//!
//! An access between two events of its thread carries the number of the later
//! one, so that what the earlier one released does not cover it.

use std::panic::Location;

use smallvec::SmallVec;

use crate::clock::Clock;
use crate::id::EventId;

/// An earlier access that nothing orders before the present one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Earlier {
    pub(super) id: EventId,
    pub(super) write: bool,
    pub(super) at: &'static Location<'static>,
}

/// The accesses to a cell that later ones must be ordered after.
#[derive(Debug, Default)]
pub(super) struct CellHistory {
    accesses: SmallVec<[Earlier; 1]>,
}

impl CellHistory {
    pub(super) fn clear(&mut self) {
        self.accesses.clear();
    }

    /// Records an access, and gives an earlier one that races with it.
    pub(super) fn access(
        &mut self,
        now: EventId,
        hb: &Clock,
        write: bool,
        at: &'static Location<'static>,
    ) -> Option<Earlier> {
        let race = self
            .accesses
            .iter()
            .find(|e| (write || e.write) && e.id.thread != now.thread && !hb.knows(e.id))
            .copied();
        let this = Earlier { id: now, write, at };
        if write {
            self.accesses.clear();
            self.accesses.push(this);
        } else {
            // A read replaces the thread's own earlier read.
            match self.accesses.iter_mut().find(|e| !e.write && e.id.thread == now.thread) {
                Some(read) => *read = this,
                None => self.accesses.push(this),
            }
        }
        race
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ThreadId;

    #[test]
    fn only_unordered_pairs_with_a_write_race() {
        let at = Location::caller();
        let (t1, t2) = (ThreadId(1), ThreadId(2));
        let ignorant = Clock::new();
        let mut knows = Clock::new();
        knows.set(t1, 3);
        let by_1 = EventId { thread: t1, index: 3 };
        let by_2 = EventId { thread: t2, index: 1 };

        let mut cell = CellHistory::default();
        assert!(cell.access(by_1, &ignorant, false, at).is_none());
        assert!(cell.access(by_2, &ignorant, false, at).is_none(), "two reads");
        assert!(cell.access(by_2, &ignorant, true, at).is_some_and(|e| !e.write && e.id == by_1));

        let mut cell = CellHistory::default();
        assert!(cell.access(by_1, &ignorant, true, at).is_none());
        assert!(cell.access(by_2, &knows, true, at).is_none(), "ordered");
        assert!(cell.access(by_2, &knows, false, at).is_none(), "same thread");
    }
}
