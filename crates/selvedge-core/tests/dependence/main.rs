//! The table of dependence against the rules of the objects.
//!
//! In all small states that programs can reach with three or four threads,
//! every two operations of different threads are made in both orders, by the
//! pure rules and in a real world. What is compared: answers, states, what is
//! in real memory, the outcomes to choose from, whether each is enabled, and
//! what a data race would tell of the order (happens-before).

mod action;
mod coarse;
mod memory;
mod objects;
mod page;
mod pairs;
mod run;
mod select;
mod space;
mod summary;
mod threads;

use coarse::{COARSE, Why, coarse};
use selvedge_core::dependence::{Access, Dependence, TABLE};
use summary::{SUMMARY, all_pairs};

#[test]
fn every_line_of_the_table_is_tried() {
    for (i, entry) in TABLE.iter().enumerate().filter(|(_, e)| e.object != "thread") {
        assert!(SUMMARY.accesses.contains_key(&i), "{entry:?} was never enabled");
    }
}

/// The promise: what the table calls independent commutes.
#[test]
fn independent_operations_commute() {
    for (a, b, seen) in all_pairs() {
        if let Some(why) = seen.unsound {
            panic!("{} and {} of a {} do not commute: {why}", a.operation, b.operation, a.object);
        }
        let never_both = coarse(a.object, a.operation, b.operation)
            .is_some_and(|(.., why, _)| *why == Why::NeverBoth);
        // Who has a reference to take the value from lets every upgrade succeed.
        let one_writes = a.object == "references"
            && b.operation == "upgrade"
            && ["get_mut", "try_unwrap", "make_mut"].contains(&a.operation);
        match a.footprint.against(b.footprint) {
            Dependence::Always => assert_eq!(seen.commuted, 0, "{a:?}, {b:?}"),
            Dependence::UnlessBothRead => {
                assert_eq!(one_writes, seen.both && seen.commuted == 0, "{a:?}, {b:?}");
                assert!(never_both || one_writes || seen.commuted > 0, "never tried: {a:?}, {b:?}");
            }
            Dependence::Never => {
                assert!(never_both || seen.commuted > 0, "never tried: {a:?}, {b:?}");
                assert_eq!(seen.dependent, 0, "{a:?}, {b:?}");
            }
        }
    }
}

/// Independent operations leave threads with the same knowledge of each
/// other, so that a race that is found in one order is found in the other.
#[test]
fn independent_operations_commute_for_the_race_detector() {
    for (a, b, seen) in all_pairs() {
        assert_eq!(seen.learns, None, "{a:?}, {b:?}");
    }
}

/// What the table calls dependent has a place where the order matters, or
/// else is listed with the reason.
#[test]
fn dependent_operations_do_not_commute() {
    for (a, b, seen) in all_pairs() {
        let pair = format!("{}: {} and {}", a.object, a.operation, b.operation);
        let dependent = a.footprint.against(b.footprint) != Dependence::Never;
        match (coarse(a.object, a.operation, b.operation), seen.witness) {
            (Some((.., Why::NeverBoth, _)), _) => assert!(!seen.both, "{pair} do meet"),
            (Some((.., Why::Commute, _)), Some(why)) => panic!("{pair} do not commute: {why}"),
            (Some((.., Why::Commute, _)), None) => assert!(dependent && seen.both, "{pair}"),
            (None, None) => assert!(!dependent, "{pair} always commute"),
            (None, Some(_)) => {}
        }
    }
    for (object, a, b, ..) in COARSE {
        let mut pairs = all_pairs().map(|(x, y, _)| (x.object, x.operation, y.operation));
        assert!(pairs.any(|pair| pair == (*object, *a, *b)), "no such pair: {object}, {a}, {b}");
    }
}

/// Each kind of operation touches its object in the ways that its footprint
/// allows, and in all of them.
#[test]
fn footprints_are_exact() {
    for (&i, seen) in &SUMMARY.accesses {
        for access in [None, Some(Access::Read), Some(Access::Write)] {
            let entry = &TABLE[i];
            assert_eq!(entry.footprint.allows(access), seen.contains(&access), "{entry:?}");
        }
    }
}
