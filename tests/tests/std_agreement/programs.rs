//! The programs, against the primitives of whoever stamps them: `super::rt`.

use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;

use super::super::Call;
use super::rt;
use rt::cell::{Cell, OnceCell};
use rt::sync::atomic;
use rt::sync::{
    Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, RwLockWriteGuard, TryLockError,
    Weak,
};

fn told(result: impl Debug) -> String {
    format!("{result:?}")
}

/// Runs `f`, which may panic.
fn caught<R>(f: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}

/// Panics without the hook.
fn unwind() -> ! {
    resume_unwind(Box::new(()))
}

pub(crate) fn arc(calls: &[Call]) -> Vec<String> {
    let mut strong: Vec<Arc<u8>> = Vec::new();
    let mut weak: Vec<Weak<u8>> = vec![Weak::new()];
    let mut told_all = Vec::new();
    for &(call, with) in calls {
        let at = with as usize % strong.len().max(1);
        let weak_at = with as usize % weak.len();
        let result = match call % 16 {
            0 => told(strong.push(Arc::new(with))),
            1 => told(strong.push(Arc::new_cyclic(|me| {
                weak.push(me.clone());
                with + u8::from(me.upgrade().is_some())
            }))),
            2 => {
                let upgraded = weak[weak_at].upgrade();
                let result = told(&upgraded);
                strong.extend(upgraded);
                result
            }
            3 => told(weak.push(weak[weak_at].clone())),
            4 if weak.len() > 1 => told(drop(weak.swap_remove(weak_at))),
            5 => told((weak[weak_at].strong_count(), weak[weak_at].weak_count())),
            6 => told(weak[weak_at].ptr_eq(&weak[0])),
            _ if strong.is_empty() => told("none"),
            7 => told(strong.push(strong[at].clone())),
            8 => told(drop(strong.swap_remove(at))),
            9 => told(weak.push(Arc::downgrade(&strong[at]))),
            10 => told((Arc::strong_count(&strong[at]), Arc::weak_count(&strong[at]))),
            11 => told(Arc::get_mut(&mut strong[at]).map(|n| {
                *n = n.wrapping_add(1);
                *n
            })),
            12 => {
                let n = Arc::make_mut(&mut strong[at]);
                *n = n.wrapping_mul(3);
                told(n)
            }
            13 => match Arc::try_unwrap(strong.swap_remove(at)) {
                Ok(n) => told(n),
                Err(shared) => told(strong.push(shared)),
            },
            14 => told(Arc::into_inner(strong.swap_remove(at))),
            _ => told((
                Arc::ptr_eq(&strong[at], &strong[0]),
                Arc::unwrap_or_clone(strong.swap_remove(at)),
            )),
        };
        told_all.push(result);
    }
    told_all
}

pub(crate) fn mutex(calls: &[Call]) -> Vec<String> {
    let mut lock = Mutex::from(0);
    let mut told_all = Vec::new();
    for &(call, with) in calls {
        told_all.push(match call % 8 {
            0 => told(lock.lock().map(|mut n| std::mem::replace(&mut *n, with))),
            1 => {
                let held = lock.try_lock();
                let again = lock.try_lock();
                let busy = matches!(again, Err(TryLockError::WouldBlock));
                told((held.map(|n| *n), busy))
            }
            2 => told(caught(|| {
                let _held = lock.lock();
                unwind()
            })),
            3 => told(lock.is_poisoned()),
            4 => told(lock.clear_poison()),
            5 => told(lock.get_mut().map(|n| std::mem::replace(n, with))),
            6 => told(caught(|| {
                let mut held = lock.lock().unwrap_or_else(|e| e.into_inner());
                *held = with;
                drop(held);
                unwind()
            })),
            _ => {
                let lock = std::mem::take(&mut lock);
                told(lock.into_inner())
            }
        });
    }
    told_all
}

pub(crate) fn rwlock(calls: &[Call]) -> Vec<String> {
    let mut lock = RwLock::from(0);
    let mut told_all = Vec::new();
    for &(call, with) in calls {
        told_all.push(match call % 9 {
            0 => told(lock.write().map(|mut n| std::mem::replace(&mut *n, with))),
            1 => {
                let readers = [lock.read(), lock.read()];
                let busy = matches!(lock.try_write(), Err(TryLockError::WouldBlock));
                told((readers.map(|n| n.map(|n| *n)), busy))
            }
            2 => {
                let mut held = lock.write().unwrap_or_else(|e| e.into_inner());
                *held = with;
                let before = lock.try_read().is_ok();
                let held = RwLockWriteGuard::downgrade(held);
                let others = (lock.try_read().is_ok(), lock.try_write().is_ok());
                told((before, others, *held))
            }
            3 => told(caught(|| {
                let _held = lock.write();
                unwind()
            })),
            4 => told(caught(|| {
                let _held = lock.read();
                unwind()
            })),
            5 => told((lock.is_poisoned(), lock.try_read().map(|n| *n))),
            6 => told(lock.clear_poison()),
            7 => told(lock.get_mut().map(|n| std::mem::replace(n, with))),
            _ => {
                let lock = std::mem::take(&mut lock);
                told(lock.into_inner())
            }
        });
    }
    told_all
}

