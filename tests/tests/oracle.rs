//! The scenarios of the oracle tables (`models/src/oracles`): each has as many
//! executions as its row says, ends as its row says, and breaks or holds.

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use common::{broken, expected, explore, explorer};
use selvedge::{Engine, Report};
use selvedge_core::scenario::{Agreement, Scenario};
use selvedge_models::oracles::program::{End, NativeProgram};
use selvedge_models::oracles::{litmus, name, sc, scenarios};

/// The scenario of a row, as `check` finds it.
fn scenario(section: &str, row: &str) -> Scenario {
    let name = name(section, row);
    let found = scenarios().into_iter().find(|s| s.name == name);
    found.unwrap_or_else(|| panic!("no scenario {name}"))
}

#[test]
fn each_row_is_a_scenario() {
    let litmus = litmus::rows();
    let (first, second) = (sc::rows(), litmus.iter());
    let names: Vec<String> = first
        .iter()
        .map(|row| name("oracle", row.name))
        .chain(second.map(|row| name("litmus", row.name)))
        .collect();
    let scenarios = scenarios();
    assert!(scenarios.iter().map(|s| s.name.to_string()).eq(names));
    let lines = |table: &str| table.lines().count() - 1;
    assert_eq!(scenarios.len(), lines(sc::TABLE) + lines(litmus::TABLE));
    assert!(scenarios.iter().all(|s| !s.name.contains(char::is_whitespace)));
}

/// Explores a scenario by its name; it must show what is expected.
fn as_expected(scenario: &Scenario) -> Report {
    let report = explore(Engine::Native, scenario);
    assert!(report.exhausted(), "{}: {:?}", scenario.name, report.end);
    assert_eq!(broken(&report), expected(scenario), "{}", scenario.name);
    let agreement = scenario.expect.agreement(&report, true);
    assert_eq!(agreement, Agreement::AsExpected, "{}", scenario.name);
    report
}

#[test]
fn the_scenarios_of_the_first_table_have_its_counts() {
    for row in sc::rows() {
        let report = as_expected(&scenario("oracle", row.name));
        assert_eq!(report.executions(), row.behaviours, "{}", row.name);
        assert_eq!(report.failing, row.failing, "{}", row.name);
    }
}

#[test]
fn the_scenarios_of_the_second_table_hold_and_have_its_counts() {
    let by_name: BTreeMap<_, _> =
        scenarios().into_iter().map(|s| (s.name.to_string(), s)).collect();
    for row in litmus::rows() {
        let report = as_expected(&by_name[&name("litmus", row.name)]);
        assert_eq!(report.executions(), row.complete + row.stuck, "{}", row.name);
    }
}

/// The end of each execution, repeated where several end alike.
fn ends(row: &litmus::Row) -> Vec<End> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (program, notes) = (Arc::new(NativeProgram::new(row.program.clone())), Arc::clone(&seen));
    let report = explorer(Engine::Native).keep_going(true).run(move || {
        let end = program.run();
        notes.lock().unwrap().push(end);
    });
    assert!(report.exhausted(), "{}", row.name);
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(seen.len() as u64, report.executions(), "{}", row.name);
    seen
}

#[test]
fn executions_end_as_the_table_says() {
    let (mut queries, mut forbidden) = (0, 0);
    for row in litmus::rows() {
        let (stuck, complete): (Vec<End>, Vec<End>) = ends(&row).into_iter().partition(|e| e.stuck);
        assert_eq!(complete.len() as u64, row.complete, "{}", row.name);
        assert_eq!(stuck.len() as u64, row.stuck, "{}", row.name);
        if let Some((query, count)) = row.query {
            let satisfy = complete.iter().filter(|end| query.holds(end)).count() as u64;
            assert_eq!(satisfy, count, "{}: {query:?}", row.name);
            queries += 1;
            forbidden += usize::from(count == 0);
        }
    }
    assert!(0 < forbidden && forbidden < queries, "both outcomes are asked for");
}
