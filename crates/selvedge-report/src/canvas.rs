//! One line of a drawing, put together piece by piece at given columns.

use unicode_width::UnicodeWidthChar;

use crate::style::{Ink, Style};

/// What is in one terminal column.
#[derive(Clone, Debug)]
enum Cell {
    /// Nothing yet.
    Empty,
    /// A character, with those of no width that follow it.
    Glyph(Ink, String),
    /// The right half of a wide character.
    Tail,
}

/// One line of a drawing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    cells: Vec<Cell>,
}

impl Line {
    /// Writes `text` at column `x`, over what is there.
    pub(crate) fn put(&mut self, x: usize, ink: Ink, text: &str) {
        let mut at = x;
        for c in text.chars() {
            let wide = c.width().unwrap_or(0);
            if wide == 0 {
                if let Some(Cell::Glyph(_, glyph)) = self.last_glyph(at) {
                    glyph.push(c);
                }
                continue;
            }
            self.reach(at + wide);
            self.cells[at] = Cell::Glyph(ink, c.to_string());
            self.cells[at + 1..at + wide].fill(Cell::Tail);
            at += wide;
        }
    }

    /// A horizontal line over the columns `from..to` that crosses what is
    /// vertical.
    pub(crate) fn rule(&mut self, from: usize, to: usize, ink: Ink, dash: &str) {
        for x in from..to {
            match self.glyph(x) {
                Some("│" | "┆") => self.put(x, ink, "┼"),
                _ => self.put(x, ink, dash),
            }
        }
    }

    /// Takes away what is in the columns `from..to`.
    pub(crate) fn clear(&mut self, from: usize, to: usize) {
        let to = to.min(self.cells.len());
        if from < to {
            self.cells[from..to].fill(Cell::Empty);
        }
    }

    /// The first column that nothing was written to from there on.
    pub(crate) fn end(&self) -> usize {
        self.cells.iter().rposition(|c| !matches!(c, Cell::Empty)).map_or(0, |at| at + 1)
    }

    /// Appends the line, without trailing spaces, and a line end.
    pub(crate) fn paint(&self, out: &mut String, style: &Style) {
        let mut run: Option<(Ink, String)> = None;
        for cell in &self.cells[..self.end()] {
            let (ink, glyph) = match cell {
                Cell::Empty => (Ink::Plain, " "),
                Cell::Glyph(ink, glyph) => (*ink, glyph.as_str()),
                Cell::Tail => continue,
            };
            match &mut run {
                Some((current, text)) if *current == ink => text.push_str(glyph),
                _ => {
                    if let Some((ink, text)) = run.take() {
                        style.paint_into(out, ink, &text);
                    }
                    run = Some((ink, glyph.to_owned()));
                }
            }
        }
        if let Some((ink, text)) = run {
            style.paint_into(out, ink, &text);
        }
        out.push('\n');
    }

    fn reach(&mut self, len: usize) {
        if self.cells.len() < len {
            self.cells.resize(len, Cell::Empty);
        }
    }

    fn glyph(&self, x: usize) -> Option<&str> {
        match self.cells.get(x) {
            Some(Cell::Glyph(_, glyph)) => Some(glyph),
            _ => None,
        }
    }

    fn last_glyph(&mut self, before: usize) -> Option<&mut Cell> {
        let before = before.min(self.cells.len());
        self.cells[..before].iter_mut().rev().find(|c| !matches!(c, Cell::Tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(line: &Line) -> String {
        let mut out = String::new();
        line.paint(&mut out, &Style::plain(80));
        out
    }

    #[test]
    fn rules_cross_verticals() {
        let mut line = Line::default();
        line.put(2, Ink::Dim, "│");
        line.rule(0, 5, Ink::Dim, "╌");
        line.put(5, Ink::Dim, "╮");
        assert_eq!(plain(&line), "╌╌┼╌╌╮\n");
    }

    #[test]
    fn wide_and_combining_characters_keep_the_columns() {
        let mut line = Line::default();
        line.put(0, Ink::Plain, "价e\u{301}");
        line.put(4, Ink::Plain, "x");
        assert_eq!(plain(&line), "价e\u{301} x\n");
        line.clear(4, 9);
        assert_eq!(plain(&line), "价e\u{301}\n");
    }

    #[test]
    fn neighbours_of_one_ink_share_an_escape() {
        let mut line = Line::default();
        line.put(1, Ink::Dim, "ab");
        let mut out = String::new();
        line.paint(&mut out, &Style::coloured(80));
        assert_eq!(out, " \u{1b}[2mab\u{1b}[0m\n");
    }
}
