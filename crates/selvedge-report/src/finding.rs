//! What whoever reads the report of a build has to look at, and how it is said
//! in a sentence: what all formats for build servers have in common.

use selvedge_core::failure::{Failure, Place};
use selvedge_core::report::{End, Verdict};
use selvedge_core::scenario::{Agreement, Expectation};

use crate::summary::{Row, verdict};
use crate::text::harmless;

/// Why a scenario is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Finding<'a> {
    /// A failure that was not expected.
    Failure(&'a Failure),
    /// Failures that were expected, by name, and that no execution shows.
    Missing(Vec<&'a str>),
    /// The search had to reach a verdict, and its budget ended first.
    Undecided(String),
    /// The exploration could not be carried out.
    Error(&'a str),
}

impl Finding<'_> {
    /// What was found, in a sentence.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Finding::Failure(failure) => sentence(failure),
            Finding::Missing(names) => {
                format!("expected, and met in no execution: {}", names.join(", "))
            }
            Finding::Undecided(verdict) => {
                format!("undecided: {verdict}, where every behaviour had to be seen")
            }
            Finding::Error(what) => format!("error: {}", harmless(what.trim())),
        }
    }

    /// A word for what kind of finding it is; for a failure, its kind as in JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Finding::Failure(failure) => failure.kind().as_str(),
            Finding::Missing(_) => "missing",
            Finding::Undecided(_) => "undecided",
            Finding::Error(_) => "error",
        }
    }

    /// Where it happened.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Finding::Failure(failure) => place(failure),
            Finding::Missing(_) | Finding::Undecided(_) | Finding::Error(_) => None,
        }
    }
}

/// Why this scenario is not as expected; empty if it is.
pub(crate) fn findings<'a>(row: &Row<'a>) -> Vec<Finding<'a>> {
    match (row.agreement, &row.report.end) {
        (_, End::Error(what)) => vec![Finding::Error(what)],
        (Agreement::AsExpected, _) => Vec::new(),
        (Agreement::Undecided, _) => vec![Finding::Undecided(verdict(row.report))],
        (Agreement::Contradicted, _) => {
            let unexpected = row.report.failures.iter().filter(|failure| !row.expects(failure));
            let unexpected: Vec<_> = unexpected.map(Finding::Failure).collect();
            if !unexpected.is_empty() {
                return unexpected;
            }
            let missing = match row.subject.expect {
                Expectation::Holds => Vec::new(),
                Expectation::Breaks(broken) => broken
                    .iter()
                    .filter(|b| !row.report.failures.iter().any(|f| b.is(f, row.report.engine)))
                    .map(|b| &*b.name)
                    .collect(),
                Expectation::Panics => vec!["a panic"],
            };
            vec![Finding::Missing(missing)]
        }
    }
}

/// A failure in a sentence: `invariant broken: balance never negative: it is -1`.
pub(crate) fn sentence(failure: &Failure) -> String {
    let kind = failure.kind().words();
    let mut parts = vec![kind];
    for part in [failure.name().trim(), failure.message().trim()] {
        if !part.is_empty() && !parts.contains(&part) {
            parts.push(part);
        }
    }
    harmless(&parts.join(": "))
}

/// The line of the user's code that a failure belongs to: its own, else that of
/// its explanation, else where its execution came to last.
pub(crate) fn place(failure: &Failure) -> Option<&Place> {
    let explained = || failure.fault.details.iter().find_map(|detail| detail.place.as_ref());
    let last = || failure.trace.as_ref()?.steps.iter().rev().find_map(|step| step.place.as_ref());
    failure.fault.place.as_ref().or_else(explained).or_else(last)
}

/// What was explored in a few pairs of a name and a value, for formats that
/// have room for such.
pub(crate) fn properties(row: &Row<'_>) -> Vec<(&'static str, String)> {
    let report = row.report;
    let mut properties = vec![
        ("verdict", verdict(report)),
        ("expected", row.subject.expect.as_str().to_owned()),
        ("proof", (report.verdict() == Verdict::HoldsExhausted).to_string()),
        ("engine", report.engine.to_string()),
        ("strategy", report.strategy.clone()),
        ("memory_model", report.memory_model.clone()),
        ("time", report.time.to_string()),
        ("seed", report.seed.to_string()),
        ("executions", report.executions.to_string()),
        ("blocked", report.blocked.to_string()),
        ("failing", report.failing.to_string()),
    ];
    properties.extend(report.input.iter().map(|input| ("input", input.text.clone())));
    properties
}
