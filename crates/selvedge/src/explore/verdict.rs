//! What a test says of what was found, and whether it passes.

use std::panic::Location;

use selvedge_core::failure::Failure;
use selvedge_core::place::Place;
use selvedge_core::report::{End, Input, Report, Verdict};
use selvedge_core::scenario::{Agreement, Broken};
use selvedge_core::trace::Trace;
use selvedge_engines::test::Outcome;
use selvedge_report::Style;
use selvedge_report::failure::{conclusion, failures, report as render};

use super::ended::{Ended, Remark};
use super::program::{Explored, Found, inputs};

/// What is explored: how it is called, how it is run again, and what has to
/// come out.
pub(crate) struct Subject {
    /// The test's path, or the place of the call of `model`.
    pub(crate) name: String,
    /// What runs it again, behind the variables: ` cargo test ...`.
    pub(crate) command: String,
    /// It has to fail, with this name or kind.
    pub(crate) breaks: Option<&'static str>,
    /// It sets a bound of its own, or draws inputs.
    pub(crate) bounded: bool,
    /// What is not proved fails.
    pub(crate) require_proof: bool,
}

impl Subject {
    /// A program that is not a test by itself.
    pub(crate) fn program_at(place: &Location<'_>) -> Self {
        Subject {
            name: Place::from(place).short(),
            command: String::new(),
            breaks: None,
            bounded: false,
            require_proof: false,
        }
    }

    /// Judges an exploration. `exhaustive` says whether it was a search for every
    /// behaviour, `kept` where the failures are kept.
    pub(crate) fn judge(&self, found: Found, exhaustive: bool, kept: Option<&str>) -> Ended {
        let agreement = self.agreement(&found, exhaustive && !self.bounded);
        let Found { explored, report } = &found;
        let mut remarks = Vec::new();
        let failed = match report.verdict() {
            Verdict::Error(_) => Some(render(report, &style())),
            Verdict::Fails => match self.breaks {
                Some(name) if agreement == Agreement::AsExpected => {
                    remarks.push(Remark::Mentioned(self.broken(name, &found)));
                    None
                }
                Some(name) => {
                    let head = format!("expected to break `{name}` and nothing else");
                    Some(self.failures(&head, report, found.input(), kept))
                }
                None => Some(self.failures("the program fails", report, found.input(), kept)),
            },
            Verdict::HoldsExhausted | Verdict::HoldsBounded(_) => {
                let statement = statement(explored, report);
                match self.breaks {
                    Some(name) => Some(format!("expected to break `{name}`, but {statement}")),
                    None if self.require_proof && !found.is_proof() => {
                        Some(format!("a proof is required, and there is none: {statement}"))
                    }
                    None if report.exhausted() => {
                        remarks.push(Remark::Mentioned(statement));
                        let assumed = report.assumptions.iter();
                        remarks.extend(
                            assumed.map(|what| Remark::Mentioned(format!("assumed: {what}"))),
                        );
                        None
                    }
                    None => {
                        remarks.push(Remark::Said(statement));
                        None
                    }
                }
            }
        };
        let mut report = found.into_report();
        report.notes.extend(kept.map(kept_in));
        Ended { outcome: Outcome { report, agreement, trace: None }, failed, remarks }
    }

    /// How what was found compares with what is expected. Unlike a scenario, a
    /// test that has to break has to do so in this run.
    fn agreement(&self, found: &Found, exhaustive: bool) -> Agreement {
        let report = &found.report;
        let expected = self.breaks.map(Broken::called);
        let expects = |failure: &Failure| {
            expected.as_ref().is_some_and(|broken| broken.is(failure, report.engine))
        };
        match report.verdict() {
            Verdict::Error(_) => Agreement::Contradicted,
            Verdict::Fails if report.failures().iter().all(expects) => Agreement::AsExpected,
            Verdict::Fails => Agreement::Contradicted,
            Verdict::HoldsBounded(_)
                if self.breaks.is_some() && (exhaustive || report.end == End::Time) =>
            {
                Agreement::Undecided
            }
            _ if self.breaks.is_some() => Agreement::Contradicted,
            _ if self.require_proof && !found.is_proof() => Agreement::Undecided,
            Verdict::HoldsBounded(_) if exhaustive => Agreement::Undecided,
            Verdict::HoldsBounded(_) | Verdict::HoldsExhausted => Agreement::AsExpected,
        }
    }

