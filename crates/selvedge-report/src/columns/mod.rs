//! An execution as a drawing: one column a thread, time downwards.
//!
//! ```text
//!      main                alice
//!   1  ● spawn alice ──────╮
//!   2  ├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌● lock accounts       models/src/purchase.rs:21
//!      │                   » get alice = 50      models/src/purchase.rs:22
//! ```
//!
//! The dashed line is the thread of control: it goes from the thread that was
//! interrupted to the one that goes on. Where the columns would be too narrow
//! to be read, the same rows come as a list.
//!
//! The words of a step are the engine's and are shown as they are, with three
//! exceptions that decide where a thread's line begins and ends: `spawn NAME`
//! and `join NAME` are linked with that thread's column, and a thread whose
//! last step is `end` (or `exit`, `finish`, `return`) has no line after it.

mod draw;
mod layout;
mod lives;
mod rows;

use selvedge_core::trace::{StepKind, Trace};

use rows::{Hidden, Row};

use crate::canvas::Line;
use crate::style::{Ink, Style};
use crate::text;

/// Drawings of more steps than this are shortened in their middle.
const LONGEST: usize = 200;
/// How many of the first steps a shortened drawing keeps.
const HEAD: usize = 30;

/// Draws an execution.
///
/// Every visible operation has its number; remarks (`»`), accesses to plain
/// memory (`◇`), threads that wait for ever (`‖`) and the failure (`✗`) belong
/// to the operation above them. A critical section that nobody interrupts is
/// one row (`◉`): its lock, where there is more than one or it is the first,
/// and the program's first remark in it. So are spawns in a row, and joins;
/// what does not matter to the failure is told in one line, and so are the ends
/// of threads in a long drawing, and a clone or drop that is counted belongs to
/// the row above it. What is too long for its column hangs over those to its
/// right.
pub fn columns(trace: &Trace, style: &Style) -> String {
    if trace.threads.is_empty() || trace.steps.is_empty() {
        return String::new();
    }
    let shortened = |together| rows::shorten(rows::rows(trace, together), LONGEST, HEAD);
    let rows = shortened(true);
    match layout::columns(trace, &rows, style) {
        Some(layout) => draw::columns(trace, &rows, &layout, style),
        None => list(trace, &shortened(false), style),
    }
}

/// The mark in front of a step, its ink, and the ink of the text.
fn mark(row: &Row) -> (&'static str, Ink, Ink) {
    let thread = row.thread;
    match row.kind {
        StepKind::Operation if row.section => ("◉", Ink::Thread(thread), Ink::Plain),
        StepKind::Operation => ("●", Ink::Thread(thread), Ink::Plain),
        StepKind::Access => ("◇", Ink::Thread(thread), Ink::Access),
        StepKind::Note => ("»", Ink::Note, Ink::Note),
        StepKind::Blocked => ("‖", Ink::Blocked, Ink::Blocked),
        StepKind::Failure => ("✗", Ink::Failure, Ink::Failure),
    }
}

/// The width of the numbers at the left, with the space around them.
fn gutter(rows: &[Row]) -> usize {
    let widest = rows.iter().filter_map(|row| Some(shown_numbers(row.numbers?).len())).max();
    widest.unwrap_or(0).max(2) + 3
}

/// `3`, or `3-4` for a row of several operations.
fn shown_numbers((first, last): (usize, usize)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// Writes a row's numbers.
fn put_numbers(line: &mut Line, gutter: usize, row: &Row) {
    if let Some(numbers) = row.numbers {
        line.put(0, Ink::Dim, &text::right(&shown_numbers(numbers), gutter - 2));
    }
}

/// Says how many steps are left out, and whose they are.
fn put_hidden(line: &mut Line, gutter: usize, hidden: &Hidden, trace: &Trace) {
    let steps = text::counted(hidden.steps as u64, "step");
    let names: Vec<&str> = hidden.of.iter().map(|t| trace.threads[*t].name.as_str()).collect();
    let whose = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
    let words = match (hidden.endings, names.is_empty()) {
        (true, _) => format!("⋮ {steps}{whose}: threads end and are joined"),
        (false, true) => format!("⋮ {steps} not shown"),
        (false, false) => format!("⋮ {steps}{whose} without consequence"),
    };
    line.put(gutter, Ink::Dim, &words);
}

/// The form for narrow terminals and many threads: `thread: text   file:line`.
fn list(trace: &Trace, rows: &[Row], style: &Style) -> String {
    let gutter = gutter(rows);
    let shown = |thread: usize| text::cut(&trace.threads[thread].name, 16);
    let names = (0..trace.threads.len()).map(|t| text::width(&shown(t))).max().unwrap_or(0);
    // number, name, colon, space, mark, space
    let x = gutter + names + 2;
    let room = style.width.saturating_sub(x + 2).max(20);

    let mut out = String::new();
    let mut last = None;
    for row in rows {
        if let Some(hidden) = &row.hidden {
            let mut line = Line::default();
            put_hidden(&mut line, gutter, hidden, trace);
            line.paint(&mut out, style);
            last = None;
            continue;
        }
        let thread = row.thread;
        if last.is_some_and(|last| last != thread) {
            let mut line = Line::default();
            line.rule(gutter, gutter + names + 1, Ink::Dim, "╌");
            line.paint(&mut out, style);
        }
        let (glyph, glyph_ink, ink) = mark(row);
        let mut lines: Vec<Line> = text::wrap(&row.text, room)
            .iter()
            .map(|text| {
                let mut line = Line::default();
                line.put(x + 2, ink, text);
                line
            })
            .collect();
        put_numbers(&mut lines[0], gutter, row);
        if last != Some(thread) {
            lines[0].put(gutter, Ink::Thread(thread), &format!("{}:", shown(thread)));
        }
        lines[0].put(x, glyph_ink, glyph);
        if let Some(place) = &row.place {
            let place = place.short();
            let wide = text::width(&place);
            let behind = lines.last().map_or(0, Line::end) + 3;
            if behind + wide <= style.width {
                let at = style.width.min(100) - wide.min(style.width.min(100));
                lines.last_mut().expect("at least one").put(at.max(behind), Ink::Dim, &place);
            } else {
                let mut line = Line::default();
                line.put((x + 2).min(style.width.saturating_sub(wide)), Ink::Dim, &place);
                lines.push(line);
            }
        }
        lines.iter().for_each(|line| line.paint(&mut out, style));
        last = Some(thread);
    }
    out
}
