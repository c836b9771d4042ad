//! `std::cell::OnceCell`.

use std::cell::OnceCell as Real;
use std::fmt;

use super::UnsafeCell;

/// `std::cell::OnceCell`, whose accesses are checked for data races.
pub struct OnceCell<T>(UnsafeCell<Real<T>>);

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        OnceCell(UnsafeCell::new(Real::new()))
    }

    /// Before the cell is looked at.
    #[track_caller]
    fn reading(&self) -> &Real<T> {
        // SAFETY: only shared references are made of what is in the cell, but
        // for those of who has `&mut self`.
        self.0.with(|real| unsafe { &*real })
    }

    /// Before the value is set.
    #[track_caller]
    fn writing(&self) -> &Real<T> {
        // SAFETY: as in `reading`.
        self.0.with_mut(|real| unsafe { &*real })
    }

    /// The value, if it was set.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.reading().get()
    }

    /// The value, if it was set: nobody else can reach it.
    #[track_caller]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.0.get_mut().get_mut()
    }

    /// Sets the value.
    ///
    /// # Errors
    /// If it was set already; the error is the new value.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        match self.get() {
            Some(_) => Err(value),
            None => self.writing().set(value),
        }
    }

    /// The value, set by the closure if it was not set before.
    ///
    /// # Panics
    /// If the closure sets it.
    #[track_caller]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let value = f();
        assert!(self.writing().set(value).is_ok(), "reentrant init");
        self.reading().get().expect("it was just set")
    }

    /// The value, if it was set.
    #[track_caller]
    pub fn into_inner(self) -> Option<T> {
        self.0.into_inner().into_inner()
    }

    /// The value, if it was set. The cell is empty then.
    #[track_caller]
    pub fn take(&mut self) -> Option<T> {
        self.0.get_mut().take()
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        OnceCell(UnsafeCell::new(self.reading().clone()))
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        OnceCell::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        OnceCell(UnsafeCell::new(Real::from(value)))
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reading().fmt(f)
    }
}

impl<T> crate::Named for OnceCell<T> {
    fn named(self, name: &'static str) -> Self {
        OnceCell(self.0.named(name))
    }
}