    /// What is said if the failures are those that it has to show.
    fn broken(&self, name: &str, found: &Found) -> String {
        let first = found.report.failures().first();
        let again = first.map(|f| self.again(f, found.input())).unwrap_or_default();
        format!("breaks `{name}`, as expected; replay: {again}")
    }

    /// Judges an execution that was repeated.
    pub(crate) fn repeated(&self, report: Report, trace: Trace, input: Option<Input>) -> Ended {
        let mut remarks = Vec::new();
        let (agreement, failed) = match report.verdict() {
            Verdict::Error(_) => (Agreement::Contradicted, Some(render(&report, &style()))),
            Verdict::Fails => {
                let text = self.failures("the program fails", &report, input.as_ref(), None);
                (Agreement::Contradicted, Some(text))
            }
            Verdict::HoldsExhausted | Verdict::HoldsBounded(_) => {
                let text = "the execution was repeated, and does not fail";
                remarks.push(Remark::Said(text.to_owned()));
                (Agreement::AsExpected, None)
            }
        };
        let report = Report { input, ..report };
        Ended { outcome: Outcome { report, agreement, trace: Some(trace) }, failed, remarks }
    }

    /// A failure that was kept is met again.
    pub(crate) fn still_fails(&self, at: &str, report: Report, input: Option<Input>) -> Ended {
        let head = format!("kept from an earlier run: {at}");
        let failed = Some(self.failures(&head, &report, input.as_ref(), None));
        let mut report = Report { input, ..report };
        report.notes.push(head);
        let outcome = Outcome { report, agreement: Agreement::Contradicted, trace: None };
        Ended { outcome, failed, remarks: Vec::new() }
    }

    /// All that is said of a program that fails.
    pub(crate) fn failures(
        &self,
        head: &str,
        report: &Report,
        input: Option<&Input>,
        kept: Option<&str>,
    ) -> String {
        let mut text = format!("{head}\n\n");
        if let Some(input) = input {
            text.push_str(&format!("input: {}\n\n", input.text));
        }
        let list: Vec<&Failure> = report.failures().iter().collect();
        let again = |f: &Failure| f.schedule().map(|_| self.again(f, input));
        for one in failures(&list, "", again, &style()) {
            text.push_str(&one);
            text.push('\n');
        }
        text.push_str(&conclusion(report, &style()));
        if let Some(file) = kept {
            text.push_str(&format!("{}\n", kept_in(file)));
        }
        text
    }

    /// What repeats a failure.
    fn again(&self, failure: &Failure, input: Option<&Input>) -> String {
        let input =
            input.map(|input| format!("SELVEDGE_INPUT={} ", input.code)).unwrap_or_default();
        let schedule = failure.schedule().unwrap_or_default();
        format!("{input}SELVEDGE_REPLAY={schedule}{}", self.command)
    }
}

fn kept_in(file: &str) -> String {
    format!("kept in {file}: tried first in the next run")
}

fn style() -> Style {
    Style::plain(100)
}

fn behaviours(report: &Report) -> String {
    let s = if report.executions() == 1 { "" } else { "s" };
    format!("{} behaviour{s}", report.executions())
}

/// What can be said of a program that does not fail.
fn statement(explored: &Explored, report: &Report) -> String {
    match report.verdict() {
        Verdict::HoldsBounded(why) => bounded(explored, &why),
        _ => exhausted(explored, report),
    }
}

fn exhausted(explored: &Explored, report: &Report) -> String {
    let behaviours = behaviours(report);
    match explored {
        Explored::All => format!("holds, exhausted: {behaviours}"),
        Explored::With(input) => {
            format!("holds for {}, exhausted: {behaviours}; no proof for others", input.text)
        }
        Explored::Drawn(count) => format!(
            "holds for {}, each exhausted: {behaviours}; no proof for others",
            inputs(*count)
        ),
    }
}

fn bounded(explored: &Explored, why: &str) -> String {
    match explored {
        Explored::All => format!("holds, bounded ({why}): this is no proof"),
        Explored::With(input) => {
            format!("holds for {}, bounded ({why}): this is no proof", input.text)
        }
        Explored::Drawn(count) => {
            format!("holds for {}, bounded ({why}): this is no proof", inputs(*count))
        }
    }
}
