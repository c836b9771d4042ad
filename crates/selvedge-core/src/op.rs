//! Operations: what a thread announces before it takes effect, as data.

use std::panic::Location;

pub use crate::dependence::{Access, depend};
use crate::id::{ObjectId, ThreadId};

/// A memory ordering, as the program gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemoryOrder {
    /// No ordering.
    Relaxed,
    /// Later accesses stay behind a load.
    Acquire,
    /// Earlier accesses stay before a store.
    Release,
    /// Both.
    AcqRel,
    /// Both, and one total order.
    SeqCst,
}

impl MemoryOrder {
    /// True if a load of this ordering synchronises with the store it reads.
    pub fn acquires(self) -> bool {
        matches!(self, MemoryOrder::Acquire | MemoryOrder::AcqRel | MemoryOrder::SeqCst)
    }

    /// True if a store of this ordering publishes what came before it.
    pub fn releases(self) -> bool {
        matches!(self, MemoryOrder::Release | MemoryOrder::AcqRel | MemoryOrder::SeqCst)
    }
}

impl From<std::sync::atomic::Ordering> for MemoryOrder {
    fn from(order: std::sync::atomic::Ordering) -> Self {
        use std::sync::atomic::Ordering;
        match order {
            Ordering::Relaxed => MemoryOrder::Relaxed,
            Ordering::Acquire => MemoryOrder::Acquire,
            Ordering::Release => MemoryOrder::Release,
            Ordering::AcqRel => MemoryOrder::AcqRel,
            _ => MemoryOrder::SeqCst,
        }
    }
}

/// What a read-modify-write does with the old value and its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Rmw {
    Swap,
    Add,
    Sub,
    And,
    Nand,
    Or,
    Xor,
    Max,
    Min,
}

/// An operation on an atomic. The answer is the old value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AtomicOp {
    Load { order: MemoryOrder },
    Store { value: u64, order: MemoryOrder },
    Rmw { rmw: Rmw, operand: u64, order: MemoryOrder },
    CompareExchange { expected: u64, new: u64, success: MemoryOrder, failure: MemoryOrder },
}

/// An operation on a mutex. The answer of a lock is 1 if it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum MutexOp {
    Lock,
    TryLock,
    Unlock,
    /// Looks whether it is poisoned, which an unlock may have changed.
    IsPoisoned,
    ClearPoison,
}

/// An operation on a reader-writer lock. The answer of a lock is 1 if it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum RwLockOp {
    Read,
    TryRead,
    UnlockRead,
    Write,
    TryWrite,
    UnlockWrite,
    /// Looks whether it is poisoned, which an unlock may have changed.
    IsPoisoned,
    ClearPoison,
    /// From writing to reading, without letting go.
    Downgrade,
}

/// An operation on a condition variable. The answer of a notification is the
/// number of waiters that it picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CondvarOp {
    Enqueue,
    Wake,
    NotifyOne,
    NotifyAll,
    /// Wakes, or gives up if nobody has notified it: then the answer is 1.
    WakeBy {
        expired: bool,
    },
}

/// How the closure of a `Once` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum OnceEnd {
    Done,
    /// It did not succeed and may be tried again.
    Failed,
    Panicked,
}

/// An operation on a `Once`; answers as in [`once`](crate::model::once).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum OnceOp {
    Begin {
        ignore_poison: bool,
    },
    End(OnceEnd),
    Get,
    /// Waits until the closure has run, or, unless poison is ignored, panicked.
    Wait {
        ignore_poison: bool,
    },
}

/// An operation on a park token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ParkOp {
    Park,
    Unpark,
    /// Parks, or gives up: then the answer is 1.
    ParkBy {
        expired: bool,
    },
}

