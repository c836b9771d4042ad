//! A mutex: who holds it.

use super::{Applied, Effect};
use crate::id::ThreadId;
use crate::op::{Access, MutexOp};

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

    /// The same, carried out in place.
    #[inline]
    pub(crate) fn apply(&mut self, op: MutexOp, thread: ThreadId) -> Option<Applied> {
        let (answer, owner) = match (op, self.owner) {
            (MutexOp::Lock, Some(_)) => return None,
            (MutexOp::TryLock, Some(_)) | (MutexOp::IsPoisoned, _) => {
                return Some(Applied { answer: 0, access: Some(Access::Read), changed: false });
            }
            (MutexOp::Lock | MutexOp::TryLock, None) => (1, Some(thread)),
            (MutexOp::Unlock, _) => (0, None),
            (MutexOp::ClearPoison, owner) => (0, owner),
        };
        let changed = self.owner != owner;
        self.owner = owner;
        Some(Applied { answer, access: Some(Access::Write), changed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Next;

    #[test]
    fn in_place_it_does_the_same() {
        use MutexOp::{ClearPoison, IsPoisoned, Lock, TryLock, Unlock};
        for owner in [None, Some(ThreadId(1)), Some(ThreadId(2))] {
            for op in [Lock, TryLock, Unlock, IsPoisoned, ClearPoison] {
                let (mut one, mut other) = (MutexState { owner }, MutexState { owner });
                let effect = one.eval(op, ThreadId(1));
                let applied = crate::model::apply(&mut one, effect);
                assert_eq!(other.apply(op, ThreadId(1)), applied);
                assert_eq!(one, other);
            }
        }
    }

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
