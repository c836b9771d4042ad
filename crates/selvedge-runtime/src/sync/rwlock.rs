//! `std::sync::RwLock`.

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{ObjectState, RwLockState};
use selvedge_core::op::{OpKind, RwLockOp};

use super::{LockResult, Mark, PoisonError, Taken, TryLockError, TryLockResult, panicking};
use crate::context::{Context, current};
use crate::handle::Handle;
use crate::named::named;

/// `std::sync::RwLock`, on announced operations. Readers may pass a waiting
/// writer.
pub struct RwLock<T: ?Sized> {
    handle: Handle,
    name: Option<&'static str>,
    /// Held by whoever holds the lock, modelled or not.
    raw: std::sync::RwLock<()>,
    poison: Mark,
    /// Changed by an execution: it is not fresh in the next.
    dirty: Mark,
    data: UnsafeCell<T>,
}

// SAFETY: as for std's: the lock owns the data.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as for std's: there is one writing guard or any number of reading
// ones, since each holds `raw`, also in an exploration.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

/// `std::sync::RwLockReadGuard`.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    taken: Option<Taken>,
    _raw: std::sync::RwLockReadGuard<'a, ()>,
    at: &'static Location<'static>,
}

/// `std::sync::RwLockWriteGuard`.
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    taken: Option<Taken>,
    /// `None` only while it is dropped.
    raw: Option<std::sync::RwLockWriteGuard<'a, ()>>,
    was_panicking: bool,
    at: &'static Location<'static>,
}

// SAFETY: as for std's: a shared guard gives shared access to the data.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: as for std's: a shared guard gives shared access to the data.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T> RwLock<T> {
    /// An unlocked lock.
    pub const fn new(data: T) -> Self {
        RwLock {
            handle: Handle::new(),
            name: None,
            raw: std::sync::RwLock::new(()),
            poison: Mark::new(),
            dirty: Mark::new(),
            data: UnsafeCell::new(data),
        }
    }

    /// The data.
    ///
    /// # Errors
    /// If the lock is poisoned; the error holds the data.
    pub fn into_inner(self) -> LockResult<T> {
        if self.poison.is_set() {
            Err(PoisonError::new(self.data.into_inner()))
        } else {
            Ok(self.data.into_inner())
        }
    }
}

impl<T: ?Sized> RwLock<T> {
    fn object(&self, context: &Context, at: &'static Location<'static>) -> ObjectId {
        let mut stale = false;
        let object = self.handle.object(context, self.name, || {
            if self.poison.is_by(context) {
                self.poison.clear();
            }
            stale = self.dirty.is_by(context);
            ObjectState::RwLock(RwLockState::default())
        });
        if stale {
            context.fail(vec![super::not_fresh("RwLock", at)]);
        }
        object
    }

    /// The modelled operation; `None` outside an exploration.
    fn perform(&self, op: RwLockOp, at: &'static Location<'static>) -> Option<(u64, &Context)> {
        let context = current()?;
        let object = self.object(context, at);
        Some((context.perform_at(OpKind::RwLock(op), Some(object), at), context))
    }

    /// What holding the real lock gave, where the model has granted it.
    fn granted<G>(
        context: &Context,
        raw: TryLockResult<G>,
        at: &'static Location<'static>,
    ) -> (G, Option<Taken>) {
        let raw = match raw {
            Ok(raw) => raw,
            Err(TryLockError::Poisoned(raw)) => raw.into_inner(),
            Err(TryLockError::WouldBlock) => {
                context.fail(vec![super::held_elsewhere("RwLock", at)]);
                context.give_up()
            }
        };
        (raw, Some(Taken::by(context)))
    }

