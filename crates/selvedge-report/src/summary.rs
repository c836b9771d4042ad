//! Verdicts of many scenarios: a table, its lines one at a time, and the
//! sentence below it.
//!
//! | mark | meaning |
//! |---|---|
//! | `✓` | as expected: a failure that had to be met, or a proof |
//! | `~` | nothing contradicts the expectation, and nothing was proved: only sampled, or a part |
//! | `?` | the search had to reach a verdict, and its budget ended first |
//! | `✗` | the result contradicts the expectation |

use std::time::Duration;

use selvedge_core::report::{End, Report, Verdict};
use selvedge_core::scenario::Expectation;

pub use crate::row::{Row, Subject};

use crate::row::Settled;
use crate::style::{Ink, Style};
use crate::text::{counted, cut, left, number, right, time, width, wrap};

/// The column widths of a table, fixed before its first line is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Names as `section/variant`; the variant alone where there is no room.
    full: bool,
    name: usize,
    verdict: usize,
    /// The column of abandoned executions is the first to go.
    blocked: bool,
    noun: &'static str,
}

/// `12,345,678`, and the heading `executions`.
const EXECUTIONS: usize = 10;
/// `1,234,567`
const BLOCKED: usize = 9;
/// `12 min 05 s` is rare and may stand out.
const TIME: usize = 8;
/// `expected`
const EXPECTED: usize = 8;
/// The least that a verdict is worth reading with: `holds, exhausted`.
const VERDICT: usize = 16;
/// The space between two columns.
const GAP: usize = 2;

impl Widths {
    /// The widths of a table of these.
    pub fn of<'a, S: Into<Subject<'a>>>(
        subjects: impl IntoIterator<Item = S>,
        style: &Style,
    ) -> Self {
        let (mut full, mut short, mut verdict, mut noun) = (8, 8, VERDICT, "scenario");
        for subject in subjects {
            let subject = subject.into();
            noun = subject.noun;
            full = full.max(width(subject.name));
            short = short.max(width(subject.variant()));
            verdict = verdict.max(match subject.expect {
                Expectation::Holds if !subject.bounded => VERDICT,
                Expectation::Holds => "holds, bounded (100,000 executions)".len(),
                Expectation::Breaks(broken) => {
                    7 + broken.iter().map(|b| width(&b.name) + 2).sum::<usize>().saturating_sub(2)
                }
                Expectation::Panics => "fails: invariant broken".len(),
            });
        }
        // mark, name, expected, verdict, executions, time
        let fixed = 2 + 1 + 1 + GAP + EXPECTED + GAP + GAP + EXECUTIONS + GAP + TIME;
        let room = style.width.saturating_sub(fixed);
        let mut widths = Widths { full: true, name: full, verdict, blocked: true, noun };
        let needs = |w: &Widths, verdict: usize| {
            w.name + verdict + if w.blocked { GAP + BLOCKED } else { 0 } > room
        };
        if needs(&widths, verdict.min(34)) {
            widths = Widths { full: false, name: short, ..widths };
        }
        if needs(&widths, verdict.min(34)) {
            widths.blocked = false;
        }
        let room = room.saturating_sub(if widths.blocked { GAP + BLOCKED } else { 0 });
        widths.name = widths.name.min(room.saturating_sub(VERDICT).max(12));
        widths.verdict = verdict.min(room.saturating_sub(widths.name)).max(VERDICT);
        widths
    }
}

/// The headings of a table.
pub fn header(widths: &Widths, style: &Style) -> String {
    let mut line = format!(
        "    {}  {}  {}  {}",
        left(widths.noun, widths.name),
        left("expected", EXPECTED),
        left("verdict", widths.verdict),
        right("executions", EXECUTIONS),
    );
    if widths.blocked {
        line.push_str(&format!("  {}", right("blocked", BLOCKED)));
    }
    line.push_str(&format!("  {}", right("time", TIME)));
    style.paint(Ink::Dim, &line)
}

/// The line above the scenarios of a section.
pub fn section(name: &str, style: &Style) -> String {
    style.paint(Ink::Strong, name)
}

/// One line of a table, without a line end.
pub fn row(row: &Row<'_>, widths: &Widths, style: &Style) -> String {
    let Row { subject, report, .. } = row;
    let (mark, ink) = row.settled().mark();
    let name = if widths.full { subject.name } else { subject.variant() };
    let words = verdict(report);
    let verdict_ink = if mark == "✓" { Ink::Plain } else { ink };

    let mut out = String::from("  ");
    style.paint_into(&mut out, ink, mark);
    out.push(' ');
    out.push_str(&left(&cut(name, widths.name), widths.name));
    out.push_str("  ");
    style.paint_into(&mut out, Ink::Dim, &left(subject.expect.as_str(), EXPECTED));
    out.push_str("  ");
    // An error is told in full: it is the only thing to be read in its line.
    if matches!(report.end, End::Error(_)) {
        style.paint_into(&mut out, Ink::Failure, &words.replace('\n', " "));
        return out;
    }
    let words = cut(&words, widths.verdict);
    style.paint_into(&mut out, verdict_ink, &words);
    out.push_str(&" ".repeat(widths.verdict.saturating_sub(width(&words)) + GAP));
    out.push_str(&right(&number(report.executions), EXECUTIONS));
    if widths.blocked {
        let blocked = format!("  {}", right(&number(report.blocked), BLOCKED));
        style.paint_into(&mut out, Ink::Dim, &blocked);
    }
    out.push_str("  ");
    style.paint_into(&mut out, Ink::Dim, &right(&time(report.elapsed), TIME));
    out
}

