//! How the tests of the runtime explore programs.
#![allow(dead_code, reason = "no test uses all of it")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as RealMutex};

use selvedge_core::explore::{Dfs, Exhaustive, Limits, Strategy, explore};
use selvedge_core::failure::{FailureKind, Fault};
use selvedge_core::report::{Engine, Report};
use selvedge_core::time::Time;
use selvedge_runtime::Native;

pub(crate) fn run(strategy: &mut dyn Strategy, body: impl Fn() + Send + Sync + 'static) -> Report {
    run_in(Time::Untimed, strategy, body)
}

fn run_in(
    time: Time,
    strategy: &mut dyn Strategy,
    body: impl Fn() + Send + Sync + 'static,
) -> Report {
    let mut report = Report::new(Engine::Native, strategy.name(), 0);
    let limits = Limits { keep_going: true, max_executions: Some(100_000), ..Limits::default() };
    let mut machine = Native::new(body).with_time(time);
    explore(&mut machine, strategy, &limits, None, &mut report, &mut |_| true);
    report
}

/// The report of the exhaustive search. The naive one has to agree: the same
/// failures, and, where none cuts an execution short, as many behaviours.
pub(crate) fn search(body: impl Fn() + Send + Sync + 'static) -> Report {
    search_in(Time::Untimed, body)
}

/// The same, with this notion of time.
pub(crate) fn search_in(time: Time, body: impl Fn() + Send + Sync + 'static) -> Report {
    let body = Arc::new(body);
    let again = Arc::clone(&body);
    let naive = run_in(time, &mut Dfs::new(), move || again());
    let report = run_in(time, &mut Exhaustive::new(), move || body());
    let kinds = |r: &Report| r.failures().iter().map(|f| f.kind()).collect::<BTreeSet<_>>();
    assert_eq!(kinds(&report), kinds(&naive), "{report:#?} {naive:#?}");
    if report.failures().is_empty() && report.exhausted() && naive.exhausted() {
        assert_eq!((report.executions, report.blocked), (naive.executions, 0), "{report:?}");
    }
    report
}

/// All results of a program, over all its behaviours.
pub(crate) fn outcomes<T: Ord + Send + 'static>(
    body: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    outcomes_in(Time::Untimed, body)
}

/// The same, with this notion of time.
pub(crate) fn outcomes_in<T: Ord + Send + 'static>(
    time: Time,
    body: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let seen = Arc::new(RealMutex::new(BTreeSet::new()));
    let keep = Arc::clone(&seen);
    let report = search_in(time, move || {
        let result = body();
        keep.lock().unwrap().insert(result);
    });
    assert!(report.exhausted(), "{report:?}");
    assert!(report.failures().is_empty(), "{report:?}");
    std::mem::take(&mut *seen.lock().unwrap())
}

/// The only failure of a program, and its kind.
pub(crate) fn failure(body: impl Fn() + Send + Sync + 'static) -> Fault {
    let report = search(body);
    assert_eq!(report.failures().len(), 1, "{:#?}", report.failures());
    // What follows a data race is not explored.
    let raced = report.failures()[0].kind() == FailureKind::DataRace;
    assert_eq!(report.exhausted(), !raced, "{report:?}");
    report.failures()[0].fault.clone()
}
