//! Threads whose compare-exchanges meet. One that fails only reads.

use std::sync::atomic::Ordering::{Relaxed, Release};

use super::{together, value, zero};

/// Each thread wants to be the first: 0 becomes its number.
pub fn cas(threads: usize) {
    let x = zero("x");
    together(threads, |number| {
        let _ = x.compare_exchange(0, value(number) + 1, Relaxed, Relaxed);
    });
}

/// Thread `i` replaces `i` by `i + 1`.
pub fn casrot(threads: usize) {
    let x = zero("x");
    together(threads, |number| {
        let _ = x.compare_exchange(value(number), value(number) + 1, Relaxed, Relaxed);
    });
}

/// Each thread tries to replace 0 by 1, and then stores a value of its own.
pub fn casw(threads: usize) {
    let x = zero("x");
    together(threads, |number| {
        let _ = x.compare_exchange(0, 1, Relaxed, Relaxed);
        x.store(value(number) + 3, Release);
    });
}

/// A store of 2, and threads that try to replace 2 by 3.
pub fn wcas(threads: usize) {
    let x = zero("x");
    together(threads + 1, |number| match number {
        0 => x.store(2, Release),
        _ => {
            let _ = x.compare_exchange(2, 3, Relaxed, Relaxed);
        }
    });
}
