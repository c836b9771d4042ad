//! The native engine: what is explored, how programs fail, and that nothing
//! is left behind.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex as RealMutex;

use common::{run, search};
use selvedge_core::explore::{Exhaustive, Limits, Random, explore};
use selvedge_core::failure::{FailureKind, Fault};
use selvedge_core::report::{Engine, Report};
use selvedge_runtime::cell::UnsafeCell;
use selvedge_runtime::channel::{bounded, unbounded};
use selvedge_runtime::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};
use selvedge_runtime::sync::{Barrier, Condvar, Mutex, Once, OnceLock, RwLock};
use selvedge_runtime::{Named, Native, any, hint, thread};
use selvedge_surface::select;

const SC: Ordering = Ordering::SeqCst;

/// All results of a program, over all its behaviours.
fn outcomes<T: Ord + Send + 'static>(body: impl Fn() -> T + Send + Sync + 'static) -> BTreeSet<T> {
    let seen = Arc::new(RealMutex::new(BTreeSet::new()));
    let keep = Arc::clone(&seen);
    let report = search(move || {
        let result = body();
        keep.lock().unwrap().insert(result);
    });
    assert!(report.exhausted(), "{report:?}");
    assert!(report.failures().is_empty(), "{report:?}");
    std::mem::take(&mut *seen.lock().unwrap())
}

/// The only failure of a program, and its kind.
fn failure(body: impl Fn() + Send + Sync + 'static) -> Fault {
    let report = search(body);
    assert_eq!(report.failures().len(), 1, "{:#?}", report.failures());
    // What follows a data race is not explored.
    let raced = report.failures()[0].kind() == FailureKind::DataRace;
    assert_eq!(report.exhausted(), !raced, "{report:?}");
    report.failures()[0].fault.clone()
}

#[test]
fn interleavings_of_a_counter() {
    let report = search(|| {
        let n = Arc::new(AtomicU32::new(0));
        let add = |n: Arc<AtomicU32>| {
            move || {
                n.fetch_add(1, SC);
                n.fetch_add(1, SC);
            }
        };
        let threads = [thread::spawn(add(n.clone())), thread::spawn(add(n.clone()))];
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(n.load(SC), 4);
    });
    assert!(report.exhausted());
    assert_eq!(report.executions(), 6);
    assert!(report.failures().is_empty());
}

#[test]
fn store_buffering_is_sequentially_consistent() {
    let seen = outcomes(|| {
        let (x, y) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (x2, y2) = (x.clone(), y.clone());
        let t = thread::spawn(move || {
            x2.store(1, SC);
            y2.load(SC)
        });
        y.store(1, SC);
        let a = x.load(SC);
        (a, t.join().unwrap())
    });
    assert_eq!(seen, BTreeSet::from([(0, 1), (1, 0), (1, 1)]));
}

#[test]
fn a_mutex_orders_and_a_lost_update_is_found() {
    let seen = outcomes(|| {
        let n = Mutex::new(0);
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    let old = *n.lock().unwrap();
                    *n.lock().unwrap() = old + 1;
                });
            }
        });
        n.into_inner().unwrap()
    });
    assert_eq!(seen, BTreeSet::from([1, 2]));
}

#[test]
fn condvars_explore_who_is_woken() {
    let seen = outcomes(|| {
        let state = Arc::new((Mutex::new((0, Vec::new())), Condvar::new()));
        let threads: Vec<_> = (1..=2)
            .map(|i| {
                let state = state.clone();
                thread::spawn(move || {
                    let mut s = state.0.lock().unwrap();
                    while s.0 == 0 {
                        s = state.1.wait(s).unwrap();
                    }
                    s.0 -= 1;
                    s.1.push(i);
                })
            })
            .collect();
        for _ in 0..2 {
            state.0.lock().unwrap().0 += 1;
            state.1.notify_one();
        }
        threads.into_iter().for_each(|t| t.join().unwrap());
        std::mem::take(&mut state.0.lock().unwrap().1)
    });
    assert_eq!(seen, BTreeSet::from([vec![1, 2], vec![2, 1]]));
}

