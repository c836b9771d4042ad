//! Numbers of threads that mean the same in several worlds.
//!
//! A world numbers threads as it meets them. The workers of one search have a
//! world each, and hand each other prefixes of executions: they share one
//! table, which a world asks when it meets a thread for the first time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use super::{Thread, World};
use crate::id::ThreadId;

/// Numbers threads by who spawned them: the main thread is 0, and each other
/// one has the next number when it is first met.
#[derive(Debug, Default)]
pub struct Numbering {
    /// How many threads there are besides the main one.
    known: AtomicUsize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// The parent of each thread but the main one, and how manieth child it is.
    threads: Vec<(u32, u32)>,
    numbers: FxHashMap<(u32, u32), u32>,
}

impl Numbering {
    /// The table that [`threads`](Self::threads) gave; `None` if it is none.
    pub fn of(threads: &[(u32, u32)]) -> Option<Self> {
        let numbering = Numbering::default();
        {
            let mut table = numbering.lock();
            for (number, &(parent, nth)) in (1..).zip(threads) {
                let elder = nth == 1 || nth > 1 && table.numbers.contains_key(&(parent, nth - 1));
                if !elder || parent >= number || table.numbers.contains_key(&(parent, nth)) {
                    return None;
                }
                table.numbers.insert((parent, nth), number);
                table.threads.push((parent, nth));
            }
            numbering.known.store(threads.len(), Ordering::Release);
        }
        Some(numbering)
    }

    /// The parent of each thread but the main one, and how manieth of its
    /// children it is, from 1; in the order of their numbers.
    pub fn threads(&self) -> Vec<(u32, u32)> {
        self.lock().threads.clone()
    }

    /// The number of a thread.
    fn number(&self, parent: ThreadId, nth: u32) -> ThreadId {
        let mut table = self.lock();
        let key = (parent.0, nth);
        if let Some(number) = table.numbers.get(&key) {
            return ThreadId(*number);
        }
        table.threads.push(key);
        let number = ThreadId::from_index(table.threads.len());
        table.numbers.insert(key, number.0);
        self.known.store(table.threads.len(), Ordering::Release);
        number
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // Nothing panics while it is held.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// An empty world whose threads are numbered by this table.
    pub fn numbered_by(numbering: Arc<Numbering>) -> Self {
        let mut world = World { numbering: Some(numbering), ..World::new() };
        world.catch_up_numbers();
        world
    }

    /// Learns of the threads that others have met.
    #[inline]
    pub(super) fn catch_up_numbers(&mut self) {
        if let Some(numbering) = &self.numbering
            && numbering.known.load(Ordering::Acquire) >= self.threads.len()
        {
            let numbering = Arc::clone(numbering);
            self.copy_numbers(&numbering);
        }
    }

    #[cold]
    fn copy_numbers(&mut self, numbering: &Numbering) {
        let table = numbering.lock();
        for &(parent, nth) in &table.threads[self.threads.len() - 1..] {
            let child = ThreadId::from_index(self.threads.len());
            self.threads.push(Thread { parent: Some(ThreadId(parent)), nth, ..Thread::default() });
            // A thread is met after its elder siblings.
            self.threads[parent as usize].children.push(child);
        }
    }

    /// The number of a thread that this world meets for the first time.
    #[cold]
    pub(super) fn meet(&mut self, parent: ThreadId, nth: u32) -> ThreadId {
        match &self.numbering {
            Some(numbering) => {
                let numbering = Arc::clone(numbering);
                let number = numbering.number(parent, nth);
                self.copy_numbers(&numbering);
                number
            }
            None => {
                let number = ThreadId::from_index(self.threads.len());
                self.threads.push(Thread { parent: Some(parent), nth, ..Thread::default() });
                self.threads[parent.index()].children.push(number);
                number
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_worlds_number_alike_whoever_meets_a_thread_first() {
        let numbering = Arc::new(Numbering::default());
        let mut a = World::numbered_by(Arc::clone(&numbering));
        let mut b = World::numbered_by(Arc::clone(&numbering));
        a.begin();
        let first = a.adopt();
        let second = a.adopt();
        b.begin();
        assert_eq!((b.adopt(), b.adopt()), (first, second));
        let third = b.adopt();
        a.begin();
        assert_eq!((a.adopt(), a.adopt(), a.adopt()), (first, second, third));
        assert_eq!(a.path(third).to_string(), "3");
        assert_eq!(numbering.threads(), [(0, 1), (0, 2), (0, 3)]);
    }

    #[test]
    fn a_table_that_is_none_is_refused() {
        let threads = [(0, 1), (1, 1), (0, 2), (1, 2)];
        assert_eq!(Numbering::of(&threads).map(|n| n.threads()), Some(threads.to_vec()));
        for bad in [&[(0, 2)][..], &[(1, 1)], &[(0, 1), (0, 1)], &[(0, 0)], &[(0, 1), (2, 1)]] {
            assert!(Numbering::of(bad).is_none(), "{bad:?}");
        }
    }
}
