//! `std::sync::Condvar`.

use std::panic::Location;
use std::time::Duration;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{CondvarState, ObjectState, condvar};
use selvedge_core::op::{CondvarOp, OpKind};

use super::{LockResult, MutexGuard, PoisonError};
use crate::context::{Context, current};
use crate::handle::Handle;
use crate::named::named;
use crate::time::Instant;

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

/// `std::sync::WaitTimeoutResult`: whether a wait has ended by its timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// True if it has.
    pub fn timed_out(&self) -> bool {
        self.0
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

    /// As [`wait`](Self::wait), but for that time at most.
    ///
    /// # Errors
    /// If the mutex is poisoned then; the error holds the guard, too.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let at = Location::caller();
        let lock = guard.lock_of();
        let (locked, timed_out) = match current() {
            None => {
                let raw =
                    guard.into_raw().expect("a guard of this program, outside an exploration");
                let waited = self.raw.wait_timeout(raw, timeout);
                let (raw, result) = waited.unwrap_or_else(PoisonError::into_inner);
                (MutexGuard::from_raw(lock, raw, at), result.timed_out())
            }
            Some(context) => {
                let object = Some(self.object(context));
                context.perform_at(OpKind::Condvar(CondvarOp::Enqueue), object, at);
                drop(guard);
                let wake = |expired| OpKind::Condvar(CondvarOp::WakeBy { expired });
                let answer = context.perform_within(timeout, wake, object, condvar::TIMED_OUT, at);
                (lock.lock_at(at), answer == condvar::TIMED_OUT)
            }
        };
        match locked {
            Ok(guard) => Ok((guard, WaitTimeoutResult(timed_out))),
            Err(poison) => {
                Err(PoisonError::new((poison.into_inner(), WaitTimeoutResult(timed_out))))
            }
        }
    }

    /// As [`wait_while`](Self::wait_while), but for that time at most.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error holds the guard, too.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let start = Instant::now();
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            let Some(left) = timeout.checked_sub(start.elapsed()).filter(|left| !left.is_zero())
            else {
                return Ok((guard, WaitTimeoutResult(true)));
            };
            guard = self.wait_timeout(guard, left)?.0;
        }
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
