//! Places in the source of the program under test.

use std::fmt;
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

    /// `file:line`, the short form used in drawings.
    pub fn short(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

impl From<&Location<'_>> for Place {
    fn from(at: &Location<'_>) -> Self {
        Place::new(at.file(), at.line(), at.column())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
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
}
