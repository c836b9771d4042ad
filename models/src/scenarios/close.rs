//! A worker is closed more than once.
//!
//! `Worker::close` frees a resource. Callers want to call it as often as they
//! like, from as many threads as they like: only the first call may free.
//! A flag that says "closed already" is the obvious way. It is right only if
//! one step both reads and sets it.

use selvedge::{invariant, note, select};

use super::common::{Plain, join_scoped, lock, spawn_scoped};
use super::rt::Named;
use super::rt::channel::{Receiver, Sender, bounded};
use super::rt::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use super::rt::sync::{Mutex, Once};
use super::rt::thread;

/// What a worker frees; it counts how often.
struct Resource {
    frees: AtomicUsize,
}

impl Resource {
    fn new() -> Self {
        Resource { frees: AtomicUsize::new(0).named("resource") }
    }

    fn free(&self) {
        let frees = self.frees.fetch_add(1, Ordering::SeqCst) + 1;
        note!("free");
        invariant!("free called once", frees <= 1, "free was called {frees} times");
    }
}

/// A worker that can be closed.
trait Worker: Sync {
    fn close(&self);
}

/// Closes the worker from that many threads and waits for them.
fn close_from(closers: usize, worker: impl Worker) {
    let worker = &worker;
    thread::scope(|scope| {
        let closers: Vec<_> = (1..=closers)
            .map(|number| spawn_scoped(scope, format!("closer {number}"), || worker.close()))
            .collect();
        closers.into_iter().for_each(|thread| join_scoped(thread));
    });
}

struct Unguarded {
    resource: Resource,
}

impl Worker for Unguarded {
    fn close(&self) {
        self.resource.free();
    }
}

/// One thread closes a worker that does not ask whether it is closed.
pub fn unguarded(calls: usize) {
    let worker = Unguarded { resource: Resource::new() };
    for _ in 0..calls {
        worker.close();
    }
}

struct Flag {
    closed: AtomicBool,
    resource: Resource,
}

impl Worker for Flag {
    fn close(&self) {
        if self.closed.load(Ordering::SeqCst) {
            note!("closed already");
            return;
        }
        self.resource.free();
        self.closed.store(true, Ordering::SeqCst);
    }
}

/// An atomic flag, read in one step and set in another one.
pub fn flag(closers: usize) {
    close_from(
        closers,
        Flag { closed: AtomicBool::new(false).named("closed"), resource: Resource::new() },
    );
}

struct PlainFlag {
    closed: Plain<bool>,
}

impl Worker for PlainFlag {
    fn close(&self) {
        if self.closed.get() {
            note!("closed already");
            return;
        }
        note!("free");
        self.closed.set(true);
    }
}

/// A flag that is not even atomic.
///
/// The calls of `free` are not counted: the flag is a data race by itself,
/// whatever follows from it.
pub fn plain_flag(closers: usize) {
    // SAFETY: wrong, deliberately. Nothing orders the closers, and this is the
    // data race that the scenario is about.
    let closed = unsafe { Plain::new(false, "closed") };
    close_from(closers, PlainFlag { closed });
}

/// A channel that carries nothing: that it is closed is the message.
struct Signal {
    sender: Sender<()>,
    receiver: Receiver<()>,
}

impl Signal {
    fn new() -> Self {
        let (sender, receiver) = bounded(1);
        Signal { sender: sender.named("closed"), receiver }
    }
}

struct Select {
    closed: Signal,
    resource: Resource,
}

impl Worker for Select {
    fn close(&self) {
        select! {
            recv(self.closed.receiver) -> _ => note!("closed already"),
            default => {
                self.resource.free();
                // Whether it was closed is another scenario's question.
                let _ = self.closed.sender.close();
            }
        }
    }
}

/// A channel as the flag: `select!` asks whether it is closed.
pub fn channel_select(closers: usize) {
    close_from(closers, Select { closed: Signal::new(), resource: Resource::new() });
}

struct SelectWithoutFree {
    closed: Signal,
}

impl Worker for SelectWithoutFree {
    fn close(&self) {
        select! {
            recv(self.closed.receiver) -> _ => note!("closed already"),
            default => {
                let first = self.closed.sender.close().is_ok();
                note!("close the channel");
                invariant!("channel closed once", first, "the channel was closed before");
            }
        }
    }
}

