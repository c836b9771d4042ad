//! `#[selvedge::test]` as users write it.
#![cfg(all(feature = "explore", not(any(loom, shuttle))))]

use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::{invariant, thread};

fn add_twice(add: fn(&AtomicU32)) {
    let n = AtomicU32::new(0);
    thread::scope(|s| {
        s.spawn(|| add(&n));
        s.spawn(|| add(&n));
    });
    invariant!("no addition is lost", n.load(SeqCst) == 2);
}

#[selvedge::test]
fn additions_in_one_step_are_kept() {
    add_twice(|n| {
        n.fetch_add(1, SeqCst);
    });
}

#[selvedge::test]
#[should_panic(expected = "no addition is lost")]
fn additions_in_two_steps_are_lost() {
    add_twice(|n| n.store(n.load(SeqCst) + 1, SeqCst));
}

#[selvedge::test(strategy = "random", seed = 7, max_executions = 100, keep_going = true)]
#[should_panic(expected = "no addition is lost")]
fn settings_are_taken() {
    add_twice(|n| n.store(n.load(SeqCst) + 1, SeqCst));
}

#[selvedge::test(max_preemptions = 0)]
fn a_bound_can_hide_the_loss() {
    add_twice(|n| n.store(n.load(SeqCst) + 1, SeqCst));
}
