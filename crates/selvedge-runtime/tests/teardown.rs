//! What happens to an execution that ends before its threads do: everything is
//! unwound, nothing is scheduled, nothing hangs, and the next execution knows
//! nothing of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering as RealOrdering};

use selvedge_core::explore::{Decision, Limits, Random, Step, Strategy, View, execute, explore};
use selvedge_core::failure::Fault;
use selvedge_core::report::{Engine, Report};
use selvedge_core::world::World;
use selvedge_runtime::channel::bounded;
use selvedge_runtime::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use selvedge_runtime::sync::{Condvar, Mutex, RwLock};
use selvedge_runtime::{Native, exploring, hint, thread, violated};

/// Counts those of its kind that are alive.
struct Alive<'a>(&'a AtomicI64);

impl<'a> Alive<'a> {
    fn new(count: &'a AtomicI64) -> Self {
        count.fetch_add(1, RealOrdering::Relaxed);
        Alive(count)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, RealOrdering::Relaxed);
    }
}

fn break_it() {
    let fault = Fault::invariant("broken on purpose", "");
    assert!(violated(vec![fault]).is_none());
}

/// Runs random executions of a program that gets a counter of live values;
/// gives the report, how many values are left, and how many threads could not
/// be unwound.
fn run(executions: u64, body: impl Fn(&AtomicI64) + Send + Sync + 'static) -> (Report, i64, u64) {
    let alive = Arc::new(AtomicI64::new(0));
    let count = Arc::clone(&alive);
    let mut machine = Native::new(move || body(&count));
    let mut report = Report::new(Engine::Native, "random", 0);
    let limits = Limits {
        max_executions: Some(executions),
        keep_going: true,
        max_steps: 200,
        ..Limits::default()
    };
    explore(&mut machine, &mut Random::new(1), &limits, None, &mut report, &mut |_| true);
    (report, alive.load(RealOrdering::Relaxed), machine.leaked())
}

#[test]
fn children_that_borrow_are_unwound_before_their_parents() {
    let (report, alive, leaked) = run(500, |alive| {
        let data = (Alive::new(alive), Mutex::new(vec![1, 2, 3]), AtomicU32::new(0));
        thread::scope(|s| {
            for _ in 0..3 {
                s.spawn(|| {
                    let _mine = Alive::new(alive);
                    let mut list = data.1.lock().unwrap();
                    data.2.fetch_add(1, SeqCst);
                    list.push(4);
                    if data.2.load(SeqCst) == 2 {
                        break_it();
                    }
                });
            }
            if data.2.load(SeqCst) == 1 {
                break_it();
            }
        });
    });
    assert!(report.failing > 0);
    assert_eq!((alive, leaked), (0, 0));
}

#[test]
fn every_way_to_fail_drops_everything() {
    type Program = fn(&AtomicI64);
    let programs: [(&str, Program); 6] = [
        ("deadlock", |alive| {
            let locks = (Mutex::new(Alive::new(alive)), Mutex::new(Alive::new(alive)));
            thread::scope(|s| {
                s.spawn(|| {
                    let _a = locks.0.lock();
                    let _b = locks.1.lock();
                });
                let _b = locks.1.lock();
                let _a = locks.0.lock();
            });
        }),
        ("panic with locks held", |alive| {
            let lock = RwLock::new(Alive::new(alive));
            thread::scope(|s| {
                s.spawn(|| {
                    let _reading = lock.read();
                    panic!("on purpose");
                });
                let _writing = lock.write();
            });
        }),
        ("endless loop", |alive| {
            let flag = AtomicBool::new(false);
            let _value = Alive::new(alive);
            while !flag.load(SeqCst) {}
        }),
        ("livelock", |alive| {
            let flag = AtomicBool::new(false);
            let _value = Alive::new(alive);
            while !flag.load(SeqCst) {
                hint::spin_loop();
            }
        }),
        ("nobody notifies", |alive| {
            let pair = (Mutex::new(Alive::new(alive)), Condvar::new());
            let guard = pair.0.lock().unwrap();
            drop(pair.1.wait(guard));
        }),
        ("nobody receives", |alive| {
            let (tx, rx) = bounded(0);
            let values = [Alive::new(alive), Alive::new(alive)];
            thread::scope(|s| {
                s.spawn(|| {
                    let _keep = &rx;
                    thread::park();
                });
                for value in values {
                    assert!(tx.send(value).is_err());
                }
            });
        }),
    ];
    for (name, program) in programs {
        let (report, alive, leaked) = run(200, program);
        assert!(report.failing > 0, "{name}");
        assert_eq!((alive, leaked), (0, 0), "{name}");
    }
}