/// As [`channel_select`], with nothing to free.
pub fn channel_select_without_free(closers: usize) {
    close_from(closers, SelectWithoutFree { closed: Signal::new() });
}

struct Locked {
    closed: Mutex<bool>,
    resource: Resource,
}

impl Worker for Locked {
    fn close(&self) {
        let mut closed = lock(&self.closed);
        if *closed {
            note!("closed already");
            return;
        }
        self.resource.free();
        *closed = true;
    }
}

/// A flag under a mutex, which is held until the flag is set.
pub fn mutex(closers: usize) {
    close_from(
        closers,
        Locked { closed: Mutex::new(false).named("closed"), resource: Resource::new() },
    );
}

struct CalledOnce {
    once: Once,
    resource: Resource,
}

impl Worker for CalledOnce {
    fn close(&self) {
        self.once.call_once(|| self.resource.free());
    }
}

/// A `Once`.
pub fn once(closers: usize) {
    close_from(closers, CalledOnce { once: Once::new().named("once"), resource: Resource::new() });
}

struct Swapped {
    closed: AtomicBool,
    resource: Resource,
}

impl Worker for Swapped {
    fn close(&self) {
        if self.closed.swap(true, Ordering::SeqCst) {
            note!("closed already");
            return;
        }
        self.resource.free();
    }
}

/// An atomic flag, read and set in one step.
pub fn swap(closers: usize) {
    close_from(
        closers,
        Swapped { closed: AtomicBool::new(false).named("closed"), resource: Resource::new() },
    );
}

scenarios! {
    /// `close` frees the resource and asks nothing.
    /// One thread calls it twice: no second thread is needed,
    /// and every execution fails.
    "close/unguarded"
        breaks [invariant "free called once"]
        fixed_by ["close/mutex", "close/once", "close/swap"]
        => || unguarded(2);

    /// An atomic flag is checked, the resource freed, then the flag set.
    /// For one thread that is enough.
    /// Two threads may both check before either has set.
    "close/flag"
        breaks [invariant "free called once"]
        fixed_by [
            "close/mutex", "close/mutex-3", "close/once", "close/once-3",
            "close/swap", "close/swap-3"
        ]
        => || flag(2);

    /// The same with a plain `bool`.
    /// One thread reads it and another one writes it, and nothing orders the two:
    /// a data race, whichever of them comes first.
    "close/plain-flag"
        breaks [data_race]
        fixed_by ["close/mutex", "close/once", "close/swap"]
        => || plain_flag(2);

    /// A channel is the flag: closed means closed.
    /// A channel is safe to share, but to ask it and to close it are two steps.
    /// Two threads may both take the default branch, and both free.
    "close/select"
        breaks [invariant "free called once"]
        fixed_by ["close/mutex", "close/once", "close/swap"]
        => || channel_select(2);

    /// Nothing is freed, only the channel closed; it looks safe.
    /// Two threads may both find it open,
    /// and the second one closes a closed channel.
    "close/select-without-free"
        breaks [invariant "channel closed once"]
        fixed_by ["close/mutex", "close/once", "close/swap"]
        => || channel_select_without_free(2);

    /// The flag is under a mutex.
    /// It is held from the check until the flag is set,
    /// so the second closer waits and then finds the flag set.
    "close/mutex" holds
        => || mutex(2);

    /// As close/mutex,
    /// with three closers:
    /// one frees, two find the flag set.
    "close/mutex-3" holds
        => || mutex(3);

    /// `Once` runs its closure once,
    /// whoever calls, and however often.
    /// A caller who comes meanwhile waits until it has run.
    "close/once" holds
        => || once(2);

    /// As close/once,
    /// with three closers:
    /// two of them may have to wait.
    "close/once-3" holds
        => || once(3);

    /// The flag is set and its old value read in one step.
    /// Exactly one closer gets `false`, and that one frees.
    /// The others return at once, perhaps before the resource is free.
    "close/swap" holds
        => || swap(2);

    /// As close/swap,
    /// with three closers:
    /// one gets `false`, two get `true`.
    "close/swap-3" holds
        => || swap(3);
}
