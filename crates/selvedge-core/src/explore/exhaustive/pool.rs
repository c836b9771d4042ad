//! The workers of a search: OS threads that take chunks off a board.
//!
//! The chunks of a round are on one list, and a worker that is free takes the
//! next one: with nothing on lists of its own, there is nothing to be stolen
//! from anybody. A chunk is some milliseconds of work, and the lock is held for
//! as long as it takes to move one.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::chunk::{Chunk, Ran, Setting, Worker};
use super::totals::Totals;
use crate::machine::Machine;

/// What was counted in chunks of a round that were put back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) executions: u64,
    pub(super) steps: u64,
    pub(super) explored: f64,
}

impl Counts {
    pub(super) fn add(&mut self, totals: &Totals) {
        self.executions += totals.executions;
        self.steps += totals.steps;
        self.explored += totals.explored;
    }
}

#[derive(Default)]
struct State {
    setting: Option<Arc<Setting>>,
    todo: VecDeque<(usize, Chunk)>,
    back: Vec<(usize, Chunk)>,
    counts: Counts,
    /// How many chunks are being worked on.
    busy: usize,
    /// A worker met an object of another one.
    met_sibling: bool,
    /// A worker panicked: a mistake of ours, or of a machine.
    panic: Option<Box<dyn Any + Send>>,
    closed: bool,
}

/// The chunks of a round.
#[derive(Default)]
pub(super) struct Board {
    state: Mutex<State>,
    changed: Condvar,
    /// No chunk is to be gone on with.
    paused: AtomicBool,
    /// The first chunk at which the search stops, by its place in the round:
    /// those after it count for nothing.
    stopped_at: AtomicUsize,
}

/// A chunk to be worked on, and its place in the round.
pub(super) struct Task {
    pub(super) at: usize,
    pub(super) chunk: Chunk,
    pub(super) setting: Arc<Setting>,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts up the chunks of a round.
    pub(super) fn open(&self, setting: &Arc<Setting>, round: Vec<Chunk>) {
        let stopped_at = round.iter().position(|chunk| chunk.stop.is_some());
        self.stopped_at.store(stopped_at.unwrap_or(usize::MAX), Ordering::Relaxed);
        self.paused.store(false, Ordering::Relaxed);
        let mut state = self.lock();
        state.setting = Some(Arc::clone(setting));
        state.met_sibling = false;
        state.counts = Counts::default();
        for (at, chunk) in round.into_iter().enumerate() {
            if chunk.is_done() || stopped_at.is_some_and(|stop| at > stop) {
                state.counts.add(&chunk.totals);
                state.back.push((at, chunk));
            } else {
                state.todo.push_back((at, chunk));
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Takes them down, in their order, and says whether a worker met an
    /// object of another one. No chunk is being worked on.
    pub(super) fn close(&self) -> (Vec<Chunk>, bool) {
        let mut state = self.lock();
        let mut all: Vec<(usize, Chunk)> = state.todo.drain(..).collect();
        all.append(&mut state.back);
        all.sort_by_key(|(at, _)| *at);
        (all.into_iter().map(|(_, chunk)| chunk).collect(), state.met_sibling)
    }

    /// From now on no chunk of this round is gone on with.
    pub(super) fn pause(&self) {
        self.paused.store(true, Ordering::Relaxed);
    }

    /// True if the chunk at that place need not be gone on with.
    pub(super) fn is_over(&self, at: usize) -> bool {
        self.paused.load(Ordering::Relaxed) || at > self.stopped_at.load(Ordering::Relaxed)
    }

    /// What was counted in the chunks that were put back.
    pub(super) fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// A chunk to be worked on, if there is one.
    pub(super) fn take(&self) -> Option<Task> {
        self.take_from(&mut self.lock())
    }

    fn take_from(&self, state: &mut State) -> Option<Task> {
        let (at, _) = state.todo.front()?;
        if self.is_over(*at) {
            return None;
        }
        let setting = Arc::clone(state.setting.as_ref()?);
        let (at, chunk) = state.todo.pop_front()?;
        state.busy += 1;
        Some(Task { at, chunk, setting })
    }

    /// Waits for a chunk; `None` if there will never be one again.
    fn wait_for_task(&self) -> Option<Task> {
        let mut state = self.lock();
        while !state.closed {
            if let Some(task) = self.take_from(&mut state) {
                return Some(task);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Puts back a chunk that is done, or was cut.
    pub(super) fn put_back(&self, at: usize, chunk: Chunk, ran: Ran) {
        if chunk.stop.is_some() {
            self.stopped_at.fetch_min(at, Ordering::Relaxed);
        }
        let mut state = self.lock();
        if ran == Ran::Nothing {
            state.met_sibling = true;
            self.pause();
        }
        state.counts.add(&chunk.totals);
        state.back.push((at, chunk));
        self.rest(state);
    }

    fn rest(&self, mut state: MutexGuard<'_, State>) {
        state.busy -= 1;
        let idle = state.busy == 0;
        drop(state);
        if idle {
            self.changed.notify_all();
        }
    }

    /// Waits until no chunk is being worked on, at most for that time. False
    /// if one is.
    ///
    /// # Panics
    /// If a worker did, with the same payload.
    pub(super) fn wait_for_workers(&self, most: Duration) -> bool {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, most, |state| state.busy > 0);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(payload) = state.panic.take() {
            drop(state);
            std::panic::resume_unwind(payload);
        }
        state.busy == 0
    }

    /// What a worker other than the first one does.
    pub(super) fn work<M: Machine>(&self, make: &(dyn Fn() -> M + Sync)) {
        let mut worker = None;
        while let Some(Task { at, mut chunk, setting }) = self.wait_for_task() {
            let work = || {
                let worker = worker.get_or_insert_with(|| Worker::new(make()));
                worker.run(&setting, &mut chunk, |_| !self.is_over(at))
            };
            match catch_unwind(AssertUnwindSafe(work)) {
                Ok(ran) => self.put_back(at, chunk, ran),
                Err(payload) => {
                    let mut state = self.lock();
                    state.panic = Some(payload);
                    self.pause();
                    self.rest(state);
                    return;
                }
            }
        }
    }

    /// Sends the workers home.
    pub(super) fn dismiss(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}
