//! Threads that increment the same counters. Additions do not commute, since
//! each of them also reads.

use std::sync::atomic::Ordering::Relaxed;

use super::{together, zeros};

/// `threads` increments of one counter.
pub fn ainc(threads: usize) {
    increments(threads, 1);
}

/// `threads` increments of two counters.
pub fn binc(threads: usize) {
    increments(threads, 2);
}

/// `threads` increments of three counters.
pub fn cinc(threads: usize) {
    increments(threads, 3);
}

fn increments(threads: usize, counters: usize) {
    let counters = zeros(counters, "counter");
    together(threads, |_| {
        for counter in &counters {
            counter.fetch_add(1, Relaxed);
        }
    });
}
