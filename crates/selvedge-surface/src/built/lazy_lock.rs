//! `LazyLock`, built from the `Once` that is built for the engine.

use ::std::fmt;
use ::std::ops::Deref;
use ::std::sync::{Mutex, OnceLock as Memory, PoisonError};

use super::once::Once;

/// A value that is made when it is first used; see `std::sync::LazyLock`. Unlike
/// that, it cannot be made in a `static`: it must not outlive an execution. There
/// use the engine's `lazy_static!`.
pub struct LazyLock<T, F = fn() -> T> {
    once: Once,
    init: Mutex<Option<F>>,
    value: Memory<T>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `init` makes when it is first used.
    pub fn new(init: F) -> Self {
        LazyLock { once: Once::new(), init: Mutex::new(Some(init)), value: Memory::new() }
    }

    /// The value; waits while another thread makes it.
    ///
    /// # Panics
    /// If the closure that makes it panics, or has panicked.
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.once.call_once_force(|state| {
            assert!(!state.is_poisoned(), "LazyLock instance has previously been poisoned");
            let init = this.init.lock().unwrap_or_else(PoisonError::into_inner).take();
            let init = init.expect("the closure runs once");
            // Nobody else can have set it: this closure runs once.
            let _ = this.value.set(init());
        });
        this.value.get().expect("it was made when the once was done")
    }

    /// The value, which nobody else can reach.
    ///
    /// # Panics
    /// As [`force`](Self::force).
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        Self::force(this);
        this.value.get_mut().expect("it was just made")
    }
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it was made.
    pub fn get(this: &Self) -> Option<&T> {
        if this.once.is_completed() { this.value.get() } else { None }
    }

    /// The value, if it was made; nobody else can reach it.
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.value.get_mut()
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

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
        f.write_str("LazyLock { .. }")
    }
}
