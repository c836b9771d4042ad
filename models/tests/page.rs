//! The page for a browser, of all scenarios.
#![cfg(not(any(loom, shuttle)))]

use std::fs;
use std::path::Path;

use scraper::{Html, Selector};
use selvedge_core::report::Report;
use selvedge_core::scenario::Scenario;
use selvedge_engines::Explorer;
use selvedge_report::html;
use selvedge_report::summary::Row;

fn explore(scenario: Scenario) -> (Scenario, Report) {
    let explorer = Explorer::new().keep_going(true).time(scenario.time);
    let explorer = match scenario.sampled {
        Some(_) => explorer.strategy("random").max_executions(100),
        None => explorer,
    };
    let report = explorer.run(scenario.program());
    (scenario, report)
}

#[test]
fn every_failure_of_every_scenario_has_a_drawing() {
    let all: Vec<_> = selvedge_models::native::all_scenarios().into_iter().map(explore).collect();
    let rows: Vec<_> =
        all.iter().map(|(scenario, report)| Row::new(scenario, report, false)).collect();
    let page = html::page(&rows, "cargo run --release --");
    let failures: usize = all.iter().map(|(_, report)| report.failures.len()).sum();
    assert!(failures > 20, "{failures}");
    let parsed = Html::parse_document(&page);
    assert_eq!(parsed.errors, Vec::<&str>::new(), "valid HTML");
    let drawn = Selector::parse("section.failure > script[type='application/json']");
    assert_eq!(parsed.select(&drawn.expect("a selector")).count(), failures);
    // To be looked at.
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenarios.html");
    fs::write(path, page).expect("the target directory can be written");
}
