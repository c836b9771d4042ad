//! The scenarios as a user of `--cfg loom` runs them: each is a loom test.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p selvedge-models --release
//! ```
//!
//! What loom cannot exhaust within seconds is ignored, for the reason given.
#![cfg(loom)]

mod common;

use common::{Differs, scenario_tests};
use selvedge::FailureKind;

/// Where the failure that loom reports is not the expected one.
const DIFFERS: &[(&str, Differs)] = &[
    // loom has no livelocks: a loop that never ends reaches its bound.
    ("external/busy-wait-never-released", Differs::Instead(FailureKind::StepBound)),
];

scenario_tests! {
    loom, DIFFERS;
    purchase_unsynchronized = "purchase/unsynchronized";
    purchase_deduct = "purchase/deduct";
    purchase_mutex = "purchase/mutex";
    purchase_mutex_3 = "purchase/mutex-3";
    purchase_compare_and_set = "purchase/compare-and-set";
    #[ignore = "about 12 s on loom"]
    purchase_compare_and_set_3 = "purchase/compare-and-set-3";
    purchase_compare_and_set_gives_up = "purchase/compare-and-set-gives-up";
    purchase_compare_and_set_retry = "purchase/compare-and-set-retry";
    #[ignore = "no end within a minute on loom"]
    purchase_compare_and_set_retry_3 = "purchase/compare-and-set-retry-3";
    purchase_compare_and_set_retry_bounded = "purchase/compare-and-set-retry-bounded";
    purchase_compare_and_swap = "purchase/compare-and-swap";
    #[ignore = "about 45 s on loom"]
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
    #[ignore = "sampled everywhere, and loom cannot sample"]
    list_mutex_4x100 = "list/mutex-4x100";
    list_rwlock = "list/rwlock";
    list_rwlock_2x2 = "list/rwlock-2x2";
    list_rwlock_3x1 = "list/rwlock-3x1";
    list_rwlock_3x2 = "list/rwlock-3x2";
    list_spinlock = "list/spinlock";
    list_spinlock_2x2 = "list/spinlock-2x2";
    #[ignore = "no end within a minute on loom"]
    list_spinlock_3x1 = "list/spinlock-3x1";
    #[ignore = "no end within a minute on loom"]
    list_spinlock_3x2 = "list/spinlock-3x2";
    external_no_lock = "external/no-lock";
    #[ignore = "about 20 s on loom"]
    external_lock = "external/lock";
    #[ignore = "about 20 s on loom"]
    external_try_lock = "external/try-lock";
    external_try_lock_exactly_one = "external/try-lock-exactly-one";
    external_busy_wait = "external/busy-wait";
    #[ignore = "no end within a minute on loom"]
    external_busy_wait_3 = "external/busy-wait-3";
    external_busy_wait_never_released = "external/busy-wait-never-released";
    #[ignore = "no end within a minute on loom"]
    processor_reply_channel = "processor/reply-channel";
    #[ignore = "no end within a minute on loom"]
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
