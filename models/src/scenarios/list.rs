//! A list that is locked by whatever the client wants.
//!
//! [`ArrayList`] takes its lock from the client: a mutex, a reader-writer
//! lock, a spin lock, anything that is a [`Lock`]. To append is to read the
//! length, store the element, and write the length. A lock that does nothing
//! lets two appends read the same length, and one element is lost.

use std::error::Error;
use std::fmt;

use selvedge::{invariant, note};

use super::common::{join_scoped, lock, spawn_scoped};
use super::rt::Named;
use super::rt::hint::spin_loop;
use super::rt::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use super::rt::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use super::rt::thread;

/// A lock as a list needs it: it protects nothing itself, but who holds its
/// guard is alone.
pub trait Lock: Send + Sync {
    /// Unlocks when it is dropped.
    type Guard<'a>
    where
        Self: 'a;

    /// A lock that nobody holds.
    fn new() -> Self;

    /// Waits until nobody holds the lock, and holds it.
    fn lock(&self) -> Self::Guard<'_>;
}

/// No lock at all.
pub struct Unlocked;

impl Lock for Unlocked {
    type Guard<'a> = ();

    fn new() -> Self {
        Unlocked
    }

    fn lock(&self) {}
}

/// A mutex.
pub struct MutexLock(Mutex<()>);

impl Lock for MutexLock {
    type Guard<'a> = MutexGuard<'a, ()>;

    fn new() -> Self {
        MutexLock(Mutex::new(()).named("mutex"))
    }

    #[track_caller]
    fn lock(&self) -> MutexGuard<'_, ()> {
        lock(&self.0)
    }
}

/// The writing side of a reader-writer lock.
pub struct WriteLock(RwLock<()>);

impl Lock for WriteLock {
    type Guard<'a> = RwLockWriteGuard<'a, ()>;

    fn new() -> Self {
        WriteLock(RwLock::new(()).named("rwlock"))
    }

    #[track_caller]
    fn lock(&self) -> RwLockWriteGuard<'_, ()> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock that waits by asking again and again.
pub struct SpinLock {
    locked: AtomicBool,
}

/// Holds a [`SpinLock`].
pub struct SpinGuard<'a>(&'a AtomicBool);

impl Lock for SpinLock {
    type Guard<'a> = SpinGuard<'a>;

    fn new() -> Self {
        SpinLock { locked: AtomicBool::new(false).named("spinlock") }
    }

    #[track_caller]
    fn lock(&self) -> SpinGuard<'_> {
        while self
            .locked
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            spin_loop();
        }
        SpinGuard(&self.locked)
    }
}

impl Drop for SpinGuard<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A list of a fixed capacity, with the client's lock.
///
/// Length and elements are atomics: without a lock they are a race condition
/// and no data race, and the same on every engine.
pub struct ArrayList<L> {
    lock: L,
    length: AtomicUsize,
    elements: Vec<AtomicUsize>,
}

/// Makes an [`ArrayList`].
pub struct Builder<L> {
    lock: Option<L>,
    capacity: usize,
}

/// A list was to be built without a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLock;

impl fmt::Display for NoLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list has no lock: give it one with `Builder::lock`")
    }
}

impl Error for NoLock {}

impl<L: Lock> Builder<L> {
    /// The lock of the list; it must have one.
    pub fn lock(mut self, lock: L) -> Self {
        self.lock = Some(lock);
        self
    }

    /// How many elements there can be; none if not stated.
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// The list, empty.
    pub fn build(self) -> Result<ArrayList<L>, NoLock> {
        Ok(ArrayList {
            lock: self.lock.ok_or(NoLock)?,
            length: AtomicUsize::new(0).named("length"),
            elements: (0..self.capacity).map(|_| AtomicUsize::new(0).named("element")).collect(),
        })
    }
}

impl<L: Lock> ArrayList<L> {
    /// A list is made in steps, because it needs a lock.
    pub fn builder() -> Builder<L> {
        Builder { lock: None, capacity: 0 }
    }

    /// Puts `value` after the last element.
    ///
    /// # Panics
    ///
    /// If the list is full.
    pub fn append(&self, value: usize) {
        let _guard = self.lock.lock();
        let length = self.length.load(Ordering::SeqCst);
        note!("append {value} at {length}");
        self.elements[length].store(value, Ordering::SeqCst);
        self.length.store(length + 1, Ordering::SeqCst);
    }

    /// The number of elements.
    pub fn length(&self) -> usize {
        let _guard = self.lock.lock();
        self.length.load(Ordering::SeqCst)
    }
}

