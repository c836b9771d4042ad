//! Thread-locals: one value for each thread of each execution, and destructors
//! that are part of what is explored.

mod common;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex as RealMutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering as RealOrdering};

use common::{failure, outcomes, run, search};
use selvedge_core::explore::{Exhaustive, Limits, Random, explore};
use selvedge_core::failure::FailureKind;
use selvedge_core::report::{Engine, Report};
use selvedge_runtime::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use selvedge_runtime::sync::{Arc, Mutex};
use selvedge_runtime::{Native, thread, thread_local};

#[test]
fn each_thread_of_each_execution_has_a_value_of_its_own() {
    static MADE: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static MINE: Cell<u32> = {
            MADE.fetch_add(1, RealOrdering::Relaxed);
            Cell::new(7)
        };
    }
    let report = run(&mut Exhaustive::new(), || {
        let turn = AtomicU32::new(0);
        thread::scope(|s| {
            for n in 1..3 {
                let turn = &turn;
                s.spawn(move || {
                    assert_eq!(MINE.get(), 7);
                    MINE.set(n);
                    turn.fetch_add(1, SeqCst);
                    assert_eq!(MINE.replace(0), n);
                });
            }
        });
        // The main thread has not used it.
    });
    assert!(report.exhausted() && report.failures().is_empty(), "{report:?}");
    // An access is no operation: only the order of the two additions matters.
    assert_eq!((report.executions(), MADE.load(RealOrdering::Relaxed)), (2, 4));
}

#[test]
fn a_key_has_all_of_stds_methods() {
    thread_local! {
        /// A constant.
        pub static CONSTANT: Cell<u32> = const { Cell::new(1) };
        static LIST: RefCell<Vec<u32>> = RefCell::new(vec![1]);
        static NEVER: Cell<u32> = panic!("it is set before it is looked at")
    }
    let program = || {
        NEVER.set(5);
        LIST.with_borrow_mut(|list| list.push(2));
        let list = LIST.with_borrow(Vec::len);
        let (old, now) = (LIST.replace(vec![3]), LIST.take());
        LIST.set(vec![4]);
        (NEVER.get(), list, old, now, LIST.take(), CONSTANT.take(), CONSTANT.get())
    };
    let expected = (5, 2, vec![1, 2], vec![3], vec![4], 1, 0);
    assert_eq!(outcomes(program), BTreeSet::from([expected.clone()]));
    std::thread::scope(|s| assert_eq!(s.spawn(program).join().unwrap(), expected));
}

/// Tells of its end, and what it finds then.
struct Tells(&'static str);

thread_local! {
    static FIRST: Tells = const { Tells("first") };
    static SECOND: Tells = Tells("second");
    static LATE: Tells = Tells("late");
    static PLAIN: Cell<u32> = const { Cell::new(5) };
}

static TOLD: RealMutex<Vec<String>> = RealMutex::new(Vec::new());

impl Drop for Tells {
    fn drop(&mut self) {
        let reach = |key: &'static thread::LocalKey<Tells>| key.try_with(|t| t.0).is_ok();
        let found = [reach(&FIRST), reach(&SECOND), self.0 == "first" && reach(&LATE)];
        let told = format!("{} {found:?} {}", self.0, PLAIN.get());
        TOLD.lock().unwrap().push(told);
    }
}

#[test]
fn destructors_run_as_stds_do() {
    let use_them = || {
        FIRST.with(|_| ());
        SECOND.with(|_| ());
        PLAIN.set(6);
    };
    let told = || std::mem::take(&mut *TOLD.lock().unwrap());
    let expected = [
        // Made last, dropped first; what is being dropped cannot be reached.
        "second [true, false, false] 6",
        // It makes another one.
        "first [false, false, true] 6",
        "late [false, false, false] 6",
    ];
    std::thread::spawn(use_them).join().unwrap();
    assert_eq!(told(), expected);

    let report = search(move || {
        thread::spawn(use_them).join().unwrap();
        assert_eq!(told(), expected);
    });
    assert!(report.failures().is_empty(), "{report:?}");
}

#[test]
fn destructors_have_run_before_the_thread_is_joined() {
    struct Sets(Arc<AtomicBool>);
    impl Drop for Sets {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    thread_local!(static SETS: RefCell<Option<Sets>> = const { RefCell::new(None) });
    let seen = outcomes(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = flag.clone();
        let t = thread::spawn(move || SETS.set(Some(Sets(theirs))));
        let before = flag.load(SeqCst);
        t.join().unwrap();
        (before, flag.load(SeqCst))
    });
    assert_eq!(seen, BTreeSet::from([(false, true), (true, true)]));
}

#[test]
fn what_a_destructor_does_is_explored() {
    struct Counts(Arc<AtomicU32>);
    impl Drop for Counts {
        fn drop(&mut self) {
            let old = self.0.load(SeqCst);
            self.0.store(old + 1, SeqCst);
        }
    }
    thread_local!(static COUNTS: RefCell<Option<Counts>> = const { RefCell::new(None) });
    let program = |joined: bool| {
        move || {
            let count = Arc::new(AtomicU32::new(0));
            let keep = |count: &Arc<AtomicU32>| {
                let count = count.clone();
                thread::spawn(move || COUNTS.set(Some(Counts(count))))
            };
            let first = keep(&count);
            if joined {
                first.join().unwrap();
                keep(&count).join().unwrap();
            } else {
                let second = keep(&count);
                first.join().unwrap();
                second.join().unwrap();
            }
            assert_eq!(count.load(SeqCst), 2, "a count is lost");
        }
    };
    assert!(failure(program(false)).message.contains("a count is lost"));
    assert!(search(program(true)).failures().is_empty());
}

#[test]
fn who_drops_an_arc_can_be_told_by_its_thread_local() {
    struct Asks;
    thread_local!(static NAME: Cell<u32> = const { Cell::new(0) });
    static LAST: AtomicU64 = AtomicU64::new(0);
    impl Drop for Asks {
        fn drop(&mut self) {
            LAST.store(u64::from(NAME.get()), RealOrdering::Relaxed);
        }
    }
    let seen = outcomes(|| {
        NAME.set(1);
        let shared = Arc::new(Asks);
        let theirs = shared.clone();
        let t = thread::spawn(move || {
            NAME.set(2);
            drop(theirs);
        });
        drop(shared);
        t.join().unwrap();
        LAST.load(RealOrdering::Relaxed)
    });
    assert_eq!(seen, BTreeSet::from([1, 2]));
}

#[test]
fn a_destructor_that_panics_is_a_failure() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(thread::panicking(), "the destructor panicked");
        }
    }
    thread_local!(static PANICS: Panics = const { Panics });
    let fault = failure(|| {
        let _ = thread::spawn(|| PANICS.with(|_| ())).join();
    });
    assert_eq!(fault.kind, FailureKind::Panic);
    assert!(fault.message.contains("the destructor panicked"), "{fault:?}");
}

