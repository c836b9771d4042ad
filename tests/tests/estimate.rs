//! How far a search is told to have come, against published totals.

mod common;

use common::explorer;
use selvedge::{Engine, Report};
use selvedge_core::scenario::Scenario;
use selvedge_models::families;

/// The true shares at which the estimates are looked at.
const SHARES: [f64; 5] = [0.05, 0.1, 0.25, 0.5, 0.75];

/// What the estimated totals are there at least, in the mean over all families,
/// relative to the true one. If what was run so far were taken for all, they
/// would be the shares themselves.
const LEAST: [f64; 5] = [0.18, 0.3, 0.35, 0.58, 0.8];

/// The estimated totals of a search at these shares, relative to the true one.
fn estimates(scenario: &Scenario, total: u64) -> [f64; 5] {
    let mut told: [Option<f64>; 5] = [None; 5];
    let mut look = |report: &Report| {
        let done = report.executions as f64 / total as f64;
        for (share, told) in SHARES.iter().zip(&mut told) {
            if done >= *share && told.is_none() {
                *told = report.estimate().map(|estimate| estimate as f64 / total as f64);
            }
        }
        true
    };
    let explorer = explorer(Engine::Native).workers(1);
    let report = explorer.run_with_progress(scenario.program(), &mut look);
    assert_eq!((report.executions, report.estimate()), (total, Some(total)), "{}", scenario.name);
    told.map(|told| told.expect("an estimate at each share"))
}

/// The small items come first, so that estimates are too small as a rule, and
/// never much too large.
#[test]
fn estimates_are_about_so_much_or_more() {
    let rows = families::rows();
    let mut all = Vec::new();
    for scenario in families::scenarios() {
        let row = rows.iter().find(|row| scenario.name == row.name()).expect("its row");
        // Large enough for many looks, small enough for a test.
        if !(3_000..200_000).contains(&row.executions) {
            continue;
        }
        let told = estimates(&scenario, row.executions);
        assert!(told.iter().all(|told| *told < 2.0), "{}: {told:.2?}", scenario.name);
        all.push(told);
    }
    assert!(all.len() >= 10, "only {}", all.len());
    for (at, least) in LEAST.iter().enumerate() {
        let logarithms: f64 = all.iter().map(|told| told[at].ln()).sum();
        let mean = (logarithms / all.len() as f64).exp();
        assert!((*least..1.0).contains(&mean), "{mean:.2} after {}", SHARES[at]);
    }
}
