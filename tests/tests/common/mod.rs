//! What the tests across the crates have in common.
#![allow(dead_code, reason = "no test uses all of it")]

use std::collections::BTreeSet;

use selvedge::{Engine, Explorer, FailureKind, Report};
use selvedge_core::scenario::{Expectation, Scenario};
use selvedge_core::settings::Settings;

/// The scenarios as they were compiled for an engine.
pub(crate) fn scenarios(engine: Engine) -> Vec<Scenario> {
    match engine {
        Engine::Native => selvedge_models::native::scenarios(),
        Engine::Loom => selvedge_models::loom::scenarios(),
        Engine::Shuttle => selvedge_models::shuttle::scenarios(),
        Engine::Std => selvedge_models::std::scenarios(),
    }
}

/// The same, and those that only this engine has.
pub(crate) fn all_scenarios(engine: Engine) -> Vec<Scenario> {
    match engine {
        Engine::Native => selvedge_models::native::all_scenarios(),
        _ => scenarios(engine),
    }
}

/// The scenario of that name, as it was compiled for an engine.
pub(crate) fn scenario(engine: Engine, name: &str) -> Scenario {
    let found = all_scenarios(engine).into_iter().find(|s| s.name == name);
    found.unwrap_or_else(|| panic!("no scenario {name} on {engine}"))
}

/// An explorer that the environment has no influence on.
pub(crate) fn explorer(engine: Engine) -> Explorer {
    Explorer::with_settings(Settings::default()).engine(engine)
}

/// Explores a scenario to the end, and counts all its failures.
pub(crate) fn explore(engine: Engine, scenario: &Scenario) -> Report {
    let explorer = explorer(engine).name(&*scenario.name).time(scenario.time);
    explorer.keep_going(true).run(scenario.program())
}

/// Every behaviour was seen; what follows a data race in an execution is not
/// explored, and then the report must not say so.
#[allow(dead_code, reason = "not every test explores to the end")]
pub(crate) fn assert_all_seen(name: &str, report: &Report) {
    let raced = report.failures().iter().any(|f| f.kind() == FailureKind::DataRace);
    assert_eq!(report.exhausted(), !raced, "{name}: {:?}", report.end);
}

/// What fails: each kind with its name.
pub(crate) type Broken = BTreeSet<(FailureKind, String)>;

/// What a report says that fails.
pub(crate) fn broken(report: &Report) -> Broken {
    report.failures().iter().map(|f| (f.kind(), f.name().to_owned())).collect()
}

/// What is expected to fail: nothing where the scenario holds.
pub(crate) fn expected(scenario: &Scenario) -> Broken {
    match &scenario.expect {
        Expectation::Holds => Broken::new(),
        Expectation::Breaks(list) => list.iter().map(|b| (b.kind, b.name.to_string())).collect(),
        Expectation::Panics => unreachable!("{} is no test", scenario.name),
    }
}