/// An operation on a count of references. The answer is what remains of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum RefsOp {
    Retain,
    Release,
    /// How many there are; orders nothing.
    Count,
    /// `get_mut`: is there only one, weak ones included? If so, what was done before
    /// others were dropped is visible. The answer is how many there are of both kinds.
    Unique,
    /// `try_unwrap`: takes the value if there is only one. The answer is 1 if it did.
    Unwrap,
    /// `make_mut`; answers as in [`refs`](crate::model::refs).
    Own,
    /// Makes a reference of a weak one. The answer is 0 if the value is gone.
    Upgrade,
    /// One more weak reference.
    RetainWeak,
    ReleaseWeak,
    /// How many weak references there are while there is a value; orders nothing.
    CountWeak,
}

/// An operation on a channel; answers as in [`channel`](crate::model::channel).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ChannelOp {
    Send,
    /// First half of a send on a rendezvous.
    Offer,
    /// Second half: the offer with that ticket was taken.
    Taken {
        ticket: u64,
    },
    Recv,
    TryRecv,
    Close,
    SendersGone,
    ReceiversGone,
    /// Receives, or gives up as a `TryRecv` does.
    RecvBy {
        expired: bool,
    },
    /// Sends if there is room at once. Not on a rendezvous.
    TrySend,
    /// Sends, or gives up as a `TrySend` does. Not on a rendezvous.
    SendBy {
        expired: bool,
    },
}

/// Why a thread lets others go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum YieldKind {
    /// `hint::spin_loop`: it cannot go on until someone else writes.
    Spin,
    /// `thread::yield_now` or `sleep`: perhaps a loop, perhaps only politeness.
    Polite,
}

/// An operation of a thread that is on no object of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThreadOp {
    /// Starts a child; the answer is its [`ThreadId`].
    Spawn,
    /// Waits for the thread to end.
    Join(ThreadId),
    /// Lets others go first.
    Yield(YieldKind),
    /// A value below the bound, chosen by the exploration; the answer is the value.
    Any(u32),
    /// A fence.
    Fence(MemoryOrder),
    /// Waits until its time has come.
    Sleep {
        /// It has.
        expired: bool,
        /// That time, in nanoseconds of the virtual clock.
        until: u64,
    },
}

/// A receive on whichever of several channels is ready. The answer says which
/// case was taken, and what receiving from it answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SelectOp {
    /// Where the cases are in the world's table of cases.
    pub(crate) first: u32,
    /// How many there are.
    pub(crate) count: u32,
}

impl SelectOp {
    pub(crate) fn answer(case: u32, received: u64) -> u64 {
        u64::from(case) | received << 32
    }

    /// The index of the case that was taken.
    pub fn case(answer: u64) -> usize {
        answer as u32 as usize
    }

    /// What receiving answered: as for [`ChannelOp::Recv`].
    pub fn received(answer: u64) -> u64 {
        answer >> 32
    }
}

/// What an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum OpKind {
    Atomic(AtomicOp),
    Mutex(MutexOp),
    RwLock(RwLockOp),
    Condvar(CondvarOp),
    Once(OnceOp),
    Channel(ChannelOp),
    Park(ParkOp),
    Refs(RefsOp),
    Select(SelectOp),
    Thread(ThreadOp),
}

impl OpKind {
    /// For an operation that waits until some time at most: has that come?
    pub(crate) fn expired(&mut self) -> Option<&mut bool> {
        match self {
            OpKind::Condvar(CondvarOp::WakeBy { expired })
            | OpKind::Park(ParkOp::ParkBy { expired })
            | OpKind::Channel(ChannelOp::RecvBy { expired } | ChannelOp::SendBy { expired })
            | OpKind::Thread(ThreadOp::Sleep { expired, .. }) => Some(expired),
            _ => None,
        }
    }
}

/// One visible action, announced to the scheduler before it takes effect.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// What it is.
    pub kind: OpKind,
    /// The object it is on. `None` for operations of threads, and for a
    /// select, which is on several.
    pub object: Option<ObjectId>,
    /// Where in the user's code.
    pub at: &'static Location<'static>,
}
