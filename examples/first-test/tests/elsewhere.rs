//! The queue in tests of other kinds.

use first_test::Queue;
use selvedge::sync::Arc;
use selvedge::{Explorer, thread};

fn pass_on(items: u32) -> u32 {
    let queue = Arc::new(Queue::new(1));
    let reader = {
        let queue = Arc::clone(&queue);
        thread::spawn(move || (0..items).map(|_| queue.pop()).sum())
    };
    (1..=items).for_each(|item| queue.push(item));
    reader.join().unwrap()
}

/// A closure is explored, and the rest of the test is not.
#[test]
fn a_part_of_a_test_is_explored() {
    selvedge::model(|| assert_eq!(pass_on(2), 3));
}

/// The report as a value.
#[test]
fn a_report_is_looked_at() {
    let report = Explorer::new().max_executions(1).run(|| assert_eq!(pass_on(2), 3));
    assert!(report.failures().is_empty());
    assert!(!report.exhausted());
}

/// Outside an exploration the same types are ordinary ones on real threads.
/// (loom's and shuttle's are not: they panic there.)
#[cfg(not(any(loom, shuttle)))]
#[test]
fn a_queue_works_on_real_threads() {
    assert_eq!(pass_on(10), 55);
}
