//! `std::sync` on announced operations.

mod arc;
pub mod atomic;
mod barrier;
mod condvar;
mod lazy_lock;
mod mutex;
mod once;
mod once_lock;
mod rwlock;
mod values;

pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

pub use arc::{Arc, Weak, arc_from_std};
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use selvedge_core::failure::{FailureKind, Fault};

use crate::context::{Context, current};
use crate::handle::{Handle, are_siblings};

/// Something that happened to a lock and outlives executions: by whom.
#[derive(Debug)]
struct Mark(AtomicU64);

/// In place of the number of an exploration.
const OUTSIDE: u64 = u64::MAX;

impl Mark {
    const fn new() -> Self {
        Mark(AtomicU64::new(0))
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// True if the exploration set it, or a sibling whose primitives it has.
    fn is_by(&self, context: &Context) -> bool {
        are_siblings(self.0.load(Ordering::Relaxed), context.id())
    }

    fn set(&self, exploration: Option<u64>) {
        self.0.store(exploration.unwrap_or(OUTSIDE), Ordering::Relaxed);
    }

    fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// As a mark of poison: the guard, or an error that holds it.
    fn check<G>(&self, guard: G) -> LockResult<G> {
        if self.is_set() { Err(PoisonError::new(guard)) } else { Ok(guard) }
    }
}

/// The execution in which a guard was taken.
#[derive(Clone, Copy, Debug)]
struct Taken {
    exploration: u64,
    epoch: u64,
    /// What is done under the guard is noted, for the drawing.
    recorded: bool,
}

impl Taken {
    fn by(context: &Context) -> Self {
        Taken {
            exploration: context.id(),
            epoch: context.epoch(),
            recorded: context.is_recording(),
        }
    }

    /// The context, if that execution goes on and the caller is part of it.
    fn context<'a>(self) -> Option<&'a Context> {
        current().filter(|c| c.id() == self.exploration && c.epoch() == self.epoch)
    }

    /// What the lock guards is looked at or changed.
    fn note(self, lock: &Handle, write: bool) {
        if self.recorded
            && let Some(context) = self.context()
            && let Some(object) = lock.known(context)
        {
            context.guarded(object, write);
        }
    }
}

/// True if the thread unwinds because of a panic of its own (not because its
/// execution is over).
fn panicking() -> bool {
    match current() {
        Some(context) => !context.is_tearing_down() && context.panicking(),
        None => std::thread::panicking(),
    }
}

/// A lock that outlives executions was changed by one.
fn not_fresh(what: &str, at: &'static Location<'static>) -> Fault {
    Fault::new(
        FailureKind::Nondeterminism,
        format!("this {what} is not fresh: an earlier execution has changed what it guards"),
    )
    .at(at)
    .detail(
        "make it inside the program that is explored, so that each execution has its own; for \
         results that are to be kept use std's type",
        None,
    )
}

/// The model grants a lock that somebody holds.
fn held_elsewhere(what: &str, at: &'static Location<'static>) -> Fault {
    Fault::new(
        FailureKind::Nondeterminism,
        format!(
            "this {what} is held from outside: by another exploration, by a real thread, or by \
             a guard that survived from an earlier execution"
        ),
    )
    .at(at)
    .detail("make it inside the program that is explored, so that each execution has its own", None)
}
