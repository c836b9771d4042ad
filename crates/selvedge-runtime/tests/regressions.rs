//! Programs that were judged wrongly once.

mod common;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Mutex as RealMutex;

use common::search;
use selvedge_core::explore::{Limits, Random, explore};
use selvedge_core::failure::FailureKind;
use selvedge_core::report::{Engine, Report, Verdict};
use selvedge_runtime::cell::UnsafeCell;
use selvedge_runtime::channel::{bounded, unbounded};
use selvedge_runtime::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use selvedge_runtime::sync::{Arc, Mutex, OnceLock};
use selvedge_runtime::{Native, hint, thread};
use selvedge_surface::select;

const SC: Ordering = Ordering::SeqCst;

fn random(executions: u64, body: impl Fn() + Send + Sync + 'static) -> Report {
    let mut report = Report::new(Engine::Native, "random", 3);
    let limits = Limits { keep_going: true, max_executions: Some(executions), ..Limits::default() };
    let mut random = Random::new(3);
    explore(&mut Native::new(body), &mut random, &limits, None, &mut report, &mut |_| true);
    report
}

fn kinds(report: &Report) -> Vec<FailureKind> {
    report.failures().iter().map(|f| f.kind()).collect()
}

struct Plain(UnsafeCell<u32>);
// SAFETY: whether its accesses are ordered is what is tested; one OS thread.
unsafe impl Sync for Plain {}

impl Plain {
    fn new() -> Self {
        Plain(UnsafeCell::new(0))
    }

    fn add(&self) {
        // SAFETY: one OS thread, and nothing else refers to it meanwhile.
        self.0.with_mut(|n| unsafe { *n += 1 });
    }
}

#[test]
fn a_join_comes_after_the_last_access_of_the_thread() {
    let report = search(|| {
        let plain = Plain::new();
        let flag = AtomicBool::new(false);
        thread::scope(|s| {
            s.spawn(|| {
                flag.store(true, SC);
                plain.add();
            });
        });
        plain.add();
    });
    assert_eq!(report.verdict(), Verdict::HoldsExhausted, "{report:?}");
}

#[test]
fn loops_that_give_up_by_themselves_are_no_livelock_and_no_proof() {
    type Body = fn();
    let programs: [(&str, Body); 3] = [
        ("poll", || {
            let x = AtomicU32::new(0);
            for _ in 0..5 {
                if x.load(SC) == 1 {
                    return;
                }
                thread::yield_now();
            }
        }),
        ("spin a little", || {
            let x = AtomicU32::new(0);
            for _ in 0..50 {
                if x.load(SC) == 1 {
                    return;
                }
                hint::spin_loop();
            }
        }),
        ("straight", || {
            let x = AtomicU32::new(0);
            for line in [1, 2, 3] {
                assert!(x.load(SC) < line);
                thread::yield_now();
            }
        }),
    ];
    for (name, program) in programs {
        let report = search(program);
        assert!(report.failures().is_empty(), "{name}: {:?}", report.failures());
        let Verdict::HoldsBounded(why) = report.verdict() else {
            panic!("{name}: {:?}", report.verdict())
        };
        assert!(why.contains("gives up by itself"), "{why}");
    }
}

#[test]
fn a_proof_says_that_loops_were_taken_to_wait() {
    let report = search(|| {
        let flag = AtomicBool::new(false);
        thread::scope(|s| {
            s.spawn(|| flag.store(true, SC));
            while !flag.load(SC) {
                hint::spin_loop();
            }
        });
    });
    assert_eq!(report.verdict(), Verdict::HoldsExhausted);
    assert_eq!(report.assumptions.len(), 1, "{:?}", report.assumptions);
}

#[test]
fn explorations_that_share_a_static_at_the_same_time_do_not_disturb_each_other() {
    static N: AtomicU32 = AtomicU32::new(0);
    let explorer = || {
        for _ in 0..30 {
            let report = search(|| {
                thread::scope(|s| {
                    for _ in 0..2 {
                        s.spawn(|| N.fetch_add(1, SC));
                    }
                });
                assert_eq!(N.load(SC), 2);
            });
            assert_eq!(report.verdict(), Verdict::HoldsExhausted, "{report:?}");
        }
    };
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(explorer);
        }
    });
}