#[test]
fn channels_of_every_capacity_deliver_in_order() {
    for capacity in [Some(0), Some(1), None] {
        let seen = outcomes(move || {
            let (tx, rx) = capacity.map_or_else(unbounded, bounded);
            let t = thread::spawn(move || (0..3).for_each(|i| tx.send(i).unwrap()));
            let got: Vec<i32> = rx.iter().collect();
            t.join().unwrap();
            got
        });
        assert_eq!(seen, BTreeSet::from([vec![0, 1, 2]]), "{capacity:?}");
    }
}

#[test]
fn a_rendezvous_returns_only_when_taken() {
    let seen = outcomes(|| {
        let (tx, rx) = bounded::<u32>(0);
        let sent = Arc::new(AtomicBool::new(false));
        let flag = sent.clone();
        let t = thread::spawn(move || {
            let result = tx.send(7).is_ok();
            flag.store(true, SC);
            result
        });
        let before = sent.load(SC);
        let got = rx.recv();
        (before, got.ok(), t.join().unwrap())
    });
    assert_eq!(seen, BTreeSet::from([(false, Some(7), true)]));
}

#[test]
fn a_closed_rendezvous_gives_the_message_back() {
    let seen = outcomes(|| {
        let (tx, rx) = bounded::<u32>(0);
        let t = thread::spawn(move || tx.send(7).map_err(|e| e.into_inner()));
        rx.close().unwrap();
        assert!(rx.close().is_err());
        let got = rx.recv().ok();
        (got, t.join().unwrap())
    });
    assert_eq!(seen, BTreeSet::from([(None, Err(7))]));
}

#[test]
fn select_explores_every_ready_branch_and_the_default() {
    let seen = outcomes(|| {
        let (a_tx, a) = bounded::<u32>(1);
        let (b_tx, b) = bounded::<u32>(1);
        let t = thread::spawn(move || {
            a_tx.send(1).unwrap();
            b_tx.send(2).unwrap();
        });
        let first = select! {
            recv(a) -> m => m.unwrap(),
            recv(b) -> m => m.unwrap(),
            default => 0,
        };
        t.join().unwrap();
        first
    });
    assert_eq!(seen, BTreeSet::from([0, 1, 2]));
    let seen = outcomes(|| {
        let (a_tx, a) = bounded::<u32>(0);
        let (b_tx, b) = unbounded::<u32>();
        let s = thread::spawn(move || a_tx.send(1).is_ok());
        let t = thread::spawn(move || drop(b_tx));
        let first = select! {
            recv(a) -> m => m.ok(),
            recv(b) -> m => m.ok(),
        };
        drop(a);
        t.join().unwrap();
        (first, s.join().unwrap())
    });
    assert_eq!(seen, BTreeSet::from([(Some(1), true), (None, false)]));
}

#[test]
fn the_last_of_several_senders_disconnects() {
    let seen = outcomes(|| {
        let (tx, rx) = unbounded();
        for i in 0..2 {
            let tx = tx.clone();
            thread::spawn(move || tx.send(i).unwrap());
        }
        drop(tx);
        rx.into_iter().collect::<Vec<_>>()
    });
    assert_eq!(seen, BTreeSet::from([vec![0, 1], vec![1, 0]]));
}

#[test]
fn once_runs_once_and_the_cell_is_set_before_anyone_reads() {
    let seen = outcomes(|| {
        let once = Arc::new((Once::new(), OnceLock::new()));
        let runs = Arc::new(AtomicU32::new(0));
        let threads: Vec<_> = (0..2)
            .map(|i| {
                let (once, runs) = (once.clone(), runs.clone());
                thread::spawn(move || {
                    once.0.call_once(|| {
                        runs.fetch_add(1, SC);
                    });
                    *once.1.get_or_init(|| i)
                })
            })
            .collect();
        let got: Vec<i32> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        (runs.load(SC), got)
    });
    assert_eq!(seen, BTreeSet::from([(1, vec![0, 0]), (1, vec![1, 1])]));
}

