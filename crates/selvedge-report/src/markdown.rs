//! Markdown, as GitHub and GitLab show it: the summary of a job, or a comment.

use crate::finding::{Finding, findings, place, sentence};
use crate::style::Style;
use crate::summary::{self, Row, verdict};
use crate::text::{number, time};

/// The width of drawings: a page is about as wide.
const STYLE: Style = Style::plain(120);

/// A table of all scenarios, and below it each failure that was not expected,
/// folded up: its drawing, its place and the command that repeats it.
///
/// `program` is how this command line is called.
pub fn document(rows: &[Row<'_>], program: &str) -> String {
    let mut out = table(rows);
    for row in rows {
        let findings = findings(row);
        let failures = findings.iter().filter_map(|finding| match finding {
            Finding::Failure(failure) => Some(*failure),
            _ => None,
        });
        let failures: Vec<_> = failures.collect();
        let drawings = row.drawings(&failures, program, &STYLE);
        for (failure, drawing) in failures.iter().zip(drawings) {
            let title = format!("✗ {}: {}", row.title(), sentence(failure));
            out.push_str(&format!(
                "\n<details>\n<summary>{}</summary>\n\n",
                html(&title.replace('\n', " "))
            ));
            if let Some(place) = place(failure) {
                out.push_str(&format!("At {}\n\n", code(&place.to_string())));
            }
            out.push_str(&fenced("text", &drawing));
            if let Some(replay) = row.replay(failure, program) {
                out.push('\n');
                out.push_str(&fenced("sh", &replay));
            }
            out.push_str("\n</details>\n");
        }
        for finding in findings {
            if !matches!(finding, Finding::Failure(_)) {
                let text = format!("{} {}: {}", row.mark(), row.subject.name, finding.sentence());
                out.push_str(&format!("\n{}\n", escaped(&text)));
            }
        }
    }
    out
}

/// A heading, the sentence of the totals, and the table of all scenarios.
pub fn table(rows: &[Row<'_>]) -> String {
    let mut out = format!("## Selvedge\n\n{}\n\n", escaped(&summary::sentence(rows)));
    let noun = Row::noun(rows);
    out.push_str(&format!("| | {noun} | expected | verdict | executions | blocked | time |\n"));
    out.push_str("|---|---|---|---|---:|---:|---:|\n");
    for row in rows {
        let report = row.report;
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            row.mark(),
            escaped(row.subject.name),
            row.subject.expect.as_str(),
            escaped(&verdict(report)),
            number(report.executions),
            number(report.blocked),
            time(report.elapsed),
        ));
    }
    out
}

/// `text` as it stands, in one line: all that could have a meaning is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::text::harmless(text).chars() {
        match c {
            '\n' => out.push(' '),
            // A few characters that need no escape are easier to read without.
            ',' | '.' | ':' | '/' | '(' | ')' | '-' | '\'' => out.push(c),
            c if c.is_ascii_punctuation() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The longest row of backticks in `text`.
fn backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A code span.
fn code(text: &str) -> String {
    match backticks(text) {
        0 => format!("`{text}`"),
        longest => {
            let ticks = "`".repeat(longest + 1);
            format!("{ticks} {text} {ticks}")
        }
    }
}

/// A code block that nothing in `text` can end.
fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat((backticks(text) + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}
