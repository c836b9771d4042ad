//! A `Once`: not begun, begun by a thread, or done.

use super::Effect;
use crate::id::ThreadId;
use crate::op::OnceOp;

/// The state of a `Once`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnceState {
    /// Nobody has called it, or the call did not succeed and may be repeated.
    #[default]
    New,
    /// The closure panicked.
    Poisoned,
    /// The thread runs the closure.
    Running(ThreadId),
    /// The closure has run.
    Done,
}

/// The answer of [`OnceOp::Begin`] and [`OnceOp::Get`]: nobody has run the closure.
pub const NEW: u64 = 0;
/// The closure has run already.
pub const DONE: u64 = 1;
/// An earlier closure panicked.
pub const POISONED: u64 = 2;

impl OnceState {
    pub(super) fn eval(self, op: OnceOp, thread: ThreadId) -> Option<Effect<Self>> {
        let run = |answer| Effect::write(answer, OnceState::Running(thread));
        match (op, self) {
            (OnceOp::Begin { .. }, OnceState::New) => run(NEW),
            (OnceOp::Begin { ignore_poison: true }, OnceState::Poisoned) => run(POISONED),
            (OnceOp::Begin { ignore_poison: false }, OnceState::Poisoned) => Effect::read(POISONED),
            (OnceOp::Begin { .. }, OnceState::Running(_)) => None,
            (OnceOp::Begin { .. } | OnceOp::Get | OnceOp::Wait { .. }, OnceState::Done) => {
                Effect::read(DONE)
            }
            (OnceOp::Get | OnceOp::Wait { ignore_poison: false }, OnceState::Poisoned) => {
                Effect::read(POISONED)
            }
            (OnceOp::Get, _) => Effect::read(NEW),
            (OnceOp::Wait { .. }, _) => None,
            (OnceOp::End(end), _) => Effect::write(
                0,
                match end {
                    crate::op::OnceEnd::Done => OnceState::Done,
                    crate::op::OnceEnd::Failed => OnceState::New,
                    crate::op::OnceEnd::Panicked => OnceState::Poisoned,
                },
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::OnceEnd;

    #[test]
    fn the_second_caller_waits_for_the_first() {
        let (a, b) = (ThreadId(1), ThreadId(2));
        let begin = OnceOp::Begin { ignore_poison: false };
        let running = OnceState::Running(a);
        assert_eq!(OnceState::New.eval(begin, a), Effect::write(NEW, running));
        assert_eq!(running.eval(begin, b), None);
        assert_eq!(running.eval(OnceOp::Get, b), Effect::read(NEW));
        let done = OnceState::Done;
        assert_eq!(running.eval(OnceOp::End(OnceEnd::Done), a), Effect::write(0, done));
        assert_eq!(OnceState::Done.eval(begin, b), Effect::read(DONE));
        assert_eq!(OnceState::Poisoned.eval(begin, b), Effect::read(POISONED));
    }

    #[test]
    fn who_waits_runs_nothing() {
        let (me, running) = (ThreadId(1), OnceState::Running(ThreadId(2)));
        let [wait, insist] = [false, true].map(|ignore_poison| OnceOp::Wait { ignore_poison });
        for op in [wait, insist] {
            assert_eq!(OnceState::New.eval(op, me), None);
            assert_eq!(running.eval(op, me), None);
            assert_eq!(OnceState::Done.eval(op, me), Effect::read(DONE));
        }
        assert_eq!(OnceState::Poisoned.eval(wait, me), Effect::read(POISONED));
        assert_eq!(OnceState::Poisoned.eval(insist, me), None);
    }
}