/// A whole table: headings, and the rows by section, in the order in which the
/// sections are met.
pub fn table(rows: &[Row<'_>], style: &Style) -> String {
    let widths = Widths::of(rows.iter().map(|row| row.subject), style);
    let mut sections: Vec<&str> = Vec::new();
    for row in rows {
        if !sections.contains(&row.subject.section()) {
            sections.push(row.subject.section());
        }
    }
    let mut out = header(&widths, style);
    out.push('\n');
    for (index, name) in sections.into_iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&section(name, style));
        out.push('\n');
        for one in rows.iter().filter(|row| row.subject.section() == name) {
            out.push_str(&row(one, &widths, style));
            out.push('\n');
        }
    }
    out
}

/// The verdict in words: `holds, exhausted`, `holds, bounded (10,000
/// executions)`, `fails: free called once`.
pub fn verdict(report: &Report) -> String {
    match report.verdict() {
        Verdict::Fails => {
            let names: Vec<&str> = report.failures.iter().map(|f| f.name()).collect();
            if names.is_empty() {
                "fails".to_owned()
            } else {
                format!("fails: {}", names.join(", "))
            }
        }
        Verdict::HoldsExhausted => "holds, exhausted".to_owned(),
        Verdict::HoldsBounded(why) => {
            format!("holds, bounded ({})", bounded_by(report).unwrap_or(why))
        }
        Verdict::Error(what) => format!("error: {what}"),
    }
}

/// What ended a search that is no proof, for people.
pub(crate) fn bounded_by(report: &Report) -> Option<String> {
    match &report.end {
        End::Executions => Some(counted(report.executions, "execution")),
        End::Time => Some(time(report.elapsed)),
        End::Bounded(why) => Some(why.clone()),
        End::Part(which) => Some(format!("part {which}")),
        End::Exhausted | End::Failure | End::Error(_) => None,
    }
}

/// The sentence below a table: `42 scenarios: 42 as expected (22 broken as
/// they should be, 20 proved), 12,345 executions in 3.2 s`.
pub fn sentence(rows: &[Row<'_>]) -> String {
    let of = |what: Settled| rows.iter().filter(|row| row.settled() == what).count() as u64;
    let parts: Vec<String> = [
        (Settled::Broken, "broken as they should be"),
        (Settled::Proved, "proved"),
        (Settled::Sampled, "only sampled"),
        (Settled::Part, "explored in part: merge gives the verdict"),
        (Settled::Missed, "not broken by sampling"),
    ]
    .into_iter()
    .filter(|(what, _)| of(*what) > 0)
    .map(|(what, words)| {
        let words = if of(what) == 1 { words.replace("they", "it") } else { words.to_owned() };
        format!("{} {words}", number(of(what)))
    })
    .collect();
    let contradicted = of(Settled::Contradicted);
    let undecided = of(Settled::Undecided);
    let expected = rows.len() as u64 - contradicted - undecided;

    let mut sentence = counted(rows.len() as u64, Row::noun(rows));
    sentence.push_str(&format!(": {} as expected", number(expected)));
    if !parts.is_empty() {
        sentence.push_str(&format!(" ({})", parts.join(", ")));
    }
    if undecided > 0 {
        sentence.push_str(&format!(", {} undecided", number(undecided)));
    }
    if contradicted > 0 {
        sentence.push_str(&format!(", {} NOT as expected", number(contradicted)));
    }
    let executions = rows.iter().map(|row| row.report.executions).sum();
    let elapsed: Duration = rows.iter().map(|row| row.report.elapsed).sum();
    sentence.push_str(&format!(", {} in {}", counted(executions, "execution"), time(elapsed)));
    sentence
}

/// The [`sentence`] below a table. Scenarios that are not as expected are named
/// below it.
pub fn totals(rows: &[Row<'_>], style: &Style) -> String {
    let any = |what: &[Settled]| rows.iter().any(|row| what.contains(&row.settled()));
    let ink = match () {
        () if any(&[Settled::Contradicted]) => Ink::Failure,
        () if rows.iter().any(|row| row.settled().mark().1 == Ink::Unsure) => Ink::Unsure,
        () => Ink::Good,
    };
    let mut out = String::new();
    for line in wrap(&sentence(rows), style.width) {
        style.paint_into(&mut out, ink, &line);
        out.push('\n');
    }
    for row in rows {
        let (mark, ink) = row.settled().mark();
        if matches!(row.settled(), Settled::Contradicted | Settled::Undecided) {
            out.push_str("  ");
            style.paint_into(&mut out, ink, mark);
            out.push_str(&format!(" {}\n", row.subject.name));
        }
    }
    out
}
