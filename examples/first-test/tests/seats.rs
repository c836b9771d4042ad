//! Every interleaving of two buyers who want the last seat.

use first_test::{Theatre, broken};
use selvedge::sync::Arc;
use selvedge::{Explorer, FailureKind, invariant, thread};

/// Two buyers, each in a thread of its own; how many got a seat?
fn buy<T: Send + Sync + 'static>(theatre: T, sell: fn(&T) -> bool) -> u32 {
    let theatre = Arc::new(theatre);
    let buyers = [(); 2].map(|()| {
        let theatre = Arc::clone(&theatre);
        thread::spawn(move || sell(&theatre))
    });
    buyers.into_iter().map(|buyer| u32::from(buyer.join().unwrap())).sum()
}

#[test]
fn a_seat_is_sold_once() {
    selvedge::model(|| {
        let sold = buy(Theatre::new(1), Theatre::sell);
        invariant!("one seat, one buyer", sold == 1, "{sold} buyers have the seat");
    });
}

/// The same with the attribute: the whole body is explored.
#[selvedge::test]
fn two_seats_for_two_buyers() {
    let theatre = Theatre::new(2);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| assert!(theatre.sell()));
        }
    });
}

/// Selvedge finds the mistake in the version that has it.
#[test]
fn the_broken_theatre_sells_a_seat_twice() {
    let report = Explorer::new().run(|| {
        let sold = buy(broken::Theatre::new(1), broken::Theatre::sell);
        invariant!("one seat, one buyer", sold == 1, "{sold} buyers have the seat");
    });
    let [failure] = report.failures() else { panic!("one failure expected: {report:?}") };
    assert_eq!(failure.kind(), FailureKind::Invariant);
    assert_eq!(failure.name(), "one seat, one buyer");
    assert_eq!(failure.message(), "2 buyers have the seat");
}

/// Outside an exploration the same types are ordinary ones on real threads.
/// (loom's and shuttle's are not: they panic there.)
#[cfg(not(any(loom, shuttle)))]
#[test]
fn a_theatre_works_on_real_threads() {
    assert_eq!(buy(Theatre::new(5), Theatre::sell), 2);
}
