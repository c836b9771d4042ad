//! Channels, with crossbeam's names: many senders, many receivers, bounded,
//! unbounded or rendezvous, with an explicit `close` and with selection.
//!
//! Built from the engine's `Mutex` and `Condvar`: every operation is one
//! critical section, so an engine sees exactly what orders what. The handles
//! are counted with real atomics where nobody can tell the difference: a
//! handle that is cloned exists, so the count cannot be about to reach zero.
//! A handle that is dropped takes the lock, as what follows may depend on it.

use ::std::collections::VecDeque;
use ::std::fmt;
use ::std::mem;
use ::std::sync::Arc;
use ::std::sync::PoisonError;
use ::std::sync::atomic::{AtomicUsize, Ordering};
use ::std::time::{Duration, Instant};

pub use crate::errors::{
    CloseError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError,
    TrySendError,
};

use super::rt::{Condvar, Mutex, MutexGuard, first_of, wait_timeout, wake_one};

/// A channel that holds up to `capacity` messages; with capacity 0, `send`
/// returns only when a receiver has taken the message.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel(Some(capacity))
}

/// A channel that holds any number of messages, so that `send` never blocks.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(None)
}

fn channel<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        capacity,
        state: Mutex::new(State {
            queue: VecDeque::new(),
            offers: 0,
            closed: false,
            waiting_receivers: 0,
            waiting_senders: 0,
            watchers: Vec::new(),
        }),
        arrived: Condvar::new(),
        departed: Condvar::new(),
        senders: AtomicUsize::new(1),
        receivers: AtomicUsize::new(1),
    });
    (Sender { shared: Arc::clone(&shared) }, Receiver { shared })
}

struct Shared<T> {
    capacity: Option<usize>,
    state: Mutex<State<T>>,
    /// For receivers: a message has come, or none will.
    arrived: Condvar,
    /// For senders: a message has been taken, or none will.
    departed: Condvar,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

struct State<T> {
    /// The messages, oldest first, each with its number. In a rendezvous
    /// channel they still belong to their senders, who wait.
    queue: VecDeque<(u64, T)>,
    /// The number of the next message.
    offers: u64,
    closed: bool,
    waiting_receivers: usize,
    waiting_senders: usize,
    /// Selections that wait for this channel among others.
    watchers: Vec<Arc<Signal>>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No user code runs under the lock, so the state is always whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_rendezvous(&self) -> bool {
        self.capacity == Some(0)
    }

    /// True if sending is pointless.
    fn refuses(&self, state: &State<T>) -> bool {
        state.closed || self.receivers.load(Ordering::Acquire) == 0
    }

    /// Takes the next message, and wakes who waits for that.
    fn take(&self, state: &mut State<T>) -> Option<T> {
        if self.is_rendezvous() && state.closed {
            // What is offered has not been sent: it goes back to its sender.
            return None;
        }
        let (_, message) = state.queue.pop_front()?;
        if state.waiting_senders > 0 {
            if self.is_rendezvous() {
                // A particular sender waits for this message to be taken.
                self.departed.notify_all();
            } else {
                wake_one(&self.departed);
            }
        }
        Some(message)
    }

    /// One attempt to receive.
    fn poll(&self, state: &mut State<T>) -> Result<T, TryRecvError> {
        match self.take(state) {
            Some(message) => Ok(message),
            None if state.closed || self.senders.load(Ordering::Acquire) == 0 => {
                Err(TryRecvError::Disconnected)
            }
            None => Err(TryRecvError::Empty),
        }
    }

    fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut state = self.lock();
        if let Some(capacity) = self.capacity.filter(|capacity| *capacity > 0) {
            while !self.refuses(&state) && state.queue.len() >= capacity {
                state = self.wait_to_send(state);
            }
        }
        if self.refuses(&state) {
            return Err(SendError(message));
        }
        let (number, mut state) = self.put(state, message);
        if self.is_rendezvous() {
            // The offer is in the queue until a receiver takes it.
            while let Some(at) = state.queue.iter().position(|(n, _)| *n == number) {
                if self.refuses(&state) {
                    return match state.queue.remove(at) {
                        Some((_, message)) => Err(SendError(message)),
                        None => Ok(()),
                    };
                }
                state = self.wait_to_send(state);
            }
        }
        Ok(())
    }

