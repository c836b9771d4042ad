//! The rules of the modelled objects: small pure states and what operations
//! do to them. One file a primitive; nothing here knows of threads that run,
//! of strategies, or of time.
//!
//! [`ObjectState::eval`] is a pure function, so that a search may ask it about
//! any state, also one that is not the present one.

pub mod atomic;
pub mod channel;
pub mod condvar;
pub mod mutex;
pub mod once;
pub mod park;
pub mod refs;
pub mod rwlock;

use smallvec::SmallVec;

use crate::id::ThreadId;
use crate::op::{Access, OpKind};

pub use atomic::{AtomicState, ValueType};
pub use channel::ChannelState;
pub use condvar::CondvarState;
pub use mutex::MutexState;
pub use once::OnceState;
pub use park::ParkState;
pub use refs::RefsState;
pub use rwlock::RwLockState;

/// A short list of threads.
pub type Threads = SmallVec<[ThreadId; 2]>;

/// The state of a modelled object. User data (what a mutex guards, the
/// messages of a channel) is no part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectState {
    /// An atomic.
    Atomic(AtomicState),
    /// A mutex.
    Mutex(MutexState),
    /// A reader-writer lock.
    RwLock(RwLockState),
    /// A condition variable.
    Condvar(CondvarState),
    /// A `Once`.
    Once(OnceState),
    /// A channel.
    Channel(ChannelState),
    /// The park token of a thread.
    Park(ParkState),
    /// A count of references whose last one does something visible.
    Refs(RefsState),
    /// Plain memory: its accesses are no operations, only checked for races.
    Cell,
}

/// What an operation does to the state of its object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<S = ObjectState> {
    /// Nothing: the operation only reads. Two of these commute.
    Same,
    /// It writes this state.
    To(S),
    /// It changes only what belongs to its own thread (a waiter that wakes):
    /// it commutes with every operation of others.
    Own(S),
}

/// An operation's effect: what its thread gets, and what becomes of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect<S = ObjectState> {
    /// The answer, by the rules of the operation.
    pub answer: u64,
    /// The state afterwards.
    pub next: Next<S>,
}

impl<S> Effect<S> {
    fn read(answer: u64) -> Option<Self> {
        Some(Effect { answer, next: Next::Same })
    }

    fn write(answer: u64, state: S) -> Option<Self> {
        Some(Effect { answer, next: Next::To(state) })
    }

    fn own(answer: u64, state: S) -> Option<Self> {
        Some(Effect { answer, next: Next::Own(state) })
    }

    fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Effect<T> {
        let next = match self.next {
            Next::Same => Next::Same,
            Next::To(state) => Next::To(wrap(state)),
            Next::Own(state) => Next::Own(wrap(state)),
        };
        Effect { answer: self.answer, next }
    }
}

/// What became of an operation that took effect in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The answer, by the rules of the operation.
    pub answer: u64,
    /// How the object was touched; `None` if it commutes with everything.
    pub access: Option<Access>,
    /// True if the state is another one now.
    pub changed: bool,
}

fn apply<S: PartialEq>(state: &mut S, effect: Option<Effect<S>>) -> Option<Applied> {
    let Effect { answer, next } = effect?;
    Some(match next {
        Next::Same => Applied { answer, access: Some(Access::Read), changed: false },
        Next::To(next) => {
            let changed = *state != next;
            *state = next;
            Applied { answer, access: Some(Access::Write), changed }
        }
        Next::Own(next) => {
            *state = next;
            Applied { answer, access: None, changed: false }
        }
    })
}

