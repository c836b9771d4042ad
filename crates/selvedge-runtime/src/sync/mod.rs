//! `std::sync` on announced operations.

mod arc;
pub mod atomic;
mod barrier;
mod condvar;
mod mutex;
mod once;
mod once_lock;
mod rwlock;

pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

pub use arc::Arc;
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::Condvar;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use std::sync::atomic::{AtomicBool, Ordering};

use crate::context::current;

/// Whether a lock's holder panicked, as std keeps it.
#[derive(Debug)]
struct Poison(AtomicBool);

impl Poison {
    const fn new() -> Self {
        Poison(AtomicBool::new(false))
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// A guard is dropped that was taken by a thread that was, or was not,
    /// unwinding then.
    fn done(&self, was_panicking: bool) {
        if !was_panicking && panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn check<G>(&self, guard: G) -> LockResult<G> {
        if self.get() { Err(PoisonError::new(guard)) } else { Ok(guard) }
    }
}

/// True if the thread unwinds because of a panic of its own (not because its
/// execution is over).
fn panicking() -> bool {
    match current() {
        Some(context) => !context.is_tearing_down() && context.panicking(),
        None => std::thread::panicking(),
    }
}
