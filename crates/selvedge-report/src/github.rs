//! What GitHub Actions understands: [workflow commands], which become
//! annotations of a pull request.
//!
//! A runner takes every line of the output for a command that begins with `::`,
//! be it indented, and whoever wrote it. So what is printed around the commands
//! goes between [`stop`] and [`resume`], and in the commands themselves all that
//! has a meaning is escaped.
//!
//! [workflow commands]: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands

use crate::finding::{Finding, findings};
use crate::summary::Row;

/// One command a line for each reason why a scenario is not as expected: an
/// `error`, or a `warning` if it is only undecided. Empty if all is well.
///
/// `program` is how this command line is called, for the commands that repeat
/// failures.
pub fn commands(rows: &[Row<'_>], program: &str) -> String {
    let mut out = String::new();
    for row in rows {
        for finding in findings(row) {
            out.push_str(&command(row, &finding, program));
            out.push('\n');
        }
    }
    out
}

/// The line after which the runner obeys no command until it meets [`resume`]
/// with the same token, which nobody may be able to guess.
pub fn stop(token: &str) -> String {
    format!("::stop-commands::{token}\n")
}

/// The line that ends what [`stop`] began.
pub fn resume(token: &str) -> String {
    format!("::{token}::\n")
}

fn command(row: &Row<'_>, finding: &Finding<'_>, program: &str) -> String {
    let name = if matches!(finding, Finding::Undecided(_)) { "warning" } else { "error" };
    let mut properties = Vec::new();
    if let Some(place) = finding.place() {
        properties.push(format!("file={}", property(&place.printable_file().to_string())));
        properties.push(format!("line={}", place.line));
        properties.push(format!("col={}", place.column));
    }
    let title = format!("{}: {}", row.subject.name, finding.kind().replace('_', " "));
    properties.push(format!("title={}", property(&title)));
    let mut message = finding.sentence();
    if let Finding::Failure(failure) = finding
        && let Some(replay) = row.replay(failure, program)
    {
        message.push_str(&format!("\nreplay: {replay}"));
    }
    format!("::{name} {}::{}", properties.join(","), data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
