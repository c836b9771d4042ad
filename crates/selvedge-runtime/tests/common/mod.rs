//! How the tests of the runtime explore programs.

use std::collections::BTreeSet;
use std::sync::Arc;

use selvedge_core::explore::{Dfs, Exhaustive, Limits, Strategy, explore};
use selvedge_core::report::{Engine, Report};
use selvedge_runtime::Native;

pub(crate) fn run(strategy: &mut dyn Strategy, body: impl Fn() + Send + Sync + 'static) -> Report {
    let mut report = Report::new(Engine::Native, strategy.name(), 0);
    let limits = Limits { keep_going: true, max_executions: Some(100_000), ..Limits::default() };
    explore(&mut Native::new(body), strategy, &limits, None, &mut report, &mut |_| true);
    report
}

/// The report of the exhaustive search. The naive one has to agree: the same
/// failures, and, where none cuts an execution short, as many behaviours.
pub(crate) fn search(body: impl Fn() + Send + Sync + 'static) -> Report {
    let body = Arc::new(body);
    let again = Arc::clone(&body);
    let naive = run(&mut Dfs::new(), move || again());
    let report = run(&mut Exhaustive::new(), move || body());
    let kinds = |r: &Report| r.failures().iter().map(|f| f.kind()).collect::<BTreeSet<_>>();
    assert_eq!(kinds(&report), kinds(&naive), "{report:#?} {naive:#?}");
    if report.failures().is_empty() && report.exhausted() && naive.exhausted() {
        assert_eq!((report.executions, report.blocked), (naive.executions, 0), "{report:?}");
    }
    report
}
