//! `std::sync::Condvar`.

use std::panic::Location;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{CondvarState, ObjectState};
use selvedge_core::op::{CondvarOp, OpKind};

use super::{LockResult, MutexGuard, PoisonError};
use crate::context::{Context, current};
use crate::handle::Handle;
use crate::named::named;

/// `std::sync::Condvar`, on announced operations. Which waiter a
/// notification wakes is explored; there are no spurious wakeups.
#[derive(Debug, Default)]
pub struct Condvar {
    handle: Handle,
    name: Option<&'static str>,
    /// Waited on outside an exploration.
    raw: std::sync::Condvar,
}

impl Default for Handle {
    fn default() -> Self {
        Handle::new()
    }
}

impl Condvar {
    /// A condition variable.
    pub const fn new() -> Self {
        Condvar { handle: Handle::new(), name: None, raw: std::sync::Condvar::new() }
    }

    fn object(&self, context: &Context) -> ObjectId {
        self.handle.object(context, self.name, || ObjectState::Condvar(CondvarState::default()))
    }

    /// Gives up the mutex, waits for a notification, and locks the mutex again.
    ///
    /// # Errors
    /// If the mutex is poisoned then; the error holds the guard.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let at = Location::caller();
        let lock = guard.lock_of();
        let Some(context) = current() else {
            let raw = guard.into_raw().expect("a guard of this program, outside an exploration");
            let raw = self.raw.wait(raw).unwrap_or_else(PoisonError::into_inner);
            return MutexGuard::from_raw(lock, raw, at);
        };
        let object = Some(self.object(context));
        context.perform_at(OpKind::Condvar(CondvarOp::Enqueue), object, at);
        drop(guard);
        context.perform_at(OpKind::Condvar(CondvarOp::Wake), object, at);
        lock.lock_at(at)
    }

    /// Waits as long as `condition` is true.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error holds the guard.
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Wakes one waiter, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        self.notify(CondvarOp::NotifyOne, Location::caller());
    }

    /// Wakes all waiters.
    #[track_caller]
    pub fn notify_all(&self) {
        self.notify(CondvarOp::NotifyAll, Location::caller());
    }

    fn notify(&self, op: CondvarOp, at: &'static Location<'static>) {
        match (current(), op) {
            (Some(context), op) => {
                let object = self.object(context);
                context.perform_at(OpKind::Condvar(op), Some(object), at);
            }
            (None, CondvarOp::NotifyOne) => self.raw.notify_one(),
            (None, _) => self.raw.notify_all(),
        }
    }
}

named!(: Condvar);
