//! What a test says of what was found, and whether it passes.

use std::io::Write;
use std::panic::Location;

use selvedge_core::failure::Failure;
use selvedge_core::place::Place;
use selvedge_core::report::{Report, Verdict};
use selvedge_report::Style;
use selvedge_report::failure::{conclusion, failures, report as render};

use super::program::{Explored, Found, Input};

/// What is explored: how it is called, how it is run again, and what has to
/// come out.
pub(crate) struct Subject {
    /// The test's path, or the place of the call of `model`.
    pub(crate) name: String,
    /// What runs it again, behind the variables: ` cargo test ...`.
    pub(crate) command: String,
    /// It has to fail, with this name or kind.
    pub(crate) breaks: Option<&'static str>,
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
            require_proof: false,
        }
    }

    /// Says something on stderr. The harness does not capture it: who runs a
    /// test that passes sees it, too.
    pub(crate) fn say(&self, text: &str) {
        // Where there is no stderr there is nobody to tell.
        drop(std::io::stderr().write_all(format!("selvedge: {}: {text}\n", self.name).as_bytes()));
    }

    /// Says something that is seen with `--nocapture`.
    fn mention(&self, text: &str) {
        eprintln!("selvedge: {}: {text}", self.name);
    }

    /// Judges an exploration. `kept` says where the failures are kept.
    #[track_caller]
    pub(crate) fn judge(&self, found: &Found, kept: Option<&str>) {
        let Found { explored, report } = found;
        let statement = match report.verdict() {
            Verdict::Error(_) => panic!("{}", render(report, &style())),
            Verdict::Fails => return self.judge_failures(found, kept),
            Verdict::HoldsExhausted => exhausted(explored, report),
            Verdict::HoldsBounded(why) => bounded(explored, &why),
        };
        if let Some(name) = self.breaks {
            panic!("expected to break `{name}`, but {statement}");
        }
        if self.require_proof && !found.is_proof() {
            panic!("a proof is required, and there is none: {statement}");
        }
        if report.exhausted() {
            self.mention(&statement);
            for assumption in &report.assumptions {
                self.mention(&format!("assumed: {assumption}"));
            }
        } else {
            self.say(&statement);
        }
    }

    #[track_caller]
    fn judge_failures(&self, found: &Found, kept: Option<&str>) {
        let (report, input) = (&found.report, found.input());
        let Some(name) = self.breaks else {
            panic!("{}", self.failures("the program fails", report, input, kept));
        };
        if !report.failures().iter().all(|f| is_called(f, name)) {
            let head = format!("expected to break `{name}` and nothing else");
            panic!("{}", self.failures(&head, report, input, kept));
        }
        let again = report.failures().first().map(|f| self.again(f, input)).unwrap_or_default();
        self.mention(&format!("breaks `{name}`, as expected; replay: {again}"));
    }

    /// Judges an execution that was repeated.
    #[track_caller]
    pub(crate) fn repeated(&self, report: &Report, input: Option<&Input>) {
        match report.verdict() {
            Verdict::Error(_) => panic!("{}", render(report, &style())),
            Verdict::Fails => {
                panic!("{}", self.failures("the program fails", report, input, None))
            }
            Verdict::HoldsExhausted | Verdict::HoldsBounded(_) => {
                self.say("the execution was repeated, and does not fail");
            }
        }
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
            text.push_str(&format!("kept in {file}: tried first in the next run\n"));
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

fn style() -> Style {
    Style::plain(100)
}

/// Whether a failure is the one that a test calls so: an invariant by its
/// name, others by their kind.
fn is_called(failure: &Failure, name: &str) -> bool {
    failure.name() == name || failure.kind().as_str() == name
}

fn behaviours(report: &Report) -> String {
    let s = if report.executions() == 1 { "" } else { "s" };
    format!("{} behaviour{s}", report.executions())
}

fn inputs(count: u32) -> String {
    format!("{count} input{}", if count == 1 { "" } else { "s" })
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
