//! What the scenarios as loom tests and as shuttle tests have in common.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use selvedge::FailureKind;
use selvedge_core::scenario::{Expectation, Scenario};

/// How an engine differs from what is expected of a scenario that breaks.
#[derive(Clone, Copy)]
pub(crate) enum Differs {
    /// It reports a failure of this kind.
    Instead(FailureKind),
    /// It cannot see the failure.
    #[cfg_attr(loom, allow(dead_code, reason = "loom sees them all"))]
    Unseen,
}

/// One test for each scenario, and one that says that none is missing.
macro_rules! scenario_tests {
    ($engine:ident, $differs:ident; $($(#[$attribute:meta])* $test:ident = $name:literal;)+) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $test() {
                common::check(&selvedge_models::$engine::scenarios(), $name, $differs);
            }
        )+

        #[test]
        fn no_scenario_is_missing() {
            common::complete(&selvedge_models::$engine::scenarios(), &[$($name),+], $differs);
        }
    };
}
pub(crate) use scenario_tests;

/// Explores a scenario through `selvedge::model`, which must pass or panic, as
/// it is expected of the scenario.
pub(crate) fn check(scenarios: &[Scenario], name: &str, differs: &[(&str, Differs)]) {
    let scenario = scenarios.iter().find(|s| s.name == name).expect("a scenario of that name");
    let result = catch_unwind(AssertUnwindSafe(|| selvedge::model(scenario.program())));
    let exception = differs.iter().find(|(of, _)| *of == name).map(|(_, how)| *how);
    let expected = match (&scenario.expect, exception) {
        (Expectation::Holds, _) | (_, Some(Differs::Unseen)) => vec![],
        (Expectation::Breaks(_), Some(Differs::Instead(kind))) => vec![(kind, kind.words())],
        (Expectation::Breaks(list), None) => list.iter().map(|b| (b.kind, b.name)).collect(),
    };
    match (result, expected.as_slice()) {
        (Ok(()), []) => {}
        (Ok(()), expected) => panic!("{name} passed; expected: {expected:?}"),
        (Err(panic), []) => resume_unwind(panic),
        (Err(panic), expected) => {
            let text = panic.downcast_ref::<String>().expect("the report is the panic's message");
            for (kind, name) in expected {
                let headline = match kind {
                    FailureKind::Invariant => format!("{}: {name}", kind.words()),
                    _ => kind.words().to_owned(),
                };
                assert!(text.contains(&headline), "'{headline}' is not in the report:\n{text}");
            }
        }
    }
}

/// Each scenario has its test, and each exception its scenario.
pub(crate) fn complete(scenarios: &[Scenario], tests: &[&str], differs: &[(&str, Differs)]) {
    let all: BTreeSet<&str> = scenarios.iter().map(|s| &*s.name).collect();
    assert_eq!(tests.iter().copied().collect::<BTreeSet<_>>(), all);
    for (name, _) in differs {
        assert!(all.contains(name), "an exception for {name}, which is not there");
    }
}
