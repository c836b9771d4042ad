//! What the terminal can show, and the few inks that all renderers share.
//!
//! Box-drawing characters are always used; only colours are optional. Without
//! them a drawing loses no information: each kind of step has a mark of its
//! own.

use anstyle::{AnsiColor, Effects};

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Write ANSI escape sequences.
    pub colour: bool,
    /// The terminal's width, in columns.
    pub width: usize,
}

impl Default for Style {
    /// No colours, 100 columns.
    fn default() -> Self {
        Style::plain(100)
    }
}

/// The role of a piece of text; what it looks like is decided here and nowhere
/// else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ink {
    /// Ordinary text.
    Plain,
    /// What matters in a line: a heading, a name.
    Strong,
    /// What is there to be looked up: places, rules, numbers of steps.
    Dim,
    /// The name and the marks of the thread with that index.
    Thread(usize),
    /// The program's own remark.
    Note,
    /// An access to plain memory.
    Access,
    /// A thread that waits for ever.
    Blocked,
    /// A failure.
    Failure,
    /// As expected.
    Good,
    /// Neither proved nor contradicted.
    Unsure,
}

/// The colours that tell threads apart. Red, green and yellow have a meaning
/// of their own.
const THREADS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

impl Ink {
    /// The ink in terms of ANSI.
    pub fn ansi(self) -> anstyle::Style {
        let style = anstyle::Style::new();
        let colour = |c: AnsiColor| style.fg_color(Some(c.into()));
        match self {
            Ink::Plain => style,
            Ink::Strong => style.effects(Effects::BOLD),
            Ink::Dim => style.effects(Effects::DIMMED),
            Ink::Thread(index) => colour(THREADS[index % THREADS.len()]).bold(),
            Ink::Note => colour(AnsiColor::BrightWhite).bold(),
            Ink::Access => style.effects(Effects::ITALIC),
            Ink::Blocked | Ink::Unsure => colour(AnsiColor::Yellow),
            Ink::Failure => colour(AnsiColor::Red).bold(),
            Ink::Good => colour(AnsiColor::Green),
        }
    }
}

impl Style {
    /// No colours.
    pub const fn plain(width: usize) -> Self {
        Style { colour: false, width }
    }

    /// With colours.
    pub const fn coloured(width: usize) -> Self {
        Style { colour: true, width }
    }

    /// `text` in that ink.
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        let mut out = String::new();
        self.paint_into(&mut out, ink, text);
        out
    }

    /// Appends `text` in that ink.
    pub fn paint_into(&self, out: &mut String, ink: Ink, text: &str) {
        if !self.colour || ink == Ink::Plain || text.is_empty() {
            out.push_str(text);
            return;
        }
        let ansi = ink.ansi();
        out.push_str(&ansi.render().to_string());
        out.push_str(text);
        out.push_str(&ansi.render_reset().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_optional() {
        assert_eq!(Style::plain(80).paint(Ink::Failure, "no"), "no");
        assert_eq!(Style::coloured(80).paint(Ink::Dim, "a"), "\u{1b}[2ma\u{1b}[0m");
        assert_eq!(Style::coloured(80).paint(Ink::Plain, "a"), "a");
        assert_eq!(Style::coloured(80).paint(Ink::Dim, ""), "");
    }
}
