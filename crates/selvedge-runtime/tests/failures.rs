//! How programs fail on the native engine, and the nearest ones that do not.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{failure, outcomes, run, search};
use selvedge_core::explore::{Exhaustive, Limits, Random, explore};
use selvedge_core::failure::FailureKind;
use selvedge_core::report::{Engine, Report};
use selvedge_runtime::cell::UnsafeCell;
use selvedge_runtime::channel::unbounded;
use selvedge_runtime::sync::Mutex;
use selvedge_runtime::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};
use selvedge_runtime::{Named, Native, hint, thread};

const SC: Ordering = Ordering::SeqCst;

#[test]
fn deadlock_names_who_holds_what() {
    let fault = failure(|| {
        let locks = Arc::new((Mutex::new(0).named("left"), Mutex::new(0).named("right")));
        let other = locks.clone();
        let t = thread::spawn(move || {
            let _right = other.1.lock();
            let _left = other.0.lock();
        });
        {
            let _left = locks.0.lock();
            let _right = locks.1.lock();
        }
        t.join().unwrap();
    });
    assert_eq!(fault.kind, FailureKind::Deadlock);
    let details: Vec<_> = fault.details.iter().map(|d| d.text.as_str()).collect();
    assert!(details[0].starts_with("main waits to lock right, held by t1 since "), "{details:?}");
    assert!(details[1].starts_with("t1 waits to lock left, held by main since "), "{details:?}");
}

#[test]
fn kinds_of_failure() {
    let kind = |body: fn()| failure(body).kind;
    assert_eq!(
        kind(|| {
            let m = Mutex::new(0);
            let _guard = m.lock();
            let _again = m.lock();
        }),
        FailureKind::DoubleLock
    );
    assert_eq!(
        kind(|| {
            let (tx, rx) = unbounded::<()>();
            let tx2 = tx.clone();
            drop(thread::spawn(move || {
                let _keep = tx2;
                rx.recv()
            }));
        }),
        FailureKind::Leak
    );
    assert_eq!(
        kind(|| {
            let flag = AtomicBool::new(false);
            while !flag.load(SC) {
                hint::spin_loop();
            }
        }),
        FailureKind::Livelock
    );
    let endless = search(|| {
        let flag = AtomicBool::new(false);
        while !flag.load(SC) {}
    });
    assert_eq!(endless.failures()[0].kind(), FailureKind::StepBound);
    assert!(!endless.exhausted(), "what comes after the bound was not seen");
    assert_eq!(kind(|| panic!("no")), FailureKind::Panic);
}

#[test]
fn a_panic_is_reported_with_its_place_and_thread() {
    let fault = failure(|| {
        let t = thread::Builder::new().name("worker".to_owned()).spawn(|| {
            let n = AtomicUsize::new(7);
            let list = [1, 2, 3];
            list[n.load(SC)]
        });
        let _ = t.unwrap().join();
    });
    assert_eq!(fault.kind, FailureKind::Panic);
    assert!(fault.message.contains("index out of bounds"), "{}", fault.message);
    assert!(fault.place.unwrap().file.ends_with("failures.rs"));
    assert_eq!(fault.details[0].text, "in thread worker");
}

#[test]
fn caught_panics_poison_and_are_no_failure() {
    let seen = outcomes(|| {
        let m = Arc::new(Mutex::new(0));
        let n = m.clone();
        let t = thread::spawn(move || {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let _guard = n.lock();
                panic!("with the lock held");
            }));
            assert!(caught.is_err());
        });
        t.join().unwrap();
        m.lock().is_err()
    });
    assert_eq!(seen, BTreeSet::from([true]));
}

struct Shared(UnsafeCell<u32>, AtomicBool);
// SAFETY: deliberately not justified for the racy programs below.
unsafe impl Sync for Shared {}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Shared(UnsafeCell::new(0), AtomicBool::new(false)))
    }

    fn publish(self: &Arc<Self>, store: Ordering, load: Ordering) -> Option<u32> {
        let other = self.clone();
        let t = thread::spawn(move || {
            // SAFETY: one OS thread.
            other.0.with_mut(|n| unsafe { *n = 1 });
            if store == Ordering::Relaxed {
                fence(Ordering::AcqRel);
            }
            other.1.store(true, store);
        });
        let seen = self.1.load(load).then(|| {
            if load == Ordering::Relaxed {
                fence(Ordering::AcqRel);
            }
            // SAFETY: one OS thread.
            self.0.with(|n| unsafe { *n })
        });
        t.join().unwrap();
        seen
    }
}

