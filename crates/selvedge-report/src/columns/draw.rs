//! The rows of a drawing with columns.

use selvedge_core::trace::{StepKind, Trace, TraceStep};

use super::layout::Layout;
use super::lives::{Link, Lives};
use super::{Item, mark, numbers, put_gap, put_number};
use crate::canvas::Line;
use crate::style::{Ink, Style};
use crate::text;

/// Draws the rows.
pub(super) fn columns(trace: &Trace, items: &[Item], layout: &Layout, style: &Style) -> String {
    let mut drawing = Drawing {
        trace,
        layout,
        style,
        lives: Lives::of(trace),
        numbers: numbers(trace),
        acting: None,
        places: vec![None; trace.threads.len()],
        out: String::new(),
    };
    drawing.header();
    for item in items {
        match *item {
            Item::Step(index) => drawing.step(index),
            Item::Gap(steps) => drawing.gap(steps),
        }
    }
    drawing.out
}

struct Drawing<'a> {
    trace: &'a Trace,
    layout: &'a Layout,
    style: &'a Style,
    lives: Lives,
    numbers: Vec<Option<u64>>,
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

    fn gap(&mut self, steps: usize) {
        let mut line = Line::default();
        put_gap(&mut line, self.layout.gutter, steps);
        self.finish(line);
        self.acting = None;
    }

    fn step(&mut self, index: usize) {
        let step = &self.trace.steps[index];
        let thread = step.thread.min(self.trace.threads.len() - 1);
        // Nobody hands over to a thread that waits, nor does one that waits.
        if step.kind == StepKind::Blocked {
            self.acting = None;
        } else {
            if let Some(last) = self.acting.filter(|&last| last != thread) {
                self.hand_over(last, thread, index);
            }
            self.acting = Some(thread);
        }
        if step.kind == StepKind::Failure {
            self.failure(index, thread, step);
        } else {
            self.row(index, thread, step);
        }
    }

    /// The line of control, from the thread that stops to the one that goes on.
    fn hand_over(&mut self, from: usize, to: usize, done: usize) {
        let (from_x, to_x) = (self.layout.xs[from], self.layout.xs[to]);
        let mut line = self.lines_of_life(done);
        let goes_on = self.lives.line(from, done).is_some();
        let (out_of, into) = if from_x < to_x {
            line.rule(from_x + 1, to_x, Ink::Dim, "╌");
            (if goes_on { "├" } else { "╰" }, "╮")
        } else {
            line.rule(to_x + 1, from_x, Ink::Dim, "╌");
            (if goes_on { "┤" } else { "╯" }, "╭")
        };
        line.put(from_x, Ink::Dim, out_of);
        line.put(to_x, Ink::Dim, into);
        self.finish(line);
    }

    fn row(&mut self, index: usize, thread: usize, step: &TraceStep) {
        let x = self.layout.xs[thread];
        let (glyph, glyph_ink, ink) = mark(step.kind, thread);
        let texts = text::wrap(&step.text, self.layout.widths[thread] - 2);

        let mut place = None;
        for (number, text) in texts.iter().enumerate() {
            let link = self.lives.links[index];
            // A thread that this step spawns or joins begins or ends in its last line.
            let done = if number == 0 || link.is_some() { index } else { index + 1 };
            let mut line = self.lines_of_life(done);
            if number == 0 {
                put_number(&mut line, self.layout.gutter, self.numbers[index]);
                line.put(x, glyph_ink, glyph);
            }
            line.put(x + 2, ink, text);
            if let Some(link) = link.filter(|_| number + 1 == texts.len()) {
                self.link(&mut line, link, x, x + 2 + text::width(text) + 1);
            }
            if number == 0 {
                place = self.place(&mut line, step);
            }
            self.finish(line);
        }
        match place {
            Some(place) => self.place_below(index, thread, x + 2, place),
            None => self.places[thread] = None,
        }
    }

    /// The line from a thread to the one that it spawns or joins. `behind` is
    /// where it may start, to the right.
    fn link(&self, line: &mut Line, link: Link, x: usize, behind: usize) {
        let (Link::Spawn(other) | Link::Join(other)) = link;
        let spawns = matches!(link, Link::Spawn(_));
        let other_x = self.layout.xs[other];
        if x < other_x && behind < other_x {
            line.rule(behind, other_x, Ink::Dim, "─");
            if !spawns {
                line.put(behind, Ink::Dim, "◂");
            }
            line.put(other_x, Ink::Dim, if spawns { "╮" } else { "╯" });
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

    /// The failure: its text may span all columns.
    fn failure(&mut self, index: usize, thread: usize, step: &TraceStep) {
        let (glyph, glyph_ink, ink) = mark(step.kind, thread);
        let right = self.style.width;
        let own = self.layout.xs[thread];
        let needed = text::width(&text::harmless(&step.text)).min(60);
        let x = if own + 2 + needed <= right { own } else { self.layout.gutter };
        let texts = text::wrap(&step.text, right.saturating_sub(x + 2).max(20));

        let mut line = self.lines_of_life(index);
        line.clear(x, usize::MAX);
        line.put(x, glyph_ink, glyph);
        line.put(x + 2, ink, &texts[0]);
        let place = self.place(&mut line, step);
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
    fn place(&self, line: &mut Line, step: &TraceStep) -> Option<String> {
        let place = self.layout.form.write(step.place.as_ref()?);
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
