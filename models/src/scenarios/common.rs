//! What the sections share: named threads, locks without the noise of
//! poisoning, and plain memory.
//!
//! The helpers are `#[track_caller]`, so that a drawn schedule points to the
//! line of the story and not to this file.

use std::panic::resume_unwind;

use super::rt::Named;
use super::rt::cell::UnsafeCell;
use super::rt::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use super::rt::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

/// Starts a named thread.
#[track_caller]
pub(super) fn spawn<T, F>(name: impl Into<String>, body: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match Builder::new().name(name.into()).spawn(body) {
        Ok(handle) => handle,
        Err(error) => panic!("cannot start a thread: {error}"),
    }
}

/// Starts a named thread that may borrow from outside of the scope.
#[track_caller]
pub(super) fn spawn_scoped<'scope, T, F>(
    scope: &'scope Scope<'scope, '_>,
    name: impl Into<String>,
    body: F,
) -> ScopedJoinHandle<'scope, T>
where
    F: FnOnce() -> T + Send + 'scope,
    T: Send + 'scope,
{
    match Builder::new().name(name.into()).spawn_scoped(scope, body) {
        Ok(handle) => handle,
        Err(error) => panic!("cannot start a thread: {error}"),
    }
}

/// Waits for a thread. Its panic, if it ended so, goes on in the caller.
#[track_caller]
pub(super) fn join<T>(handle: JoinHandle<T>) -> T {
    match handle.join() {
        Ok(result) => result,
        Err(panic) => resume_unwind(panic),
    }
}

/// Waits for a scoped thread. Its panic, if it ended so, goes on in the caller.
#[track_caller]
pub(super) fn join_scoped<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    match handle.join() {
        Ok(result) => result,
        Err(panic) => resume_unwind(panic),
    }
}

/// Locks a mutex. A poisoned one is locked all the same: the panic that
/// poisoned it is reported already.
#[track_caller]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks a mutex if it is free.
#[track_caller]
pub(super) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// A plain variable that threads share: nothing orders the accesses to it.
pub(super) struct Plain<T>(UnsafeCell<T>);

// SAFETY: this is false for a `Plain` as such, and deliberately so: it lets a
// scenario show what the compiler would refuse. `Plain::new` is unsafe, and
// each of its callers says what orders the accesses, or that nothing does.
unsafe impl<T: Send> Sync for Plain<T> {}

impl<T: Copy> Plain<T> {
    /// A plain variable under the name that reports give it.
    ///
    /// # Safety
    ///
    /// Something else, a lock for example, must order all calls of `get` and
    /// `set` of which one is a `set`; otherwise they are a data race.
    pub(super) unsafe fn new(value: T, name: &'static str) -> Self {
        Plain(UnsafeCell::new(value).named(name))
    }

    /// Reads the variable.
    #[track_caller]
    pub(super) fn get(&self) -> T {
        // SAFETY: `new` made its caller promise that no write happens at the same time.
        self.0.with(|value| unsafe { *value })
    }

    /// Writes the variable.
    #[track_caller]
    pub(super) fn set(&self, new: T) {
        // SAFETY: `new` made its caller promise that no other access happens at the same time.
        self.0.with_mut(|value| unsafe { *value = new });
    }
}