#[test]
fn real_threads_are_kept_out_of_a_modelled_critical_section() {
    let report = search(|| {
        let m = Mutex::new(1);
        let guard = m.lock().unwrap();
        std::thread::scope(|s| {
            s.spawn(|| assert!(m.try_lock().is_err()));
        });
        assert_eq!(*guard, 1);
    });
    assert_eq!(report.verdict(), Verdict::HoldsExhausted, "{report:?}");
}

#[test]
fn a_guard_that_survives_its_execution_keeps_others_out() {
    static M: Mutex<u32> = Mutex::new(0);
    thread_local! {
        static KEPT: std::cell::RefCell<Vec<Box<dyn Any>>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    let report = random(2, || {
        let guard = M.lock();
        KEPT.with_borrow_mut(|kept| kept.push(Box::new(guard)));
    });
    assert_eq!(kinds(&report), [FailureKind::Nondeterminism]);
    assert!(M.try_lock().is_err());
    KEPT.with_borrow_mut(Vec::clear);
    assert!(M.try_lock().is_ok());
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in the destructor of a payload");
    }
}

#[test]
fn a_payload_that_panics_when_dropped_is_contained() {
    let report = search(|| panic_any(Bomb));
    assert_eq!(kinds(&report), [FailureKind::Panic]);
    // Nothing is left behind: primitives are std's again.
    assert_eq!(*Mutex::new(3).lock().unwrap(), 3);
}

#[test]
fn unwinding_that_the_hook_does_not_see_is_torn_down() {
    let report = random(300, || {
        let (a, b) = (Mutex::new(()), Mutex::new(()));
        thread::scope(|s| {
            s.spawn(|| {
                let _guard = a.lock();
                panic!("first");
            });
            s.spawn(|| {
                let _guard = b.lock();
                resume_unwind(Box::new("second"));
            });
            s.spawn(|| {
                let _guard = b.lock();
                thread::scope(|s| {
                    s.spawn(|| ());
                    panic!("third");
                });
            });
        });
    });
    assert_eq!(report.failing, 300);
}

#[test]
fn a_cell_whose_initialisation_is_torn_down_stays_empty() {
    struct Look<'a>(&'a OnceLock<u32>);
    impl Drop for Look<'_> {
        fn drop(&mut self) {
            assert!(self.0.get().is_none_or(|n| *n == 7));
        }
    }
    let report = random(100, || {
        let cell = OnceLock::new();
        thread::scope(|s| {
            s.spawn(|| {
                cell.get_or_init(|| {
                    thread::park();
                    7
                });
            });
            let _look = Look(&cell);
            thread::yield_now();
            panic!("on purpose");
        });
    });
    assert_eq!(report.failing, 100);
}

#[test]
fn the_last_receiver_drops_what_was_not_received() {
    let report = search(|| {
        let (requests, server) = unbounded();
        let (reply, answer) = bounded::<u32>(1);
        let t = thread::spawn(move || drop(server));
        drop(requests.send(reply));
        // Nobody will answer, and the client is told so.
        assert!(answer.recv().is_err());
        t.join().unwrap();
    });
    assert_eq!(report.verdict(), Verdict::HoldsExhausted, "{report:?}");
}

#[test]
fn looking_for_poison_is_an_operation() {
    let report = search(|| {
        let m = Arc::new(Mutex::new(0));
        let other = m.clone();
        let t = thread::spawn(move || {
            let caught = catch_unwind(AssertUnwindSafe(|| {
                let _guard = other.lock();
                panic!("with the lock held");
            }));
            assert!(caught.is_err());
        });
        assert!(!m.is_poisoned(), "seen poisoned");
        t.join().unwrap();
    });
    assert_eq!(kinds(&report), [FailureKind::Panic]);
    assert!(report.executions > report.failing);
}

