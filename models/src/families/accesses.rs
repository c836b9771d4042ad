//! Loads and stores of few variables.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use selvedge::native::sync::atomic::AtomicI64;

use super::{together, value, zero, zeros};

/// A writer, and readers of the same variable.
pub fn readers(readers: usize) {
    let x = zero("x");
    together(readers + 1, |number| match number {
        0 => x.store(42, Release),
        _ => {
            x.load(Acquire);
        }
    });
}

/// Writers and a reader of the same variable.
pub fn n_writers_a_reader(writers: usize) {
    let x = zero("x");
    together(writers + 1, |number| match number {
        0 => {
            x.load(Acquire);
        }
        _ => x.store(value(number), Release),
    });
}

/// Threads that read a variable, and then write it.
pub fn rw(threads: usize) {
    let x = zero("x");
    together(threads, |number| {
        x.load(Relaxed);
        x.store(value(number), Release);
    });
}

/// The same, and a thread that only writes.
pub fn wrw(threads: usize) {
    let x = zero("x");
    together(threads + 1, |number| {
        if number > 0 {
            x.load(Relaxed);
        }
        x.store(value(number), Release);
    });
}

/// Two threads that write a variable, look at another one each, and read what
/// they wrote; the others write both of those that were looked at.
pub fn coa(size: usize) {
    let (x, y, z) = (zero("x"), zero("y"), zero("z"));
    let look = |written, other: &AtomicI64| {
        x.store(written, Release);
        other.load(Acquire);
        x.load(Acquire);
    };
    together(size + 1, |number| match number {
        0 => look(1, &y),
        1 => look(2, &z),
        _ => {
            y.store(value(number), Release);
            z.store(value(number), Release);
        }
    });
}

/// Two threads with many accesses of a variable of their own, and a store and
/// a load of a common one.
pub fn par_length(length: usize) {
    let (common, own) = (zero("common"), zeros(2, "own"));
    together(own.len(), |number| {
        for i in 0..length {
            own[number].store(value(i), SeqCst);
            own[number].load(SeqCst);
        }
        common.store(value(number), SeqCst);
        common.load(SeqCst);
    });
}
