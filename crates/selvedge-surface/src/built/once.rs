//! `Once`, built from the engine's `Mutex` and `Condvar`.

use ::std::fmt;
use ::std::mem;
use ::std::sync::PoisonError;

use super::rt::{Condvar, Mutex, MutexGuard};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    Done,
    Poisoned,
}

/// Runs something once, however many threads ask for it; see
/// `std::sync::Once`. Unlike that, it cannot be made in a `static`: it must
/// not outlive an execution.
pub struct Once {
    phase: Mutex<Phase>,
    ended: Condvar,
}

/// What [`Once::call_once_force`] tells its closure.
#[derive(Debug)]
pub struct OnceState {
    poisoned: bool,
}

impl OnceState {
    /// True if an earlier call panicked.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

impl Once {
    /// A `Once` that has not run.
    #[allow(clippy::new_without_default, reason = "std's has no Default either")]
    pub fn new() -> Self {
        Once { phase: Mutex::new(Phase::New), ended: Condvar::new() }
    }

    /// Runs `f` if nothing has run yet; returns when something has.
    ///
    /// # Panics
    /// If an earlier call panicked.
    #[track_caller]
    pub fn call_once(&self, f: impl FnOnce()) {
        assert!(self.run(false, |_| f()), "Once instance has previously been poisoned");
    }

    /// The same, but tries again after a call that panicked, and says whether one did.
    #[track_caller]
    pub fn call_once_force(&self, f: impl FnOnce(&OnceState)) {
        self.run(true, f);
    }

    /// Waits until a call has run to its end.
    ///
    /// # Panics
    /// If a call panicked.
    #[track_caller]
    pub fn wait(&self) {
        assert!(self.wait_for(false), "Once instance has previously been poisoned");
    }

    /// The same, but goes on waiting if a call panicked.
    pub fn wait_force(&self) {
        self.wait_for(true);
    }

    fn wait_for(&self, insist: bool) -> bool {
        let mut phase = self.lock();
        loop {
            match *phase {
                Phase::Done => return true,
                Phase::Poisoned if !insist => return false,
                _ => phase = self.ended.wait(phase).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// True if a call has run to its end.
    pub fn is_completed(&self) -> bool {
        *self.lock() == Phase::Done
    }

    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, retry: bool, f: impl FnOnce(&OnceState)) -> bool {
        let mut phase = self.lock();
        loop {
            match *phase {
                Phase::Done => return true,
                Phase::Poisoned if !retry => return false,
                Phase::Running => {
                    phase = self.ended.wait(phase).unwrap_or_else(PoisonError::into_inner);
                }
                Phase::New | Phase::Poisoned => break,
            }
        }
        let state = OnceState { poisoned: *phase == Phase::Poisoned };
        *phase = Phase::Running;
        drop(phase);
        let unless_it_ends = Poisons { once: self };
        f(&state);
        mem::forget(unless_it_ends);
        self.end(Phase::Done);
        true
    }

    fn end(&self, phase: Phase) {
        *self.lock() = phase;
        self.ended.notify_all();
    }
}

/// Poisons when it is dropped, which only a panic does.
struct Poisons<'a> {
    once: &'a Once,
}

impl Drop for Poisons<'_> {
    fn drop(&mut self) {
        self.once.end(Phase::Poisoned);
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once { .. }")
    }
}
