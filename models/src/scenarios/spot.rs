//! Spot the race: which kind is it?
//!
//! Threads add one to a counter each; this file has three versions of it. With
//! plain memory it is a data race, a mistake about memory: the program means
//! nothing at all. With an atomic that is loaded and then stored it is a race
//! condition, a mistake about order: each access is fine by itself, and the sum
//! may be wrong. A lock around both steps mends the one and the other.

use selvedge::{invariant, note};

use super::common::{Plain, join, lock, spawn};
use super::rt::Named;
use super::rt::sync::atomic::{AtomicU64, Ordering};
use super::rt::sync::{Arc, Mutex};

/// Adds one from each of the threads.
fn add_all<C: Send + Sync + 'static>(adders: usize, counter: C, add: fn(&C)) -> Arc<C> {
    let counter = Arc::new(counter);
    let adders: Vec<_> = (1..=adders)
        .map(|number| {
            let counter = Arc::clone(&counter);
            spawn(format!("adder {number}"), move || add(&counter))
        })
        .collect();
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
pub fn data_race(adders: usize) {
    // SAFETY: wrong, deliberately. Nothing orders the threads, and this is
    // the data race that the scenario is about.
    let counter = unsafe { Plain::new(0, "counter") };
    add_all(adders, counter, add_plainly);
}

/// An atomic counter, read and written in two steps. Returns the sum.
pub fn race_condition(adders: usize) -> u64 {
    let counter = add_all(adders, AtomicU64::new(0).named("counter"), |counter| {
        let value = counter.load(Ordering::SeqCst);
        counter.store(value + 1, Ordering::SeqCst);
        note!("counter = {}", value + 1);
    });
    check(adders, counter.load(Ordering::SeqCst))
}

struct Locked {
    lock: Mutex<()>,
    counter: Plain<u64>,
}

/// A plain counter, and a lock that is held for both steps. Returns the sum.
pub fn locked(adders: usize) -> u64 {
    let counter = Locked {
        lock: Mutex::new(()).named("lock"),
        // SAFETY: every access below is made by who holds `lock`.
        counter: unsafe { Plain::new(0, "counter") },
    };
    let locked = add_all(adders, counter, |locked| {
        let _guard = lock(&locked.lock);
        add_plainly(&locked.counter);
    });
    let _guard = lock(&locked.lock);
    check(adders, locked.counter.get())
}

fn check(adders: usize, sum: u64) -> u64 {
    invariant!("no addition is lost", sum == adders as u64, "{adders} additions make {sum}");
    sum
}

scenarios! {
    /// Two threads read and write a plain variable.
    /// A read and a write, or two writes, that nothing orders are a data race.
    /// It is one in every execution, also where the sum would be right.
    "spot/data-race"
        breaks [data_race]
        fixed_by ["spot/locked"]
        => || data_race(2);

    /// Two threads load an atomic and store one more.
    /// Each access is atomic, so there is no data race and no detector reports one.
    /// Both may load 0, and then one addition is lost: a race condition.
    "spot/race-condition"
        breaks [invariant "no addition is lost"]
        fixed_by ["spot/locked"]
        => || { race_condition(2); };

    /// The same steps, under a lock that is held for both.
    /// The lock orders the accesses, so the plain variable is no data race;
    /// it keeps the steps together, so there is no race condition.
    "spot/locked" holds
        => || { locked(2); };

    /// As spot/locked,
    /// with three threads:
    /// each waits for those that hold the lock before it.
    "spot/locked-3" holds
        => || { locked(3); };
}
