//! `Barrier`, built from the engine's `Mutex` and `Condvar`.

use ::std::fmt;
use ::std::sync::PoisonError;

use super::rt::{Condvar, Mutex};

/// Lets threads wait until a number of them is there; see
/// `std::sync::Barrier`.
pub struct Barrier {
    size: usize,
    state: Mutex<State>,
    opened: Condvar,
}

struct State {
    /// How many wait for the barrier to open.
    waiting: usize,
    /// How often it has opened.
    generation: u64,
}

/// What [`Barrier::wait`] returns.
#[derive(Debug)]
pub struct BarrierWaitResult {
    leader: bool,
}

impl BarrierWaitResult {
    /// True for one thread of those that were let through together.
    pub fn is_leader(&self) -> bool {
        self.leader
    }
}

impl Barrier {
    /// A barrier that opens when `size` threads wait for it; with 0, as with
    /// 1, it lets each thread through.
    pub fn new(size: usize) -> Self {
        Barrier {
            size,
            state: Mutex::new(State { waiting: 0, generation: 0 }),
            opened: Condvar::new(),
        }
    }

    /// Waits for the barrier to open.
    pub fn wait(&self) -> BarrierWaitResult {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting += 1;
        if state.waiting >= self.size {
            state.waiting = 0;
            state.generation += 1;
            self.opened.notify_all();
            return BarrierWaitResult { leader: true };
        }
        let generation = state.generation;
        while state.generation == generation {
            state = self.opened.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        BarrierWaitResult { leader: false }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Barrier { .. }")
    }
}
