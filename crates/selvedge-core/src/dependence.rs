//! Which operations depend on each other: the one table.
//!
//! Two operations of different threads are *independent* if in every state in
//! which both are enabled they commute: either order gives both the same
//! answers and the same outcomes to choose from, and leads to the same state.
//! Executions that differ only in the order of independent neighbours are one
//! behaviour (Mazurkiewicz, *Trace Theory*, LNCS 255, 1987).
//!
//! The table says for each operation how it touches its object: its
//! [`Footprint`]. Dependence follows. Two operations depend on each other if
//! they are on one object and one of them writes. Operations on different
//! objects never do.
//!
//! Where the footprint leaves it open, what happened decides: the
//! [`Access`] that the rules of the object report for each operation that took
//! effect. A `try_lock` that failed has read, one that succeeded has written.
//!
//! To be independent is a promise, and tests hold the rules in
//! [`model`](crate::model) to it. To be dependent costs executions at most. The
//! chapter on dependence in the book shows the table for each object, and says
//! where it is coarser than it could be.

use crate::op::{
    AtomicOp, ChannelOp, CondvarOp, MutexOp, OnceOp, OpKind, ParkOp, RefsOp, RwLockOp, ThreadOp,
};

/// How an executed or announced operation touches an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads its state: two of these commute.
    Read,
    /// Writes its state.
    Write,
}

/// True if two operations of different threads on one object depend on each
/// other, given how they touch it: unless both read.
pub fn depend(a: Access, b: Access) -> bool {
    !matches!((a, b), (Access::Read, Access::Read))
}

/// How operations of one kind touch their object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Footprint {
    /// Touches only what belongs to its own thread. Once enabled, it commutes
    /// with whatever others do. Others may have to enable it: that is a cause,
    /// and never a race.
    Local,
    /// Always reads.
    Reads,
    /// Always writes.
    Writes,
    /// Reads if it is refused or finds nothing to do, else writes.
    ReadsOrWrites,
}

impl Footprint {
    /// Whether operations with these footprints, by different threads on one
    /// object, depend on each other.
    pub fn against(self, other: Footprint) -> Dependence {
        use Footprint as F;
        match (self, other) {
            (F::Local, _) | (_, F::Local) | (F::Reads, F::Reads) => Dependence::Never,
            (F::Writes, _) | (_, F::Writes) => Dependence::Always,
            _ => Dependence::UnlessBothRead,
        }
    }

    /// True if an operation of this kind may touch its object in this way;
    /// `None` is not at all.
    pub fn allows(self, access: Option<Access>) -> bool {
        match access {
            None => self == Footprint::Local,
            Some(Access::Read) => matches!(self, Footprint::Reads | Footprint::ReadsOrWrites),
            Some(Access::Write) => matches!(self, Footprint::Writes | Footprint::ReadsOrWrites),
        }
    }
}

/// Whether operations of two kinds depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependence {
    /// They always commute.
    Never,
    /// They commute when both only read: see [`depend`].
    UnlessBothRead,
    /// They are always taken to depend on each other.
    Always,
}

/// Whether an operation like `a` depends on one like `b` by another thread on
/// the same object.
///
/// ```
/// use selvedge_core::dependence::{Dependence, dependence};
/// use selvedge_core::op::{MutexOp, OpKind};
///
/// let (lock, try_lock) = (OpKind::Mutex(MutexOp::Lock), OpKind::Mutex(MutexOp::TryLock));
/// assert_eq!(dependence(&lock, &try_lock), Dependence::Always);
/// // Two that fail commute.
/// assert_eq!(dependence(&try_lock, &try_lock), Dependence::UnlessBothRead);
/// ```
pub fn dependence(a: &OpKind, b: &OpKind) -> Dependence {
    footprint(a).against(footprint(b))
}

/// How an operation of this kind touches its object.
pub fn footprint(op: &OpKind) -> Footprint {
    entry(op).footprint
}

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// What kind of object the operation is on, in a word.
    pub object: &'static str,
    /// What kind of operation it is.
    pub operation: &'static str,
    /// How it touches the object.
    pub footprint: Footprint,
}

/// Makes of the same lines a list and a match, so that neither lacks one.
macro_rules! table {
    ($($object:literal { $($operation:literal $footprint:ident: $pattern:pat,)* })*) => {
        /// All kinds of operations, object by object.
        pub const TABLE: &[Entry] = &[$($(Entry {
            object: $object,
            operation: $operation,
            footprint: Footprint::$footprint,
        },)*)*];

        /// The line of the table for an operation.
        pub fn entry(op: &OpKind) -> &'static Entry {
            match op {
                $($($pattern => const {
                    &Entry {
                        object: $object,
                        operation: $operation,
                        footprint: Footprint::$footprint,
                    }
                },)*)*
            }
        }
    };
}

