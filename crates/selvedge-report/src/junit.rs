//! JUnit XML: what build servers show as test results.
//!
//! There is no standard. What is written here is what Jenkins, GitLab and others
//! read: one `testsuite`, and in it a `testcase` for each scenario.
//!
//! | the scenario | is |
//! |---|---|
//! | is as expected, be it that it breaks | passed; `system-out` has what was found |
//! | contradicts its expectation | a `failure`, its type the kind of the failure |
//! | had to be searched exhaustively, and was not | `skipped`: no failure, and no proof |
//! | could not be explored | an `error` |
//!
//! What the program has printed, where it was captured, is in `system-err`:
//! `system-out` is ours.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use selvedge_core::failure::Failure;

use crate::failure::conclusion;
use crate::finding::{Finding, findings, properties};
use crate::style::Style;
use crate::summary::Row;
use crate::text::harmless;

/// Drawings are read in a browser, which scrolls.
const STYLE: Style = Style::plain(140);

/// All scenarios as one JUnit document. `program` is how this command line is
/// called, for the commands that repeat failures.
pub fn document(rows: &[Row<'_>], program: &str) -> String {
    let mut suite = TestSuite::new("selvedge");
    suite.set_time(rows.iter().map(|row| row.report.elapsed).sum());
    suite.add_property(Property::new("version", env!("CARGO_PKG_VERSION")));
    suite.add_test_cases(rows.iter().map(|row| case(row, program)));
    let mut report = Report::new("selvedge");
    report.time = suite.time;
    report.add_test_suite(suite);
    report.to_string().expect("writing to memory does not fail")
}

fn case(row: &Row<'_>, program: &str) -> TestCase {
    let findings = findings(row);
    let mut case = TestCase::new(xml(row.subject.name), status(row, &findings, program));
    case.set_classname(xml(row.subject.section())).set_time(row.report.elapsed);
    let all: Vec<&Failure> = row.report.failures.iter().collect();
    let place = match findings.first() {
        Some(finding) => finding.place(),
        None => all.first().and_then(|failure| crate::finding::place(failure)),
    };
    if let Some(place) = place {
        case.extra.insert("file".into(), xml(&place.printable_file().to_string()).into());
        case.extra.insert("line".into(), place.line.to_string().into());
    }
    case.add_properties(
        properties(row).iter().map(|(name, value)| Property::new(name, xml(value))),
    );
    let mut found = conclusion(row.report, &STYLE);
    for note in &row.report.notes {
        found.push_str(&format!("note: {note}\n"));
    }
    // What is in the body of a `failure` is not repeated.
    if findings.is_empty() {
        for drawing in row.drawings(&all, program, &STYLE) {
            found.push('\n');
            found.push_str(&drawing);
        }
    }
    case.set_system_out(xml(&found));
    if !row.output.is_empty() {
        case.set_system_err(xml(row.output));
    }
    case
}

fn status(row: &Row<'_>, findings: &[Finding<'_>], program: &str) -> TestCaseStatus {
    let Some(first) = findings.first() else {
        return TestCaseStatus::success();
    };
    let mut status = match first {
        Finding::Failure(_) | Finding::Missing(_) => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        Finding::Error(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
        Finding::Undecided(_) => TestCaseStatus::skipped(),
    };
    let sentences: Vec<String> = findings.iter().map(Finding::sentence).collect();
    status.set_type(first.kind()).set_message(xml(&sentences.join("\n")));
    let failures: Vec<&Failure> = findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::Failure(failure) => Some(*failure),
            _ => None,
        })
        .collect();
    let drawings = row.drawings(&failures, program, &STYLE);
    if !drawings.is_empty() {
        status.set_description(xml(&drawings.join("\n")));
    }
    status
}

/// `text` without what must not be in XML, even escaped: control characters in a
/// form that can be read, and no noncharacters. (quick-junit drops the former
/// and lets the latter pass.)
fn xml(text: &str) -> String {
    harmless(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
