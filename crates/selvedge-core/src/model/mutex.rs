//! A mutex: who holds it.

use super::Effect;
use crate::id::ThreadId;
use crate::op::MutexOp;

/// The state of a mutex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MutexState {
    /// The thread that holds it.
    pub owner: Option<ThreadId>,
}

impl MutexState {
    pub(super) fn eval(self, op: MutexOp, thread: ThreadId) -> Option<Effect<Self>> {
        let to = |owner| MutexState { owner };
        match (op, self.owner) {
            (MutexOp::Lock, Some(_)) => None,
            (MutexOp::Lock, None) => Effect::write(1, to(Some(thread))),
            (MutexOp::TryLock, Some(_)) => Effect::read(0),
            (MutexOp::TryLock, None) => Effect::write(1, to(Some(thread))),
            (MutexOp::Unlock, _) => Effect::write(0, to(None)),
            (MutexOp::IsPoisoned, _) => Effect::read(0),
            (MutexOp::ClearPoison, _) => Effect::write(0, self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Next;

    #[test]
    fn a_held_mutex_blocks_and_refuses() {
        let (a, b) = (ThreadId(1), ThreadId(2));
        let free = MutexState::default();
        let held = MutexState { owner: Some(a) };
        assert_eq!(free.eval(MutexOp::Lock, a).unwrap().next, Next::To(held));
        assert_eq!(held.eval(MutexOp::Lock, b), None);
        assert_eq!(held.eval(MutexOp::TryLock, b), Effect::read(0));
        assert_eq!(held.eval(MutexOp::Unlock, a).unwrap().next, Next::To(free));
    }
}
