//! The engines agree: what breaks on the native engine breaks on loom and on
//! shuttle, under the same names and at the same places. Where they cannot,
//! the table says why, and that they do not is asserted too.

mod common;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use common::{Broken, assert_all_seen, broken, expected, explorer, scenarios};
use selvedge::{Engine, FailureKind, Report};
use selvedge_core::scenario::{Expectation, Scenario};

/// What an engine reports in place of what breaks.
enum Instead {
    Nothing,
    A(FailureKind),
}

/// All differences between the engines, with the reason.
const EXCEPTIONS: [(&str, Engine, Instead, &str); 4] = [
    (
        "close/plain-flag",
        Engine::Shuttle,
        Instead::Nothing,
        "shuttle switches threads at operations only, and an access to plain memory is none: \
         no two of them overlap, and it keeps no clocks that would tell that they could",
    ),
    ("spot/data-race", Engine::Shuttle, Instead::Nothing, "as close/plain-flag"),
    (
        "external/busy-wait-never-released",
        Engine::Shuttle,
        Instead::A(FailureKind::StepBound),
        "shuttle does not ask whether a thread that yields can ever go on",
    ),
    (
        "external/busy-wait-never-released",
        Engine::Loom,
        Instead::A(FailureKind::StepBound),
        "loom does not ask whether a thread that yields can ever go on",
    ),
];

/// What an engine finds in the scenarios that break.
fn reports(engine: Engine) -> &'static BTreeMap<String, Report> {
    static REPORTS: [OnceLock<BTreeMap<String, Report>>; 3] = [const { OnceLock::new() }; 3];
    REPORTS[engine as usize].get_or_init(|| {
        let breaks = |s: &Scenario| s.expect != Expectation::Holds;
        let report = |scenario: Scenario| {
            let mut explorer = explorer(engine).name(&*scenario.name).keep_going(true);
            // No scenario has that many steps, except the one that spins for ever.
            explorer = explorer.max_steps(1_000);
            if engine == Engine::Shuttle {
                explorer = explorer.max_executions(2_000);
            }
            (scenario.name.to_string(), explorer.run(scenario.program()))
        };
        scenarios(engine).into_iter().filter(breaks).map(report).collect()
    })
}

#[test]
fn native_breaks_as_expected() {
    for scenario in scenarios(Engine::Native) {
        if let Some(report) = reports(Engine::Native).get(&*scenario.name) {
            assert_all_seen(&scenario.name, report);
            assert_eq!(broken(report), expected(&scenario), "{}", scenario.name);
        }
    }
}

fn agrees(engine: Engine) {
    let mut exceptions: Vec<_> = EXCEPTIONS.iter().filter(|e| e.1 == engine).collect();
    let (native, other) = (reports(Engine::Native), reports(engine));
    assert!(native.keys().eq(other.keys()));
    for (name, native) in native {
        let exception = exceptions.iter().position(|e| e.0 == *name);
        let expected = match exception.map(|i| &exceptions.remove(i).2) {
            None => broken(native),
            Some(Instead::Nothing) => Broken::new(),
            Some(Instead::A(kind)) => Broken::from([(*kind, kind.words().to_owned())]),
        };
        if exception.is_some() {
            assert_ne!(expected, broken(native), "{name} on {engine} is no exception");
        }
        assert_eq!(broken(&other[name]), expected, "{name} on {engine}: {:#?}", other[name]);
    }
    let unused: Vec<_> = exceptions.iter().map(|(name, _, _, why)| (name, why)).collect();
    assert_eq!(unused, [], "exceptions for what does not break");
}

/// An invariant breaks at the same place on all engines. Of a data race the
/// engines show one access or the other, but in the same file.
fn shows_the_same_places(engine: Engine) {
    let mut compared = 0;
    for (name, other) in reports(engine) {
        for failure in other.failures() {
            let mut native = reports(Engine::Native)[name].failures().iter();
            let same = native.find(|native| native.is_same(&failure.fault));
            let places =
                same.and_then(|same| same.fault.place.as_ref().zip(failure.fault.place.as_ref()));
            let Some((here, there)) = places else { continue };
            compared += 1;
            if failure.kind() == FailureKind::Invariant {
                assert_eq!(here, there, "{name}: {}", failure.name());
            } else {
                assert_eq!(here.file, there.file, "{name}: {}", failure.name());
            }
        }
    }
    assert!(compared > 0);
}

#[test]
fn loom_agrees() {
    agrees(Engine::Loom);
}

#[test]
fn shuttle_agrees() {
    agrees(Engine::Shuttle);
}

#[test]
fn loom_shows_the_same_places() {
    shows_the_same_places(Engine::Loom);
}

#[test]
fn shuttle_shows_the_same_places() {
    shows_the_same_places(Engine::Shuttle);
}
