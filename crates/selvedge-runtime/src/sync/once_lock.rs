//! `std::sync::OnceLock`.

use std::fmt;

use super::Once;
use super::values::Values;

/// `std::sync::OnceLock`, on announced operations.
///
/// One that outlives an execution, as a static does, is empty again in the next,
/// unless it was set outside of an exploration. The values of executions that
/// are over are kept as long as the cell: the program may hold references to
/// them.
pub struct OnceLock<T> {
    once: Once,
    values: Values<T>,
}

impl<T> OnceLock<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        OnceLock { once: Once::new(), values: Values::new() }
    }

    /// A cell with that value.
    fn holding(value: T) -> Self {
        OnceLock { once: Once::completed(), values: Values::holding(value) }
    }

    /// The value, if it was set.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        if self.once.is_completed() { self.value() } else { None }
    }

    /// The value; `once` must be done.
    fn value(&self) -> Option<&T> {
        self.values.get().or_else(|| self.values.outside())
    }

    /// The value, if it was set: nobody else can reach it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.values.get_mut()
    }

    /// Waits until the value is set.
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        self.value().expect("it was set when the once was done")
    }

    /// Sets the value; waits while another thread's closure runs.
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
    /// another thread's closure runs. If the closure panics, the cell stays empty.
    #[track_caller]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        self.once.call_once_force(|_| self.values.set(f()));
        self.value().expect("it was set when the once was done")
    }

    /// The value, if it was set. The cell is empty then.
    pub fn take(&mut self) -> Option<T> {
        self.once.forget();
        self.values.take()
    }

    /// The value, if it was set.
    pub fn into_inner(mut self) -> Option<T> {
        self.values.take()
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        OnceLock::holding(value)
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.get().map_or_else(OnceLock::new, |value| OnceLock::holding(value.clone()))
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Printing must not be an operation: the value is left out.
        f.debug_struct("OnceLock").finish_non_exhaustive()
    }
}

impl<T> crate::Named for OnceLock<T> {
    fn named(mut self, name: &'static str) -> Self {
        self.once = self.once.named(name);
        self
    }
}
