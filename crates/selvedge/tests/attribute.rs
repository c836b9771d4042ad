//! `#[selvedge::test]` as users write it.
#![cfg(all(feature = "explore", not(any(loom, shuttle))))]

use selvedge::sync::Mutex;
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

#[selvedge::test(
    breaks = "no addition is lost",
    memory = "sc",
    max_seconds = 60,
    simplify_seconds = 0
)]
fn a_test_may_have_to_break() {
    add_twice(|n| n.store(n.load(SeqCst) + 1, SeqCst));
}

#[selvedge::test(breaks = "deadlock")]
fn by_a_kind() {
    let locks = [Mutex::new(()), Mutex::new(())];
    let both = |first: usize| {
        let _first = locks[first].lock();
        let _second = locks[1 - first].lock();
    };
    thread::scope(|s| {
        s.spawn(|| both(0));
        both(1);
    });
}

#[selvedge::test(breaks = "no addition is lost")]
#[should_panic(
    expected = "expected to break `no addition is lost`, but holds, exhausted: 2 behaviours"
)]
fn what_holds_does_not_break() {
    add_twice(|n| {
        n.fetch_add(1, SeqCst);
    });
}

#[selvedge::test(breaks = "deadlock")]
#[should_panic(expected = "expected to break `deadlock` and nothing else")]
fn what_breaks_otherwise_does_not_break_so() {
    add_twice(|n| n.store(n.load(SeqCst) + 1, SeqCst));
}

#[selvedge::test(require_proof = true, workers = 2)]
fn a_proof_may_be_required() {
    add_twice(|n| {
        n.fetch_add(1, SeqCst);
    });
}

#[selvedge::test(require_proof = true, max_preemptions = 0)]
#[should_panic(expected = "a proof is required, and there is none: holds, bounded (at most 0")]
fn a_bound_is_no_proof() {
    add_twice(|n| n.store(n.load(SeqCst) + 1, SeqCst));
}

#[selvedge::test]
#[should_panic(expected = "the test returns an error: \"lost\"")]
fn an_error_is_a_failure() -> Result<(), &'static str> {
    Err("lost")
}

#[cfg(feature = "proptest")]
mod inputs {
    use super::*;

    fn sell(seats: u32, buyers: usize) {
        let sold = AtomicU32::new(0);
        thread::scope(|s| {
            for _ in 0..buyers {
                s.spawn(|| {
                    if sold.load(SeqCst) < seats {
                        sold.fetch_add(1, SeqCst);
                    }
                });
            }
        });
        invariant!("seats are sold once", sold.load(SeqCst) <= seats);
    }

    #[selvedge::test(cases = 8)]
    fn of_one_buyer_all_hold(seats: u32) {
        sell(seats, 1);
    }

    /// It takes a schedule and an input: there are fewer seats than buyers.
    #[selvedge::test(breaks = "seats are sold once")]
    fn an_input_may_break(#[strategy(1..=8)] seats: u32, #[strategy(2..4)] buyers: usize) {
        sell(seats, buyers);
    }

    #[selvedge::test]
    #[should_panic(expected = "input: seats = 1, buyers = 2")]
    fn the_smallest_is_shown(#[strategy(1..=8)] seats: u32, #[strategy(2..4)] buyers: usize) {
        sell(seats, buyers);
    }

    #[selvedge::test(require_proof = true)]
    #[should_panic(expected = "there is none: holds for 32 inputs, each exhausted")]
    fn inputs_are_no_proof(#[strategy(1..3)] seats: u32) {
        sell(seats, 1);
    }

    #[selvedge::test(cases = 0)]
    #[should_panic(expected = "no inputs are asked for")]
    fn no_inputs_are_no_test(_seats: u32) {}
}
