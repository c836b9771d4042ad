//! Threads of the standard library that a run knows of.

use ::std::fmt;
use ::std::io;
use ::std::thread as real;

use super::run::{member, open_gate};

pub use ::std::thread::{Thread, current, park, park_timeout, sleep, yield_now};

/// Starts a thread; see `std::thread::spawn`.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// Starts threads with a name or a size of stack; see `std::thread::Builder`.
#[derive(Debug)]
#[must_use = "a builder does nothing until it spawns"]
pub struct Builder {
    inner: real::Builder,
    name: Option<String>,
}

impl Builder {
    /// No name, and the standard library's size of stack.
    #[allow(clippy::new_without_default, reason = "std's has no Default either")]
    pub fn new() -> Self {
        Builder { inner: real::Builder::new(), name: None }
    }

    /// The thread's name.
    pub fn name(self, name: String) -> Self {
        Builder { inner: self.inner.name(name.clone()), name: Some(name) }
    }

    /// The size of its stack, in bytes.
    pub fn stack_size(self, bytes: usize) -> Self {
        Builder { inner: self.inner.stack_size(bytes), ..self }
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// If the operating system cannot start one.
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let body = member(self.name.as_deref(), f);
        self.inner.spawn(body).map(|inner| JoinHandle { inner })
    }

    /// Starts the thread in a scope.
    ///
    /// # Errors
    /// If the operating system cannot start one.
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let body = member(self.name.as_deref(), f);
        self.inner.spawn_scoped(&scope.inner, body).map(|inner| ScopedJoinHandle { inner })
    }
}

/// The right to wait for a thread; see `std::thread::JoinHandle`.
pub struct JoinHandle<T> {
    inner: real::JoinHandle<T>,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread to end.
    ///
    /// # Errors
    /// What it panicked with.
    pub fn join(self) -> real::Result<T> {
        open_gate();
        self.inner.join()
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        self.inner.thread()
    }

    /// True if the thread has ended.
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinHandle { .. }")
    }
}

/// Where threads that borrow are started; see `std::thread::Scope`.
#[derive(Debug)]
#[repr(transparent)]
pub struct Scope<'scope, 'env> {
    inner: real::Scope<'scope, 'env>,
}

impl<'scope, 'env> Scope<'scope, 'env> {
    fn from_std(inner: &'scope real::Scope<'scope, 'env>) -> &'scope Self {
        let pointer: *const real::Scope<'scope, 'env> = inner;
        // SAFETY: `Scope` is a transparent wrapper of the standard library's,
        // so a pointer to one points to the other, for the same lifetime.
        unsafe { &*pointer.cast::<Self>() }
    }

    /// Starts a thread that may borrow what lives longer than the scope.
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, f).expect("failed to spawn thread")
    }
}

/// The right to wait for a thread of a scope.
pub struct ScopedJoinHandle<'scope, T> {
    inner: real::ScopedJoinHandle<'scope, T>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end.
    ///
    /// # Errors
    /// What it panicked with.
    pub fn join(self) -> real::Result<T> {
        open_gate();
        self.inner.join()
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        self.inner.thread()
    }

    /// True if the thread has ended.
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopedJoinHandle { .. }")
    }
}

/// Runs `f`, which may start threads that borrow; returns when all of them
/// have ended. See `std::thread::scope`.
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    real::scope(|scope| {
        let value = f(Scope::from_std(scope));
        open_gate();
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::run::Run;
    use ::std::sync::atomic::{AtomicUsize, Ordering};
    use ::std::sync::{Arc, mpsc};
    use ::std::time::Duration;

    #[test]
    fn a_run_knows_its_threads_and_their_panics() {
        let panics = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&panics);
        let run = Run::new(move |payload| {
            assert_eq!(payload.downcast_ref::<&str>(), Some(&"out"));
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let (release, hold) = mpsc::channel::<()>();
        run.enter(|| {
            let inner = spawn(|| {
                // Without the hook: it would print.
                spawn(|| ::std::panic::resume_unwind(Box::new("out"))).join().is_err()
            });
            assert!(inner.join().unwrap());
            let value = scope(|scope| scope.spawn(|| 3).join().unwrap());
            assert_eq!(value, 3);
            Builder::new().name("slow".to_owned()).spawn(move || hold.recv()).unwrap();
        });
        assert_eq!(run.unfinished(Duration::ZERO), ["'slow'"]);
        release.send(()).unwrap();
        assert_eq!(run.unfinished(Duration::from_secs(10)), [""; 0]);
        assert_eq!(panics.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn outside_a_run_threads_are_just_threads() {
        assert_eq!(spawn(|| 4).join().unwrap(), 4);
    }
}
