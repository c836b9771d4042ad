//! `std::sync::OnceLock`.

use std::cell::UnsafeCell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Once;
use crate::context::current;

/// `std::sync::OnceLock`, on announced operations.
pub struct OnceLock<T> {
    once: Once,
    /// The epoch of the execution that set the value, or is about to; 0 if
    /// none has, `u64::MAX` outside one.
    epoch: AtomicU64,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: as for std's: the value may be dropped by another thread than the
// one that set it.
unsafe impl<T: Send> Send for OnceLock<T> {}
// SAFETY: as for std's: the value is written within `once`, which runs one
// closure at a time, and read only after that closure's end.
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        OnceLock { once: Once::new(), epoch: AtomicU64::new(0), value: UnsafeCell::new(None) }
    }

    /// The value, if it was set.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        if self.once.is_completed() { self.value() } else { None }
    }

    /// The value; `once` must be done.
    fn value(&self) -> Option<&T> {
        // SAFETY: `once` is done: the value was written, by the one execution
        // (or outside one) that `epoch` names, and is not written again.
        unsafe { (*self.value.get()).as_ref() }
    }

    /// The value, if it was set: nobody else can reach it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// Sets the value.
    ///
    /// # Errors
    /// If it was set already; the error is the new value.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("the closure runs once"));
        match value {
            None => Ok(()),
            Some(value) => Err(value),
        }
    }

    /// The value, set by the closure if it was not set before; waits while
    /// another thread's closure runs.
    ///
    /// # Panics
    /// In an exploration, if the cell was set by an earlier execution: it is
    /// not fresh, and what is explored would depend on what was explored before.
    #[track_caller]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        let mut is_stale = false;
        self.once.call_once_force(|_| {
            let epoch = current().map_or(u64::MAX, |c| c.epoch());
            // Nobody else may have set it: an earlier execution, another exploration.
            let (before, after) = (Ordering::Acquire, Ordering::Relaxed);
            is_stale =
                self.epoch.compare_exchange(0, epoch, before, after).is_err_and(|by| by != epoch);
            if !is_stale {
                let value = f();
                // SAFETY: `once` runs one closure at a time in one execution,
                // `epoch` keeps all others out, and nobody reads before
                // `once` is done.
                unsafe { *self.value.get() = Some(value) };
            }
        });
        if is_stale {
            panic!(
                "this OnceLock was set by an earlier execution: make it inside the program that \
                 is explored, so that each execution has a fresh one"
            );
        }
        self.value().expect("it was set when the once was done")
    }

    /// The value, if it was set.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceLock").finish_non_exhaustive()
    }
}

impl<T> crate::Named for OnceLock<T> {
    fn named(mut self, name: &'static str) -> Self {
        self.once = self.once.named(name);
        self
    }
}
