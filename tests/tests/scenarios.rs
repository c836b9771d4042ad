//! Every scenario on every engine, compared with what is expected of it.
//!
//! What loom and shuttle make of the scenarios that break: `agreement.rs`.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::{assert_all_seen, broken, expected, explore, explorer, scenarios};
use selvedge::Engine;
use selvedge_core::report::End;
use selvedge_core::scenario::{Agreement, Expectation, Scenario};

#[test]
fn all_engines_have_the_same_scenarios() {
    let native = scenarios(Engine::Native);
    let by_name: BTreeMap<_, _> = native.iter().map(|s| (&*s.name, s)).collect();
    assert_eq!(by_name.len(), native.len(), "a name is used twice");
    for engine in Engine::ALL {
        let here = scenarios(engine);
        assert!(here.iter().map(|s| &s.name).eq(native.iter().map(|s| &s.name)), "{engine}");
        for scenario in here {
            let native = by_name[&*scenario.name];
            assert_eq!(scenario.expect, native.expect, "{}", scenario.name);
            assert_eq!(scenario.sampled, native.sampled, "{}", scenario.name);
        }
    }
    for scenario in &native {
        assert_eq!(
            scenario.expect == Expectation::Holds,
            scenario.fixes.is_empty(),
            "{}: what breaks has something that mends it",
            scenario.name
        );
        for fix in scenario.fixes {
            let fix = by_name.get(fix).unwrap_or_else(|| panic!("{fix} mends, and is not there"));
            assert_eq!(fix.expect, Expectation::Holds, "{} mends {}", fix.name, scenario.name);
        }
    }
}

#[test]
fn native_breaks_what_breaks_and_proves_what_holds() {
    for scenario in scenarios(Engine::Native).iter().filter(|s| s.sampled.is_none()) {
        let report = explore(Engine::Native, scenario);
        assert_all_seen(&scenario.name, &report);
        assert!(report.executions() > 0, "{}", scenario.name);
        assert_eq!(broken(&report), expected(scenario), "{}", scenario.name);
        assert_eq!(
            scenario.expect.agreement(&report, true),
            Agreement::AsExpected,
            "{}",
            scenario.name
        );
        assert!(report.elapsed < Duration::from_secs(5), "{}: {:?}", scenario.name, report.elapsed);
        let (executions, blocked) = (report.executions(), report.blocked());
        println!("{}: {executions} behaviours, {blocked} blocked", scenario.name);
    }
}

/// A drawing points to the lines of the story, and to nothing else.
#[test]
fn native_shows_places_in_the_scenarios_only() {
    let mut elsewhere = BTreeSet::new();
    for scenario in scenarios(Engine::Native).iter().filter(|s| s.sampled.is_none()) {
        for failure in explore(Engine::Native, scenario).failures() {
            let trace = failure.trace.as_ref().expect("a failure has a trace");
            let places = trace.steps.iter().filter_map(|step| step.place.as_ref());
            for place in places.chain(&failure.fault.place) {
                if !place.file.starts_with("models/src/scenarios/") {
                    elsewhere.insert((scenario.name.to_string(), place.to_string()));
                }
            }
        }
    }
    assert_eq!(elsewhere, BTreeSet::new());
}

#[test]
fn native_samples_what_is_too_large() {
    for scenario in scenarios(Engine::Native) {
        let Some(executions) = scenario.sampled else { continue };
        let explorer = explorer(Engine::Native).strategy("random").max_executions(executions);
        let report = explorer.keep_going(true).run(scenario.program());
        assert_eq!(report.executions(), executions, "{}", scenario.name);
        assert_eq!(broken(&report), expected(&scenario), "{}", scenario.name);
    }
}

fn that_hold(engine: Engine) -> impl Iterator<Item = Scenario> {
    scenarios(engine).into_iter().filter(|s| s.expect == Expectation::Holds)
}

#[test]
fn shuttle_meets_no_failure_in_what_holds() {
    for scenario in that_hold(Engine::Shuttle) {
        let executions = scenario.sampled.unwrap_or(2_000);
        let report = explorer(Engine::Shuttle).max_executions(executions).run(scenario.program());
        assert_eq!(report.failures(), [], "{}", scenario.name);
        assert_eq!(report.end, End::Executions, "{}", scenario.name);
        assert_eq!(report.executions(), executions, "{}", scenario.name);
    }
}

/// What loom does not exhaust within seconds, and how long it takes.
const TOO_LARGE_FOR_LOOM: [(&str, &str); 14] = [
    ("purchase/compare-and-set-3", "about 12 s, 80,000 executions"),
    ("purchase/compare-and-set-retry-3", "no end within a minute"),
    ("purchase/compare-and-swap-3", "about 45 s, 243,000 executions"),
    ("list/mutex-3x2", "several seconds"),
    ("list/rwlock-3x2", "several seconds"),
    ("list/spinlock-3x2", "no end within a minute"),
    ("external/busy-wait-3", "no end within a minute"),
    ("processor/reply-channel-3", "no end within a minute"),
    ("list/mutex-4x100", "sampled everywhere, and loom cannot sample"),
    ("list/spinlock-3x1", "no end within a minute"),
    ("external/lock", "about 20 s, 228,000 executions"),
    ("external/try-lock", "about 20 s, 244,000 executions"),
    ("processor/reply-channel", "no end within a minute"),
    ("limiter/semaphore", "several seconds"),
];

#[test]
fn loom_proves_what_holds() {
    let mut large: BTreeMap<_, _> = TOO_LARGE_FOR_LOOM.into();
    for scenario in that_hold(Engine::Loom) {
        let why = large.remove(&*scenario.name);
        let explorer = explorer(Engine::Loom);
        let report = match why {
            Some(_) => explorer.max_executions(6_000).run(scenario.program()),
            None => explorer.run(scenario.program()),
        };
        assert_eq!(report.failures(), [], "{}", scenario.name);
        let end = if why.is_some() { End::Executions } else { End::Exhausted };
        assert_eq!(report.end, end, "{}", scenario.name);
        println!("{}: {} executions on loom", scenario.name, report.executions());
    }
    assert!(large.is_empty(), "not among what holds: {large:?}");
}

/// A smoke test: real threads need not meet, so that nothing has to break,
/// except where it breaks in every execution.
#[test]
fn real_threads_contradict_nothing() {
    for scenario in scenarios(Engine::Std) {
        let explorer = explorer(Engine::Std).max_executions(20).keep_going(true);
        let report = explorer.run(scenario.program());
        let agreement = scenario.expect.agreement(&report, false);
        assert_eq!(agreement, Agreement::AsExpected, "{}: {report:#?}", scenario.name);
        assert!(report.executions() > 0, "{}", scenario.name);
        let always = ["close/unguarded", "processor/never-stopped"];
        if always.contains(&&*scenario.name) {
            assert_eq!(report.failing, report.executions(), "{}", scenario.name);
        }
    }
}
