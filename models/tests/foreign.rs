//! The scenarios as users of loom and of shuttle run them: each is a test.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p selvedge-models --release
//! RUSTFLAGS="--cfg shuttle" cargo test -p selvedge-models --release
//! ```
//!
//! What loom cannot exhaust within seconds is ignored there, for the reason given.
#![cfg(any(loom, shuttle))]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use selvedge::FailureKind;
use selvedge_core::scenario::Expectation;
#[cfg(loom)]
use selvedge_models::loom as engine;
#[cfg(not(loom))]
use selvedge_models::shuttle as engine;

/// How an engine differs from what is expected of a scenario that breaks.
#[derive(Clone, Copy)]
enum Differs {
    /// It reports a failure of this kind.
    Instead(FailureKind),
    /// It cannot see the failure.
    #[cfg_attr(loom, allow(dead_code, reason = "loom sees them all"))]
    Unseen,
}

/// Where what the engine reports is not what is expected.
const DIFFERS: &[(&str, Differs)] = &[
    // Neither has livelocks: a loop that never ends reaches its bound.
    ("external/busy-wait-never-released", Differs::Instead(FailureKind::StepBound)),
    // shuttle switches threads at operations only: accesses to plain memory
    // between two of them are never seen to overlap.
    #[cfg(not(loom))]
    ("close/plain-flag", Differs::Unseen),
    #[cfg(not(loom))]
    ("spot/data-race", Differs::Unseen),
];

/// One test for each scenario, and one that says that none is missing.
macro_rules! scenario_tests {
    ($($(#[$attribute:meta])* $test:ident = $name:literal;)+) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $test() {
                check($name);
            }
        )+

        #[test]
        fn no_scenario_is_missing() {
            complete(&[$($name),+]);
        }
    };
}

scenario_tests! {
    purchase_unsynchronized = "purchase/unsynchronized";
    purchase_deduct = "purchase/deduct";
    purchase_mutex = "purchase/mutex";
    purchase_mutex_3 = "purchase/mutex-3";
    purchase_compare_and_set = "purchase/compare-and-set";
    #[cfg_attr(loom, ignore = "about 12 s on loom")]
    purchase_compare_and_set_3 = "purchase/compare-and-set-3";
    purchase_compare_and_set_gives_up = "purchase/compare-and-set-gives-up";
    purchase_compare_and_set_retry = "purchase/compare-and-set-retry";
    #[cfg_attr(loom, ignore = "no end within a minute on loom")]
    purchase_compare_and_set_retry_3 = "purchase/compare-and-set-retry-3";
    purchase_compare_and_set_retry_bounded = "purchase/compare-and-set-retry-bounded";
    purchase_compare_and_swap = "purchase/compare-and-swap";
    #[cfg_attr(loom, ignore = "about 45 s on loom")]
    purchase_compare_and_swap_3 = "purchase/compare-and-swap-3";
    purchase_swap_in_two_steps = "purchase/swap-in-two-steps";
    coupon_check_then_delete = "coupon/check-then-delete";
    coupon_compare_and_delete = "coupon/compare-and-delete";
    coupon_compare_and_delete_3 = "coupon/compare-and-delete-3";
    close_unguarded = "close/unguarded";
    close_flag = "close/flag";
    close_plain_flag = "close/plain-flag";
    close_select = "close/select";
    close_select_without_free = "close/select-without-free";
    close_mutex = "close/mutex";
    close_mutex_3 = "close/mutex-3";
    close_once = "close/once";
    close_once_3 = "close/once-3";
    close_swap = "close/swap";
    close_swap_3 = "close/swap-3";
    list_unlocked = "list/unlocked";
    list_no_lock = "list/no-lock";
    list_mutex = "list/mutex";
    list_mutex_2x2 = "list/mutex-2x2";
    list_mutex_3x1 = "list/mutex-3x1";
    list_mutex_3x2 = "list/mutex-3x2";
    #[cfg_attr(loom, ignore = "sampled everywhere, and loom cannot sample")]
    list_mutex_4x100 = "list/mutex-4x100";
    list_rwlock = "list/rwlock";
    list_rwlock_2x2 = "list/rwlock-2x2";
    list_rwlock_3x1 = "list/rwlock-3x1";
    list_rwlock_3x2 = "list/rwlock-3x2";
    list_spinlock = "list/spinlock";
    list_spinlock_2x2 = "list/spinlock-2x2";
    #[cfg_attr(loom, ignore = "no end within a minute on loom")]
    list_spinlock_3x1 = "list/spinlock-3x1";
    #[cfg_attr(loom, ignore = "no end within a minute on loom")]
    list_spinlock_3x2 = "list/spinlock-3x2";
    external_no_lock = "external/no-lock";
    #[cfg_attr(loom, ignore = "about 20 s on loom")]
    external_lock = "external/lock";
    #[cfg_attr(loom, ignore = "about 20 s on loom")]
    external_try_lock = "external/try-lock";
    external_try_lock_exactly_one = "external/try-lock-exactly-one";
    external_busy_wait = "external/busy-wait";
    #[cfg_attr(loom, ignore = "no end within a minute on loom")]
    external_busy_wait_3 = "external/busy-wait-3";
    external_busy_wait_never_released = "external/busy-wait-never-released";
    #[cfg_attr(loom, ignore = "no end within a minute on loom")]
    processor_reply_channel = "processor/reply-channel";
    #[cfg_attr(loom, ignore = "no end within a minute on loom")]
    processor_reply_channel_3 = "processor/reply-channel-3";
    processor_shared_replies = "processor/shared-replies";
    processor_never_stopped = "processor/never-stopped";
    processor_two = "processor/two";
    map_check_then_insert = "map/check-then-insert";
    map_entry = "map/entry";
    map_entry_3 = "map/entry-3";
    limiter_check_then_count = "limiter/check-then-count";
    limiter_semaphore = "limiter/semaphore";
    spot_data_race = "spot/data-race";
    spot_race_condition = "spot/race-condition";
    spot_locked = "spot/locked";
    spot_locked_3 = "spot/locked-3";
}