#[test]
fn formatting_an_atomic_is_an_operation() {
    let report = search(|| {
        let n = AtomicU32::new(0);
        thread::scope(|s| {
            s.spawn(|| n.store(1, SC));
            assert_eq!(format!("{n:?}"), "0");
        });
    });
    assert_eq!(kinds(&report), [FailureKind::Panic]);
    assert!(report.executions > report.failing);
}

struct Picky;

impl Drop for Picky {
    fn drop(&mut self) {
        assert_eq!(thread::current().name(), Some("w"), "dropped by another thread");
    }
}

#[test]
fn a_destructor_that_asks_who_runs_it_is_explored() {
    let report = search(|| {
        let mine = Arc::new(Picky);
        let theirs = mine.clone();
        let t = thread::Builder::new().name("w".to_owned()).spawn(move || drop(theirs)).unwrap();
        drop(mine);
        t.join().unwrap();
    });
    assert_eq!(kinds(&report), [FailureKind::Panic]);
    assert!(report.executions > report.failing, "w may be the last, too");
}

#[test]
fn the_last_drop_of_an_arc_comes_after_the_others() {
    struct Closing(Plain);
    impl Drop for Closing {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let report = search(|| {
        let mine = Arc::new(Closing(Plain::new()));
        let theirs = mine.clone();
        let t = thread::spawn(move || {
            theirs.0.add();
            drop(theirs);
        });
        drop(mine);
        t.join().unwrap();
    });
    assert_eq!(report.verdict(), Verdict::HoldsExhausted, "{report:?}");
}

#[test]
fn one_of_several_into_inner_gets_the_value() {
    let report = search(|| {
        let mine = Arc::new(7);
        let theirs = mine.clone();
        let t = thread::spawn(move || Arc::into_inner(theirs).is_some());
        let got = Arc::into_inner(mine).is_some();
        assert!(got != t.join().unwrap());
    });
    assert_eq!((report.verdict(), report.executions), (Verdict::HoldsExhausted, 2));
}

#[test]
fn panics_are_told_apart() {
    let report = search(|| {
        drop(catch_unwind(|| panic!("first")));
        panic!("second");
    });
    assert_eq!(report.failures()[0].message(), "second");
    let report = search(|| {
        let n = AtomicU32::new(0);
        thread::scope(|s| {
            s.spawn(|| n.store(1, SC));
            if n.load(SC) == 0 {
                panic!("bug one");
            }
            panic!("bug two");
        });
    });
    let mut messages: Vec<_> = report.failures().iter().map(|f| f.message()).collect();
    messages.sort_unstable();
    assert_eq!(messages, ["bug one", "bug two"]);
}

#[test]
fn a_handle_of_an_earlier_execution_is_no_deadlock() {
    static KEPT: RealMutex<Option<thread::JoinHandle<()>>> = RealMutex::new(None);
    let report = random(3, || {
        let before = KEPT.lock().unwrap().replace(thread::spawn(|| ()));
        if let Some(handle) = before {
            drop(handle.join());
        }
    });
    assert!(report.failures().is_empty(), "{:?}", report.failures());
    KEPT.lock().unwrap().take();
}

/// The search had a location for each of the channels when it learnt that they
/// are one, and went on with both.
#[test]
fn a_channel_may_be_used_before_it_is_selected_among() {
    let report = search(|| {
        let ((to_first, first), (to_second, second)) = (bounded(1), bounded(1));
        thread::scope(|s| {
            s.spawn(|| {
                let _ = second.try_recv();
                select! {
                    recv(first) -> _message => {}
                    recv(second) -> _message => {}
                }
            });
            to_second.send(1).unwrap();
            to_first.send(1).unwrap();
        });
    });
    // The look finds nothing, and then the select one message, or one of two; or
    // it finds the message, before the other one is there or after.
    assert_eq!((report.verdict(), report.executions), (Verdict::HoldsExhausted, 5));
}
