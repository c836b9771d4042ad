//! `Arc` and `Weak`: that who drops last is explored, that an upgrade may come
//! too late, and that only what can be told costs executions.

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering as RealOrdering};

use common::{failure, outcomes, search};
use selvedge_core::failure::FailureKind;
use selvedge_runtime::cell::UnsafeCell;
use selvedge_runtime::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge_runtime::sync::{Arc, Mutex, Weak};
use selvedge_runtime::thread;

#[test]
fn an_upgrade_may_come_too_late() {
    let program = || {
        let value = Arc::new(5);
        let weak = Arc::downgrade(&value);
        let t = thread::spawn(move || weak.upgrade().map(|value| *value));
        drop(value);
        t.join().unwrap()
    };
    assert_eq!(outcomes(program), BTreeSet::from([None, Some(5)]));
    // The drop first; or the upgrade, and then the drops in either order.
    assert_eq!(search(move || assert!(program() != Some(6))).executions(), 3);
}

#[test]
fn weak_references_that_nobody_counts_cost_nothing() {
    let report = search(|| {
        let value = Arc::new(5);
        let weak = Arc::downgrade(&value);
        let threads = [weak.clone(), weak].map(|weak| thread::spawn(move || drop(weak.clone())));
        let shared = value.clone();
        drop(value);
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(*shared, 5);
    });
    assert_eq!((report.executions(), report.failures().len()), (1, 0));
}

#[test]
fn the_number_of_weak_references_is_explored_if_it_is_asked_for() {
    let seen = outcomes(|| {
        let value = Arc::new(5);
        let weak = Arc::downgrade(&value);
        let t = thread::spawn(move || drop(weak));
        let count = Arc::weak_count(&value);
        t.join().unwrap();
        (count, Arc::weak_count(&value))
    });
    assert_eq!(seen, BTreeSet::from([(0, 0), (1, 0)]));
}

#[test]
fn a_weak_reference_keeps_get_mut_away() {
    let seen = outcomes(|| {
        let mut value = Arc::new(5);
        let weak = Arc::downgrade(&value);
        let t = thread::spawn(move || drop(weak));
        let alone = Arc::get_mut(&mut value).is_some();
        t.join().unwrap();
        (alone, Arc::get_mut(&mut value).is_some())
    });
    assert_eq!(seen, BTreeSet::from([(false, true), (true, true)]));
}

/// To look whether there is a value, and to upgrade then, is two steps.
fn reads_what_it_saw(looks_first: bool) {
    let value = Arc::new(5);
    let weak = Arc::downgrade(&value);
    let t = thread::spawn(move || {
        if looks_first {
            if weak.strong_count() > 0 {
                assert_eq!(*weak.upgrade().expect("it was there"), 5);
            }
        } else if let Some(value) = weak.upgrade() {
            assert_eq!(*value, 5);
        }
    });
    drop(value);
    t.join().unwrap();
}

#[test]
fn to_look_and_then_upgrade_is_a_race() {
    let fault = failure(|| reads_what_it_saw(true));
    assert_eq!(fault.kind, FailureKind::Panic);
    assert!(fault.message.contains("it was there"), "{fault:?}");
    assert!(search(|| reads_what_it_saw(false)).failures().is_empty());
}

/// Counts in its destructor how many of it are gone.
struct Counted<'a>(&'a AtomicU32);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn the_value_goes_with_the_last_strong_reference() {
    let seen = outcomes(|| {
        let gone = AtomicU32::new(0);
        thread::scope(|s| {
            let value = Arc::new(Counted(&gone));
            let weak = Arc::downgrade(&value);
            let gone = &gone;
            let observer = s.spawn(move || {
                let held = weak.upgrade();
                (held.is_some(), gone.load(SeqCst), weak.strong_count())
            });
            drop(value);
            observer.join().unwrap()
        })
    });
    // While it is held it is there. When the upgrade fails it may still be going.
    let there = [(true, 0, 1), (true, 0, 2)];
    assert_eq!(seen, BTreeSet::from([(false, 0, 0), (false, 1, 0), there[0], there[1]]));
}

#[test]
fn a_value_may_hold_weak_references_to_itself() {
    struct Node {
        me: Weak<Node>,
        number: u32,
    }
    let seen = outcomes(|| {
        let mut other = None;
        let node = Arc::new_cyclic(|me: &Weak<Node>| {
            assert!(me.upgrade().is_none());
            let theirs = me.clone();
            other = Some(thread::spawn(move || theirs.upgrade().map(|node| node.number)));
            Node { me: me.clone(), number: 7 }
        });
        assert!(Arc::ptr_eq(&node, &node.me.upgrade().unwrap()));
        let seen = other.unwrap().join().unwrap();
        assert_eq!((Arc::strong_count(&node), Arc::weak_count(&node)), (1, 1));
        seen
    });
    assert_eq!(seen, BTreeSet::from([None, Some(7)]));
}

