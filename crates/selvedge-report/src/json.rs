//! The report of one scenario as one line of JSON.
//!
//! The names, their order and their meaning are a contract with whoever reads
//! them; fields may be added at the end, never changed.

use selvedge_core::failure::Failure;
use selvedge_core::report::{End, Input, Verdict};
use selvedge_core::scenario::Agreement;
use selvedge_core::time::Time;
use serde::Serialize;

use crate::summary::Row;

#[derive(Serialize)]
struct Object<'a> {
    scenario: &'a str,
    engine: &'a str,
    strategy: &'a str,
    memory_model: &'a str,
    time: Time,
    expected: &'a str,
    verdict: &'a str,
    exhausted: bool,
    as_expected: bool,
    executions: u64,
    blocked: u64,
    failing: u64,
    steps: u64,
    elapsed_ns: u64,
    seed: u64,
    failures: Vec<One<'a>>,
    /// What ended a search that proved nothing and met no failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    bounded: Option<String>,
    /// What an exhausted search rests on beyond the memory model.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    assumptions: &'a [String],
    /// Why the exploration could not be carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How many parts of the search are left to be explored, if it was not a
    /// failure that ended it.
    #[serde(skip_serializing_if = "is_zero")]
    pending: u64,
    /// About how many executions the whole search has, or far more, where
    /// something is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<u64>,
    /// How the search was carried out, where that is not as asked.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    /// The input, if the program takes any and this is of one only.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a Input>,
    /// What the program has printed, where it was captured.
    #[serde(skip_serializing_if = "str::is_empty")]
    output: &'a str,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Serialize)]
struct One<'a> {
    kind: &'a str,
    name: &'a str,
    message: &'a str,
    location: Option<String>,
    schedule: Option<&'a str>,
    executions: u64,
    count: u64,
    /// What the pattern is called that the execution has, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'a str>,
    /// A sentence about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a str>,
    /// The preemptions of the execution that is shown, where it was simplified.
    #[serde(skip_serializing_if = "Option::is_none")]
    preemptions: Option<usize>,
    /// No execution with fewer fails in this way: all were tried. False if the
    /// budget of simplifying ended before.
    #[serde(skip_serializing_if = "Option::is_none")]
    fewest: Option<bool>,
}

impl<'a> From<&'a Failure> for One<'a> {
    fn from(failure: &'a Failure) -> Self {
        let told = failure.story.explanation.as_ref();
        let simplified = failure.story.simplified.as_ref();
        One {
            kind: failure.kind().as_str(),
            name: failure.name(),
            message: failure.message(),
            location: failure.fault.place.as_ref().map(ToString::to_string),
            schedule: failure.schedule(),
            executions: failure.executions,
            count: failure.count,
            pattern: told.map(|told| &*told.pattern),
            explanation: told.map(|told| &*told.text),
            preemptions: simplified.map(|simplified| simplified.after.preemptions),
            fewest: simplified.map(|simplified| simplified.least),
        }
    }
}

/// One scenario as one JSON object in one line, without a line end.
pub fn line(row: &Row<'_>) -> String {
    let Row { subject, report, agreement, output } = row;
    let (verdict, bounded, error) = match report.verdict() {
        Verdict::Fails => ("fails", None, None),
        Verdict::HoldsExhausted => ("holds", None, None),
        Verdict::HoldsBounded(why) => ("holds", Some(why), None),
        Verdict::Error(what) => ("error", None, Some(what)),
    };
    let pending = if report.end == End::Failure { 0 } else { report.pending };
    let object = Object {
        scenario: subject.name,
        engine: report.engine.as_str(),
        strategy: &report.strategy,
        memory_model: &report.memory_model,
        time: report.time,
        expected: subject.expect.as_str(),
        verdict,
        exhausted: report.exhausted(),
        as_expected: *agreement != Agreement::Contradicted,
        executions: report.executions,
        blocked: report.blocked,
        failing: report.failing,
        steps: report.steps,
        elapsed_ns: u64::try_from(report.elapsed.as_nanos()).unwrap_or(u64::MAX),
        seed: report.seed,
        failures: report.failures.iter().map(One::from).collect(),
        bounded,
        assumptions: &report.assumptions,
        error,
        pending,
        estimate: report.estimate().filter(|_| pending > 0),
        notes: &report.notes,
        input: report.input.as_ref(),
        output,
    };
    serde_json::to_string(&object).expect("strings and numbers are always valid JSON")
}

/// All scenarios, one in a line: the file `selvedge.json`.
pub fn lines(rows: &[Row<'_>]) -> String {
    rows.iter().map(|row| line(row) + "\n").collect()
}
