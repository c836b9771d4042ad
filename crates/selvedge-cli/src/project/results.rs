//! What came out of a run: as rows of a table, and saved for `report`.

use std::path::Path;

use selvedge_core::report::{Engine, Report};
use selvedge_core::scenario::{Agreement, Expectation};
use selvedge_engines::file::{self, Content};
use selvedge_report::summary::{Row, Subject};
use selvedge_report::text::time;
use serde::{Deserialize, Serialize};

use super::process::{End, Ran};
use super::tests::Test;
use crate::BadInput;

/// The file of the last run, beside its reports.
const FILE: &str = "selvedge.run";

/// A run of tests.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Run {
    /// How `cargo selvedge` is called to repeat a failure.
    pub(crate) program: String,
    pub(crate) results: Vec<Tested>,
    /// The names of the tests that were left out, since they are ignored.
    pub(crate) ignored: Vec<String>,
}

/// A test with what came out of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tested {
    name: String,
    expect: Expectation,
    bounded: bool,
    pub(crate) report: Report,
    agreement: Agreement,
    /// What it has printed, if it is not as expected.
    output: String,
}

impl Tested {
    /// What became of a test, or why it could not be started.
    pub(crate) fn new(test: &Test, ran: Result<Ran, String>) -> Self {
        let (report, agreement, output) = match ran {
            Ok(Ran { outcome, end, output, elapsed }) => {
                let (mut report, agreement) = match outcome {
                    Ok(Some(outcome)) => {
                        judged(&test.expect, outcome.report, outcome.agreement, end)
                    }
                    Ok(None) => (error(ended_early(end)), Agreement::Contradicted),
                    Err(what) => (error(what), Agreement::Contradicted),
                };
                if report.elapsed.is_zero() {
                    report.elapsed = elapsed;
                }
                (report, agreement, output)
            }
            Err(what) => (error(what), Agreement::Contradicted, String::new()),
        };
        Tested {
            name: test.name.clone(),
            expect: test.expect.clone(),
            bounded: test.bounded,
            report,
            agreement,
            output: if agreement == Agreement::Contradicted { output } else { String::new() },
        }
    }

    pub(crate) fn row(&self) -> Row<'_> {
        let Tested { name, expect, bounded, report, agreement, output } = self;
        let subject = Subject { name, expect, bounded: *bounded, noun: "test" };
        Row { subject, report, agreement: *agreement, output }
    }
}

impl Run {
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        self.results.iter().map(Tested::row).collect()
    }

    /// Saves it in the directory of its reports.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn save(&self, directory: &Path) -> Result<(), BadInput> {
        Ok(file::save(&directory.join(FILE), Content::Run, self)?)
    }

    /// The last run that was saved there.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub(crate) fn load(directory: &Path) -> Result<Self, BadInput> {
        let none =
            || format!("{} has no results: run `cargo selvedge test` first", directory.display());
        Ok(file::load(&directory.join(FILE), Content::Run)?.ok_or_else(none)?)
    }
}

/// What a test says of itself, and what its harness makes of that.
fn judged(
    expect: &Expectation,
    mut report: Report,
    agreement: Agreement,
    end: End,
) -> (Report, Agreement) {
    let panics = *expect == Expectation::Panics;
    match (agreement, end.is_success()) {
        // In a destructor of a static, for example.
        _ if end.is_by_force() => (error(ended_late(end)), Agreement::Contradicted),
        (_, true) if panics => (report, Agreement::AsExpected),
        // It may have panicked yet, if it had gone on.
        (Agreement::Undecided, false) if panics => (report, Agreement::Undecided),
        (_, false) if panics => {
            if !report.failures.is_empty() {
                let note = "it fails, and not with the panic that #[should_panic] names";
                report.notes.push(note.to_owned());
            }
            (report, Agreement::Contradicted)
        }
        (Agreement::AsExpected, false) => (error(ended_late(end)), Agreement::Contradicted),
        (agreement, _) => (report, agreement),
    }
}

fn error(what: String) -> Report {
    Report::error(Engine::Native, "none", what)
}

fn ended_early(end: End) -> String {
    format!("{} before it had a result", ended(end))
}

fn ended_late(end: End) -> String {
    format!("{} after it had a result", ended(end))
}

fn ended(end: End) -> String {
    match end {
        End::Exited(status) => format!("its process ended ({status})"),
        End::GivenUp(after) => format!("it was given up after {}", time(after)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;
    use std::time::Duration;

    use Agreement::{AsExpected, Contradicted, Undecided};
    use Expectation::{Holds, Panics};
    use selvedge_core::report::End as Ended;

    use super::*;

    #[test]
    fn the_harness_has_the_last_word() {
        let exited = |code: i32| End::Exited(ExitStatus::from_raw(code << 8));
        let aborted = End::Exited(ExitStatus::from_raw(6));
        let given_up = End::GivenUp(Duration::from_secs(1));
        let (good, bad) = (exited(0), exited(101));
        let judge = |expect: &Expectation, agreement, end| {
            let report = Report::new(Engine::Native, "exhaustive", 0);
            let (report, agreement) = judged(expect, report, agreement, end);
            (agreement, matches!(report.end, Ended::Error(_)))
        };
        for (expect, said, end, agreement, is_error) in [
            (Holds, AsExpected, good, AsExpected, false),
            (Holds, AsExpected, bad, Contradicted, true),
            (Holds, Contradicted, bad, Contradicted, false),
            // A proof was required.
            (Holds, Undecided, bad, Undecided, false),
            (Holds, Undecided, aborted, Contradicted, true),
            (Holds, AsExpected, given_up, Contradicted, true),
            (Panics, Contradicted, good, AsExpected, false),
            (Panics, AsExpected, bad, Contradicted, false),
            (Panics, Undecided, bad, Undecided, false),
            (Panics, Contradicted, aborted, Contradicted, true),
        ] {
            let judged = judge(&expect, said, end);
            assert_eq!(judged, (agreement, is_error), "{expect:?}, {said:?}, {end:?}");
        }
    }
}