/// Explores a scenario through `selvedge::model`, which must pass or panic, as
/// it is expected of the scenario.
fn check(name: &str) {
    let scenarios = engine::scenarios();
    let scenario = scenarios.iter().find(|s| s.name == name).expect("a scenario of that name");
    let result = catch_unwind(AssertUnwindSafe(|| selvedge::model(scenario.program())));
    let exception = DIFFERS.iter().find(|(of, _)| *of == name).map(|(_, how)| *how);
    let expected = match (&scenario.expect, exception) {
        (Expectation::Holds, _) | (_, Some(Differs::Unseen)) => vec![],
        (Expectation::Breaks(_), Some(Differs::Instead(kind))) => vec![(kind, kind.words())],
        (Expectation::Breaks(list), None) => list.iter().map(|b| (b.kind, &*b.name)).collect(),
        (Expectation::Panics, _) => unreachable!("{name} is no test"),
    };
    match (result, expected.as_slice()) {
        (Ok(()), []) => {}
        (Ok(()), expected) => panic!("{name} passed; expected: {expected:?}"),
        (Err(panic), []) => resume_unwind(panic),
        (Err(panic), expected) => {
            let text = panic.downcast_ref::<String>().expect("the report is the panic's message");
            for (kind, name) in expected {
                let headline = match kind {
                    FailureKind::Invariant => format!("{}: {name}", kind.words()),
                    _ => kind.words().to_owned(),
                };
                assert!(text.contains(&headline), "'{headline}' is not in the report:\n{text}");
            }
        }
    }
}

/// Each scenario has its test, and each exception its scenario.
fn complete(tests: &[&str]) {
    let scenarios = engine::scenarios();
    let all: BTreeSet<&str> = scenarios.iter().map(|s| &*s.name).collect();
    assert_eq!(tests.iter().copied().collect::<BTreeSet<_>>(), all);
    for (name, _) in DIFFERS {
        assert!(all.contains(name), "an exception for {name}, which is not there");
    }
}