    /// Adds a message, and wakes who waits for one: its number.
    fn put<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<T>>,
        message: T,
    ) -> (u64, MutexGuard<'a, State<T>>) {
        let number = state.offers;
        state.offers += 1;
        state.queue.push_back((number, message));
        if state.waiting_receivers > 0 {
            wake_one(&self.arrived);
        }
        if !state.watchers.is_empty() {
            let watchers = state.watchers.clone();
            drop(state);
            fire(&watchers);
            state = self.lock();
        }
        (number, state)
    }

    fn wait_to_send<'a>(&self, mut state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        state.waiting_senders += 1;
        let mut state = self.departed.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.waiting_senders -= 1;
        state
    }

    fn recv(&self) -> Result<T, RecvError> {
        let mut state = self.lock();
        loop {
            match self.poll(&mut state) {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                Err(TryRecvError::Empty) => {}
            }
            state.waiting_receivers += 1;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting_receivers -= 1;
        }
    }

    #[track_caller]
    fn refuse_rendezvous(&self, what: &str) {
        assert!(
            !self.is_rendezvous(),
            "{what} on a channel of capacity 0 is not there: give it a capacity of 1, or use send"
        );
    }

    #[track_caller]
    fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.refuse_rendezvous("try_send");
        let state = self.lock();
        if self.refuses(&state) {
            return Err(TrySendError::Disconnected(message));
        }
        if self.capacity.is_some_and(|capacity| state.queue.len() >= capacity) {
            return Err(TrySendError::Full(message));
        }
        let _ = self.put(state, message);
        Ok(())
    }

    #[track_caller]
    fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.refuse_rendezvous("send_timeout");
        let start = Instant::now();
        let mut state = self.lock();
        while !self.refuses(&state) && self.capacity.is_some_and(|n| state.queue.len() >= n) {
            match timeout.checked_sub(start.elapsed()) {
                Some(left) if !left.is_zero() => state = self.wait_to_send_within(state, left),
                _ => return Err(SendTimeoutError::Timeout(message)),
            }
        }
        if self.refuses(&state) {
            return Err(SendTimeoutError::Disconnected(message));
        }
        let _ = self.put(state, message);
        Ok(())
    }

    fn wait_to_send_within<'a>(
        &self,
        mut state: MutexGuard<'a, State<T>>,
        timeout: Duration,
    ) -> MutexGuard<'a, State<T>> {
        state.waiting_senders += 1;
        let mut state = wait_timeout(&self.departed, state, timeout);
        state.waiting_senders -= 1;
        state
    }

    fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let start = Instant::now();
        let mut state = self.lock();
        loop {
            match self.poll(&mut state) {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => {}
            }
            let left = timeout.checked_sub(start.elapsed()).filter(|left| !left.is_zero());
            let Some(left) = left else { return Err(RecvTimeoutError::Timeout) };
            state.waiting_receivers += 1;
            state = wait_timeout(&self.arrived, state, left);
            state.waiting_receivers -= 1;
        }
    }

    /// Wakes everyone: the channel has come to an end for one side.
    fn wake_all(&self, state: MutexGuard<'_, State<T>>) {
        if state.waiting_receivers > 0 {
            self.arrived.notify_all();
        }
        if state.waiting_senders > 0 {
            self.departed.notify_all();
        }
        let watchers = state.watchers.clone();
        drop(state);
        fire(&watchers);
    }

    fn close(&self) -> Result<(), CloseError> {
        let mut state = self.lock();
        if mem::replace(&mut state.closed, true) {
            return Err(CloseError);
        }
        self.wake_all(state);
        Ok(())
    }
}

/// The sending end of a channel. Clones send to the same channel.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Sends a message; blocks while the channel is full. On a rendezvous
    /// channel it returns only when a receiver has taken the message.
    ///
    /// # Errors
    /// The message comes back if the channel was closed or all its receivers
    /// are gone.
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.shared.send(message)
    }

    /// Sends a message if there is room at once.
    ///
    /// # Errors
    /// The message comes back, with the reason.
    ///
    /// # Panics
    /// On a rendezvous channel.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.shared.try_send(message)
    }

    /// Sends a message; blocks for that time at most. Neither loom nor shuttle
    /// knows time: there it does not compile.
    ///
    /// # Errors
    /// The message comes back, with the reason.
    ///
    /// # Panics
    /// On a rendezvous channel.
    #[track_caller]
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.shared.send_timeout(message, timeout)
    }

    /// Closes the channel: nothing more can be sent, and what was sent can
    /// still be received.
    ///
    /// # Errors
    /// If it was closed before.
    pub fn close(&self) -> Result<(), CloseError> {
        self.shared.close()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Sender { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let state = self.shared.lock();
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.wake_all(state);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender { .. }")
    }
}

