//! A condition variable. `wait` is four operations: enqueue here, unlock the
//! mutex, wake (enabled once a notification picked this waiter), lock the
//! mutex. The waiter is enqueued before it unlocks, so that splitting adds
//! and loses no wakeup.

use super::{Effect, Threads};
use crate::id::ThreadId;
use crate::op::CondvarOp;

/// Answers of [`CondvarOp::WakeBy`]: it was notified.
pub const NOTIFIED: u64 = 0;
/// Its time had come before.
pub const TIMED_OUT: u64 = 1;

/// The state of a condition variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CondvarState {
    /// Those that wait, in the order in which they came.
    pub waiting: Threads,
    /// Those that were notified and have not woken yet.
    pub notified: Threads,
}

impl CondvarState {
    pub(super) fn choices(&self, op: CondvarOp) -> u32 {
        match op {
            CondvarOp::NotifyOne => self.waiting.len().max(1) as u32,
            _ => 1,
        }
    }

    pub(super) fn eval(
        &self,
        op: CondvarOp,
        thread: ThreadId,
        choice: u32,
    ) -> Option<Effect<Self>> {
        let mut next = self.clone();
        match op {
            CondvarOp::Enqueue => next.waiting.push(thread),
            CondvarOp::Wake => {
                let at = self.notified.iter().position(|t| *t == thread)?;
                next.notified.remove(at);
                return Effect::own(0, next);
            }
            CondvarOp::WakeBy { expired } => {
                if let Some(at) = self.notified.iter().position(|t| *t == thread) {
                    next.notified.remove(at);
                    return Effect::write(NOTIFIED, next);
                }
                let at = next.waiting.iter().position(|t| *t == thread).filter(|_| expired)?;
                next.waiting.remove(at);
                return Effect::write(TIMED_OUT, next);
            }
            CondvarOp::NotifyOne | CondvarOp::NotifyAll if self.waiting.is_empty() => {
                return Effect::read(0);
            }
            CondvarOp::NotifyOne => {
                if choice as usize >= self.waiting.len() {
                    return None;
                }
                let woken = next.waiting.remove(choice as usize);
                next.notified.push(woken);
                return Effect::write(1, next);
            }
            CondvarOp::NotifyAll => {
                let woken = std::mem::take(&mut next.waiting);
                let count = woken.len() as u64;
                next.notified.extend(woken);
                return Effect::write(count, next);
            }
        }
        Effect::write(0, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Next;

    fn step(state: &CondvarState, op: CondvarOp, thread: u32, choice: u32) -> CondvarState {
        match state.eval(op, ThreadId(thread), choice).expect("enabled").next {
            Next::To(next) | Next::Own(next) => next,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn notify_one_chooses_among_the_waiters() {
        let nobody = CondvarState::default();
        assert_eq!(nobody.eval(CondvarOp::NotifyOne, ThreadId(9), 0), Effect::read(0));
        let two = step(&step(&nobody, CondvarOp::Enqueue, 1, 0), CondvarOp::Enqueue, 2, 0);
        assert_eq!(two.choices(CondvarOp::NotifyOne), 2);
        let second = step(&two, CondvarOp::NotifyOne, 9, 1);
        assert_eq!(second.eval(CondvarOp::Wake, ThreadId(1), 0), None);
        let woken = step(&second, CondvarOp::Wake, 2, 0);
        assert_eq!(woken.waiting.as_slice(), [ThreadId(1)]);
        assert!(woken.notified.is_empty());
    }

    #[test]
    fn who_gives_up_waits_no_more() {
        let one = step(&CondvarState::default(), CondvarOp::Enqueue, 1, 0);
        let wake = |expired| CondvarOp::WakeBy { expired };
        assert_eq!(one.eval(wake(false), ThreadId(1), 0), None);
        let gone = one.eval(wake(true), ThreadId(1), 0);
        assert_eq!(gone, Effect::write(TIMED_OUT, CondvarState::default()));
        let notified = step(&one, CondvarOp::NotifyOne, 9, 0);
        for expired in [false, true] {
            let woken = notified.eval(wake(expired), ThreadId(1), 0);
            assert_eq!(woken, Effect::write(NOTIFIED, CondvarState::default()));
        }
    }

    #[test]
    fn notify_all_empties_the_queue() {
        let two = step(
            &step(&CondvarState::default(), CondvarOp::Enqueue, 1, 0),
            CondvarOp::Enqueue,
            2,
            0,
        );
        let all = step(&two, CondvarOp::NotifyAll, 9, 0);
        assert!(all.waiting.is_empty());
        assert_eq!(all.notified.len(), 2);
    }
}
