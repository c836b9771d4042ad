//! `std::sync::Barrier`.

use super::{Condvar, Mutex, PoisonError};

/// `std::sync::Barrier`, of a mutex and a condition variable.
#[derive(Debug)]
pub struct Barrier {
    threads: usize,
    state: Mutex<State>,
    everybody_is_here: Condvar,
}

#[derive(Debug)]
struct State {
    here: usize,
    generation: usize,
}

/// `std::sync::BarrierWaitResult`.
#[derive(Debug)]
pub struct BarrierWaitResult {
    leader: bool,
}

impl BarrierWaitResult {
    /// True for one of the threads that met.
    pub fn is_leader(&self) -> bool {
        self.leader
    }
}

impl Barrier {
    /// A barrier at which that many threads meet.
    pub const fn new(threads: usize) -> Self {
        Barrier {
            threads,
            state: Mutex::new(State { here: 0, generation: 0 }),
            everybody_is_here: Condvar::new(),
        }
    }

    /// Waits until all threads have come here.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.here += 1;
        if state.here >= self.threads {
            state.here = 0;
            state.generation = state.generation.wrapping_add(1);
            self.everybody_is_here.notify_all();
            return BarrierWaitResult { leader: true };
        }
        let generation = state.generation;
        while state.generation == generation {
            state = self.everybody_is_here.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        BarrierWaitResult { leader: false }
    }
}

impl crate::Named for Barrier {
    fn named(mut self, name: &'static str) -> Self {
        self.state = self.state.named(name);
        self.everybody_is_here = self.everybody_is_here.named(name);
        self
    }
}
