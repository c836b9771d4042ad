//! Spot the race: which kind is it?
//!
//! Two threads add one to a counter; this file has three versions of it. With
//! plain memory it is a data race, a mistake about memory: the program means
//! nothing at all. With an atomic that is loaded and then stored it is a race
//! condition, a mistake about order: each access is fine by itself, and the sum
//! may be wrong. A lock around both steps mends the one and the other.

use selvedge::{invariant, note};

use super::common::{Plain, join, lock, spawn};
use super::rt::Named;
use super::rt::sync::atomic::{AtomicU64, Ordering};
use super::rt::sync::{Arc, Mutex};

/// Adds one from each of two threads.
fn add_twice<C: Send + Sync + 'static>(counter: C, add: fn(&C)) -> Arc<C> {
    let counter = Arc::new(counter);
    let adders = ["adder 1", "adder 2"].map(|name| {
        let counter = Arc::clone(&counter);
        spawn(name, move || add(&counter))
    });
    adders.into_iter().for_each(|adder| join(adder));
    counter
}

fn add_plainly(counter: &Plain<u64>) {
    let value = counter.get();
    counter.set(value + 1);
    note!("counter = {}", value + 1);
}

/// A plain counter, and nothing that orders the threads.
///
/// The sum is not looked at: after a data race it means nothing.
pub fn data_race() {
    // SAFETY: wrong, deliberately. Nothing orders the two threads, and this is
    // the data race that the scenario is about.
    let counter = unsafe { Plain::new(0, "counter") };
    add_twice(counter, add_plainly);
}

/// An atomic counter, read and written in two steps. Returns the sum.
pub fn race_condition() -> u64 {
    let counter = add_twice(AtomicU64::new(0).named("counter"), |counter| {
        let value = counter.load(Ordering::SeqCst);
        counter.store(value + 1, Ordering::SeqCst);
        note!("counter = {}", value + 1);
    });
    check(counter.load(Ordering::SeqCst))
}

struct Locked {
    lock: Mutex<()>,
    counter: Plain<u64>,
}

/// A plain counter, and a lock that is held for both steps. Returns the sum.
pub fn locked() -> u64 {
    let counter = Locked {
        lock: Mutex::new(()).named("lock"),
        // SAFETY: every access below is made by who holds `lock`.
        counter: unsafe { Plain::new(0, "counter") },
    };
    let locked = add_twice(counter, |locked| {
        let _guard = lock(&locked.lock);
        add_plainly(&locked.counter);
    });
    let _guard = lock(&locked.lock);
    check(locked.counter.get())
}

fn check(sum: u64) -> u64 {
    invariant!("no addition is lost", sum == 2, "two additions make {sum}");
    sum
}

scenarios! {
    /// Two threads read and write a plain variable.
    /// A read and a write, or two writes, that nothing orders are a data race.
    /// It is one in every execution, also where the sum would be right.
    "spot/data-race"
        breaks [data_race]
        fixed_by ["spot/locked"]
        => || data_race();

    /// Two threads load an atomic and store one more.
    /// Each access is atomic, so there is no data race and no detector reports one.
    /// Both may load 0, and then one addition is lost: a race condition.
    "spot/race-condition"
        breaks [invariant "no addition is lost"]
        fixed_by ["spot/locked"]
        => || { race_condition(); };

    /// The same steps, under a lock that is held for both.
    /// The lock orders the accesses, so the plain variable is no data race;
    /// it keeps the steps together, so there is no race condition.
    "spot/locked" holds
        => || { locked(); };
}