pub(crate) fn once(calls: &[Call]) -> Vec<String> {
    let (mut once, mut ran) = (Once::new(), 0);
    let mut told_all = Vec::new();
    for &(call, _) in calls {
        told_all.push(match call % 7 {
            0 => told(caught(|| once.call_once(|| ran += 1))),
            1 => told(caught(|| once.call_once(|| unwind()))),
            2 => told(caught(|| {
                let mut poisoned = None;
                once.call_once_force(|state| poisoned = Some(state.is_poisoned()));
                poisoned
            })),
            3 => told(caught(|| once.call_once_force(|_| unwind()))),
            4 if once.is_completed() => told(caught(|| (once.wait(), once.wait_force()))),
            5 => {
                once = Once::new();
                told("anew")
            }
            _ => told(once.is_completed()),
        });
    }
    told_all.push(told(ran));
    told_all
}

pub(crate) fn once_lock(calls: &[Call]) -> Vec<String> {
    let mut cell = OnceLock::new();
    let mut told_all = Vec::new();
    for &(call, with) in calls {
        told_all.push(match call % 9 {
            0 => told(cell.set(with)),
            1 => told(cell.get()),
            2 => told(cell.get_or_init(|| with)),
            3 => told(caught(|| *cell.get_or_init(|| unwind()))),
            4 => told(cell.get_mut().map(|n| std::mem::replace(n, with))),
            5 => told(cell.take()),
            6 => told((cell.clone() == cell, cell == OnceLock::from(with))),
            7 if cell.get().is_some() => told(cell.wait()),
            _ => told(std::mem::take(&mut cell).into_inner()),
        });
    }
    told_all
}

pub(crate) fn lazy_lock(calls: &[Call]) -> Vec<String> {
    let mut told_all = Vec::new();
    let made = Cell::new(0);
    let fresh = |with: u8| {
        let made = &made;
        LazyLock::new(move || {
            made.set(made.get() + 1);
            if with.is_multiple_of(4) { unwind() } else { with }
        })
    };
    let mut lazy = fresh(1);
    for &(call, with) in calls {
        told_all.push(match call % 6 {
            0 => told(caught(|| *LazyLock::force(&lazy))),
            1 => told(caught(|| *lazy)),
            2 => told(LazyLock::get(&lazy)),
            3 => told(LazyLock::get_mut(&mut lazy).map(|n| std::mem::replace(n, with))),
            4 => told(caught(|| std::mem::replace(LazyLock::force_mut(&mut lazy), with))),
            _ => {
                lazy = fresh(with);
                told(made.get())
            }
        });
    }
    told_all
}

/// The calls that all atomics have.
macro_rules! call_atomic {
    ($n:ident, $call:ident, $order:ident, $value:expr) => {{
        let (set, get) = (Ordering::AcqRel, Ordering::Acquire);
        match $call % 8 {
            0 => told($n.load(Ordering::SeqCst)),
            1 => told($n.store($value, Ordering::Release)),
            2 => told($n.swap($value, $order)),
            3 => told($n.compare_exchange($value, $n.load(get), set, get)),
            4 => {
                let now = $n.load(get);
                // std's may fail without a reason where the value is the expected one.
                let weak = |_| $n.compare_exchange_weak(now, $value, $order, Ordering::Relaxed);
                told((0..).map(weak).find(Result::is_ok))
            }
            5 => {
                let some = |now| (now != $value).then_some($value);
                told(($n.fetch_update(set, get, some), $n.try_update(set, get, some)))
            }
            6 => told(($n.update(set, get, |_| $value), &$n)),
            _ => told(std::mem::replace($n.get_mut(), $value)),
        }
    }};
}

fn order(with: u8) -> Ordering {
    use Ordering::*;
    [Relaxed, Acquire, Release, AcqRel, SeqCst][with as usize % 5]
}

macro_rules! integers {
    ($($atomic:ident: $type:ty;)*) => {
        pub(crate) fn integers(calls: &[Call]) -> Vec<String> {
            let mut told_all = Vec::new();
            $({
                let mut n = atomic::$atomic::default();
                for &(call, with) in calls {
                    // Spread over all bits, so that sums wrap and signs differ.
                    let value = (u64::from(with).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 3) as $type;
                    let order = order(with);
                    told_all.push(match call % 16 {
                        8 => told(n.fetch_add(value, order)),
                        9 => told(n.fetch_sub(value, order)),
                        10 => told(n.fetch_and(value, order)),
                        11 => told(n.fetch_nand(value, order)),
                        12 => told(n.fetch_or(value, order)),
                        13 => told(n.fetch_xor(value, order)),
                        14 => told(n.fetch_max(value, order)),
                        15 => told(n.fetch_min(value, order)),
                        _ => call_atomic!(n, call, order, value),
                    });
                }
                told_all.push(told(atomic::$atomic::from(n.into_inner())));
            })*
            told_all
        }
    };
}

