//! Vector clocks.
//!
//! Component `t` of a clock is the index of the last event of thread `t` that
//! the clock's owner knows of; absent components are 0.

use smallvec::SmallVec;

use crate::id::{EventId, ThreadId};

/// A vector clock.
#[derive(Clone, Debug, Default)]
pub struct Clock(SmallVec<[u32; 6]>);

impl Clock {
    /// The clock that knows of nothing.
    pub fn new() -> Self {
        Clock::default()
    }

    /// Forgets everything; keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.0.fill(0);
    }

    /// The last event of `thread` that is known.
    #[inline]
    pub fn get(&self, thread: ThreadId) -> u32 {
        self.0.get(thread.index()).copied().unwrap_or(0)
    }

    /// Learns of the event `index` of `thread`, which must not be older than
    /// the last one known.
    #[inline]
    pub fn set(&mut self, thread: ThreadId, index: u32) {
        let at = thread.index();
        if at >= self.0.len() {
            self.grow(at + 1);
        }
        debug_assert!(self.0[at] <= index);
        self.0[at] = index;
    }

    /// Learns of all that `other` knows.
    #[inline]
    pub fn join(&mut self, other: &Clock) {
        if other.0.len() > self.0.len() {
            self.grow(other.0.len());
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// Becomes a copy of `other`; keeps the memory.
    #[inline]
    pub fn copy_from(&mut self, other: &Clock) {
        if other.0.len() > self.0.len() {
            self.grow(other.0.len());
        }
        let (same, rest) = self.0.split_at_mut(other.0.len());
        same.copy_from_slice(&other.0);
        rest.fill(0);
    }

    #[cold]
    fn grow(&mut self, threads: usize) {
        self.0.resize(threads, 0);
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
        a.copy_from(&Clock::new());
        assert_eq!((a.get(t0), a.get(t3)), (0, 0));
    }
}
