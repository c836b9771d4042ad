//! Vector clocks.
//!
//! Component `t` of a clock is the index of the last event of thread `t` that
//! the clock's owner knows of; absent components are 0.

use smallvec::SmallVec;

use crate::id::{EventId, ThreadId};

/// A vector clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clock(SmallVec<[u32; 6]>);

impl Clock {
    /// The clock that knows of nothing.
    pub fn new() -> Self {
        Clock::default()
    }

    /// Forgets everything; keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The last event of `thread` that is known.
    pub fn get(&self, thread: ThreadId) -> u32 {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    /// Learns of the event `index` of `thread`, which must not be older than
    /// the last one known.
    pub fn set(&mut self, thread: ThreadId, index: u32) {
        let at = thread.index();
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        debug_assert!(self.0[at] <= index);
        self.0[at] = index;
    }

    /// Learns of all that `other` knows.
    pub fn join(&mut self, other: &Clock) {
        if other.0.len() > self.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// Becomes a copy of `other`; keeps the memory.
    pub fn copy_from(&mut self, other: &Clock) {
        self.0.clear();
        self.0.extend_from_slice(&other.0);
    }

    /// True if the event is known.
    pub fn knows(&self, event: EventId) -> bool {
        event.index <= self.get(event.thread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_is_the_least_upper_bound() {
        let (t0, t3) = (ThreadId(0), ThreadId(3));
        let mut a = Clock::new();
        a.set(t0, 4);
        let mut b = Clock::new();
        b.set(t0, 2);
        b.set(t3, 1);
        a.join(&b);
        assert_eq!((a.get(t0), a.get(ThreadId(1)), a.get(t3)), (4, 0, 1));
        assert!(a.knows(EventId { thread: t3, index: 1 }));
        assert!(!a.knows(EventId { thread: t3, index: 2 }));
    }
}
