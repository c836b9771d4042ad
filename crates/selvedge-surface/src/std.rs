//! The surface on the standard library: what production code gets.
//!
//! Everything that the standard library has is re-exported from it, so that
//! it costs nothing. [`cell::UnsafeCell`] is a wrapper that is compiled away;
//! [`channel`] and [`any`] are Selvedge's own.

use ::std::ops::RangeInclusive;

#[path = "built/channel.rs"]
pub mod channel;

pub use crate::lazy_static;
pub use crate::{Choose, Named};
pub use ::std::thread_local;

/// What the files under `built/` need of an engine.
mod rt {
    pub(super) use super::sync::{Condvar, Mutex, MutexGuard};

    /// Which of several cases to try first.
    pub(super) fn first_of(cases: usize) -> usize {
        if cases < 2 { 0 } else { crate::input::draw(cases as u64) as usize }
    }

    /// Waits to be notified, for that time at most.
    pub(super) fn wait_timeout<'a, T>(
        condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        timeout: ::std::time::Duration,
    ) -> MutexGuard<'a, T> {
        let waited = condvar.wait_timeout(guard, timeout);
        waited.unwrap_or_else(::std::sync::PoisonError::into_inner).0
    }

    /// Wakes one of those who wait.
    pub(super) fn wake_one(condvar: &Condvar) {
        condvar.notify_one();
    }
}

/// A value from the range: here, one drawn at random.
///
/// # Panics
/// If the range is empty.
#[track_caller]
pub fn any<T: Choose>(range: RangeInclusive<T>) -> T {
    T::nth(&range, crate::input::draw(T::count(&range)))
}

/// Locks, condition variables and what is made of them: `std::sync`.
pub mod sync {
    pub use ::std::sync::{
        Arc, Barrier, BarrierWaitResult, Condvar, LazyLock, LockResult, Mutex, MutexGuard, Once,
        OnceLock, OnceState, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
        TryLockResult, WaitTimeoutResult, Weak,
    };

    /// The reference itself. Engines with an `Arc` of their own make that of it: it is the
    /// way to an `Arc<dyn Trait>`, which the argument can be coerced to.
    ///
    /// ```
    /// use selvedge_surface::std::sync::{Arc, arc_from_std};
    /// use std::fmt::Display;
    ///
    /// let shown: Arc<dyn Display> = arc_from_std(std::sync::Arc::new(7));
    /// assert_eq!(shown.to_string(), "7");
    /// ```
    #[inline(always)]
    pub fn arc_from_std<T: ?Sized>(value: ::std::sync::Arc<T>) -> Arc<T> {
        value
    }

    /// Atomic types: `std::sync::atomic`.
    pub mod atomic {
        pub use ::std::sync::atomic::{
            AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr,
            AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence,
            fence,
        };
    }
}

/// Threads: `std::thread`.
pub mod thread {
    pub use ::std::thread::{
        AccessError, Builder, JoinHandle, LocalKey, Result, Scope, ScopedJoinHandle, Thread,
        ThreadId, current, panicking, park, park_timeout, scope, sleep, spawn, yield_now,
    };
}

/// Time: `std::time`.
pub mod time {
    pub use ::std::time::{Duration, Instant};
}

/// Hints to the processor: `std::hint`.
pub mod hint {
    pub use ::std::hint::spin_loop;
}

/// Plain memory that threads share.
pub mod cell {
    pub use ::std::cell::{
        BorrowError, BorrowMutError, Cell, LazyCell, OnceCell, Ref, RefCell, RefMut,
    };

    /// The standard library's `UnsafeCell` in loom's shape: accesses are
    /// closures, so that an engine sees where they begin and end.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(::std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell that holds `value`.
        #[inline(always)]
        pub const fn new(value: T) -> Self {
            UnsafeCell(::std::cell::UnsafeCell::new(value))
        }

        /// The value, which nobody else can reach.
        #[inline(always)]
        pub fn get_mut(&mut self) -> &mut T {
            self.0.get_mut()
        }

        /// The value.
        #[inline(always)]
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Reads: calls `f` with a pointer that is valid for reads while `f`
        /// runs, if nobody writes meanwhile.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Writes: calls `f` with a pointer that is valid for reads and writes
        /// while `f` runs, if nobody else has access meanwhile.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    impl<T> From<T> for UnsafeCell<T> {
        fn from(value: T) -> Self {
            UnsafeCell::new(value)
        }
    }
}
