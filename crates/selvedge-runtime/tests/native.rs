//! The native engine: what is explored, and that nothing is left behind.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex as RealMutex;

use common::{failure, outcomes, search};
use selvedge_runtime::channel::{bounded, unbounded};
use selvedge_runtime::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use selvedge_runtime::sync::{Barrier, Condvar, Mutex, Once, OnceLock, RwLock};
use selvedge_runtime::{any, thread};
use selvedge_surface::select;

const SC: Ordering = Ordering::SeqCst;

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
