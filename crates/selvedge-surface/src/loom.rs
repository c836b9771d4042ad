//! The surface on the loom crate.
//!
//! loom has no `Once`, `OnceLock`, `Barrier` or `scope`; they are built. It
//! has no choice operation either, so [`any`] does not compile, and a
//! `select!` with several ready channels takes the first in the order of the
//! tries. A `sleep` yields: loom then lets others run first. Its threads (at
//! most four beside the main one) have small stacks; here they get larger
//! ones, but the main thread's is loom's own, 32 KiB.
//!
//! Nor does it know time: what waits for some time at most does not compile.
//!
//! ```compile_fail
//! let (_client, requests) = selvedge_surface::loom::channel::bounded::<u32>(1);
//! let _ = requests.recv_timeout(std::time::Duration::from_millis(1));
//! ```
//!
//! ```
//! let _ = || {
//!     let (_client, requests) = selvedge_surface::loom::channel::bounded::<u32>(1);
//!     let _ = requests.try_recv();
//! };
//! ```

use ::std::marker::PhantomData;
use ::std::ops::RangeInclusive;
use ::std::sync::atomic::{AtomicBool, Ordering};

#[path = "built/barrier.rs"]
mod barrier;
#[path = "built/channel.rs"]
pub mod channel;
#[path = "built/lazy_lock.rs"]
mod lazy_lock;
#[path = "built/once.rs"]
mod once;
#[path = "built/once_lock.rs"]
mod once_lock;
#[path = "built/thread.rs"]
mod threads;

pub use crate::__loom_thread_local as thread_local;
pub use crate::{Choose, Named};
#[doc(hidden)]
pub use ::loom as __loom;
pub use ::loom::lazy_static;

/// Does not compile where the function that it is in, generic in `$t`, is used.
macro_rules! refuse {
    ($t:ident, $why:literal) => {
        struct Refused<T>(PhantomData<T>);
        impl<T> Refused<T> {
            const AT_COMPILE_TIME: () = panic!($why);
        }
        let () = Refused::<$t>::AT_COMPILE_TIME;
    };
}

