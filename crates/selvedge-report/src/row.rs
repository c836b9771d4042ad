//! What was explored, with what came out of it: what all renderers of many
//! results read.

use selvedge_core::failure::Failure;
use selvedge_core::report::{End, Engine, Report, Verdict};
use selvedge_core::scenario::{Agreement, Expectation, Scenario};

use crate::failure;
use crate::style::{Ink, Style};

/// What is explored, a scenario or a test: what is known of it before.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// `section/variant`; of a test, `package/path`.
    pub name: &'a str,
    /// What is expected.
    pub expect: &'a Expectation,
    /// It sets a bound, and is not to be proved.
    pub bounded: bool,
    /// What it is called: `scenario` or `test`.
    pub noun: &'static str,
}

impl<'a> Subject<'a> {
    /// The part of the name before the slash.
    pub fn section(&self) -> &'a str {
        self.name.split_once('/').map_or(self.name, |(section, _)| section)
    }

    /// The part of the name behind the slash; all of it if there is none.
    pub fn variant(&self) -> &'a str {
        self.name.split_once('/').map_or(self.name, |(_, variant)| variant)
    }
}

impl<'a> From<&'a Scenario> for Subject<'a> {
    fn from(scenario: &'a Scenario) -> Self {
        let Scenario { name, expect, sampled, .. } = scenario;
        Subject { name, expect, bounded: sampled.is_some(), noun: "scenario" }
    }
}

/// What was explored, with what came out of it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The scenario or the test.
    pub subject: Subject<'a>,
    /// What the exploration found.
    pub report: &'a Report,
    /// How that compares with what is expected.
    pub agreement: Agreement,
    /// What the program has printed, where it was captured.
    pub output: &'a str,
}

impl<'a> Row<'a> {
    /// A row, compared with what is expected. `exhaustive` says whether the
    /// search was one that had to reach a verdict.
    pub fn new(subject: impl Into<Subject<'a>>, report: &'a Report, exhaustive: bool) -> Self {
        let subject = subject.into();
        let agreement = subject.expect.agreement(report, exhaustive);
        Row { subject, report, agreement, output: "" }
    }

    /// True if it is expected to show this failure.
    pub fn expects(&self, failure: &Failure) -> bool {
        match self.subject.expect {
            Expectation::Holds => false,
            Expectation::Breaks(broken) => broken.iter().any(|b| b.is(failure, self.report.engine)),
            Expectation::Panics => self.agreement == Agreement::AsExpected,
        }
    }

    /// The name, with the input if the program has one.
    pub fn title(&self) -> String {
        match &self.report.input {
            Some(input) => format!("{} ({})", self.subject.name, input.text),
            None => self.subject.name.to_owned(),
        }
    }

    /// The command that repeats a failure, if the engine's schedules can be
    /// repeated. `program` is how this command line is called.
    pub fn replay(&self, failure: &Failure, program: &str) -> Option<String> {
        let schedule = failure.schedule().filter(|_| self.report.engine == Engine::Native)?;
        let mut command = format!("{program} replay {} {schedule}", self.subject.name);
        if let Some(input) = &self.report.input {
            command.push_str(&format!(" --input {}", input.code));
        }
        Some(command)
    }

    /// These failures of the report in full, each with the command that repeats
    /// it; an execution that shows several of them is drawn once.
    pub fn drawings(&self, failures: &[&Failure], program: &str, style: &Style) -> Vec<String> {
        let replay = |failure: &Failure| self.replay(failure, program);
        failure::failures(failures, &self.title(), replay, style)
    }

    /// What these rows are called: scenarios or tests.
    pub(crate) fn noun(rows: &[Self]) -> &'static str {
        rows.first().map_or("scenario", |row| row.subject.noun)
    }

    /// What stands at the left of the row in a table: `✓`, `~`, `?` or `✗`.
    pub fn mark(&self) -> &'static str {
        self.settled().mark().0
    }

    pub(crate) fn settled(&self) -> Settled {
        match self.agreement {
            Agreement::Contradicted => Settled::Contradicted,
            Agreement::Undecided => Settled::Undecided,
            Agreement::AsExpected => match (self.subject.expect, self.report.verdict()) {
                (Expectation::Breaks(_), Verdict::Fails) | (Expectation::Panics, _) => {
                    Settled::Broken
                }
                (Expectation::Holds, Verdict::HoldsExhausted) => Settled::Proved,
                _ if matches!(self.report.end, End::Part(_)) => Settled::Part,
                (Expectation::Holds, _) => Settled::Sampled,
                (Expectation::Breaks(_), _) => Settled::Missed,
            },
        }
    }
}

/// What a row says, more finely than [`Agreement`] does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It had to break, and did.
    Broken,
    /// It had to hold, and every behaviour was seen.
    Proved,
    /// It had to hold, and some executions were seen.
    Sampled,
    /// One part of a search was explored, and decides nothing by itself.
    Part,
    /// It had to break, and the executions that were seen did not.
    Missed,
    Undecided,
    Contradicted,
}

impl Settled {
    pub(crate) fn mark(self) -> (&'static str, Ink) {
        match self {
            Settled::Broken | Settled::Proved => ("✓", Ink::Good),
            Settled::Sampled | Settled::Part | Settled::Missed => ("~", Ink::Unsure),
            Settled::Undecided => ("?", Ink::Unsure),
            Settled::Contradicted => ("✗", Ink::Failure),
        }
    }
}
