//! The rows of a drawing with columns.

use selvedge_core::trace::{StepKind, Trace};

use super::layout::Layout;
use super::lives::Lives;
use super::rows::{Hidden, Row};
use super::{mark, put_hidden, put_numbers};
use crate::canvas::Line;
use crate::style::{Ink, Style};
use crate::text;

/// Draws the rows.
pub(super) fn columns(trace: &Trace, rows: &[Row], layout: &Layout, style: &Style) -> String {
    let mut drawing = Drawing {
        trace,
        layout,
        style,
        lives: Lives::of(trace.threads.len(), rows),
        acting: None,
        places: vec![None; trace.threads.len()],
        out: String::new(),
    };
    drawing.header();
    for (index, row) in rows.iter().enumerate() {
        match &row.hidden {
            Some(hidden) => drawing.gap(hidden),
            None => drawing.step(index, row),
        }
    }
    drawing.out
}

struct Drawing<'a> {
    trace: &'a Trace,
    layout: &'a Layout,
    style: &'a Style,
    lives: Lives,
    /// The thread whose row is the last one.
    acting: Option<usize>,
    /// For each thread, the place that the last line of its own showed.
    places: Vec<Option<String>>,
    out: String,
}

impl Drawing<'_> {
    fn header(&mut self) {
        let mut line = Line::default();
        for (index, thread) in self.trace.threads.iter().enumerate() {
            let name = text::cut(&thread.name, self.layout.widths[index]);
            line.put(self.layout.xs[index], Ink::Thread(index), &name);
        }
        self.finish(line);
    }

    fn gap(&mut self, hidden: &Hidden) {
        let mut line = Line::default();
        put_hidden(&mut line, self.layout.gutter, hidden, self.trace);
        self.finish(line);
        self.acting = None;
    }

    fn step(&mut self, index: usize, row: &Row) {
        // Nobody hands over to a thread that waits, nor does one that waits.
        let mut from = self.acting.filter(|&last| last != row.thread);
        self.acting = (row.kind != StepKind::Blocked).then_some(row.thread);
        // The line from a thread that is joined shows already who goes on.
        from = from.filter(|last| row.kind != StepKind::Blocked && !row.joins.contains(last));
        if let Some(last) = from.filter(|&last| !self.has_room(last, row)) {
            self.hand_over(last, row.thread, index);
            from = None;
        }
        if row.kind == StepKind::Failure {
            self.failure(index, row);
        } else {
            self.row(index, row, from);
        }
    }

    /// True if the line of control fits into the row to which it goes.
    fn has_room(&self, from: usize, row: &Row) -> bool {
        let (from, x) = (self.layout.xs[from], self.layout.xs[row.thread]);
        let text = self.layout.texts(row).first().map_or(0, |text| text::width(text));
        row.kind != StepKind::Failure && !row.is_linked() && (from < x || x + 2 + text + 3 < from)
    }

    /// The line of control, from the thread that stops to the one that goes on.
    fn hand_over(&mut self, from: usize, to: usize, done: usize) {
        let (from_x, to_x) = (self.layout.xs[from], self.layout.xs[to]);
        let mut line = self.lines_of_life(done);
        if from_x < to_x {
            line.rule(from_x + 1, to_x, Ink::Dim, "╌");
        } else {
            line.rule(to_x + 1, from_x, Ink::Dim, "╌");
        }
        self.leave(&mut line, from, from_x < to_x, done);
        line.put(to_x, Ink::Dim, if from_x < to_x { "╮" } else { "╭" });
        self.finish(line);
    }

    /// Where the line of control leaves a thread, to the right or to the left.
    fn leave(&self, line: &mut Line, from: usize, right: bool, done: usize) {
        let goes_on = self.lives.line(from, done).is_some();
        let glyph = match (right, goes_on) {
            (true, true) => "├",
            (true, false) => "╰",
            (false, true) => "┤",
            (false, false) => "╯",
        };
        line.put(self.layout.xs[from], Ink::Dim, glyph);
    }

    fn row(&mut self, index: usize, row: &Row, from: Option<usize>) {
        let thread = row.thread;
        let x = self.layout.xs[thread];
        let (glyph, glyph_ink, ink) = mark(row);
        let texts = self.layout.texts(row);

        let mut place = None;
        for (number, text) in texts.iter().enumerate() {
            // A thread that this row spawns or joins begins or ends in its last line.
            let done = if number == 0 || row.is_linked() { index } else { index + 1 };
            let mut line = self.lines_of_life(done);
            let behind = x + 2 + text::width(text) + 1;
            if number == 0 {
                if let Some(from) = from {
                    let from_x = self.layout.xs[from];
                    if from_x < x {
                        line.rule(from_x + 1, x, Ink::Dim, "╌");
                    } else {
                        line.rule(behind, from_x, Ink::Dim, "╌");
                    }
                    self.leave(&mut line, from, from_x < x, index);
                }
                put_numbers(&mut line, self.layout.gutter, row);
                line.put(x, glyph_ink, glyph);
            }
            line.clear(x + 1, behind);
            line.put(x + 2, ink, text);
            if number + 1 == texts.len() {
                self.links(&mut line, row, x, behind);
            }
            if number == 0 {
                place = self.place(&mut line, row);
            }
            self.finish(line);
        }
        match place {
            Some(place) => self.place_below(index, thread, x + 2, place),
            None => self.places[thread] = None,
        }
    }

    /// The lines from a thread to those that it spawns or joins. `behind` is
    /// where they may start, to the right.
    fn links(&self, line: &mut Line, row: &Row, x: usize, behind: usize) {
        let spawns = !row.spawns.is_empty();
        let others = if spawns { &row.spawns } else { &row.joins };
        let mut others: Vec<usize> = others.iter().map(|other| self.layout.xs[*other]).collect();
        others.sort_unstable();
        // The farthest first: its line runs through where the nearer ones turn off.
        for (place, &other_x) in others.iter().enumerate().rev() {
            let last = place + 1 == others.len();
            if x < other_x && behind < other_x {
                if last {
                    line.rule(behind, other_x, Ink::Dim, "─");
                }
                if !spawns {
                    line.put(behind, Ink::Dim, "◂");
                }
                let glyph = match (spawns, last) {
                    (true, true) => "╮",
                    (true, false) => "┬",
                    (false, true) => "╯",
                    (false, false) => "┴",
                };
                line.put(other_x, Ink::Dim, glyph);
            } else if other_x < x {
                line.rule(other_x + 1, x - 1, Ink::Dim, "─");
                if !spawns {
                    line.put(x - 2, Ink::Dim, "▸");
                }
                line.put(other_x, Ink::Dim, if spawns { "╭" } else { "╰" });
            } else {
                line.put(other_x, Ink::Dim, if spawns { "╷" } else { "╵" });
            }
        }
    }

    /// The failure: its text may span all columns.
    fn failure(&mut self, index: usize, row: &Row) {
        let thread = row.thread;
        let (glyph, glyph_ink, ink) = mark(row);
        let right = self.style.width;
        let own = self.layout.xs[thread];
        let needed = text::width(&text::harmless(&row.text)).min(60);
        let x = if own + 2 + needed <= right { own } else { self.layout.gutter };
        let texts = text::wrap(&row.text, right.saturating_sub(x + 2).max(20));

        let mut line = self.lines_of_life(index);
        line.clear(x, usize::MAX);
        line.put(x, glyph_ink, glyph);
        line.put(x + 2, ink, &texts[0]);
        let place = self.place(&mut line, row);
        self.finish(line);
        for text in &texts[1..] {
            let mut line = self.lines_of_life(index + 1);
            line.clear(x, usize::MAX);
            line.put(x + 2, ink, text);
            self.finish(line);
        }
        if let Some(place) = place {
            let mut line = self.lines_of_life(index + 1);
            line.clear(x, usize::MAX);
            line.put(x + 2, Ink::Dim, &place);
            self.finish(line);
        }
    }

    /// Writes a step's place at the right end of its row, or gives it back if
    /// it has to get a line of its own.
    fn place(&self, line: &mut Line, row: &Row) -> Option<String> {
        let place = self.layout.form.write(row.place.as_ref()?);
        let latest = self.style.width.checked_sub(text::width(&place));
        // Without a column for places there may still be room in this row.
        let x = self.layout.place_x.or(latest).unwrap_or(usize::MAX);
        if latest.is_some_and(|latest| x <= latest) && line.end() + 2 <= x {
            line.put(x, Ink::Dim, &place);
            None
        } else {
            Some(place)
        }
    }

    /// Writes a place in a line of its own, unless the line of its own before
    /// it in this column says the same.
    fn place_below(&mut self, index: usize, thread: usize, x: usize, place: String) {
        if self.places[thread].as_ref() == Some(&place) {
            return;
        }
        let wide = text::width(&place);
        let x = x.min(self.style.width.saturating_sub(wide)).max(self.layout.gutter);
        let mut line = self.lines_of_life(index + 1);
        line.clear(x.saturating_sub(1), x + wide + 1);
        if let Some(glyph) = self.lives.line(thread, index + 1).filter(|_| x > 1) {
            let own = self.layout.xs[thread];
            if own + 1 < x || own >= x + wide {
                line.put(own, Ink::Dim, glyph);
            }
        }
        line.put(x, Ink::Dim, &place);
        self.finish(line);
        self.places[thread] = Some(place);
    }

    /// A line with the lines of all threads that exist after so many steps.
    fn lines_of_life(&self, done: usize) -> Line {
        let mut line = Line::default();
        for thread in 0..self.trace.threads.len() {
            if let Some(glyph) = self.lives.line(thread, done) {
                line.put(self.layout.xs[thread], Ink::Dim, glyph);
            }
        }
        line
    }

    fn finish(&mut self, line: Line) {
        line.paint(&mut self.out, self.style);
    }
}