table! {
    "atomic" {
        "load" Reads: OpKind::Atomic(AtomicOp::Load { .. }),
        "store" Writes: OpKind::Atomic(AtomicOp::Store { .. }),
        "read-modify-write" Writes: OpKind::Atomic(AtomicOp::Rmw { .. }),
        "compare_exchange" ReadsOrWrites: OpKind::Atomic(AtomicOp::CompareExchange { .. }),
    }
    "mutex" {
        "lock" Writes: OpKind::Mutex(MutexOp::Lock),
        "try_lock" ReadsOrWrites: OpKind::Mutex(MutexOp::TryLock),
        "unlock" Writes: OpKind::Mutex(MutexOp::Unlock),
        "is_poisoned" Reads: OpKind::Mutex(MutexOp::IsPoisoned),
        "clear_poison" Writes: OpKind::Mutex(MutexOp::ClearPoison),
    }
    "rwlock" {
        "read" Writes: OpKind::RwLock(RwLockOp::Read),
        "try_read" ReadsOrWrites: OpKind::RwLock(RwLockOp::TryRead),
        "unlock (read)" Writes: OpKind::RwLock(RwLockOp::UnlockRead),
        "write" Writes: OpKind::RwLock(RwLockOp::Write),
        "try_write" ReadsOrWrites: OpKind::RwLock(RwLockOp::TryWrite),
        "unlock (write)" Writes: OpKind::RwLock(RwLockOp::UnlockWrite),
        "is_poisoned" Reads: OpKind::RwLock(RwLockOp::IsPoisoned),
        "clear_poison" Writes: OpKind::RwLock(RwLockOp::ClearPoison),
        "downgrade" Writes: OpKind::RwLock(RwLockOp::Downgrade),
    }
    "condvar" {
        "wait (begin)" Writes: OpKind::Condvar(CondvarOp::Enqueue),
        "wait (wake)" Local: OpKind::Condvar(CondvarOp::Wake),
        "wait_timeout (wake)" Writes: OpKind::Condvar(CondvarOp::WakeBy { .. }),
        "notify_one" ReadsOrWrites: OpKind::Condvar(CondvarOp::NotifyOne),
        "notify_all" ReadsOrWrites: OpKind::Condvar(CondvarOp::NotifyAll),
    }
    "once" {
        "call (begin)" ReadsOrWrites: OpKind::Once(OnceOp::Begin { .. }),
        "call (end)" Writes: OpKind::Once(OnceOp::End(_)),
        "is_completed" Reads: OpKind::Once(OnceOp::Get),
        "wait" Reads: OpKind::Once(OnceOp::Wait { .. }),
    }
    "channel" {
        "send" ReadsOrWrites: OpKind::Channel(ChannelOp::Send),
        "try_send" ReadsOrWrites: OpKind::Channel(ChannelOp::TrySend),
        "send_timeout" ReadsOrWrites: OpKind::Channel(ChannelOp::SendBy { .. }),
        "rendezvous (offer)" ReadsOrWrites: OpKind::Channel(ChannelOp::Offer),
        "rendezvous (taken)" Local: OpKind::Channel(ChannelOp::Taken { .. }),
        "recv" ReadsOrWrites: OpKind::Channel(ChannelOp::Recv),
        "try_recv" ReadsOrWrites: OpKind::Channel(ChannelOp::TryRecv),
        "recv_timeout" ReadsOrWrites: OpKind::Channel(ChannelOp::RecvBy { .. }),
        "select" ReadsOrWrites: OpKind::Select(_),
        "close" ReadsOrWrites: OpKind::Channel(ChannelOp::Close),
        "last sender drops" Writes: OpKind::Channel(ChannelOp::SendersGone),
        "last receiver drops" Writes: OpKind::Channel(ChannelOp::ReceiversGone),
    }
    "park token" {
        "park" Writes: OpKind::Park(ParkOp::Park),
        "park_timeout" ReadsOrWrites: OpKind::Park(ParkOp::ParkBy { .. }),
        "unpark" Writes: OpKind::Park(ParkOp::Unpark),
    }
    "references" {
        "clone" Writes: OpKind::Refs(RefsOp::Retain),
        "drop" Writes: OpKind::Refs(RefsOp::Release),
        "strong_count" Reads: OpKind::Refs(RefsOp::Count),
        "get_mut" Reads: OpKind::Refs(RefsOp::Unique),
        "try_unwrap" ReadsOrWrites: OpKind::Refs(RefsOp::Unwrap),
        "make_mut" ReadsOrWrites: OpKind::Refs(RefsOp::Own),
        "upgrade" ReadsOrWrites: OpKind::Refs(RefsOp::Upgrade),
        "downgrade, clone (weak)" Writes: OpKind::Refs(RefsOp::RetainWeak),
        "drop (weak)" Writes: OpKind::Refs(RefsOp::ReleaseWeak),
        "weak_count" Reads: OpKind::Refs(RefsOp::CountWeak),
    }
    "thread" {
        "spawn" Local: OpKind::Thread(ThreadOp::Spawn),
        "join" Local: OpKind::Thread(ThreadOp::Join(_)),
        "yield_now, spin_loop" Local: OpKind::Thread(ThreadOp::Yield(_)),
        "sleep" Local: OpKind::Thread(ThreadOp::Sleep { .. }),
        "any" Local: OpKind::Thread(ThreadOp::Any(_)),
        "fence" Local: OpKind::Thread(ThreadOp::Fence(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holds for kinds of operations is what holds for all, some or none
    /// of the accesses that they may make.
    #[test]
    fn kinds_follow_from_accesses() {
        let accesses = |f: Footprint| {
            let all = [None, Some(Access::Read), Some(Access::Write)];
            all.into_iter().filter(move |a| f.allows(*a))
        };
        for a in TABLE {
            for b in TABLE {
                let pairs = accesses(a.footprint)
                    .flat_map(|x| accesses(b.footprint).map(move |y| x.zip(y)));
                let depends: Vec<bool> =
                    pairs.map(|pair| pair.is_some_and(|(x, y)| depend(x, y))).collect();
                let expected = match () {
                    () if depends.iter().all(|d| *d) => Dependence::Always,
                    () if depends.iter().any(|d| *d) => Dependence::UnlessBothRead,
                    () => Dependence::Never,
                };
                assert_eq!(a.footprint.against(b.footprint), expected, "{a:?}, {b:?}");
            }
        }
    }
}