impl ObjectState {
    /// What `op`, announced by `thread`, would do in this state under
    /// `choice`: `None` if it is not enabled.
    ///
    /// # Panics
    /// If the operation is not one of this object, which is a mistake of the
    /// machine, not of the program under test.
    pub fn eval(&self, op: &OpKind, thread: ThreadId, choice: u32) -> Option<Effect> {
        use ObjectState as O;
        match (self, op) {
            (O::Atomic(s), OpKind::Atomic(op)) => s.eval(op).map(|e| e.map(O::Atomic)),
            (O::Mutex(s), OpKind::Mutex(op)) => s.eval(*op, thread).map(|e| e.map(O::Mutex)),
            (O::RwLock(s), OpKind::RwLock(op)) => s.eval(*op, thread).map(|e| e.map(O::RwLock)),
            (O::Condvar(s), OpKind::Condvar(op)) => {
                s.eval(*op, thread, choice).map(|e| e.map(O::Condvar))
            }
            (O::Once(s), OpKind::Once(op)) => s.eval(*op, thread).map(|e| e.map(O::Once)),
            (O::Channel(s), OpKind::Channel(op)) => s.eval(*op).map(|e| e.map(O::Channel)),
            (O::Park(s), OpKind::Park(op)) => s.eval(*op).map(|e| e.map(O::Park)),
            (O::Refs(s), OpKind::Refs(op)) => s.eval(*op).map(|e| e.map(O::Refs)),
            (state, op) => unreachable!("{op:?} on {state:?}"),
        }
    }

    /// The same as [`eval`](Self::eval), carried out in place.
    ///
    /// # Panics
    /// As `eval`.
    pub fn apply(&mut self, op: &OpKind, thread: ThreadId, choice: u32) -> Option<Applied> {
        use ObjectState as O;
        match (self, op) {
            (O::Atomic(s), OpKind::Atomic(op)) => Some(s.apply(op)),
            (O::Mutex(s), OpKind::Mutex(op)) => s.apply(*op, thread),
            (O::RwLock(s), OpKind::RwLock(op)) => apply(s, s.eval(*op, thread)),
            (O::Condvar(s), OpKind::Condvar(op)) => apply(s, s.eval(*op, thread, choice)),
            (O::Once(s), OpKind::Once(op)) => apply(s, s.eval(*op, thread)),
            (O::Channel(s), OpKind::Channel(op)) => apply(s, s.eval(*op)),
            (O::Park(s), OpKind::Park(op)) => apply(s, s.eval(*op)),
            (O::Refs(s), OpKind::Refs(op)) => apply(s, s.eval(*op)),
            (state, op) => unreachable!("{op:?} on {state:?}"),
        }
    }

    /// How `op`, announced by `thread`, would touch the object in this state:
    /// `None` if it is not enabled, or commutes with whatever others do.
    ///
    /// # Panics
    /// As `eval`.
    #[inline]
    pub fn would(&self, op: &OpKind, thread: ThreadId) -> Option<Access> {
        use crate::op::{AtomicOp, MutexOp};
        match (self, op) {
            (_, OpKind::Atomic(AtomicOp::Load { .. })) => Some(Access::Read),
            (_, OpKind::Atomic(AtomicOp::Store { .. } | AtomicOp::Rmw { .. })) => {
                Some(Access::Write)
            }
            (ObjectState::Mutex(s), OpKind::Mutex(MutexOp::Lock)) => {
                s.owner.is_none().then_some(Access::Write)
            }
            _ => match self.eval(op, thread, 0)?.next {
                Next::Same => Some(Access::Read),
                Next::To(_) => Some(Access::Write),
                Next::Own(_) => None,
            },
        }
    }

    /// How many choices `op` has in this state, if it is enabled.
    pub fn choices(&self, op: &OpKind) -> u32 {
        match (self, op) {
            (ObjectState::Condvar(s), OpKind::Condvar(op)) => s.choices(*op),
            _ => 1,
        }
    }

    /// What kind of object it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            ObjectState::Atomic(_) => "atomic",
            ObjectState::Mutex(_) => "mutex",
            ObjectState::RwLock(_) => "rwlock",
            ObjectState::Condvar(_) => "condvar",
            ObjectState::Once(_) => "once",
            ObjectState::Channel(_) => "channel",
            ObjectState::Park(_) => "park token",
            ObjectState::Refs(_) => "references",
            ObjectState::Cell => "cell",
        }
    }
}
