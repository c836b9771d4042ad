//! Places in the source of the program under test.

use std::fmt::{self, Write};
use std::panic::Location;

use serde::{Deserialize, Serialize};

/// A place in the source of the program under test.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the compiler names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Place {
    /// A place; `a/../b` in the file's name (a `#[path]` module) becomes `b`.
    pub fn new(file: &str, line: u32, column: u32) -> Self {
        let mut parts: Vec<&str> = Vec::new();
        for part in file.split('/') {
            match (part, parts.last()) {
                ("..", Some(last)) if !matches!(*last, "" | "..") => drop(parts.pop()),
                _ => parts.push(part),
            }
        }
        Place { file: parts.join("/"), line, column }
    }

    /// The file's name in one line that can be printed anywhere: control characters
    /// are escaped, here and in the other forms.
    pub fn printable_file(&self) -> impl fmt::Display {
        Printable(&self.file)
    }

    /// `file:line`, the short form used in drawings.
    pub fn short(&self) -> String {
        format!("{}:{}", self.printable_file(), self.line)
    }
}

struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c.is_control() {
            true => write!(f, "{}", c.escape_default()),
            false => f.write_char(c),
        })
    }
}

impl From<&Location<'_>> for Place {
    fn from(at: &Location<'_>) -> Self {
        Place::new(at.file(), at.line(), at.column())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.printable_file(), self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_upwards_in_a_path_are_taken() {
        let file = |name: &str| Place::new(name, 1, 1).file;
        assert_eq!(
            file("models/src/engines/../scenarios/close.rs"),
            "models/src/scenarios/close.rs"
        );
        assert_eq!(file("../other/src/lib.rs"), "../other/src/lib.rs");
        assert_eq!(file("/a/b/../../c.rs"), "/c.rs");
    }

    #[test]
    fn control_characters_are_not_printed() {
        let place = Place::new("src/\u{1b}[31m\n\u{9b}ö.rs", 7, 5);
        assert_eq!(place.short(), "src/\\u{1b}[31m\\n\\u{9b}ö.rs:7");
        assert_eq!(place.to_string(), "src/\\u{1b}[31m\\n\\u{9b}ö.rs:7:5");
        assert_eq!(Place::new("src/lib.rs", 7, 5).to_string(), "src/lib.rs:7:5");
    }
}