/// Uses modelled objects in its destructor.
struct Tidy<'a> {
    lock: &'a Mutex<u32>,
    tidied: &'a AtomicU64,
}

impl Drop for Tidy<'_> {
    fn drop(&mut self) {
        *self.lock.lock().unwrap_or_else(|e| e.into_inner()) += 1;
        self.tidied.fetch_add(1, RealOrdering::Relaxed);
    }
}

#[test]
fn a_destructor_that_needs_a_lock_waits_until_its_holder_is_unwound() {
    let tidied = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&tidied);
    let (report, _, leaked) = run(300, move |_| {
        let lock = Mutex::new(0);
        thread::scope(|s| {
            s.spawn(|| {
                let _guard = lock.lock();
                thread::park();
            });
            s.spawn(|| {
                let _tidy = Tidy { lock: &lock, tidied: &count };
                thread::yield_now();
                break_it();
            });
        });
    });
    assert_eq!(report.failing, 300);
    assert_eq!((tidied.load(RealOrdering::Relaxed), leaked), (300, 0));
}

#[test]
fn code_that_catches_the_unwinding_finds_nothing_that_blocks_for_ever() {
    let (report, alive, leaked) = run(50, |alive| {
        let lock = Mutex::new(());
        thread::scope(|s| {
            s.spawn(|| {
                let _value = Alive::new(alive);
                let caught = catch_unwind(AssertUnwindSafe(|| thread::park()));
                if caught.is_err() {
                    // It goes on, and is unwound again at its next operation.
                    drop(lock.lock());
                    unreachable!("the execution is over");
                }
            });
            break_it();
        });
    });
    assert_eq!((report.failing, alive, leaked), (50, 0, 0));
}

#[test]
fn a_thread_that_cannot_be_unwound_is_given_up() {
    let (report, _, leaked) = run(3, |_| {
        drop(thread::spawn(|| {
            loop {
                drop(catch_unwind(AssertUnwindSafe(|| thread::park())));
            }
        }));
        thread::yield_now();
        break_it();
    });
    assert_eq!((report.failing, leaked), (3, 3));
}

#[test]
fn threads_that_have_just_started_are_unwound() {
    let (report, alive, leaked) = run(20, |alive| {
        thread::scope(|s| {
            let value = Alive::new(alive);
            s.spawn(move || {
                let _value = value;
                thread::yield_now();
            });
            break_it();
        });
    });
    assert_eq!((report.failing, alive, leaked), (20, 0, 0));
}

#[test]
fn poison_does_not_outlive_its_execution() {
    static LOCK: Mutex<u32> = Mutex::new(0);
    let (report, ..) = run(20, |_| {
        assert!(LOCK.lock().is_ok(), "poisoned by an earlier execution");
        let caught = catch_unwind(|| {
            let _guard = LOCK.lock();
            panic!("on purpose");
        });
        assert!(caught.is_err());
        assert!(LOCK.lock().is_err());
    });
    assert_eq!(report.failing, 0, "{:?}", report.failures());
}

/// Picks the oldest enabled thread, and panics at its third decision.
struct Fragile {
    decisions: u32,
}

impl Strategy for Fragile {
    fn name(&self) -> String {
        "fragile".to_owned()
    }

    fn begin(&mut self) -> bool {
        true
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        assert!(!exploring(), "a strategy is no part of the program");
        self.decisions += 1;
        assert!(self.decisions < 3, "the strategy has had enough");
        Decision::Step(Step { thread: view.enabled()[0], choice: 0 })
    }

    fn end(&mut self, _: &World) {}
}

/// Strategies decide on the stack of the thread that has just parked.
#[test]
fn a_panic_of_a_strategy_is_no_panic_of_the_program() {
    let caught = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&caught);
    let mut machine = Native::new(move || {
        let turns = || {
            let n = AtomicU32::new(0);
            for _ in 0..9 {
                n.fetch_add(1, SeqCst);
            }
        };
        if catch_unwind(turns).is_err() {
            seen.fetch_add(1, RealOrdering::Relaxed);
        }
    });
    let mut world = World::new();
    let run =
        AssertUnwindSafe(|| execute(&mut machine, &mut world, &mut Fragile { decisions: 0 }, 99));
    let payload = catch_unwind(run).expect_err("the panic of the strategy");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the strategy has had enough"));
    assert_eq!(caught.load(RealOrdering::Relaxed), 0);
    assert!(!exploring());
}