/// loom's `thread_local!`, which takes no `const` initialisers: here they are taken.
#[doc(hidden)]
#[macro_export]
macro_rules! __loom_thread_local {
    () => {};
    (
        $(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const $init:block
        $(; $($rest:tt)*)?
    ) => {
        $crate::loom::__loom::thread_local!($(#[$attr])* $vis static $name: $t = $init);
        $($crate::__loom_thread_local!($($rest)*);)?
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr $(; $($rest:tt)*)?) => {
        $crate::loom::__loom::thread_local!($(#[$attr])* $vis static $name: $t = $init);
        $($crate::__loom_thread_local!($($rest)*);)?
    };
}

/// A choice was made that loom should have explored.
static NARROWED: AtomicBool = AtomicBool::new(false);

/// Why loom has not seen every behaviour though it has ended, for the engine.
#[doc(hidden)]
pub fn narrowed() -> Option<&'static str> {
    NARROWED
        .load(Ordering::Relaxed)
        .then_some("loom explores neither which arm of a select! is taken nor what passes a sleep")
}

/// What the files under `built/` need of an engine.
mod rt {
    pub(super) use ::loom::sync::{Condvar, Mutex, MutexGuard};
    pub(super) use ::loom::thread::{JoinHandle, Thread};

    const STACK_BYTES: usize = 256 * 1024;

    /// Which of several cases to try first: loom cannot be asked to explore
    /// a choice.
    pub(super) fn first_of(cases: usize) -> usize {
        if cases > 1 {
            super::NARROWED.store(true, ::std::sync::atomic::Ordering::Relaxed);
        }
        0
    }

    /// Refused at compile time, where it is used.
    pub(super) fn wait_timeout<'a, T>(
        _condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        _timeout: ::std::time::Duration,
    ) -> MutexGuard<'a, T> {
        crate::untimed::refused(guard)
    }

    /// Wakes all of those who wait, as that is allowed: loom keeps a thread
    /// that was unparked among the waiters, and a `notify_one` can be lost
    /// on it.
    pub(super) fn wake_one(condvar: &Condvar) {
        condvar.notify_all();
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
        // loom hands the size on to a crate that counts in words.
        let words = stack_size.unwrap_or(STACK_BYTES) / ::std::mem::size_of::<usize>();
        let builder = ::loom::thread::Builder::new().stack_size(words);
        match name {
            Some(name) => builder.name(name),
            None => builder,
        }
        .spawn(f)
    }
}

/// A value from the range: not on this engine. loom has no operation that
/// chooses, so a program that uses it does not compile.
///
/// ```compile_fail
/// selvedge_surface::loom::any(0..=3);
/// ```
#[track_caller]
pub fn any<T: Choose>(range: RangeInclusive<T>) -> T {
    refuse!(
        T,
        "`any` cannot be explored by loom, which has no operation that chooses a value: leave \
         this program out for loom, or write the values out"
    );
    *range.start()
}

mod weak {
    use super::*;

    /// Not on this engine: loom's `Arc` has no weak references, so a program that
    /// uses one does not compile.
    ///
    /// ```compile_fail
    /// selvedge_surface::loom::sync::Weak::<u32>::new();
    /// ```
    #[derive(Debug)]
    pub struct Weak<T: ?Sized>(PhantomData<T>);

    impl<T> Weak<T> {
        /// Does not compile.
        #[allow(clippy::new_without_default, reason = "it cannot be made")]
        pub fn new() -> Self {
            refuse!(
                T,
                "loom's `Arc` has no weak references: leave this program out for loom, or \
                 explore it with the native engine"
            );
            Weak(PhantomData)
        }
    }
}

/// Locks, condition variables and what is made of them: `loom::sync`.
pub mod sync {
    pub use super::barrier::{Barrier, BarrierWaitResult};
    pub use super::lazy_lock::LazyLock;
    pub use super::once::{Once, OnceState};
    pub use super::once_lock::OnceLock;
    pub use super::weak::Weak;
    pub use ::loom::sync::{
        Arc, Condvar, LockResult, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        TryLockResult,
    };
    pub use ::std::sync::{PoisonError, TryLockError};

    /// The same reference, of loom's type: the way to an `Arc<dyn Trait>`, which the
    /// argument can be coerced to.
    ///
    /// # Panics
    /// If there are other references to the value.
    #[track_caller]
    pub fn arc_from_std<T: ?Sized>(value: ::std::sync::Arc<T>) -> Arc<T> {
        Arc::from_std(value)
    }

    /// Atomic types: `loom::sync::atomic`.
    pub mod atomic {
        pub use ::loom::sync::atomic::{
            AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr,
            AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
        };
        pub use ::std::sync::atomic::compiler_fence;
    }
}

/// Threads: `loom::thread`, and scopes.
pub mod thread {
    pub use super::threads::{Builder, Scope, ScopedJoinHandle, scope, spawn};
    pub use ::loom::thread::{
        AccessError, JoinHandle, LocalKey, Thread, ThreadId, current, panicking, park, yield_now,
    };
    pub use ::std::thread::Result;

    /// Lets others run: loom knows no time.
    pub fn sleep(duration: ::std::time::Duration) {
        let _ = duration;
        super::NARROWED.store(true, ::std::sync::atomic::Ordering::Relaxed);
        yield_now();
    }
}

/// Hints to the processor: `loom::hint`.
pub mod hint {
    pub use ::loom::hint::spin_loop;
}

/// Plain memory that threads share: `loom::cell`, which reports data races. What it
/// lacks is std's, of which loom sees nothing.
pub mod cell {
    pub use ::loom::cell::{Cell, UnsafeCell};
    pub use ::std::cell::{BorrowError, BorrowMutError, LazyCell, OnceCell, Ref, RefCell, RefMut};
}
