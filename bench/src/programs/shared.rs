//! The programs, as threads that share memory: one source, stamped for each
//! tool whose types have std's names. `super::rt` is the tool's `sync` and
//! `thread`.
//!
//! None of them checks anything, so no execution fails: what is measured is
//! the search. Atomics are sequentially consistent throughout, which is the
//! one ordering that all tools know.

use std::collections::BTreeMap;

use super::rt::sync::atomic::{AtomicU32, Ordering};
use super::rt::sync::{Arc, Mutex};
use super::rt::thread;

/// Runs `body` with 0, 1, ... in as many threads, waits for them, and gives
/// back what they share.
fn run<S, F>(threads: usize, shared: S, body: F) -> Arc<S>
where
    S: Send + Sync + 'static,
    F: Fn(usize, &S) + Copy + Send + 'static,
{
    let shared = Arc::new(shared);
    let handles: Vec<_> = (0..threads)
        .map(|number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || body(number, &shared))
        })
        .collect();
    for handle in handles {
        // A panic ends the exploration: nobody is here to see an error.
        let _ = handle.join();
    }
    shared
}

fn atomics<const N: usize>() -> [AtomicU32; N] {
    std::array::from_fn(|_| AtomicU32::new(0))
}

/// Threads that add one to a counter.
pub fn counter(threads: usize, additions: usize) {
    run(threads, AtomicU32::new(0), move |_, counter| {
        for _ in 0..additions {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
}

/// Threads that add one to a counter under a mutex.
pub fn lock_counter(threads: usize, additions: usize) {
    run(threads, Mutex::new(0_u32), move |_, counter| {
        for _ in 0..additions {
            *counter.lock().unwrap() += 1;
        }
    });
}

/// Alice's balance, and a lock for whole purchases.
struct Accounts {
    balances: Mutex<BTreeMap<&'static str, i64>>,
    purchase: Mutex<()>,
}

impl Accounts {
    fn get(&self) -> i64 {
        self.balances.lock().unwrap()["alice"]
    }
}

/// Two buyers get Alice's balance, check it, and set what is left; each access
/// is locked, and with `whole` the purchase as well. At the end the balance is
/// looked at.
pub fn purchase(whole: bool) {
    let accounts = Accounts {
        balances: Mutex::new(BTreeMap::from([("alice", 50)])),
        purchase: Mutex::new(()),
    };
    let accounts = run(2, accounts, move |buyer, accounts| {
        let price = [40, 20][buyer];
        let _whole = whole.then(|| accounts.purchase.lock().unwrap());
        let balance = accounts.get();
        if balance >= price {
            accounts.balances.lock().unwrap().insert("alice", balance - price);
        }
    });
    accounts.get();
}

/// One thread writes, the others read once.
pub fn readers(readers: usize) {
    run(readers + 1, AtomicU32::new(0), |number, x| match number {
        0 => x.store(1, Ordering::SeqCst),
        _ => {
            x.load(Ordering::SeqCst);
        }
    });
}

/// Thread j sets `array[j]` to `array[j - 1] + 1`; thread 0 looks for the last
/// zero. `N` is one more than the threads that write.
pub fn last_zero<const N: usize>() {
    run(N, atomics::<N>(), |number, array| match number {
        0 => {
            // The first element stays zero.
            (0..N).rev().find(|&i| array[i].load(Ordering::SeqCst) == 0);
        }
        j => array[j].store(array[j - 1].load(Ordering::SeqCst) + 1, Ordering::SeqCst),
    });
}

/// Philosophers who take the fork of the lower number first.
pub fn philosophers<const N: usize>() {
    let forks: [Mutex<()>; N] = std::array::from_fn(|_| Mutex::new(()));
    run(N, forks, |number, forks| {
        let (left, right) = (number, (number + 1) % N);
        let _first = forks[left.min(right)].lock().unwrap();
        let _second = forks[left.max(right)].lock().unwrap();
    });
}

/// Message passing: data and a flag are written, and read the other way round.
pub fn message_passing() {
    run(2, atomics::<2>(), |number, [data, flag]| match number {
        0 => {
            data.store(1, Ordering::SeqCst);
            flag.store(1, Ordering::SeqCst);
        }
        _ => {
            flag.load(Ordering::SeqCst);
            data.load(Ordering::SeqCst);
        }
    });
}

/// Store buffering: each thread writes its own and reads the other's.
pub fn store_buffering() {
    run(2, atomics::<2>(), |number, xy| {
        xy[number].store(1, Ordering::SeqCst);
        xy[1 - number].load(Ordering::SeqCst);
    });
}

/// Independent reads of independent writes.
pub fn iriw() {
    run(4, atomics::<2>(), |number, xy| match number {
        0 | 1 => xy[number].store(1, Ordering::SeqCst),
        reader => {
            xy[reader - 2].load(Ordering::SeqCst);
            xy[3 - reader].load(Ordering::SeqCst);
        }
    });
}
