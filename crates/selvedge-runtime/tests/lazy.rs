//! `Once`, `OnceLock` and `LazyLock`: who initialises, who waits, and that each
//! execution begins with fresh ones.

mod common;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex as RealMutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering as RealOrdering};

use common::{failure, outcomes, run, search};
use selvedge_core::explore::{Exhaustive, Random};
use selvedge_core::failure::FailureKind;
use selvedge_runtime::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge_runtime::sync::{LazyLock, Mutex, Once, OnceLock};
use selvedge_runtime::thread;

#[test]
fn a_static_lazy_lock_is_made_anew_in_each_execution() {
    static MADE: AtomicU64 = AtomicU64::new(0);
    static LOG: LazyLock<Mutex<Vec<u32>>> = LazyLock::new(|| {
        MADE.fetch_add(1, RealOrdering::Relaxed);
        Mutex::new(Vec::new())
    });
    let report = run(&mut Exhaustive::new(), || {
        thread::scope(|s| {
            for n in 0..2 {
                s.spawn(move || LOG.lock().unwrap().push(n));
            }
        });
        let mut log = LOG.lock().unwrap().clone();
        log.sort_unstable();
        assert_eq!(log, [0, 1]);
    });
    assert!(report.exhausted() && report.failures().is_empty(), "{report:?}");
    // Who makes it, and who locks it first: the maker has not locked it yet.
    assert_eq!(report.executions(), 4);
    assert_eq!(MADE.load(RealOrdering::Relaxed), 4);
}

#[test]
fn one_thread_makes_the_value_and_the_others_wait() {
    let seen = outcomes(|| {
        let calls = AtomicU32::new(0);
        let lazy = LazyLock::new(|| calls.fetch_add(1, SeqCst));
        thread::scope(|s| {
            let other = s.spawn(|| *lazy);
            (*lazy, other.join().unwrap(), calls.load(SeqCst))
        })
    });
    assert_eq!(seen, BTreeSet::from([(0, 0, 1)]));
}

#[test]
fn a_closure_that_can_be_called_once_makes_a_value_once() {
    let seen = outcomes(|| {
        let name = "lazy".to_owned();
        let lazy = LazyLock::new(move || name.into_bytes().len());
        (LazyLock::get(&lazy).copied(), *lazy, LazyLock::get(&lazy).copied())
    });
    assert_eq!(seen, BTreeSet::from([(None, 4, Some(4))]));

    let owned = String::from("lazy");
    let lazy = LazyLock::new(move || owned);
    let body = move || assert_eq!(lazy.len(), 4);
    let fault = run(&mut Random::new(1), body).failures()[0].fault.clone();
    assert_eq!(fault.kind, FailureKind::Nondeterminism);
    assert!(fault.message.contains("can be called only once"), "{fault:?}");
}

#[test]
fn a_panic_poisons_a_lazy_lock_but_not_a_once_lock() {
    let seen = outcomes(|| {
        let lazy: LazyLock<u32> = LazyLock::new(|| panic!("on purpose"));
        let caught =
            || catch_unwind(AssertUnwindSafe(|| *lazy)).map_err(|e| *e.downcast().unwrap());
        let messages: [Result<u32, &'static str>; 2] = [caught(), caught()];
        let cell = OnceLock::new();
        let caught = catch_unwind(AssertUnwindSafe(|| *cell.get_or_init(|| panic!("on purpose"))));
        (messages, caught.is_err(), *cell.get_or_init(|| 5))
    });
    let poisoned = "LazyLock instance has previously been poisoned";
    let messages = [Err("on purpose"), Err(poisoned)];
    assert_eq!(seen, BTreeSet::from([(messages, true, 5)]));
}

#[test]
fn a_static_once_lock_is_empty_in_each_execution() {
    static CELL: OnceLock<u32> = OnceLock::new();
    let seen = outcomes(|| {
        let before = CELL.get().copied();
        let other = thread::spawn(|| *CELL.get_or_init(|| 1));
        let mine = *CELL.get_or_init(|| 2);
        assert_eq!(other.join().unwrap(), mine);
        (before, mine)
    });
    assert_eq!(seen, BTreeSet::from([(None, 1), (None, 2)]));
    assert_eq!(CELL.get(), None, "code outside has a value of its own");
}

#[test]
fn what_was_set_outside_is_there_inside() {
    static CELL: OnceLock<u32> = OnceLock::new();
    CELL.set(5).unwrap();
    assert_eq!(outcomes(|| (CELL.get(), CELL.set(6))), BTreeSet::from([(Some(&5), Err(6))]));
    static LAZY: LazyLock<Mutex<u32>> = LazyLock::new(Mutex::default);
    *LAZY.lock().unwrap() = 5;
    // What code outside has made is not what an exploration begins with.
    assert_eq!(outcomes(|| *LAZY.lock().unwrap()), BTreeSet::from([0]));
    assert_eq!(*LAZY.lock().unwrap(), 5);
}

/// A reference to what a static holds may be kept for ever.
#[test]
fn values_of_executions_that_are_over_stay() {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static LAZY: LazyLock<String> =
        LazyLock::new(|| NEXT.fetch_add(1, RealOrdering::Relaxed).to_string());
    static KEPT: RealMutex<Vec<&'static String>> = RealMutex::new(Vec::new());
    let report = run(&mut Exhaustive::new(), || {
        let value: &'static String = &LAZY;
        KEPT.lock().unwrap().push(value);
        let numbers = [(); 3].map(|()| AtomicU32::new(0));
        thread::scope(|s| {
            s.spawn(|| numbers.iter().for_each(|n| n.store(1, SeqCst)));
            numbers.iter().for_each(|n| n.store(2, SeqCst));
        });
    });
    let kept = KEPT.lock().unwrap();
    assert_eq!((report.executions(), kept.len()), (8, 8));
    let expected: Vec<String> = (0..kept.len()).map(|n| n.to_string()).collect();
    assert!(kept.iter().copied().eq(&expected));
}

#[test]
fn explorations_that_share_a_lazy_lock_have_values_of_their_own() {
    static LAZY: LazyLock<AtomicU32> = LazyLock::new(AtomicU32::default);
    let explore = || {
        let seen = outcomes(|| {
            let other = thread::spawn(|| LAZY.fetch_add(1, SeqCst));
            let mine = LAZY.fetch_add(1, SeqCst);
            (mine, other.join().unwrap())
        });
        assert_eq!(seen, BTreeSet::from([(0, 1), (1, 0)]));
    };
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(explore);
        }
    });
}

