//! `std::sync::OnceLock`.

use std::cell::UnsafeCell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Once;
use crate::context::current;

/// `std::sync::OnceLock`, on announced operations.
pub struct OnceLock<T> {
    once: Once,
    /// The epoch of the execution that set the value; 0 outside one.
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
        if self.once.is_completed() { Some(self.value()) } else { None }
    }

    fn value(&self) -> &T {
        // SAFETY: `once` is done: the value was written and is not written again.
        let value = unsafe { (*self.value.get()).as_ref() };
        value.expect("it was set when the once was done")
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
            let epoch = current().map_or(0, |c| c.epoch());
            let before = self.epoch.swap(epoch, Ordering::Relaxed);
            // SAFETY: `once` runs one closure at a time, and nobody reads
            // before it is done.
            let slot = unsafe { &mut *self.value.get() };
            is_stale = slot.is_some() && before != epoch;
            if !is_stale {
                *slot = Some(f());
            }
        });
        if is_stale {
            panic!(
                "this OnceLock was set by an earlier execution: make it inside the program that \
                 is explored, so that each execution has a fresh one"
            );
        }
        self.value()
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
