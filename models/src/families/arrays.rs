//! Programs in which it depends on what was read which variable is accessed.

use std::sync::atomic::Ordering::{Acquire, Release, SeqCst};

use selvedge::native::Named;
use selvedge::native::sync::atomic::AtomicI64;
use selvedge::native::sync::{Mutex, MutexGuard, PoisonError};

use super::{together, value, zeros};

/// A reader looks from the end of an array for a zero, while each writer makes
/// its element one more than the element before.
pub fn last_zero(writers: usize) {
    let array = zeros(writers + 1, "element");
    together(writers + 1, |number| match number {
        0 => {
            let zero = array.iter().rev().position(|element| element.load(Acquire) == 0);
            assert!(zero.is_some(), "the first element stays zero");
        }
        _ => array[number].store(array[number - 1].load(Acquire) + 1, Release),
    });
}

/// Threads that insert four values each into a table, at the next free place
/// from the value's hash on. The values of thread 11 meet those of thread 0.
pub fn indexer(threads: usize) {
    const SIZE: usize = 128;
    let table = zeros(SIZE, "slot");
    together(threads, |number| {
        for round in 1..=4 {
            let inserted = round * 11 + number;
            let hash = inserted * 7 % SIZE;
            let free = |slot: &usize| {
                let slot = &table[*slot % SIZE];
                slot.compare_exchange(0, value(inserted), SeqCst, SeqCst).is_ok()
            };
            assert!((hash..hash + SIZE).any(|slot| free(&slot)), "the table is large enough");
        }
    });
}

/// Threads that take a free block for an inode of their own. The blocks of
/// thread 13 are those of thread 0.
pub fn filesystem(threads: usize) {
    const BLOCKS: usize = 26;
    const INODES: usize = 32;
    let inodes: Vec<_> = (0..INODES).map(|_| Mutex::new(0).named("inode")).collect();
    let busy: Vec<_> = (0..BLOCKS).map(|_| Mutex::new(false).named("block")).collect();
    together(threads, |number| {
        let inode = number % INODES;
        let mut block_of_inode = lock(&inodes[inode]);
        if *block_of_inode != 0 {
            return;
        }
        let first = inode * 2 % BLOCKS;
        for block in (first..first + BLOCKS).map(|block| block % BLOCKS) {
            let mut busy = lock(&busy[block]);
            if !*busy {
                *busy = true;
                *block_of_inode = block + 1;
                break;
            }
        }
    });
}

/// Locks a mutex. If a panic poisoned it, that is reported already.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Two threads that strike out the multiples of each number that is not
/// struck out yet. Element `i` is the number `i + 2`.
pub fn eratosthenes(numbers: usize) {
    let naturals = zeros(numbers, "natural");
    together(2, |_| {
        for i in 0..numbers {
            if naturals[i].load(Acquire) == 0 {
                naturals[i].store(1, Release);
                for multiple in (2 * i + 2..numbers).step_by(i + 2) {
                    naturals[multiple].store(2, Release);
                }
            }
        }
    });
}

/// Two threads that add the other's number to their own, again and again, and
/// one that looks at both: none is ever more than the Fibonacci number.
pub fn fib_bench(rounds: usize) {
    let numbers = [AtomicI64::new(1).named("i"), AtomicI64::new(1).named("j")];
    let read = |which: usize| numbers[which].load(SeqCst);
    let most = {
        let (mut current, mut next) = (0, 1);
        for _ in 0..2 * rounds + 2 {
            (current, next) = (next, current + next);
        }
        current
    };
    together(3, |number| match number {
        2 => assert!(read(0) <= most && read(1) <= most, "more than {most}"),
        _ => {
            for _ in 0..rounds {
                let sum = read(0) + read(1);
                numbers[number].store(sum, SeqCst);
            }
        }
    });
}