fn set_once(looks_first: bool) {
    let cell = OnceLock::new();
    thread::scope(|s| {
        for n in 0..2 {
            let cell = &cell;
            s.spawn(move || {
                if looks_first {
                    if cell.get().is_none() {
                        cell.set(n).expect("it was empty");
                    }
                } else {
                    cell.get_or_init(|| n);
                }
            });
        }
    });
    assert!(cell.get().is_some());
}

#[test]
fn to_look_and_then_set_is_a_race() {
    let fault = failure(|| set_once(true));
    assert!(fault.message.contains("it was empty"), "{fault:?}");
    assert!(search(|| set_once(false)).failures().is_empty());
}

#[test]
fn who_waits_sees_the_value() {
    let seen = outcomes(|| {
        let cell = OnceLock::new();
        thread::scope(|s| {
            let waits = s.spawn(|| *cell.wait());
            cell.set(5).unwrap();
            waits.join().unwrap()
        })
    });
    assert_eq!(seen, BTreeSet::from([5]));
}

#[test]
fn who_waits_for_nobody_waits_for_ever() {
    let fault = failure(|| {
        OnceLock::<u32>::new().wait();
    });
    assert_eq!(fault.kind, FailureKind::Deadlock);
    let details = format!("{:?}", fault.details);
    assert!(details.contains("once#1, which nobody runs"), "{details}");
}

#[test]
fn wait_panics_if_the_closure_has_and_wait_force_does_not() {
    let seen = outcomes(|| {
        let once = Once::new();
        thread::scope(|s| {
            let waits = s.spawn(|| catch_unwind(AssertUnwindSafe(|| once.wait())).is_ok());
            let insists = s.spawn(|| once.wait_force());
            assert!(catch_unwind(AssertUnwindSafe(|| once.call_once(|| panic!()))).is_err());
            let mut was_poisoned = false;
            once.call_once_force(|state| was_poisoned = state.is_poisoned());
            assert!(was_poisoned && once.is_completed());
            insists.join().unwrap();
            waits.join().unwrap()
        })
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

/// Counts those of its kind that are alive.
struct Alive(std::sync::Arc<AtomicI64>);

impl Alive {
    fn new(count: &std::sync::Arc<AtomicI64>) -> Self {
        count.fetch_add(1, RealOrdering::Relaxed);
        Alive(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, RealOrdering::Relaxed);
    }
}

#[test]
fn executions_that_fail_leave_no_value_behind() {
    let alive = std::sync::Arc::new(AtomicI64::new(0));
    let count = alive.clone();
    let report = search(move || {
        let (cell, lazy) = (OnceLock::new(), LazyLock::new(|| Alive::new(&count)));
        thread::scope(|s| {
            s.spawn(|| {
                LazyLock::force(&lazy);
                assert!(cell.set(Alive::new(&count)).is_ok(), "on purpose");
            });
            cell.get_or_init(|| {
                LazyLock::force(&lazy);
                Alive::new(&count)
            });
        });
    });
    assert!(report.failing > 0);
    assert_eq!(alive.load(RealOrdering::Relaxed), 0);
}

/// Uses a lazy value in its destructor.
struct Late<'a>(&'a LazyLock<u32, fn() -> u32>, &'a AtomicU64);

impl Drop for Late<'_> {
    fn drop(&mut self) {
        assert_eq!(**self.0, 7);
        self.1.fetch_add(1, RealOrdering::Relaxed);
    }
}

#[test]
fn a_destructor_finishes_what_an_unwound_thread_began() {
    static DROPPED: AtomicU64 = AtomicU64::new(0);
    fn slow() -> u32 {
        thread::yield_now();
        7
    }
    let report = run(&mut Exhaustive::new(), || {
        let lazy: LazyLock<u32, fn() -> u32> = LazyLock::new(slow);
        thread::scope(|s| {
            s.spawn(|| {
                let _late = Late(&lazy, &DROPPED);
                thread::park();
            });
            s.spawn(|| LazyLock::force(&lazy));
            thread::yield_now();
            panic!("on purpose");
        });
    });
    assert!(report.failing > 0);
    assert!(DROPPED.load(RealOrdering::Relaxed) >= report.failing);
}

#[test]
fn outside_an_exploration_they_are_stds() {
    let mut cell = OnceLock::from(5);
    assert_eq!((*cell.wait(), cell.get_mut().copied(), cell.clone() == cell), (5, Some(5), true));
    assert_eq!((cell.take(), cell.get().copied(), cell.set(6)), (Some(5), None, Ok(())));
    assert_eq!(cell.into_inner(), Some(6));
    let mut lazy = LazyLock::new(|| 5);
    assert_eq!(LazyLock::get_mut(&mut lazy), None);
    assert_eq!(*LazyLock::force_mut(&mut lazy), 5);
    assert_eq!(*LazyLock::<u32>::default(), 0);
    let once = Once::new();
    once.call_once(|| ());
    once.wait();
    once.wait_force();
}
