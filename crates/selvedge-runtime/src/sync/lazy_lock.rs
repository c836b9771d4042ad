//! `std::sync::LazyLock`.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{Mutex as RealMutex, Once as RealOnce, PoisonError};

use selvedge_core::failure::{FailureKind, Fault};

use super::Once;
use super::values::Values;
use crate::context::current;

/// `std::sync::LazyLock`, on announced operations.
///
/// One that outlives an execution, as a static does, makes its value anew in each.
/// The values of executions that are over are kept as long as it: the program may
/// hold references to them.
///
/// ```
/// use selvedge_runtime::sync::{LazyLock, Mutex};
///
/// static LOG: LazyLock<Mutex<Vec<String>>> = LazyLock::new(|| Mutex::new(Vec::new()));
/// LOG.lock().unwrap().push("hello".to_owned());
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    /// In explorations.
    once: Once,
    /// Outside of them, which makes no difference to an exploration.
    outside: RealOnce,
    init: RealMutex<Option<F>>,
    values: Values<T>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `init` makes when it is first used.
    pub const fn new(init: F) -> Self {
        LazyLock {
            once: Once::new(),
            outside: RealOnce::new(),
            init: RealMutex::new(Some(init)),
            values: Values::new(),
        }
    }

    /// The value; waits while another thread makes it.
    ///
    /// # Panics
    /// If the closure that makes it panics, or has panicked.
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        let at = Location::caller();
        if current().is_some() {
            this.once.call(true, at, |state| this.make(state.is_poisoned(), at));
        } else {
            this.outside.call_once_force(|state| this.make(state.is_poisoned(), at));
        }
        this.values.get().expect("it was made when the once was done")
    }

    /// The value, which nobody else can reach.
    ///
    /// # Panics
    /// As [`force`](Self::force).
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        Self::force(this);
        this.values.get_mut().expect("it was just made")
    }

    fn make(&self, is_poisoned: bool, at: &'static Location<'static>) {
        assert!(!is_poisoned, "LazyLock instance has previously been poisoned");
        let Some(init) = self.init() else { gone(at) };
        self.values.set(init());
    }

    /// The closure. One that may be called again stays.
    fn init(&self) -> Option<F> {
        let mut init = self.init.lock().unwrap_or_else(PoisonError::into_inner);
        if typeid::of::<F>() == typeid::of::<fn() -> T>() {
            // SAFETY: a pointer to a function is `Copy`, whatever its lifetimes.
            init.as_ref().map(|init| unsafe { std::ptr::read(init) })
        } else {
            init.take()
        }
    }
}

/// The `lazy_static` crate's macro, made of [`LazyLock`]: the way to a lazy static on every
/// engine, as loom and shuttle cannot have a `LazyLock` in a `static`.
#[macro_export]
macro_rules! lazy_static {
    ($($(#[$attr:meta])* $vis:vis static ref $name:ident: $t:ty = $init:expr;)*) => {$(
        $(#[$attr])*
        $vis static $name: $crate::sync::LazyLock<$t> = $crate::sync::LazyLock::new(|| $init);
    )*};
}

/// The closure can be called once, and was, by another execution or outside.
fn gone(at: &'static Location<'static>) -> ! {
    const MESSAGE: &str = "this LazyLock is not fresh: its closure can be called only once, and \
                           an earlier execution, or code outside of the exploration, has done so";
    let Some(context) = current() else { panic!("{MESSAGE}") };
    context.fail(vec![Fault::new(FailureKind::Nondeterminism, MESSAGE).at(at).detail(
        "make it inside the program that is explored, or of a function: `LazyLock<T>`, as a \
         static has it",
        None,
    )]);
    context.give_up()
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it was made.
    #[track_caller]
    pub fn get(this: &Self) -> Option<&T> {
        match current() {
            Some(_) if !this.once.is_completed() => None,
            _ => this.values.get(),
        }
    }

    /// The value, if it was made; nobody else can reach it.
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.values.get_mut()
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    /// [`force`](Self::force).
    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        LazyLock::new(T::default)
    }
}

impl<T, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Printing must not be an operation: the value is left out.
        f.debug_struct("LazyLock").finish_non_exhaustive()
    }
}

impl<T, F> crate::Named for LazyLock<T, F> {
    fn named(mut self, name: &'static str) -> Self {
        self.once = self.once.named(name);
        self
    }
}
