//! Plain memory, checked for data races.
//!
//! An access is no operation: nobody is let go first. [`Cell`] and [`OnceCell`]
//! are of one thread by their type; two threads meet at one only where the
//! program says `unsafe impl Sync`. `RefCell` and `LazyCell` are std's own.

mod once;
mod value;

use std::panic::Location;

use selvedge_core::model::ObjectState;

use crate::context::current;
use crate::handle::Handle;
use crate::named::named;

pub use once::OnceCell;
pub use std::cell::{BorrowError, BorrowMutError, LazyCell, Ref, RefCell, RefMut};
pub use value::Cell;

/// `std::cell::UnsafeCell`, with accesses through closures (loom's shape).
///
/// Two accesses of different threads, one of them a write, that nothing
/// orders (no lock, join, channel, acquire/release pair) are a data race: a
/// failure of its own kind, found whichever order was run.
#[derive(Debug)]
pub struct UnsafeCell<T> {
    handle: Handle,
    name: Option<&'static str>,
    data: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// A cell with that value.
    pub const fn new(data: T) -> Self {
        UnsafeCell { handle: Handle::new(), name: None, data: std::cell::UnsafeCell::new(data) }
    }

    fn access(&self, write: bool, at: &'static Location<'static>) {
        if let Some(context) = current() {
            let object = self.handle.object(context, self.name, || ObjectState::Cell);
            context.access(object, write, at);
        }
    }

    /// Reads: the pointer must be read only, and within the closure.
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.access(false, Location::caller());
        f(self.data.get())
    }

    /// Writes: the pointer must be used only within the closure.
    #[track_caller]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.access(true, Location::caller());
        f(self.data.get())
    }

    /// The value, which nobody else can reach.
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        self.access(true, Location::caller());
        self.data.get_mut()
    }

    /// The value.
    #[track_caller]
    pub fn into_inner(self) -> T {
        self.access(true, Location::caller());
        self.data.into_inner()
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    fn default() -> Self {
        UnsafeCell::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    fn from(data: T) -> Self {
        UnsafeCell::new(data)
    }
}

named!(T: UnsafeCell<T>);