/// `threads` threads append `appends` elements each. Returns the length at
/// the end.
pub fn append_all<L: Lock>(threads: usize, appends: usize) -> usize {
    let expected = threads * appends;
    let list = match ArrayList::builder().lock(L::new()).capacity(expected).build() {
        Ok(list) => list,
        Err(error) => panic!("{error}"),
    };
    thread::scope(|scope| {
        let list = &list;
        let appenders: Vec<_> = (0..threads)
            .map(|thread| {
                spawn_scoped(scope, format!("appender {}", thread + 1), move || {
                    for i in 0..appends {
                        list.append(thread * appends + i);
                    }
                })
            })
            .collect();
        appenders.into_iter().for_each(|thread| join_scoped(thread));
    });
    let length = list.length();
    invariant!(
        "no append is lost",
        length == expected,
        "{expected} elements were appended, the length is {length}"
    );
    length
}

/// Builds a list and forgets the lock. Returns the error.
pub fn without_lock() -> Option<NoLock> {
    let refused = ArrayList::<MutexLock>::builder().capacity(1).build().err();
    invariant!("a list without a lock is refused", refused.is_some());
    refused
}

scenarios! {
    /// Two threads append, and the lock does nothing.
    /// Both read the length 0, both store their element there, both write 1:
    /// one element overwrites the other.
    "list/unlocked"
        breaks [invariant "no append is lost"]
        fixed_by [
            "list/mutex", "list/mutex-2x2", "list/mutex-3x1", "list/mutex-3x2", "list/mutex-4x100",
            "list/rwlock", "list/rwlock-2x2", "list/rwlock-3x1", "list/rwlock-3x2",
            "list/spinlock", "list/spinlock-2x2", "list/spinlock-3x1", "list/spinlock-3x2",
            "list/no-lock"
        ]
        => || { append_all::<Unlocked>(2, 1); };

    /// Who forgets the lock gets an error that says so,
    /// before any thread can use the list.
    /// A list without protection must be asked for by name.
    "list/no-lock" holds
        => || { without_lock(); };

    /// The client's lock is a mutex.
    /// It is held for the whole append:
    /// the length that was read is still the length when it is written.
    "list/mutex" holds
        => || { append_all::<MutexLock>(2, 1); };

    /// As list/mutex:
    /// two threads append two elements each,
    /// in turns or one after the other.
    "list/mutex-2x2" holds
        => || { append_all::<MutexLock>(2, 2); };

    /// As list/mutex:
    /// three threads append one element each,
    /// in any of six orders.
    "list/mutex-3x1" holds
        => || { append_all::<MutexLock>(3, 1); };

    /// As list/mutex:
    /// three threads append two elements each,
    /// in any of ninety orders.
    "list/mutex-3x2" holds
        => || { append_all::<MutexLock>(3, 2); };

    /// As list/mutex, in the size of the chapter:
    /// four threads append a hundred elements each.
    /// Too many orders to see all of them, so some are drawn at random.
    "list/mutex-4x100" holds sampled 1000
        => || { append_all::<MutexLock>(4, 100); };

    /// The client's lock is a reader-writer lock.
    /// To append is to write, so a list takes the writing side,
    /// which excludes everybody else just as a mutex does.
    "list/rwlock" holds
        => || { append_all::<WriteLock>(2, 1); };

    /// As list/rwlock:
    /// two threads append two elements each,
    /// in turns or one after the other.
    "list/rwlock-2x2" holds
        => || { append_all::<WriteLock>(2, 2); };

    /// As list/rwlock:
    /// three threads append one element each,
    /// in any of six orders.
    "list/rwlock-3x1" holds
        => || { append_all::<WriteLock>(3, 1); };

    /// As list/rwlock:
    /// three threads append two elements each,
    /// in any of ninety orders.
    "list/rwlock-3x2" holds
        => || { append_all::<WriteLock>(3, 2); };

    /// The client's lock is made of one atomic flag.
    /// Who finds it set asks again until it isn't; to find it free and to set it are one step.
    /// Acquire and release hand the list over from one holder to the next.
    "list/spinlock" holds
        => || { append_all::<SpinLock>(2, 1); };

    /// As list/spinlock:
    /// two threads append two elements each,
    /// in turns or one after the other.
    "list/spinlock-2x2" holds
        => || { append_all::<SpinLock>(2, 2); };

    /// As list/spinlock:
    /// three threads append one element each,
    /// and two of them may spin at the same time.
    "list/spinlock-3x1" holds
        => || { append_all::<SpinLock>(3, 1); };

    /// As list/spinlock:
    /// three threads append two elements each,
    /// and two of them may spin for each append.
    "list/spinlock-3x2" holds
        => || { append_all::<SpinLock>(3, 2); };
}