#[test]
fn park_and_unpark_and_barrier() {
    let seen = outcomes(|| {
        let barrier = Arc::new(Barrier::new(2));
        let flag = Arc::new(AtomicBool::new(false));
        let (b, f) = (barrier.clone(), flag.clone());
        let t = thread::spawn(move || {
            thread::park();
            f.store(true, SC);
            b.wait().is_leader()
        });
        t.thread().unpark();
        let mine = barrier.wait().is_leader();
        assert!(flag.load(SC));
        mine != t.join().unwrap()
    });
    assert_eq!(seen, BTreeSet::from([true]));
}

#[test]
fn any_takes_every_value() {
    let seen = outcomes(|| (any(1..=3), any(-1..=0i64)));
    assert_eq!(seen.len(), 6);
}

#[test]
fn rwlocks_let_readers_in_together() {
    let report = search(|| {
        let l = RwLock::new(0);
        thread::scope(|s| {
            s.spawn(|| *l.write().unwrap() += 1);
            s.spawn(|| *l.read().unwrap());
            let first = l.read().unwrap();
            assert!(l.try_write().is_err());
            drop(first);
        });
    });
    assert!(report.exhausted() && report.failures().is_empty(), "{report:?}");
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

/// Its destructor does something visible.
struct Loud(Arc<AtomicU32>);

impl Drop for Loud {
    fn drop(&mut self) {
        self.0.fetch_add(1, SC);
    }
}

#[test]
fn who_drops_an_arc_last_is_explored_where_it_can_be_told() {
    use selvedge_runtime::sync::Arc as Modelled;
    // The destructor runs before or after the other thread's load.
    let seen = outcomes(|| {
        let drops = Arc::new(AtomicU32::new(0));
        let loud = Modelled::new(Loud(drops.clone()));
        let other = loud.clone();
        let t = thread::spawn(move || drop(other));
        drop(loud);
        let after_mine = drops.load(SC);
        t.join().unwrap();
        (after_mine, drops.load(SC))
    });
    assert_eq!(seen, BTreeSet::from([(0, 1), (1, 1)]));
    // Two threads that only drop: two orders, and nothing else to tell.
    let report = search(|| {
        let loud = Modelled::new(Loud(Arc::new(AtomicU32::new(0))));
        let other = loud.clone();
        let t = thread::spawn(move || drop(other));
        drop(loud);
        t.join().unwrap();
    });
    assert_eq!((report.executions(), report.exhausted()), (2, true));
}

#[test]
fn an_arc_of_plain_data_costs_no_execution() {
    use selvedge_runtime::sync::Arc as Modelled;
    let report = search(|| {
        let data = Modelled::new(vec![String::from("plain"), String::from("data")]);
        let threads = [data.clone(), data.clone()].map(|d| thread::spawn(move || d.len()));
        drop(data);
        threads.into_iter().for_each(|t| assert_eq!(t.join().unwrap(), 2));
    });
    assert_eq!((report.executions(), report.exhausted()), (1, true));
}

#[test]
fn the_number_of_references_is_explored() {
    use selvedge_runtime::sync::Arc as Modelled;
    let seen = outcomes(|| {
        let data = Modelled::new(7);
        let other = data.clone();
        let t = thread::spawn(move || drop(other));
        let alone = Modelled::try_unwrap(data).is_ok();
        t.join().unwrap();
        alone
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

// ---- failures -----------------------------------------------------------

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
    assert!(fault.place.unwrap().file.ends_with("native.rs"));
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
fn static_atomics_are_fresh_in_each_execution() {
    static N: AtomicU32 = AtomicU32::new(5);
    let seen = outcomes(|| {
        let t = thread::spawn(|| N.fetch_add(1, SC));
        let mine = N.fetch_add(1, SC);
        t.join().unwrap();
        mine
    });
    assert_eq!(seen, BTreeSet::from([5, 6]));
    assert_eq!(N.load(SC), 5);
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

#[test]
fn addresses_may_differ_from_one_execution_to_the_next() {
    use selvedge_runtime::sync::atomic::AtomicPtr;
    let kept = RealMutex::new(Vec::new());
    let seen = outcomes(move || {
        let mut list = kept.lock().unwrap();
        // Never freed while the test runs: each execution has other addresses.
        list.push([Box::new(1), Box::new(2)]);
        let [a, b] = list.last_mut().unwrap().each_mut().map(|n| &raw mut **n);
        drop(list);
        let shared = AtomicPtr::new(a);
        let (a, b) = (a as usize, b as usize);
        thread::scope(|s| {
            s.spawn(|| shared.store(b as *mut i32, SC));
            shared.load(SC) as usize == a
        })
    });
    assert_eq!(seen, BTreeSet::from([false, true]));
}

// ---- outside an exploration ------------------------------------------------

#[test]
fn outside_everything_is_real() {
    let n = Arc::new((Mutex::new(0), Condvar::new(), AtomicU32::new(0), RwLock::new(0)));
    let (tx, rx) = bounded(1);
    let threads: Vec<_> = (0..4)
        .map(|i| {
            let (n, tx) = (n.clone(), tx.clone());
            thread::spawn(move || {
                *n.0.lock().unwrap() += 1;
                n.1.notify_all();
                n.2.fetch_add(1, SC);
                *n.3.write().unwrap() += 1;
                tx.send(i).unwrap();
            })
        })
        .collect();
    drop(tx);
    let mut all = n.0.lock().unwrap();
    while *all < 4 {
        all = n.1.wait(all).unwrap();
    }
    drop(all);
    let mut got: Vec<_> = rx.iter().collect();
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2, 3]);
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!((n.2.load(SC), *n.3.read().unwrap()), (4, 4));
    let mut list = vec![1, 2, 3];
    thread::scope(|s| {
        let t = s.spawn(|| list.iter().sum::<i32>());
        assert_eq!(t.join().unwrap(), 6);
    });
    list.push(4);
    let cell = OnceLock::new();
    assert_eq!(cell.get_or_init(|| 3), &3);
    assert_eq!(cell.set(4), Err(4));
    thread::current().unpark();
    thread::park();
    let poisoned = Arc::new(Mutex::new(0));
    let p = poisoned.clone();
    let quiet = std::thread::spawn(move || {
        let _guard = p.lock();
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(quiet.join().is_err());
    assert!(poisoned.is_poisoned());
}

/// A spawned thread is run to its first operation on top of its parent: what
/// the parent is in the middle of is not the child's.
#[test]
fn a_thread_starts_afresh_whatever_its_parent_is_doing() {
    static LOCK: Mutex<u32> = Mutex::new(0);
    type Seen = Arc<RealMutex<Vec<[bool; 4]>>>;
    struct Spawns(Seen);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let before = thread::panicking();
            let child = thread::spawn(|| {
                let at_first = thread::panicking();
                drop(LOCK.lock());
                [at_first, thread::panicking()]
            });
            let [first, second] = child.join().unwrap();
            self.0.lock().unwrap().push([before, first, second, thread::panicking()]);
        }
    }
    let seen = Seen::default();
    let theirs = Arc::clone(&seen);
    let report = search(move || drop(Spawns(Arc::clone(&theirs))));
    assert!(report.exhausted() && report.failures().is_empty(), "{report:#?}");
    // Once in each of two searches.
    assert_eq!(*seen.lock().unwrap(), [[false; 4]; 2]);

    let seen = Seen::default();
    let theirs = Arc::clone(&seen);
    let fault = failure(move || {
        let _spawns = Spawns(Arc::clone(&theirs));
        let _guard = LOCK.lock();
        panic!("on purpose");
    });
    assert_eq!(fault.message, "on purpose");
    assert_eq!(*seen.lock().unwrap(), [[true, false, false, true]; 2]);
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
