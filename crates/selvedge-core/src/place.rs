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
    /// `file:line`, the short form used in drawings.
    pub fn short(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

impl From<&Location<'_>> for Place {
    /// `a/../b` in the file's name (a `#[path]` module) becomes `b`.
    fn from(at: &Location<'_>) -> Self {
        let mut parts: Vec<&str> = Vec::new();
        for part in at.file().split('/') {
            match (part, parts.last()) {
                ("..", Some(last)) if !matches!(*last, "" | "..") => drop(parts.pop()),
                _ => parts.push(part),
            }
        }
        Place { file: parts.join("/"), line: at.line(), column: at.column() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
