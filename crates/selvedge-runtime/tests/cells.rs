//! `Cell` and `OnceCell`: of one thread by their type, and races where the
//! program says that they are not.

mod common;

use common::{failure, search};
use selvedge_core::failure::FailureKind;
use selvedge_runtime::cell::{Cell, OnceCell, RefCell};
use selvedge_runtime::sync::atomic::{AtomicBool, Ordering};
use selvedge_runtime::{Named, thread};

/// What must not be done.
struct Shared<T>(T);

// SAFETY: not so; the tests are about who notices. All threads of an exploration
// run on one OS thread.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn get(&self) -> &T {
        &self.0
    }
}

#[test]
fn a_cell_that_is_shared_is_a_data_race() {
    let fault = failure(|| {
        let shared = Shared(Cell::new(1).named("total"));
        thread::scope(|s| {
            s.spawn(|| shared.get().set(2));
            shared.get().get();
        });
    });
    assert_eq!(fault.kind, FailureKind::DataRace);
    assert!(fault.message.contains("total"), "{fault:?}");
}

#[test]
fn reads_do_not_race_and_a_flag_orders_a_write() {
    let report = search(|| {
        let shared = Shared((Cell::new(1), OnceCell::from(5), AtomicBool::new(false)));
        thread::scope(|s| {
            s.spawn(|| {
                let (cell, once, flag) = shared.get();
                assert_eq!(once.get(), Some(&5));
                cell.set(2);
                flag.store(true, Ordering::Release);
            });
            let (cell, once, flag) = shared.get();
            assert_eq!(once.get(), Some(&5));
            if flag.load(Ordering::Acquire) {
                assert_eq!(cell.get(), 2);
            }
        });
    });
    // The accesses are no operations; the flag is read before or after.
    assert_eq!((report.executions(), report.failures().len()), (2, 0), "{report:?}");
}

#[test]
fn a_once_cell_that_two_threads_fill_is_a_data_race() {
    let fault = failure(|| {
        let shared = Shared(OnceCell::new());
        thread::scope(|s| {
            s.spawn(|| shared.get().get_or_init(|| 1));
            shared.get().get_or_init(|| 2);
        });
    });
    assert_eq!(fault.kind, FailureKind::DataRace);
}

fn all_of_it() {
    let (mut cell, other) = (Cell::new(1), Cell::from(2));
    cell.swap(&other);
    cell.swap(&cell);
    cell.update(|n| n + 1);
    assert_eq!((cell.get(), other.replace(9), other.take(), other.get()), (3, 1, 9, 0));
    *cell.get_mut() += 1;
    assert!(cell > other && cell == cell.clone());
    assert_eq!((format!("{cell:?}"), cell.into_inner()), ("Cell { value: 4 }".to_owned(), 4));

    let mut once = OnceCell::new();
    assert_eq!(format!("{once:?}"), "OnceCell(<uninit>)");
    assert_eq!((once.get(), once.set(1), once.set(2)), (None, Ok(()), Err(2)));
    *once.get_mut().unwrap() += 1;
    assert_eq!(*once.get_or_init(|| unreachable!("it is full")), 2);
    assert_eq!((format!("{once:?}"), once.clone() == once), ("OnceCell(2)".to_owned(), true));
    assert_eq!((once.take(), once.into_inner()), (Some(2), None));

    assert_eq!(*RefCell::new(1).borrow(), 1);
}

#[test]
fn they_do_what_stds_do() {
    all_of_it();
    let report = search(all_of_it);
    assert_eq!((report.executions(), report.failures().len()), (1, 0), "{report:?}");
}

#[test]
fn a_once_cell_that_its_closure_fills_panics() {
    let fault = failure(|| {
        let once = OnceCell::new();
        once.get_or_init(|| {
            once.set(1).unwrap();
            2
        });
    });
    assert!(fault.message.contains("reentrant init"), "{fault:?}");
}
