//! A map that computes what it doesn't have.
//!
//! The exercise of the concurrent map: a value that is dear to compute is
//! computed once and kept. A map of which each method is safe does not make a
//! safe method of two.

use std::collections::BTreeMap;

use selvedge::{invariant, note};

use super::common::{join, lock, spawn};
use super::rt::Named;
use super::rt::sync::{Arc, Mutex};

/// What was asked for, and whether it was computed for this call.
struct Found {
    value: u64,
    computed: bool,
}

/// A concurrent map: each method locks once.
struct ConcurrentMap(Mutex<BTreeMap<u64, u64>>);

impl ConcurrentMap {
    fn new() -> Self {
        ConcurrentMap(Mutex::new(BTreeMap::new()).named("map"))
    }

    fn get(&self, key: u64) -> Option<u64> {
        let map = lock(&self.0);
        let value = map.get(&key).copied();
        match value {
            Some(value) => note!("get {key}: {value}"),
            None => note!("get {key}: not there"),
        }
        value
    }

    fn insert(&self, key: u64, value: u64) {
        let mut map = lock(&self.0);
        note!("insert {key}: {value}");
        map.insert(key, value);
    }

    /// The value of `key`, which is computed if it isn't there, under the lock.
    fn entry(&self, key: u64) -> Found {
        let mut computed = false;
        let value = *lock(&self.0).entry(key).or_insert_with(|| {
            computed = true;
            compute(key)
        });
        Found { value, computed }
    }
}

/// Takes long, in real life.
fn compute(key: u64) -> u64 {
    let value = key * key;
    note!("compute {key}: {value}");
    value
}

/// All threads ask for the same key; returns how often it was computed.
fn ask(threads: usize, find: fn(&ConcurrentMap, u64) -> Found) -> usize {
    const KEY: u64 = 7;
    let map = Arc::new(ConcurrentMap::new());
    let threads: Vec<_> = (1..=threads)
        .map(|number| {
            let map = Arc::clone(&map);
            spawn(format!("reader {number}"), move || find(&map, KEY))
        })
        .collect();
    let found: Vec<_> = threads.into_iter().map(|thread| join(thread)).collect();
    let computed = found.iter().filter(|found| found.computed).count();
    invariant!("computed once", computed == 1, "the value was computed {computed} times");
    invariant!("all get the value", found.iter().all(|found| found.value == KEY * KEY));
    computed
}

/// Looks whether the value is there, computes it, inserts it. Returns how
/// often it was computed.
pub fn check_then_insert(threads: usize) -> usize {
    ask(threads, |map, key| {
        if let Some(value) = map.get(key) {
            return Found { value, computed: false };
        }
        let value = compute(key);
        map.insert(key, value);
        Found { value, computed: true }
    })
}

/// Looks, computes and inserts under one lock. Returns how often the value was
/// computed.
pub fn entry(threads: usize) -> usize {
    ask(threads, ConcurrentMap::entry)
}

scenarios! {
    /// Two threads look for a value, compute it, and insert it.
    /// `get` and `insert` are safe, one by one.
    /// Both threads may look before either has inserted, and both compute.
    "map/check-then-insert"
        breaks [invariant "computed once"]
        fixed_by ["map/entry"]
        => || { check_then_insert(2); };

    /// `entry` looks, computes and inserts under one lock.
    /// The second thread waits and finds the value.
    /// The price: while one value is computed, nobody gets any other.
    "map/entry" holds
        => || { entry(2); };

    /// As map/entry,
    /// with three threads:
    /// one computes, two wait and find the value.
    "map/entry-3" holds
        => || { entry(3); };
}
