//! `std::sync::Mutex`.

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{MutexState, ObjectState};
use selvedge_core::op::{MutexOp, OpKind};

use super::{LockResult, Mark, PoisonError, Taken, TryLockError, TryLockResult, panicking};
use crate::context::{Context, current};
use crate::handle::Handle;
use crate::named::named;

/// `std::sync::Mutex`, on announced operations.
pub struct Mutex<T: ?Sized> {
    pub(super) handle: Handle,
    name: Option<&'static str>,
    /// Held by whoever holds the mutex, modelled or not.
    raw: std::sync::Mutex<()>,
    poison: Mark,
    /// Changed by an execution: it is not fresh in the next.
    dirty: Mark,
    data: UnsafeCell<T>,
}

// SAFETY: as for std's: the mutex owns the data.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as for std's: the data is reached only through a guard, and there is
// at most one, since each holds `raw`: also a guard of an exploration, whatever
// other explorations, real threads or forgotten guards do.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

/// `std::sync::MutexGuard`.
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    lock: &'a Mutex<T>,
    /// The execution in which it was taken; `None` outside one.
    taken: Option<Taken>,
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
            poison: Mark::new(),
            dirty: Mark::new(),
            data: UnsafeCell::new(data),
        }
    }

    /// The data.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error holds the data.
    pub fn into_inner(self) -> LockResult<T> {
        if self.poison.is_set() {
            Err(PoisonError::new(self.data.into_inner()))
        } else {
            Ok(self.data.into_inner())
        }
    }
}

impl<T: ?Sized> Mutex<T> {
    pub(super) fn object(&self, context: &Context, at: &'static Location<'static>) -> ObjectId {
        let mut stale = false;
        let object = self.handle.object(context, self.name, || {
            if self.poison.is_by(context) {
                self.poison.clear();
            }
            stale = self.dirty.is_by(context);
            ObjectState::Mutex(MutexState::default())
        });
        if stale {
            context.fail(vec![super::not_fresh("Mutex", at)]);
        }
        object
    }

    /// The guard of a mutex that the model has granted.
    fn granted<'a>(
        &'a self,
        context: &Context,
        at: &'static Location<'static>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let raw = match self.raw.try_lock() {
            Ok(raw) => raw,
            Err(TryLockError::Poisoned(raw)) => raw.into_inner(),
            Err(TryLockError::WouldBlock) => {
                context.fail(vec![super::held_elsewhere("Mutex", at)]);
                context.give_up()
            }
        };
        self.guard(raw, Some(Taken::by(context)), at)
    }

    fn guard<'a>(
        &'a self,
        raw: std::sync::MutexGuard<'a, ()>,
        taken: Option<Taken>,
        at: &'static Location<'static>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let was_panicking = panicking();
        self.poison.check(MutexGuard { lock: self, taken, raw: Some(raw), was_panicking, at })
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
        let Some(context) = current() else {
            let raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
            return self.guard(raw, None, at);
        };
        let object = self.object(context, at);
        context.perform_at(OpKind::Mutex(MutexOp::Lock), Some(object), at);
        self.granted(context, at)
    }

    /// Locks it if it is free.
    ///
    /// # Errors
    /// If it is not free, or poisoned.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let at = Location::caller();
        let Some(context) = current() else {
            let raw = match self.raw.try_lock() {
                Ok(raw) => raw,
                Err(TryLockError::Poisoned(raw)) => raw.into_inner(),
                Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
            };
            return self.guard(raw, None, at).map_err(TryLockError::Poisoned);
        };
        let object = self.object(context, at);
        if context.perform_at(OpKind::Mutex(MutexOp::TryLock), Some(object), at) == 0 {
            return Err(TryLockError::WouldBlock);
        }
        self.granted(context, at).map_err(TryLockError::Poisoned)
    }

    /// The data, which nobody else can reach.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error holds the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.poison.is_set();
        let data = self.data.get_mut();
        if poisoned { Err(PoisonError::new(data)) } else { Ok(data) }
    }

    /// True if a thread panicked while holding it.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.look(MutexOp::IsPoisoned, Location::caller());
        self.poison.is_set()
    }

    /// Forgets that a thread panicked while holding it.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.look(MutexOp::ClearPoison, Location::caller());
        self.poison.clear();
    }

    fn look(&self, op: MutexOp, at: &'static Location<'static>) {
        if let Some(context) = current() {
            let object = self.object(context, at);
            context.perform_at(OpKind::Mutex(op), Some(object), at);
        }
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    pub(super) fn lock_of(&self) -> &'a Mutex<T> {
        self.lock
    }

    /// The guard of the real mutex, outside an exploration.
    pub(super) fn into_raw(mut self) -> Option<std::sync::MutexGuard<'a, ()>> {
        let raw = self.raw.take_if(|_| self.taken.is_none());
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
        lock.guard(raw, None, at)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        if let Some(taken) = self.taken {
            taken.note(&self.lock.handle, false);
        }
        // SAFETY: the guard is the only one, see `Sync for Mutex`.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        if let Some(taken) = self.taken {
            self.lock.dirty.set(Some(taken.exploration));
            taken.note(&self.lock.handle, true);
        }
        // SAFETY: the guard is the only one, see `Sync for Mutex`.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        let poisons = !self.was_panicking && panicking();
        if let Some(context) = self.taken.and_then(Taken::context)
            && let Some(object) = self.lock.handle.known(context)
        {
            context.perform_at(OpKind::Mutex(MutexOp::Unlock), Some(object), self.at);
        }
        // With the unlock: nobody has run since.
        if poisons {
            self.lock.poison.set(self.taken.map(|t| t.exploration));
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
