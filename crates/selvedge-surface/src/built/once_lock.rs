//! `OnceLock`, built from the `Once` that is built for the engine.
//!
//! The value itself is in the standard library's `OnceLock`: the engine's
//! `Once` decides who sets it and orders the accesses, the other one only
//! lends the memory.

use ::std::fmt;
use ::std::sync::OnceLock as Memory;

use super::once::Once;

/// A cell that is written once; see `std::sync::OnceLock`. Unlike that, it
/// cannot be made in a `static`: it must not outlive an execution.
pub struct OnceLock<T> {
    once: Once,
    value: Memory<T>,
}

impl<T> OnceLock<T> {
    /// An empty cell.
    pub fn new() -> Self {
        OnceLock { once: Once::new(), value: Memory::new() }
    }

    /// The value, if the cell has one.
    pub fn get(&self) -> Option<&T> {
        if self.once.is_completed() { self.value.get() } else { None }
    }

    /// The value, if the cell has one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Waits until the cell has a value.
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        match self.value.get() {
            Some(value) => value,
            None => unreachable!("the cell was filled"),
        }
    }

    /// Fills the cell.
    ///
    /// # Errors
    /// `value` comes back if the cell was full.
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init_from(|| value.take());
        value.map_or(Ok(()), Err)
    }

    /// The value; if there is none, fills the cell with what `f` returns.
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        self.get_or_init_from(|| Some(f()));
        match self.value.get() {
            Some(value) => value,
            None => unreachable!("the cell has just been filled"),
        }
    }

    /// The value, if the cell has one; leaves it empty.
    pub fn take(&mut self) -> Option<T> {
        self.once = Once::new();
        self.value.take()
    }

    /// The value, if the cell has one.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    fn get_or_init_from(&self, f: impl FnOnce() -> Option<T>) {
        self.once.call_once_force(|_| {
            if let Some(value) = f() {
                // Nobody else can have set it: this closure runs once.
                let _ = self.value.set(value);
            }
        });
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        let cell = OnceLock::new();
        // The cell is new, so it takes the value.
        let _ = cell.set(value);
        cell
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        self.get().map_or_else(OnceLock::new, |value| OnceLock::from(value.clone()))
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceLock { .. }")
    }
}
