//! An execution as a drawing: one column a thread, time downwards.
//!
//! ```text
//!      main                alice
//!   1  ● spawn alice ──────╮
//!      ├╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╮
//!   2  │                   ● lock accounts       models/src/purchase.rs:21
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

use selvedge_core::trace::{StepKind, Trace};

use crate::canvas::Line;
use crate::style::{Ink, Style};
use crate::text;

/// Drawings of more steps than this are shortened in their middle.
const LONGEST: usize = 200;
/// How many of the first steps a shortened drawing keeps.
const HEAD: usize = 30;

/// What a drawing has from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    /// The step with that index.
    Step(usize),
    /// So many steps that are not shown.
    Gap(usize),
}

/// Draws an execution.
///
/// Every visible operation has its number; remarks (`»`), accesses to plain
/// memory (`◇`), threads that wait for ever (`‖`) and the failure (`✗`) belong
/// to the operation above them.
pub fn columns(trace: &Trace, style: &Style) -> String {
    if trace.threads.is_empty() || trace.steps.is_empty() {
        return String::new();
    }
    let items = items(trace.steps.len());
    match layout::columns(trace, &items, style) {
        Some(layout) => draw::columns(trace, &items, &layout, style),
        None => list(trace, &items, style),
    }
}

/// What is shown of so many steps: all, or the beginning and the end.
fn items(steps: usize) -> Vec<Item> {
    if steps <= LONGEST {
        return (0..steps).map(Item::Step).collect();
    }
    let tail = steps - (LONGEST - HEAD);
    (0..HEAD)
        .map(Item::Step)
        .chain([Item::Gap(tail - HEAD)])
        .chain((tail..steps).map(Item::Step))
        .collect()
}

/// The mark in front of a step, its ink, and the ink of the text.
fn mark(kind: StepKind, thread: usize) -> (&'static str, Ink, Ink) {
    match kind {
        StepKind::Operation => ("●", Ink::Thread(thread), Ink::Plain),
        StepKind::Access => ("◇", Ink::Thread(thread), Ink::Access),
        StepKind::Note => ("»", Ink::Note, Ink::Note),
        StepKind::Blocked => ("‖", Ink::Blocked, Ink::Blocked),
        StepKind::Failure => ("✗", Ink::Failure, Ink::Failure),
    }
}

/// The number of each step, if it is an operation: how many there are up to it.
fn numbers(trace: &Trace) -> Vec<Option<u64>> {
    let mut operations = 0;
    let number = |kind: StepKind| {
        (kind == StepKind::Operation).then(|| {
            operations += 1;
            operations
        })
    };
    trace.steps.iter().map(|step| step.kind).map(number).collect()
}

/// The width of the numbers at the left, with the space around them.
fn gutter(trace: &Trace) -> usize {
    trace.operations().to_string().len().max(2) + 3
}

/// Writes a step's number.
fn put_number(line: &mut Line, gutter: usize, number: Option<u64>) {
    if let Some(number) = number {
        line.put(0, Ink::Dim, &text::right(&number.to_string(), gutter - 2));
    }
}

/// Says how many steps are left out.
fn put_gap(line: &mut Line, gutter: usize, steps: usize) {
    let words = format!("⋮ {} not shown", text::counted(steps as u64, "step"));
    line.put(gutter, Ink::Dim, &words);
}

/// The form for narrow terminals and many threads: `thread: text   file:line`.
fn list(trace: &Trace, items: &[Item], style: &Style) -> String {
    let gutter = gutter(trace);
    let numbers = numbers(trace);
    let shown = |thread: usize| text::cut(&trace.threads[thread].name, 16);
    let names = (0..trace.threads.len()).map(|t| text::width(&shown(t))).max().unwrap_or(0);
    // number, name, colon, space, mark, space
    let x = gutter + names + 2;
    let room = style.width.saturating_sub(x + 2).max(20);

    let mut out = String::new();
    let mut last = None;
    for item in items {
        let index = match *item {
            Item::Step(index) => index,
            Item::Gap(steps) => {
                let mut line = Line::default();
                put_gap(&mut line, gutter, steps);
                line.paint(&mut out, style);
                last = None;
                continue;
            }
        };
        let step = &trace.steps[index];
        let thread = step.thread.min(trace.threads.len() - 1);
        if last.is_some_and(|last| last != thread) {
            let mut line = Line::default();
            line.rule(gutter, gutter + names + 1, Ink::Dim, "╌");
            line.paint(&mut out, style);
        }
        let (glyph, glyph_ink, ink) = mark(step.kind, thread);
        let mut lines: Vec<Line> = text::wrap(&step.text, room)
            .iter()
            .map(|text| {
                let mut line = Line::default();
                line.put(x + 2, ink, text);
                line
            })
            .collect();
        put_number(&mut lines[0], gutter, numbers[index]);
        if last != Some(thread) {
            lines[0].put(gutter, Ink::Thread(thread), &format!("{}:", shown(thread)));
        }
        lines[0].put(x, glyph_ink, glyph);
        if let Some(place) = &step.place {
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