#[test]
fn a_value_that_is_gone_cannot_be_reached() {
    struct Looks;
    thread_local!(static LOOKS: Looks = const { Looks });
    static MESSAGES: std::sync::Mutex<BTreeSet<String>> = std::sync::Mutex::new(BTreeSet::new());
    impl Drop for Looks {
        fn drop(&mut self) {
            let error = LOOKS.try_with(|_| ()).unwrap_err();
            let payload = catch_unwind(AssertUnwindSafe(|| LOOKS.with(|_| ()))).unwrap_err();
            let panicked = payload.downcast_ref::<&str>().unwrap_or(&"");
            MESSAGES.lock().unwrap().insert(format!("{error} {error:?} {panicked}"));
        }
    }
    std::thread::spawn(|| LOOKS.with(|_| ())).join().unwrap();
    assert!(search(|| LOOKS.with(|_| ())).failures().is_empty());
    let expected = "already destroyed AccessError cannot access a Thread Local Storage value \
                    during or after destruction: AccessError";
    assert_eq!(*MESSAGES.lock().unwrap(), BTreeSet::from([expected.to_owned()]));
}

#[test]
fn executions_that_fail_leave_no_value_behind() {
    static ALIVE: AtomicI64 = AtomicI64::new(0);
    /// Uses modelled objects, and another value, in its destructor.
    struct Alive(Arc<Mutex<u32>>);
    impl Alive {
        fn new(lock: &Arc<Mutex<u32>>) -> Self {
            ALIVE.fetch_add(1, RealOrdering::Relaxed);
            Alive(lock.clone())
        }
    }
    impl Drop for Alive {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, RealOrdering::Relaxed);
            *self.0.lock().unwrap_or_else(|e| e.into_inner()) += 1;
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    thread_local! {
        static VALUE: RefCell<Option<Alive>> = const { RefCell::new(None) };
        static DROPPED: Cell<u32> = const { Cell::new(0) };
    }
    type End = fn(&Mutex<u32>);
    let ends: [(&str, End); 4] = [
        ("panic", |_| panic!("on purpose")),
        ("deadlock", |_| thread::park()),
        ("endless loop", |lock| while *lock.lock().unwrap() < 9 {}),
        ("panic with the lock held", |lock| {
            let _held = lock.lock().unwrap();
            panic!("on purpose");
        }),
    ];
    for (name, end) in ends {
        let mut random = Random::new(1);
        let mut report = Report::new(Engine::Native, "random", 0);
        let limits = Limits {
            max_executions: Some(50),
            max_steps: 200,
            keep_going: true,
            ..Limits::default()
        };
        let mut machine = Native::new(move || {
            let lock = Arc::new(Mutex::new(0));
            VALUE.set(Some(Alive::new(&lock)));
            let theirs = lock.clone();
            let t = thread::spawn(move || {
                VALUE.set(Some(Alive::new(&theirs)));
                end(&theirs);
            });
            drop(t.join());
        });
        explore(&mut machine, &mut random, &limits, None, &mut report, &mut |_| true);
        assert_eq!(report.failing, 50, "{name}");
        assert_eq!((ALIVE.load(RealOrdering::Relaxed), machine.leaked()), (0, 0), "{name}");
    }
}
