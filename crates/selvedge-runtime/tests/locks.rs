//! What reader-writer locks let happen between two steps of their holder.

mod common;

use std::collections::BTreeSet;

use common::{failure, outcomes};
use selvedge_core::failure::FailureKind;
use selvedge_runtime::cell::UnsafeCell;
use selvedge_runtime::sync::{RwLock, RwLockWriteGuard};
use selvedge_runtime::thread;

/// Writes 1, and gives what is there when it reads under another guard.
fn write_then_read(downgrades: bool) -> u32 {
    let lock = RwLock::new(0);
    thread::scope(|s| {
        s.spawn(|| *lock.write().unwrap() = 2);
        let mut writing = lock.write().unwrap();
        *writing = 1;
        if downgrades {
            *RwLockWriteGuard::downgrade(writing)
        } else {
            drop(writing);
            *lock.read().unwrap()
        }
    })
}

#[test]
fn no_writer_comes_between_when_a_guard_is_downgraded() {
    assert_eq!(outcomes(|| write_then_read(true)), BTreeSet::from([1]));
    assert_eq!(outcomes(|| write_then_read(false)), BTreeSet::from([1, 2]));
}

#[test]
fn readers_see_what_was_done_before_the_downgrade() {
    struct Plain(UnsafeCell<u32>);
    // SAFETY: the lock orders the accesses.
    unsafe impl Sync for Plain {}
    let program = || {
        let (plain, lock) = (Plain(UnsafeCell::new(0)), RwLock::new(false));
        thread::scope(|s| {
            let reader = s.spawn(|| {
                let done = lock.read().unwrap();
                let plain = &plain;
                // SAFETY: nobody writes any more.
                done.then(|| plain.0.with(|n| unsafe { *n }))
            });
            let mut done = lock.write().unwrap();
            // SAFETY: nobody reads yet.
            plain.0.with_mut(|n| unsafe { *n = 7 });
            *done = true;
            let _reading = RwLockWriteGuard::downgrade(done);
            reader.join().unwrap()
        })
    };
    assert_eq!(outcomes(program), BTreeSet::from([None, Some(7)]));
}

#[test]
fn who_downgrades_keeps_writers_out() {
    let fault = failure(|| {
        let lock = RwLock::new(0);
        let _reading = RwLockWriteGuard::downgrade(lock.write().unwrap());
        thread::scope(|s| {
            s.spawn(|| drop(lock.write()));
        });
    });
    assert_eq!(fault.kind, FailureKind::Deadlock);
}
