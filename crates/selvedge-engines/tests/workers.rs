//! The exhaustive search on several workers, of programs with real threads of
//! control.
#![cfg(not(any(loom, shuttle)))]

use selvedge_core::report::{End, Report};
use selvedge_core::settings::Settings;
use selvedge_engines::Explorer;
use selvedge_runtime::sync::atomic::{AtomicU32, Ordering};
use selvedge_runtime::sync::{Arc, Mutex};
use selvedge_runtime::thread;

fn explore(workers: usize, body: impl Fn() + Send + Sync + 'static) -> Report {
    let report = Explorer::with_settings(Settings::default()).workers(workers).run(body);
    Report { elapsed: Default::default(), explored: 0.0, ..report }
}

/// The orders of three kinds of four things each: 12! / (4!)^3.
const ORDERS: u64 = 34_650;

fn count_to_twelve(n: &AtomicU32) {
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                for _ in 0..4 {
                    n.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert_eq!(n.load(Ordering::SeqCst), 12);
}

#[test]
fn executions_that_share_nothing_are_explored_by_many() {
    let report = |workers| explore(workers, || count_to_twelve(&AtomicU32::new(0)));
    let one = report(1);
    assert_eq!((one.executions, &one.end), (ORDERS, &End::Exhausted));
    assert!(one.notes.is_empty());
    assert_eq!(report(2), one);
    assert_eq!(report(5), one);
}

/// Two workers would touch the same memory.
#[test]
fn executions_that_share_a_static_are_explored_by_one() {
    static N: AtomicU32 = AtomicU32::new(0);
    let report = explore(3, || count_to_twelve(&N));
    assert_eq!((report.executions, &report.end), (ORDERS, &End::Exhausted));
    assert!(report.failures.is_empty());
    assert!(report.notes[0].contains("one worker"), "{:?}", report.notes);
    // Again, by one that is alone from the start, and with many again.
    assert_eq!(explore(1, || count_to_twelve(&N)).executions, ORDERS);
    assert_eq!(explore(2, || count_to_twelve(&N)).executions, ORDERS);
}

#[test]
fn executions_that_share_what_the_closure_holds_are_explored_by_one() {
    let n = std::sync::Arc::new(AtomicU32::new(0));
    let report = explore(2, move || count_to_twelve(&n));
    assert_eq!((report.executions, &report.end), (ORDERS, &End::Exhausted));
    assert!(report.notes[0].contains("one worker"), "{:?}", report.notes);
}

#[test]
fn a_static_lock_is_never_touched_by_two() {
    static LOCK: Mutex<()> = Mutex::new(());
    let body = || {
        thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| (0..3).for_each(|_| drop(LOCK.lock().unwrap())));
            }
        });
    };
    let report = explore(2, body);
    // The orders of three kinds of three things each: 9! / (3!)^3.
    assert_eq!((report.executions, &report.end), (1_680, &End::Exhausted), "{report:#?}");
}

/// What is learnt after workers were hired holds for all of them.
#[test]
fn what_one_worker_learns_all_know() {
    struct Tells(std::sync::Arc<AtomicU32>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.fetch_add(10, Ordering::SeqCst);
        }
    }
    let body = || {
        let n = std::sync::Arc::new(AtomicU32::new(0));
        let add = |n: &AtomicU32| {
            for _ in 0..3 {
                n.fetch_add(1, Ordering::SeqCst);
            }
        };
        let tells = Arc::new(Tells(n.clone()));
        let held = tells.clone();
        let threads = [0, 1].map(|_| {
            let n = n.clone();
            thread::spawn(move || add(&n))
        });
        add(&n);
        drop(held);
        // Only then is anything dropped for the last time.
        if n.load(Ordering::SeqCst) == 9 {
            drop(tells);
        } else {
            std::mem::forget(tells);
        }
        threads.into_iter().for_each(|t| t.join().unwrap());
    };
    let one = explore(1, body);
    assert_eq!(one.end, End::Exhausted);
    for workers in [2, 3] {
        assert_eq!(explore(workers, body), one);
    }
}
