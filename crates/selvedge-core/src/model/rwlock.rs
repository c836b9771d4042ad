//! A reader-writer lock: who writes, who reads. No preference: a reader may
//! pass a waiting writer, as std allows.
//!
//! Readers are ordered among each other (their operations write the state):
//! sound, and finer than necessary.

use super::{Effect, Threads};
use crate::id::ThreadId;
use crate::op::RwLockOp;

/// The state of a reader-writer lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RwLockState {
    /// The thread that holds it for writing.
    pub writer: Option<ThreadId>,
    /// The threads that hold it for reading, once for each guard.
    pub readers: Threads,
}

impl RwLockState {
    fn reading(&self, thread: ThreadId) -> Self {
        let mut readers = self.readers.clone();
        readers.push(thread);
        RwLockState { writer: None, readers }
    }

    pub(super) fn eval(&self, op: RwLockOp, thread: ThreadId) -> Option<Effect<Self>> {
        let readable = self.writer.is_none();
        let writable = readable && self.readers.is_empty();
        let writing = || RwLockState { writer: Some(thread), readers: Threads::new() };
        match op {
            RwLockOp::Read if readable => Effect::write(1, self.reading(thread)),
            RwLockOp::Write if writable => Effect::write(1, writing()),
            RwLockOp::Read | RwLockOp::Write => None,
            RwLockOp::TryRead if readable => Effect::write(1, self.reading(thread)),
            RwLockOp::TryWrite if writable => Effect::write(1, writing()),
            RwLockOp::TryRead | RwLockOp::TryWrite => Effect::read(0),
            RwLockOp::IsPoisoned => Effect::read(0),
            RwLockOp::ClearPoison => Effect::write(0, self.clone()),
            RwLockOp::UnlockRead => {
                let mut readers = self.readers.clone();
                // A guard may be dropped by another thread than the one that took it.
                let at = readers.iter().position(|t| *t == thread).or(readers.len().checked_sub(1));
                if let Some(at) = at {
                    readers.remove(at);
                }
                Effect::write(0, RwLockState { writer: self.writer, readers })
            }
            RwLockOp::UnlockWrite => {
                Effect::write(0, RwLockState { writer: None, readers: self.readers.clone() })
            }
            RwLockOp::Downgrade => Effect::write(1, self.reading(thread)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Next;

    fn step(state: &RwLockState, op: RwLockOp, thread: u32) -> RwLockState {
        match state.eval(op, ThreadId(thread)).expect("enabled").next {
            Next::To(next) => next,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn readers_share_and_writers_do_not() {
        let free = RwLockState::default();
        let two = step(&step(&free, RwLockOp::Read, 1), RwLockOp::Read, 2);
        assert_eq!(two.readers.as_slice(), [ThreadId(1), ThreadId(2)]);
        assert_eq!(two.eval(RwLockOp::Write, ThreadId(3)), None);
        assert_eq!(two.eval(RwLockOp::TryWrite, ThreadId(3)), Effect::read(0));
        let one = step(&two, RwLockOp::UnlockRead, 1);
        assert_eq!(one.readers.as_slice(), [ThreadId(2)]);
        let written = step(&step(&one, RwLockOp::UnlockRead, 2), RwLockOp::Write, 3);
        assert_eq!(written.eval(RwLockOp::Read, ThreadId(1)), None);
        assert_eq!(step(&written, RwLockOp::UnlockWrite, 3), free);
        let downgraded = step(&written, RwLockOp::Downgrade, 3);
        assert_eq!(downgraded, step(&free, RwLockOp::Read, 3));
    }
}
