//! `Builder`, `spawn` and `scope`, built from the engine's way to start a
//! thread.
//!
//! The engines can only start threads that borrow nothing. [`scope`] joins
//! every thread before it returns, whatever happens, and may therefore let
//! them borrow.

use ::std::any::Any;
use ::std::fmt;
use ::std::io;
use ::std::marker::PhantomData;
use ::std::mem;
use ::std::process;
use ::std::sync::{Arc, Mutex, PoisonError};

use super::rt::{JoinHandle, Thread, start};

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
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// No name, and the engine's size of stack.
    #[allow(clippy::new_without_default, reason = "std's has no Default either")]
    pub fn new() -> Self {
        Builder { name: None, stack_size: None }
    }

    /// The thread's name.
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// The size of its stack, in bytes.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// None on this engine; the signature is std's.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        start(self.name, self.stack_size, f)
    }

    /// Starts the thread in a scope.
    ///
    /// # Errors
    /// None on this engine; the signature is std's.
    #[track_caller]
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let result = Arc::new(Mutex::new(None));
        let for_result = Arc::clone(&result);
        let body: Box<dyn FnOnce() + Send + 'scope> = Box::new(move || {
            let value = f();
            *lock(&for_result) = Some(value);
        });
        // SAFETY: only the lifetime changes. What the closure borrows lives
        // for 'scope, which ends after `scope` has returned, and `scope` does
        // not return, nor unwind, before the thread has been joined: see
        // `JoinsAll`. A join returns when the closure has been consumed.
        let body = unsafe {
            mem::transmute::<Box<dyn FnOnce() + Send + 'scope>, Box<dyn FnOnce() + Send + 'static>>(
                body,
            )
        };
        let handle = start(self.name, self.stack_size, body)?;
        let thread = handle.thread().clone();
        let child = Arc::new(Mutex::new(Some(handle)));
        lock(&scope.children).push(Arc::clone(&child));
        Ok(ScopedJoinHandle { child, thread, result, scope: PhantomData })
    }
}

/// A thread of a scope that may not have been joined.
type Child = Arc<Mutex<Option<JoinHandle<()>>>>;

/// Where threads that borrow are started; see `std::thread::Scope`.
pub struct Scope<'scope, 'env: 'scope> {
    children: Mutex<Vec<Child>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that may borrow what lives longer than the scope.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Builder::new().spawn_scoped(self, f).expect("failed to spawn thread")
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scope { .. }")
    }
}

/// The right to wait for a thread of a scope.
pub struct ScopedJoinHandle<'scope, T> {
    child: Child,
    thread: Thread,
    result: Arc<Mutex<Option<T>>>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end.
    ///
    /// # Errors
    /// What it panicked with. (On this engine a panic that leaves a thread
    /// ends the execution, so there is nobody to see it.)
    pub fn join(self) -> Result<T, Box<dyn Any + Send + 'static>> {
        if let Some(handle) = take(&self.child) {
            join(handle)?;
        }
        let value = lock(&self.result).take();
        value.ok_or_else(|| Box::new("the thread ended without a result") as _)
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
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
    let scope = Scope { children: Mutex::new(Vec::new()), scope: PhantomData, env: PhantomData };
    let joins_all = JoinsAll { children: &scope.children };
    let value = f(&scope);
    drop(joins_all);
    value
}

/// Joins every thread of a scope when it is dropped: at the end, and when a
/// panic leaves the scope.
struct JoinsAll<'a> {
    children: &'a Mutex<Vec<Child>>,
}

impl Drop for JoinsAll<'_> {
    fn drop(&mut self) {
        // A thread may start others in the scope until it has been joined.
        while let Some(child) = pop(self.children) {
            if let Some(handle) = take(&child) {
                // A panic of the thread is the engine's to report.
                let _ = join(handle);
            }
        }
    }
}

/// Joins a thread that may borrow from the frames above.
///
/// If that cannot be done (the engine found a deadlock and unwinds, say),
/// nothing may be unwound while the thread could still run, so the process is
/// aborted. The engines explore in a child process, which reports first.
fn join(handle: JoinHandle<()>) -> Result<(), Box<dyn Any + Send + 'static>> {
    struct Aborts;
    impl Drop for Aborts {
        fn drop(&mut self) {
            process::abort();
        }
    }
    let unless_joined = Aborts;
    let result = handle.join();
    mem::forget(unless_joined);
    result
}

// The three below hold a real lock for a moment, between the engine's
// operations: no other thread of the program can be waiting for it.

fn lock<T>(mutex: &Mutex<T>) -> ::std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(child: &Child) -> Option<JoinHandle<()>> {
    lock(child).take()
}

fn pop(children: &Mutex<Vec<Child>>) -> Option<Child> {
    lock(children).pop()
}
