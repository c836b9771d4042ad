//! `std::cell::Cell`.

use std::cell::Cell as Real;
use std::cmp::Ordering;
use std::fmt;

use super::UnsafeCell;

/// `std::cell::Cell`, whose accesses are checked for data races.
pub struct Cell<T>(UnsafeCell<Real<T>>);

impl<T> Cell<T> {
    /// A cell with that value.
    pub const fn new(value: T) -> Self {
        Cell(UnsafeCell::new(Real::new(value)))
    }

    /// Before the value is read.
    #[track_caller]
    fn reading(&self) -> &Real<T> {
        // SAFETY: only shared references are made of what is in the cell, but
        // for those of who has `&mut self`.
        self.0.with(|real| unsafe { &*real })
    }

    /// Before the value is written.
    #[track_caller]
    fn writing(&self) -> &Real<T> {
        // SAFETY: as in `reading`.
        self.0.with_mut(|real| unsafe { &*real })
    }

    /// Sets the value.
    #[track_caller]
    pub fn set(&self, value: T) {
        self.writing().set(value);
    }

    /// Exchanges the values of two cells.
    #[track_caller]
    pub fn swap(&self, other: &Self) {
        if !std::ptr::eq(self, other) {
            self.writing().swap(other.writing());
        }
    }

    /// Sets the value, and gives the old one.
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        self.writing().replace(value)
    }

    /// The value.
    #[track_caller]
    pub fn into_inner(self) -> T {
        self.0.into_inner().into_inner()
    }

    /// A copy of the value.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.reading().get()
    }

    /// Replaces the value by what `f` makes of it.
    #[track_caller]
    pub fn update(&self, f: impl FnOnce(T) -> T)
    where
        T: Copy,
    {
        let old = self.get();
        self.set(f(old));
    }

    /// Takes the value, and leaves the default one.
    #[track_caller]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// The value, which nobody else can reach.
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().get_mut()
    }
}

impl<T: Copy> Clone for Cell<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Cell::new(self.get())
    }
}

impl<T: Default> Default for Cell<T> {
    fn default() -> Self {
        Cell::new(T::default())
    }
}

impl<T> From<T> for Cell<T> {
    fn from(value: T) -> Self {
        Cell::new(value)
    }
}

impl<T: PartialEq + Copy> PartialEq for Cell<T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq + Copy> Eq for Cell<T> {}

impl<T: PartialOrd + Copy> PartialOrd for Cell<T> {
    #[track_caller]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.get().partial_cmp(&other.get())
    }
}

impl<T: Ord + Copy> Ord for Cell<T> {
    #[track_caller]
    fn cmp(&self, other: &Self) -> Ordering {
        self.get().cmp(&other.get())
    }
}

impl<T: fmt::Debug + Copy> fmt::Debug for Cell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell").field("value", &self.get()).finish()
    }
}

impl<T> crate::Named for Cell<T> {
    fn named(self, name: &'static str) -> Self {
        Cell(self.0.named(name))
    }
}