/// The receiving end of a channel. Clones take from the same channel: each
/// message is received once.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Receiver<T> {
    /// Receives a message; blocks while the channel is empty.
    ///
    /// # Errors
    /// If the channel is empty, and was closed or all its senders are gone.
    pub fn recv(&self) -> Result<T, RecvError> {
        self.shared.recv()
    }

    /// Receives a message; blocks for that time at most. Neither loom nor
    /// shuttle knows time: there it does not compile.
    ///
    /// # Errors
    /// If there was no message: [`RecvTimeoutError::Timeout`] if one may come,
    /// [`RecvTimeoutError::Disconnected`] if none will.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.shared.recv_timeout(timeout)
    }

    /// Receives a message if there is one; on a rendezvous channel, if a
    /// sender waits.
    ///
    /// # Errors
    /// If there is no message: [`TryRecvError::Empty`] if one may come,
    /// [`TryRecvError::Disconnected`] if none will.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.shared.poll(&mut self.shared.lock())
    }

    /// Closes the channel: nothing more can be sent, and what was sent can
    /// still be received.
    ///
    /// # Errors
    /// If it was closed before.
    pub fn close(&self) -> Result<(), CloseError> {
        self.shared.close()
    }

    /// The messages, until the channel is empty and closed, or empty and all
    /// its senders are gone; blocks for each.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// The beginning of a selection, for the macro `select!`.
    #[doc(hidden)]
    pub fn selection<'a>(&self) -> Selection<'a> {
        Selection { cases: Vec::new() }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.receivers.fetch_add(1, Ordering::Relaxed);
        Receiver { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if self.shared.receivers.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let unread = if self.shared.is_rendezvous() {
            // They go back to their senders.
            VecDeque::new()
        } else {
            mem::take(&mut state.queue)
        };
        self.shared.wake_all(state);
        // Dropped without the lock: destructors may do anything.
        drop(unread);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver { .. }")
    }
}

/// The messages of a channel, see [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

/// The messages of a channel that has no other receiver, see
/// [`Receiver::iter`].
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}

/// Wakes a selection that waits for several channels.
struct Signal {
    fired: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    fn new() -> Self {
        Signal { fired: Mutex::new(false), changed: Condvar::new() }
    }

    fn wait(&self) {
        let mut fired = self.fired.lock().unwrap_or_else(PoisonError::into_inner);
        while !mem::replace(&mut *fired, false) {
            fired = self.changed.wait(fired).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn fire(watchers: &[Arc<Signal>]) {
    for watcher in watchers {
        *watcher.fired.lock().unwrap_or_else(PoisonError::into_inner) = true;
        watcher.changed.notify_all();
    }
}

/// One of the channels of a selection.
trait Case {
    /// Completes the case if it is ready. If it is not and there is a signal,
    /// has the signal fired as soon as it may be.
    fn attempt(&mut self, signal: Option<&Arc<Signal>>) -> bool;

    /// Takes the signal back.
    fn forget(&mut self, signal: &Arc<Signal>);
}

struct RecvCase<'a, T> {
    receiver: &'a Receiver<T>,
    slot: &'a mut Option<Result<T, RecvError>>,
}

impl<T> Case for RecvCase<'_, T> {
    fn attempt(&mut self, signal: Option<&Arc<Signal>>) -> bool {
        let shared = &self.receiver.shared;
        let mut state = shared.lock();
        *self.slot = match shared.poll(&mut state) {
            Ok(message) => Some(Ok(message)),
            Err(TryRecvError::Disconnected) => Some(Err(RecvError)),
            Err(TryRecvError::Empty) => None,
        };
        if let (None, Some(signal)) = (&self.slot, signal)
            && !state.watchers.iter().any(|known| Arc::ptr_eq(known, signal))
        {
            state.watchers.push(Arc::clone(signal));
        }
        self.slot.is_some()
    }

    fn forget(&mut self, signal: &Arc<Signal>) {
        let mut state = self.receiver.shared.lock();
        state.watchers.retain(|known| !Arc::ptr_eq(known, signal));
    }
}

/// A choice between channels, made by the macro `select!`.
#[doc(hidden)]
pub struct Selection<'a> {
    cases: Vec<Box<dyn Case + 'a>>,
}

impl<'a> Selection<'a> {
    /// Adds a channel; if it is chosen, `slot` is filled.
    pub fn recv<T: 'a>(
        &mut self,
        receiver: &'a Receiver<T>,
        slot: &'a mut Option<Result<T, RecvError>>,
    ) {
        self.cases.push(Box::new(RecvCase { receiver, slot }));
    }

    /// Completes one case that is ready: that has a message or is
    /// disconnected. If none is, returns false if there is a default and
    /// blocks otherwise.
    pub fn run(&mut self, has_default: bool) -> bool {
        let cases = self.cases.len();
        // Which case is tried first decides between several that are ready.
        let first = first_of(cases);
        let order = || (first..cases).chain(0..first);
        if has_default {
            return order().any(|case| self.cases[case].attempt(None));
        }
        let signal = Arc::new(Signal::new());
        let mut waited = false;
        let chosen = loop {
            if let Some(case) = order().find(|case| self.cases[*case].attempt(Some(&signal))) {
                break case;
            }
            waited = true;
            signal.wait();
        };
        for case in order() {
            // Only those tried before the chosen one know the signal, unless
            // all of them were tried in an earlier round.
            if case == chosen && !waited {
                break;
            }
            self.cases[case].forget(&signal);
        }
        true
    }
}

impl fmt::Debug for Selection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection").field("cases", &self.cases.len()).finish()
    }
}
