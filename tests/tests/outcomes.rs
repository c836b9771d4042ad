//! What the chapter says of its programs, and what must be true of them for
//! all prices.

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use common::{explore, explorer, scenario};
use proptest::prelude::*;
use selvedge::Engine;
use selvedge_models::native::purchase::{self, Outcome, Purchase};

/// The outcomes of all behaviours.
fn outcomes(program: impl Fn() -> Outcome + Send + Sync + 'static) -> BTreeSet<Outcome> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let notes = Arc::clone(&seen);
    let report = explorer(Engine::Native).run(move || {
        let outcome = program();
        notes.lock().unwrap().insert(outcome);
    });
    assert_eq!(report.failures(), []);
    assert!(report.exhausted());
    std::mem::take(&mut *seen.lock().unwrap())
}

#[test]
fn who_comes_first_with_a_mutex_is_open() {
    let outcomes = outcomes(|| purchase::mutex(50, &[40, 20]));
    let ends: BTreeSet<_> =
        outcomes.iter().map(|o| (o.balance, o.bought("castle"), o.bought("plants"))).collect();
    assert_eq!(ends, BTreeSet::from([(10, true, false), (30, false, true)]));
}

#[test]
fn the_end_of_the_chapter_is_among_the_behaviours() {
    let outcomes = outcomes(|| purchase::unsynchronized(50, &[40, 20]));
    let both = |o: &&Outcome| o.bought("castle") && o.bought("plants");
    let balances: BTreeSet<_> = outcomes.iter().filter(both).map(|o| o.balance).collect();
    assert!(balances.contains(&30), "the castle was paid last by nobody: {outcomes:#?}");
    assert_eq!(balances, BTreeSet::from([10, 30]));
}

#[test]
fn a_double_free_without_threads_is_in_every_execution() {
    let unguarded = scenario(Engine::Native, "close/unguarded");
    let report = explore(Engine::Native, &unguarded);
    assert!(report.exhausted() && report.executions() > 0);
    assert_eq!(report.failing, report.executions());
    let explorer = explorer(Engine::Native).strategy("random").max_executions(1_000);
    let report = explorer.keep_going(true).run(unguarded.program());
    assert_eq!((report.failing, report.executions()), (1_000, 1_000));
}

/// The buyers, one after the other, in all orders.
fn one_by_one(start: i64, prices: &[i64]) -> BTreeSet<Outcome> {
    let outcome = |order: &[usize]| {
        let mut purchases: Vec<_> = ["castle", "plants", "boat"]
            .into_iter()
            .zip(prices)
            .map(|(item, &price)| Purchase { item, price, made: false })
            .collect();
        let mut balance = start;
        for &buyer in order {
            let purchase = &mut purchases[buyer];
            purchase.made = balance >= purchase.price;
            balance -= if purchase.made { purchase.price } else { 0 };
        }
        Outcome { start, balance, purchases }
    };
    let orders: &[&[usize]] = match prices.len() {
        2 => &[&[0, 1], &[1, 0]],
        3 => &[&[0, 1, 2], &[0, 2, 1], &[1, 0, 2], &[1, 2, 0], &[2, 0, 1], &[2, 1, 0]],
        buyers => panic!("the orders of {buyers} buyers are not written down"),
    };
    orders.iter().map(|order| outcome(order)).collect()
}

/// All interleavings of two buyers who get the balance, and in a second step
/// set it.
fn get_then_set(start: i64, castle: i64, plants: i64) -> BTreeSet<Outcome> {
    let mut all = BTreeSet::new();
    for order in
        [[0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 1, 0], [1, 1, 0, 0]]
    {
        let mut purchases = [("castle", castle), ("plants", plants)]
            .map(|(item, price)| Purchase { item, price, made: false });
        let mut balance = start;
        let mut got = [None; 2];
        for buyer in order {
            let purchase = &mut purchases[buyer];
            match got[buyer] {
                None => got[buyer] = Some(balance),
                Some(old) if old >= purchase.price => {
                    purchase.made = true;
                    balance = old - purchase.price;
                }
                Some(_) => {}
            }
        }
        all.insert(Outcome { start, balance, purchases: purchases.into() });
    }
    all
}

fn conserves_money(outcome: &Outcome) -> bool {
    outcome.balance >= 0 && outcome.balance + outcome.spent() == outcome.start
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compare_and_set_conserves_money(start in 0i64..100, castle in 0i64..100, plants in 0i64..100) {
        let seen = outcomes(move || purchase::compare_and_set(start, &[castle, plants]));
        for outcome in &seen {
            prop_assert!(conserves_money(outcome), "{outcome:?}");
        }
        prop_assert!(seen.is_superset(&one_by_one(start, &[castle, plants])), "{seen:?}");
    }

    /// Whoever tries again, or holds the mutex, is never seen in the middle.
    #[test]
    fn the_mends_are_as_one_by_one(start in 0i64..100, castle in 0i64..100, plants in 0i64..100) {
        let expected = one_by_one(start, &[castle, plants]);
        let mends = [purchase::mutex, purchase::compare_and_set_retry, purchase::compare_and_swap];
        for program in mends {
            let seen = outcomes(move || program(start, &[castle, plants]));
            prop_assert_eq!(&seen, &expected);
        }
    }

    #[test]
    fn the_mends_are_as_one_by_one_with_three_buyers(
        start in 0i64..100,
        prices in prop::array::uniform3(0i64..100),
    ) {
        let expected = one_by_one(start, &prices);
        let mends = [purchase::mutex, purchase::compare_and_set_retry, purchase::compare_and_swap];
        for program in mends {
            let seen = outcomes(move || program(start, &prices));
            prop_assert_eq!(&seen, &expected);
        }
    }

    #[test]
    fn three_buyers_conserve_money(start in 0i64..100, prices in prop::array::uniform3(0i64..100)) {
        let program = purchase::compare_and_set_retry_bounded;
        for outcome in outcomes(move || program(start, &prices)) {
            prop_assert!(conserves_money(&outcome), "{outcome:?}");
        }
    }

    #[test]
    fn unsynchronized_is_every_interleaving(start in 0i64..100, castle in 0i64..100, plants in 0i64..100) {
        let seen = outcomes(move || purchase::unsynchronized(start, &[castle, plants]));
        prop_assert_eq!(seen, get_then_set(start, castle, plants));
    }
}