#[test]
fn who_upgrades_sees_how_the_value_was_made() {
    struct Node(UnsafeCell<u32>);
    // SAFETY: not so; the test is about who orders the accesses.
    unsafe impl Sync for Node {}
    let report = search(|| {
        let mut other = None;
        let node = Arc::new_cyclic(|me: &Weak<Node>| {
            let theirs = me.clone();
            other = Some(thread::spawn(move || {
                if let Some(node) = theirs.upgrade() {
                    // SAFETY: a number, read.
                    node.0.with(|n| assert_eq!(unsafe { *n }, 7));
                }
            }));
            let node = Node(UnsafeCell::new(0));
            // SAFETY: nobody else has it.
            node.0.with_mut(|n| unsafe { *n = 7 });
            node
        });
        other.unwrap().join().unwrap();
        drop(node);
    });
    assert!(report.failures().is_empty(), "{:?}", report.failures());
}

#[test]
fn who_takes_the_value_has_it_for_itself() {
    let seen = outcomes(|| {
        let value = Arc::new(5);
        let weak = Arc::downgrade(&value);
        let t = thread::spawn(move || weak.upgrade().is_some());
        let taken = Arc::try_unwrap(value).is_ok();
        (taken, t.join().unwrap())
    });
    // Taken before the upgrade, while it lasts, or after.
    assert_eq!(seen, BTreeSet::from([(false, true), (true, false), (true, true)]));
}

#[test]
fn make_mut_copies_from_others_and_takes_from_weak_ones() {
    let seen = outcomes(|| {
        let mut value = Arc::new(5);
        let weak = Arc::downgrade(&value);
        let t = thread::spawn(move || weak.upgrade().map(|value| *value));
        *Arc::make_mut(&mut value) = 6;
        assert_eq!((*value, Arc::weak_count(&value)), (6, 0));
        t.join().unwrap()
    });
    assert_eq!(seen, BTreeSet::from([None, Some(5)]));
}

trait Shape: Send + Sync {
    fn corners(&self) -> u32;
}

struct Square(std::sync::Arc<AtomicI64>);

impl Shape for Square {
    fn corners(&self) -> u32 {
        4
    }
}

impl Drop for Square {
    fn drop(&mut self) {
        self.0.fetch_sub(1, RealOrdering::Relaxed);
    }
}

#[test]
fn trait_objects_and_slices_have_arcs() {
    let alive = std::sync::Arc::new(AtomicI64::new(0));
    let left = alive.clone();
    let seen = outcomes(move || {
        alive.fetch_add(2, RealOrdering::Relaxed);
        let square: Arc<dyn Shape> = Arc::from_std(std::sync::Arc::new(Square(alive.clone())));
        let boxed: Arc<dyn Shape> = Arc::from(Box::new(Square(alive.clone())) as Box<dyn Shape>);
        let weak = Arc::downgrade(&square);
        let t = thread::spawn(move || weak.upgrade().map(|shape| shape.corners()));
        drop(square);
        let corners: Arc<[u32]> = [boxed.corners()].into_iter().collect();
        let name: Arc<str> = Arc::from("square");
        (t.join().unwrap(), corners.len(), name.len())
    });
    assert_eq!(seen, BTreeSet::from([(None, 1, 6), (Some(4), 1, 6)]));
    assert_eq!(left.load(RealOrdering::Relaxed), 0);
}

/// Would be lost if a reference to itself kept it alive.
struct Cyclic {
    _me: Weak<Cyclic>,
    _square: Square,
}

#[test]
fn executions_that_fail_leave_no_value_behind() {
    let alive = std::sync::Arc::new(AtomicI64::new(0));
    let left = alive.clone();
    let report = search(move || {
        alive.fetch_add(1, RealOrdering::Relaxed);
        let lock = Arc::new(Mutex::new(()));
        let square = Arc::new_cyclic(|me: &Weak<Cyclic>| Cyclic {
            _me: me.clone(),
            _square: Square(alive.clone()),
        });
        let (weak, locked) = (Arc::downgrade(&square), lock.clone());
        let t = thread::spawn(move || {
            let _held = weak.upgrade();
            let _locked = locked.lock();
            panic!("on purpose");
        });
        let _locked = lock.lock();
        drop(square);
        drop(t.join());
    });
    assert!(report.failing > 0);
    assert_eq!(left.load(RealOrdering::Relaxed), 0);
}

#[test]
fn outside_an_exploration_it_is_stds() {
    static NONE: Weak<u32> = Weak::new();
    assert!(NONE.upgrade().is_none() && NONE.ptr_eq(&Weak::default()));
    let value = Arc::new(5);
    let weak = Arc::downgrade(&value);
    assert_eq!((weak.strong_count(), weak.weak_count(), Arc::weak_count(&value)), (1, 1, 1));
    assert_eq!(weak.as_ptr(), Arc::as_ptr(&value));
    assert_eq!(format!("{weak:?} {value:?}"), "(Weak) 5");
    assert_eq!(Arc::unwrap_or_clone(value), 5);
    assert_eq!((weak.upgrade(), weak.strong_count(), weak.weak_count()), (None, 0, 0));
}

#[test]
#[should_panic(expected = "not the only reference")]
fn an_arc_of_std_that_is_shared_is_refused() {
    let value = std::sync::Arc::new(5);
    let _shared = value.clone();
    drop(Arc::from_std(value));
}