#[test]
fn spinning_ends() {
    let seen = outcomes(|| {
        let locked = Shared::new();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let shared = locked.clone();
                thread::spawn(move || {
                    while shared.1.swap(true, Ordering::Acquire) {
                        hint::spin_loop();
                    }
                    // SAFETY: the spin lock is held.
                    shared.0.with_mut(|n| unsafe { *n += 1 });
                    shared.1.store(false, Ordering::Release);
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        // SAFETY: all others have been joined.
        locked.0.with(|n| unsafe { *n })
    });
    assert_eq!(seen, BTreeSet::from([3]));
    let report = search(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let set = flag.clone();
        let t = thread::spawn(move || set.store(true, SC));
        while !flag.load(SC) {
            thread::yield_now();
        }
        t.join().unwrap();
    });
    assert!(report.exhausted() && report.failures().is_empty());
}

#[test]
fn publication_needs_release_and_acquire() {
    let ok = BTreeSet::from([None, Some(1)]);
    assert_eq!(outcomes(|| Shared::new().publish(Ordering::Release, Ordering::Acquire)), ok);
    assert_eq!(outcomes(|| Shared::new().publish(Ordering::Relaxed, Ordering::Relaxed)), ok);
    let racy = failure(|| {
        let shared = Shared::new();
        let other = shared.clone();
        let t = thread::spawn(move || {
            // SAFETY: one OS thread.
            other.0.with_mut(|n| unsafe { *n = 1 });
            other.1.store(true, Ordering::Relaxed);
        });
        if shared.1.load(Ordering::Acquire) {
            // SAFETY: one OS thread.
            shared.0.with(|n| unsafe { *n });
        }
        t.join().unwrap();
    });
    assert_eq!(racy.kind, FailureKind::DataRace);
    assert_eq!(racy.details.len(), 3);
}

#[test]
fn a_race_is_found_whichever_order_was_run() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let mut report = Report::new(Engine::Native, "random", seed);
        let limits = Limits { max_executions: Some(1), ..Limits::default() };
        let body = || {
            let shared = Shared::new();
            let other = shared.clone();
            // SAFETY: one OS thread.
            let t = thread::spawn(move || other.0.with_mut(|n| unsafe { *n = 1 }));
            // SAFETY: one OS thread.
            shared.0.with_mut(|n| unsafe { *n = 2 });
            t.join().unwrap();
        };
        explore(&mut Native::new(body), &mut random, &limits, None, &mut report, &mut |_| true);
        assert_eq!(report.failures()[0].kind(), FailureKind::DataRace, "seed {seed}");
    }
}

#[test]
fn nondeterminism_is_told() {
    let calls = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let report = search(move || {
        let n = AtomicU32::new(0);
        thread::scope(|s| {
            s.spawn(|| n.store(1, SC));
            if calls.fetch_add(1, SC).is_multiple_of(2) {
                n.load(SC);
            } else {
                n.store(2, SC);
            }
        });
    });
    assert_eq!(report.failures()[0].kind(), FailureKind::Nondeterminism);
    assert!(!report.exhausted());
    assert_eq!(report.failures()[0].fault.details.len(), 2);
}

#[test]
fn a_static_that_an_execution_has_changed_is_told() {
    static M: Mutex<u32> = Mutex::new(0);
    let report = run(&mut Exhaustive::new(), || {
        let mut n = M.lock().unwrap();
        *n += 1;
        assert_eq!(*n, 1);
    });
    // One behaviour: the second execution is that of another strategy.
    assert!(report.failures().is_empty());
    let report = run(&mut Exhaustive::new(), || {
        thread::scope(|s| {
            s.spawn(|| *M.lock().unwrap() += 1);
            *M.lock().unwrap() += 1;
        });
    });
    assert_eq!(report.failures()[0].kind(), FailureKind::Nondeterminism);
    assert!(report.failures()[0].message().contains("not fresh"), "{report:?}");
}

/// A thread that fails before its first operation fails on top of its parent.
#[test]
fn a_thread_may_fail_before_its_first_operation() {
    let fault = failure(|| {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&x);
        let t = thread::spawn(move || {
            if theirs.load(SC) == 0 {
                let t = thread::spawn(|| panic!("at once"));
                theirs.store(1, SC);
                drop(t.join());
            }
        });
        x.fetch_add(2, SC);
        drop(t.join());
    });
    assert_eq!((fault.kind, &*fault.message), (FailureKind::Panic, "at once"));
}
