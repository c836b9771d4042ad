//! `std::sync::Mutex`.

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{MutexState, ObjectState};
use selvedge_core::op::{MutexOp, OpKind};

use super::{LockResult, Poison, PoisonError, TryLockError, TryLockResult, panicking};
use crate::context::{Context, current};
use crate::handle::Handle;
use crate::named::named;

/// `std::sync::Mutex`, on announced operations.
pub struct Mutex<T: ?Sized> {
    pub(super) handle: Handle,
    name: Option<&'static str>,
    /// Locked in place of the modelled mutex outside an exploration.
    raw: std::sync::Mutex<()>,
    poison: Poison,
    data: UnsafeCell<T>,
}

// SAFETY: as for std's: the mutex owns the data.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as for std's: the data is reached only through a guard, and there is
// at most one: `raw` is locked, or the modelled mutex is owned by one thread.
// Threads of an exploration run on one OS thread. The two ways of locking do
// not meet: a modelled guard cannot leave its execution other than by being
// forgotten, and while an execution is torn down the modelled owner is kept.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

/// `std::sync::MutexGuard`.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    lock: &'a Mutex<T>,
    /// The guard of `lock.raw` outside an exploration.
    raw: Option<std::sync::MutexGuard<'a, ()>>,
    was_panicking: bool,
    /// Where it was locked; a drop has no place of its own.
    at: &'static Location<'static>,
}

// SAFETY: as for std's: a shared guard gives shared access to the data.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub const fn new(data: T) -> Self {
        Mutex {
            handle: Handle::new(),
            name: None,
            raw: std::sync::Mutex::new(()),
            poison: Poison::new(),
            data: UnsafeCell::new(data),
        }
    }

    /// The data.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error holds the data.
    pub fn into_inner(self) -> LockResult<T> {
        if self.poison.get() {
            Err(PoisonError::new(self.data.into_inner()))
        } else {
            Ok(self.data.into_inner())
        }
    }
}

impl<T: ?Sized> Mutex<T> {
    pub(super) fn object(&self, context: &Context) -> ObjectId {
        self.handle.object(context, self.name, |used_before| {
            if used_before {
                self.poison.clear();
            }
            ObjectState::Mutex(MutexState::default())
        })
    }

    fn guard<'a>(
        &'a self,
        raw: Option<std::sync::MutexGuard<'a, ()>>,
        at: &'static Location<'static>,
    ) -> LockResult<MutexGuard<'a, T>> {
        self.poison.check(MutexGuard { lock: self, raw, was_panicking: panicking(), at })
    }

    /// Locks it, waiting until it is free.
    ///
    /// # Errors
    /// If a thread panicked while holding it; the error holds the guard.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.lock_at(Location::caller())
    }

    pub(super) fn lock_at(&self, at: &'static Location<'static>) -> LockResult<MutexGuard<'_, T>> {
        let raw = match current() {
            Some(context) => {
                let object = self.object(context);
                context.perform_at(OpKind::Mutex(MutexOp::Lock), Some(object), at);
                None
            }
            None => Some(self.raw.lock().unwrap_or_else(PoisonError::into_inner)),
        };
        self.guard(raw, at)
    }

    /// Locks it if it is free.
    ///
    /// # Errors
    /// If it is not free, or poisoned.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let raw = match current() {
            Some(context) => {
                let object = self.object(context);
                if context.perform(OpKind::Mutex(MutexOp::TryLock), Some(object)) == 0 {
                    return Err(TryLockError::WouldBlock);
                }
                None
            }
            None => match self.raw.try_lock() {
                Ok(raw) => Some(raw),
                Err(TryLockError::Poisoned(raw)) => Some(raw.into_inner()),
                Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
            },
        };
        self.guard(raw, Location::caller()).map_err(TryLockError::Poisoned)
    }

    /// The data, which nobody else can reach.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error holds the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.poison.get();
        let data = self.data.get_mut();
        if poisoned { Err(PoisonError::new(data)) } else { Ok(data) }
    }

    /// True if a thread panicked while holding it.
    pub fn is_poisoned(&self) -> bool {
        self.poison.get()
    }

    /// Forgets that a thread panicked while holding it.
    pub fn clear_poison(&self) {
        self.poison.clear();
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    pub(super) fn lock_of(&self) -> &'a Mutex<T> {
        self.lock
    }

    /// The guard of the real mutex, outside an exploration.
    pub(super) fn into_raw(mut self) -> Option<std::sync::MutexGuard<'a, ()>> {
        let raw = self.raw.take();
        if raw.is_some() {
            std::mem::forget(self);
        }
        raw
    }

    pub(super) fn from_raw(
        lock: &'a Mutex<T>,
        raw: std::sync::MutexGuard<'a, ()>,
        at: &'static Location<'static>,
    ) -> LockResult<Self> {
        lock.guard(Some(raw), at)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard is the only one, see `Sync for Mutex`.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the only one, see `Sync for Mutex`.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.poison.done(self.was_panicking);
        if self.raw.is_none()
            && let Some(context) = current()
            && let Some(object) = self.lock.handle.known(context)
        {
            context.perform_at(OpKind::Mutex(MutexOp::Unlock), Some(object), self.at);
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(data: T) -> Self {
        Mutex::new(data)
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Printing must not be an operation: the data is left out.
        f.debug_struct("Mutex").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

named!(T: Mutex<T>);
