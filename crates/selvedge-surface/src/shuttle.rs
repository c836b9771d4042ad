//! The surface on the shuttle crate.
//!
//! shuttle has no `OnceLock` and no scoped threads with names; they are
//! built. It sees no accesses to plain memory, so [`cell`] is that of
//! [`std`](crate::std) and data races are not found. A dropped `JoinHandle`
//! leaves the thread attached: if it can never end, that is reported.

use ::std::ops::RangeInclusive;

use ::shuttle::rand::RngCore;

#[path = "built/channel.rs"]
pub mod channel;
#[path = "built/lazy_lock.rs"]
mod lazy_lock;
#[path = "built/once.rs"]
#[allow(dead_code, unreachable_pub, reason = "shuttle has its own; this carries the other two")]
mod once;
#[path = "built/once_lock.rs"]
mod once_lock;
#[path = "built/thread.rs"]
mod threads;

pub use crate::std::cell;
pub use crate::{Choose, Named};
pub use ::shuttle::{lazy_static, thread_local};

/// What the files under `built/` need of an engine.
mod rt {
    pub(super) use ::shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(super) use ::shuttle::thread::{JoinHandle, Thread};

    /// Which of several cases to try first.
    pub(super) fn first_of(cases: usize) -> usize {
        if cases < 2 { 0 } else { super::draw(cases as u64) as usize }
    }

    /// Refused at compile time, where it is used.
    pub(super) fn wait_timeout<'a, T>(
        _condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        _timeout: ::std::time::Duration,
    ) -> MutexGuard<'a, T> {
        crate::untimed::refused(guard)
    }

    /// Wakes one of those who wait.
    pub(super) fn wake_one(condvar: &Condvar) {
        condvar.notify_one();
    }

    /// Starts a thread.
    #[track_caller]
    pub(super) fn start<F, T>(
        name: Option<String>,
        stack_size: Option<usize>,
        f: F,
    ) -> ::std::io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let mut builder = ::shuttle::thread::Builder::new();
        if let Some(name) = name {
            builder = builder.name(name);
        }
        if let Some(bytes) = stack_size {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(f)
    }
}

/// A value from the range: one drawn by shuttle's scheduler, as a part of the
/// schedule.
///
/// # Panics
/// If the range is empty.
#[track_caller]
pub fn any<T: Choose>(range: RangeInclusive<T>) -> T {
    T::nth(&range, draw(T::count(&range)))
}

fn draw(count: u64) -> u64 {
    let number = ::shuttle::rand::thread_rng().next_u64();
    // The high half of the product is below `count`, and nearly uniform.
    ((u128::from(number) * u128::from(count)) >> 64) as u64
}

/// Locks, condition variables and what is made of them: `shuttle::sync`.
pub mod sync {
    pub use super::lazy_lock::LazyLock;
    pub use super::once_lock::OnceLock;
    pub use crate::std::sync::arc_from_std;
    pub use ::shuttle::sync::{
        Arc, Barrier, BarrierWaitResult, Condvar, LockResult, Mutex, MutexGuard, Once, OnceState,
        PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult, Weak,
    };

    /// Atomic types: `shuttle::sync::atomic`, sequentially consistent whatever
    /// the ordering.
    pub mod atomic {
        pub use ::shuttle::sync::atomic::{
            AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr,
            AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
        };
        pub use ::std::sync::atomic::compiler_fence;
    }
}

/// Threads: `shuttle::thread`, and scopes.
pub mod thread {
    pub use super::threads::{Builder, Scope, ScopedJoinHandle, scope, spawn};
    pub use ::shuttle::thread::{
        AccessError, JoinHandle, LocalKey, Result, Thread, ThreadId, current, panicking, park,
        sleep, yield_now,
    };
}

/// Hints to the processor: `shuttle::hint`.
pub mod hint {
    pub use ::shuttle::hint::spin_loop;
}