    fn reading<'a>(
        &'a self,
        (raw, taken): (std::sync::RwLockReadGuard<'a, ()>, Option<Taken>),
        at: &'static Location<'static>,
    ) -> LockResult<RwLockReadGuard<'a, T>> {
        self.poison.check(RwLockReadGuard { lock: self, taken, _raw: raw, at })
    }

    fn writing<'a>(
        &'a self,
        (raw, taken): (std::sync::RwLockWriteGuard<'a, ()>, Option<Taken>),
        at: &'static Location<'static>,
    ) -> LockResult<RwLockWriteGuard<'a, T>> {
        let was_panicking = panicking();
        let raw = Some(raw);
        self.poison.check(RwLockWriteGuard { lock: self, taken, raw, was_panicking, at })
    }

    /// Locks it for reading, waiting until nobody writes.
    ///
    /// # Errors
    /// If a thread panicked while writing; the error holds the guard.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let at = Location::caller();
        let raw = match self.perform(RwLockOp::Read, at) {
            Some((_, context)) => Self::granted(context, self.raw.try_read(), at),
            None => (self.raw.read().unwrap_or_else(PoisonError::into_inner), None),
        };
        self.reading(raw, at)
    }

    /// Locks it for writing, waiting until it is free.
    ///
    /// # Errors
    /// If a thread panicked while writing; the error holds the guard.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let at = Location::caller();
        let raw = match self.perform(RwLockOp::Write, at) {
            Some((_, context)) => Self::granted(context, self.raw.try_write(), at),
            None => (self.raw.write().unwrap_or_else(PoisonError::into_inner), None),
        };
        self.writing(raw, at)
    }

    /// Locks it for reading if nobody writes.
    ///
    /// # Errors
    /// If somebody writes, or it is poisoned.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let at = Location::caller();
        let raw = match self.perform(RwLockOp::TryRead, at) {
            Some((0, _)) => return Err(TryLockError::WouldBlock),
            Some((_, context)) => Self::granted(context, self.raw.try_read(), at),
            None => match self.raw.try_read() {
                Ok(raw) => (raw, None),
                Err(TryLockError::Poisoned(raw)) => (raw.into_inner(), None),
                Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
            },
        };
        self.reading(raw, at).map_err(TryLockError::Poisoned)
    }

    /// Locks it for writing if it is free.
    ///
    /// # Errors
    /// If it is not free, or poisoned.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let at = Location::caller();
        let raw = match self.perform(RwLockOp::TryWrite, at) {
            Some((0, _)) => return Err(TryLockError::WouldBlock),
            Some((_, context)) => Self::granted(context, self.raw.try_write(), at),
            None => match self.raw.try_write() {
                Ok(raw) => (raw, None),
                Err(TryLockError::Poisoned(raw)) => (raw.into_inner(), None),
                Err(TryLockError::WouldBlock) => return Err(TryLockError::WouldBlock),
            },
        };
        self.writing(raw, at).map_err(TryLockError::Poisoned)
    }

    /// The data, which nobody else can reach.
    ///
    /// # Errors
    /// If the lock is poisoned; the error holds the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.poison.is_set();
        let data = self.data.get_mut();
        if poisoned { Err(PoisonError::new(data)) } else { Ok(data) }
    }

    /// True if a thread panicked while writing.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.perform(RwLockOp::IsPoisoned, Location::caller());
        self.poison.is_set()
    }

    /// Forgets that a thread panicked while writing.
    #[track_caller]
    pub fn clear_poison(&self) {
        self.perform(RwLockOp::ClearPoison, Location::caller());
        self.poison.clear();
    }

    fn unlock(&self, op: RwLockOp, taken: Option<Taken>, at: &'static Location<'static>) {
        if let Some(context) = taken.and_then(Taken::context)
            && let Some(object) = self.handle.known(context)
        {
            context.perform_at(OpKind::RwLock(op), Some(object), at);
        }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// From writing to reading: no writer comes between.
    #[track_caller]
    pub fn downgrade(mut this: Self) -> RwLockReadGuard<'a, T> {
        let (lock, taken, at) = (this.lock, this.taken, this.at);
        if let Some(context) = taken.and_then(Taken::context)
            && let Some(object) = lock.handle.known(context)
        {
            context.perform(OpKind::RwLock(RwLockOp::Downgrade), Some(object));
        }
        let raw = this.raw.take().expect("a guard that is not being dropped");
        let _raw = std::sync::RwLockWriteGuard::downgrade(raw);
        RwLockReadGuard { lock, taken, _raw, at }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        if let Some(taken) = self.taken {
            taken.note(&self.lock.handle, false);
        }
        // SAFETY: while a reading guard exists nobody writes.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        if let Some(taken) = self.taken {
            taken.note(&self.lock.handle, false);
        }
        // SAFETY: a writing guard is the only guard.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        if let Some(taken) = self.taken {
            self.lock.dirty.set(Some(taken.exploration));
            taken.note(&self.lock.handle, true);
        }
        // SAFETY: a writing guard is the only guard.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        self.lock.unlock(RwLockOp::UnlockRead, self.taken, self.at);
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        if self.raw.is_none() {
            // It has become a reading one.
            return;
        }
        let poisons = !self.was_panicking && panicking();
        self.lock.unlock(RwLockOp::UnlockWrite, self.taken, self.at);
        // With the unlock: nobody has run since.
        if poisons {
            self.lock.poison.set(self.taken.map(|t| t.exploration));
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(data: T) -> Self {
        RwLock::new(data)
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

named!(T: RwLock<T>);