integers! {
    AtomicU8: u8; AtomicU16: u16; AtomicU32: u32; AtomicU64: u64; AtomicUsize: usize;
    AtomicI8: i8; AtomicI16: i16; AtomicI32: i32; AtomicI64: i64; AtomicIsize: isize;
}

pub(crate) fn bools(calls: &[Call]) -> Vec<String> {
    let mut n = atomic::AtomicBool::default();
    let mut told_all = Vec::new();
    for &(call, with) in calls {
        let (value, order) = (with >= 128, order(with));
        told_all.push(match call % 13 {
            8 => told(n.fetch_and(value, order)),
            9 => told(n.fetch_nand(value, order)),
            10 => told(n.fetch_or(value, order)),
            11 => told(n.fetch_xor(value, order)),
            12 => told(n.fetch_not(order)),
            _ => call_atomic!(n, call, order, value),
        });
    }
    told_all.push(told(atomic::AtomicBool::from(n.into_inner())));
    told_all
}

pub(crate) fn pointers(calls: &[Call]) -> Vec<String> {
    let mut n = atomic::AtomicPtr::<u32>::default();
    let mut told_all = Vec::new();
    for &(call, with) in calls {
        let (bits, order) = (usize::from(with), order(with));
        let value = std::ptr::without_provenance_mut(bits * 1_000);
        told_all.push(match call % 16 {
            8 => told(n.fetch_ptr_add(bits, order)),
            9 => told(n.fetch_ptr_sub(bits, order)),
            10 => told(n.fetch_byte_add(bits, order)),
            11 => told(n.fetch_byte_sub(bits, order)),
            12 => told(n.fetch_and(bits, order)),
            13 => told(n.fetch_or(bits, order)),
            14 => told(n.fetch_xor(bits, order)),
            15 => format!("{n:p}"),
            _ => call_atomic!(n, call, order, value),
        });
    }
    told_all.push(told(n.into_inner()));
    told_all
}

pub(crate) fn cells(calls: &[Call]) -> Vec<String> {
    let (mut cell, other) = (Cell::from(0), Cell::default());
    let mut once = OnceCell::new();
    let mut told_all = Vec::new();
    for &(call, with) in calls {
        told_all.push(match call % 14 {
            0 => told(cell.set(with)),
            1 => told(cell.get()),
            2 => told(cell.replace(with)),
            3 => told(cell.swap(&other)),
            4 => told(cell.update(|n| n ^ with)),
            5 => told(cell.take()),
            6 => told((std::mem::replace(cell.get_mut(), with), cell == other, cell < other)),
            7 => told((cell.clone(), std::mem::take(&mut cell).into_inner())),
            8 => told(once.set(with)),
            9 => told((once.get(), &once)),
            10 => told(once.get_or_init(|| with)),
            11 => told(once.get_mut().map(|n| std::mem::replace(n, with))),
            12 => told((once.clone() == once, once == OnceCell::from(with), once.take())),
            _ => told(std::mem::take(&mut once).into_inner()),
        });
    }
    told_all
}

rt::thread_local! {
    static NUMBER: Cell<u8> = const { Cell::new(7) };
    static OTHER: std::cell::Cell<u8> = std::cell::Cell::new(NUMBER.get());
    static LIST: RefCell<Vec<u8>> = RefCell::new(vec![OTHER.get()]);
    static DROPPED: Told = const { Told };
}

/// Tells of its end.
struct Told;

static ENDS: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

impl Drop for Told {
    fn drop(&mut self) {
        let found = (NUMBER.try_with(Cell::get), DROPPED.try_with(|_| ()), LIST.try_with(|_| ()));
        ENDS.lock().unwrap().push(told(found));
    }
}

pub(crate) fn locals(calls: &[Call]) -> Vec<String> {
    let calls = calls.to_vec();
    // A thread that has not used them.
    let thread = rt::thread::spawn(move || {
        let mut told_all = Vec::new();
        for (call, with) in calls {
            told_all.push(match call % 12 {
                0 => told(NUMBER.set(with)),
                1 => told(NUMBER.get()),
                2 => told((NUMBER.replace(with), NUMBER.take())),
                3 => told(OTHER.set(with)),
                4 => told((OTHER.get(), OTHER.replace(with))),
                5 => told(OTHER.try_with(|n| n.take())),
                6 => told(LIST.with_borrow_mut(|list| list.push(with))),
                7 => told(LIST.with_borrow(Vec::clone)),
                8 => told(LIST.replace(vec![with])),
                9 => told(LIST.take()),
                10 => told(LIST.set(vec![with])),
                _ => told(DROPPED.with(|_| ())),
            });
        }
        told_all
    });
    let mut told_all = thread.join().expect("nobody panics");
    told_all.append(&mut ENDS.lock().unwrap());
    told_all
}

pub(crate) fn alone(calls: &[Call]) -> Vec<String> {
    let (barrier, condvar) = (Barrier::new(1), Condvar::new());
    let alone = |&(call, _): &Call| match call % 3 {
        0 => told(barrier.wait().is_leader()),
        1 => told(condvar.notify_one()),
        _ => told(condvar.notify_all()),
    };
    calls.iter().map(alone).collect()
}
