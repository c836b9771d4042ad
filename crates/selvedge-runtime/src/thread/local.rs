//! `std::thread_local!`.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::mem::needs_drop;
use std::rc::Rc;

use crate::cell::Cell as WatchedCell;
use crate::context::{self, Context, Slot};

/// `std::thread_local!`: a value for each thread of an execution, made when the
/// thread first uses it, and dropped when the thread ends.
///
/// Destructors run when the thread has done everything else and before it can be
/// joined, those of the values that were made last first, as std's do on Linux.
/// Those of the main thread run at its end. Unlike std's, those of a scoped thread
/// have run when its scope ends.
///
/// ```
/// use std::cell::RefCell;
/// use selvedge_runtime::thread_local;
///
/// thread_local! {
///     static DEPTH: RefCell<u32> = const { RefCell::new(0) };
/// }
/// DEPTH.with_borrow_mut(|depth| *depth += 1);
/// assert_eq!(DEPTH.take(), 1);
/// ```
#[macro_export]
macro_rules! thread_local {
    () => {};
    (
        $(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const $init:block
        $(; $($rest:tt)*)?
    ) => {
        $crate::__thread_local!($(#[$attr])* $vis $name: $t = { const $init } [const $init]);
        $($crate::thread_local!($($rest)*);)?
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr $(; $($rest:tt)*)?) => {
        $crate::__thread_local!($(#[$attr])* $vis $name: $t = { $init } [init()]);
        $($crate::thread_local!($($rest)*);)?
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __thread_local {
    ($(#[$attr:meta])* $vis:vis $name:ident: $t:ty = $init:block [$($outside:tt)*]) => {
        $(#[$attr])*
        $vis static $name: $crate::thread::LocalKey<$t> = {
            #[allow(dead_code, reason = "a constant is made without it")]
            fn init() -> $t $init
            ::std::thread_local! { static OUTSIDE: $t = $($outside)*; }
            $crate::thread::LocalKey::__new(init, OUTSIDE)
        };
    };
}

/// `std::thread::LocalKey`: made by [`thread_local!`](crate::thread_local).
pub struct LocalKey<T: 'static> {
    init: fn() -> T,
    outside: std::thread::LocalKey<T>,
}

/// `std::thread::AccessError`: the value is being dropped, or was.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessError;

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn __new(init: fn() -> T, outside: std::thread::LocalKey<T>) -> Self {
        LocalKey { init, outside }
    }

    fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Works on the thread's value, which is made if the thread has none yet.
    ///
    /// # Panics
    /// If the value is being dropped, or was.
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(_) => is_gone(),
        }
    }

    /// The same.
    ///
    /// # Errors
    /// If the value is being dropped, or was.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let Some(context) = context::current() else {
            return self.outside.try_with(f).map_err(|_| AccessError);
        };
        let value = match self.slot(context) {
            Slot::Full(value) => value,
            Slot::Gone => return Err(AccessError),
            Slot::Empty => self.keep(context, (self.init)()),
        };
        Ok(f(value.downcast_ref().expect("values are kept by key")))
    }

    fn slot(&'static self, context: &Context) -> Slot {
        // A destructor that looks at it can tell in which thread it runs.
        context.teach();
        context.local(self.key())
    }

    fn keep(&'static self, context: &Context, value: T) -> Rc<dyn Any> {
        let value: Rc<dyn Any> = Rc::new(value);
        context.keep_local(self.key(), Rc::clone(&value), needs_drop::<T>());
        value
    }

    /// Makes `value` the thread's value, if the thread has none yet.
    fn begin_with(&'static self, value: T) -> Option<T> {
        match context::current() {
            Some(context) if matches!(self.slot(context), Slot::Empty) => {
                self.keep(context, value);
                None
            }
            _ => Some(value),
        }
    }
}

#[cold]
#[track_caller]
fn is_gone() -> ! {
    panic!("cannot access a Thread Local Storage value during or after destruction: AccessError")
}

/// The short cuts of keys that hold a cell. A value that is set before it was
/// looked at is not made first.
macro_rules! cells {
    ($($cell:ident, outside: |$mine:ident, $value:ident| $set_outside:expr;)*) => {$(
        impl<T: 'static> LocalKey<$cell<T>> {
            /// Sets the thread's value.
            ///
            /// # Panics
            /// If the value is being dropped, or was.
            #[track_caller]
            pub fn set(&'static self, value: T) {
                if context::current().is_none() {
                    let ($mine, $value) = (self, value);
                    $set_outside;
                } else if let Some(cell) = self.begin_with($cell::new(value)) {
                    self.with(|mine| mine.set(cell.into_inner()));
                }
            }

            /// The thread's value.
            ///
            /// # Panics
            /// If the value is being dropped, or was.
            #[track_caller]
            pub fn get(&'static self) -> T
            where
                T: Copy,
            {
                self.with($cell::get)
            }

            /// Takes the thread's value, and leaves the default one.
            ///
            /// # Panics
            /// If the value is being dropped, or was.
            #[track_caller]
            pub fn take(&'static self) -> T
            where
                T: Default,
            {
                self.with($cell::take)
            }

            /// Sets the thread's value, and gives the old one.
            ///
            /// # Panics
            /// If the value is being dropped, or was.
            #[track_caller]
            pub fn replace(&'static self, value: T) -> T {
                self.with(|mine| mine.replace(value))
            }
        }
    )*};
}

cells! {
    Cell, outside: |mine, value| mine.outside.set(value);
    WatchedCell, outside: |mine, value| mine.with(|cell| cell.set(value));
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Works on the thread's value, borrowed.
    ///
    /// # Panics
    /// If the value is mutably borrowed, is being dropped, or was.
    #[track_caller]
    pub fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|mine| f(&mine.borrow()))
    }

    /// The same, mutably.
    ///
    /// # Panics
    /// If the value is borrowed, is being dropped, or was.
    #[track_caller]
    pub fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|mine| f(&mut mine.borrow_mut()))
    }

    /// Sets the thread's value. One that is set before it was looked at is not
    /// made first.
    ///
    /// # Panics
    /// If the value is borrowed, is being dropped, or was.
    #[track_caller]
    pub fn set(&'static self, value: T) {
        if context::current().is_none() {
            self.outside.set(value);
        } else if let Some(cell) = self.begin_with(RefCell::new(value)) {
            self.with(|mine| *mine.borrow_mut() = cell.into_inner());
        }
    }

    /// Takes the thread's value, and leaves the default one.
    ///
    /// # Panics
    /// If the value is borrowed, is being dropped, or was.
    #[track_caller]
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Sets the thread's value, and gives the old one.
    ///
    /// # Panics
    /// If the value is borrowed, is being dropped, or was.
    #[track_caller]
    pub fn replace(&'static self, value: T) -> T {
        self.with(|mine| mine.replace(value))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessError")
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl Error for AccessError {}
