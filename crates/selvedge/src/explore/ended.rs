//! How an exploration ends for who has started it: what is said, and whether
//! that is a panic.

use std::io::Write;
use std::panic::resume_unwind;
use std::path::Path;

use selvedge_engines::test::Outcome;

/// An exploration that has come to its end.
pub(crate) struct Ended {
    /// What came out of it, as a value.
    pub(crate) outcome: Outcome,
    /// All that is said of it if it fails.
    pub(crate) failed: Option<String>,
    /// What is said beside that.
    pub(crate) remarks: Vec<Remark>,
}

/// A remark on what was found.
pub(crate) enum Remark {
    /// Seen by who runs a test that passes.
    Said(String),
    /// Seen with `--nocapture`.
    Mentioned(String),
}

impl Ended {
    /// Nothing could be explored, or repeated: why.
    pub(crate) fn error(what: String) -> Self {
        let outcome = Outcome::error(what.as_str());
        Ended { outcome, failed: Some(what), remarks: Vec::new() }
    }

    /// The same, with what is to be noted of how it came about.
    pub(crate) fn noting(mut self, notes: Vec<String>) -> Self {
        self.outcome.report.notes.extend_from_slice(&notes);
        self.remarks.splice(0..0, notes.into_iter().map(Remark::Said));
        self
    }

    /// Says it to people: a test of this name panics if it fails.
    #[track_caller]
    pub(crate) fn tell(self, name: &str) {
        for remark in self.remarks {
            match remark {
                Remark::Mentioned(text) => eprintln!("selvedge: {name}: {text}"),
                // Past the harness, which captures output. Where there is no
                // stderr there is nobody to tell.
                Remark::Said(text) => drop(
                    std::io::stderr().write_all(format!("selvedge: {name}: {text}\n").as_bytes()),
                ),
            }
        }
        if let Some(text) = self.failed {
            panic!("{text}");
        }
    }

    /// Writes it to a file, for who has started the test and tells it to people:
    /// if it fails, it unwinds, and prints nothing.
    #[track_caller]
    pub(crate) fn write(self, file: &Path) {
        if let Err(what) = self.outcome.write(file) {
            panic!("{what}");
        }
        if let Some(text) = self.failed {
            resume_unwind(Box::new(text));
        }
    }
}
