//! What `cargo selvedge` and the tests of a user's crate tell each other.
//!
//! The attribute `#[selvedge::test]` leaves a [`Mark`] in the test executable,
//! by which the test is found without running anything. `cargo selvedge` then
//! starts a process for it, with these variables, and reads its [`Outcome`].
//! They are no interface for users.
//!
//! | variable | says |
//! |---|---|
//! | [`RESULT`] | where the outcome is to be written |
//! | [`BUDGET`] | so many seconds are left for the exploration, whatever else is set |

use std::path::Path;

use selvedge_core::report::{Engine, Report};
use selvedge_core::scenario::{Agreement, Broken, Expectation};
use selvedge_core::trace::Trace;
use serde::{Deserialize, Serialize};

use crate::file::{self, Content};

/// The variable that names the file of the [`Outcome`].
pub const RESULT: &str = "SELVEDGE_RESULT";

/// The variable with the time that a test may take, in seconds.
pub const BUDGET: &str = "SELVEDGE_BUDGET_SECONDS";

/// Between the fields of a mark, and before the first one.
pub const SEPARATOR: char = '\u{1}';

/// Behind the last field of a mark.
pub const END: char = '\u{2}';

/// What the first field of a mark begins with; its version follows.
pub const TITLE: &str = "selvedge-test ";

/// The version of marks that is understood.
pub const VERSION: &str = "1";

/// What is known of a test before it is run: one string in its executable, of
/// fields between [`SEPARATOR`]s.
///
/// ```text
/// selvedge-test 1 | 0.1.0 | seats | seats::tests::one | src/lib.rs:7 | breaks data race | bounded should_panic
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark<'a> {
    /// The version of Selvedge that it was built with.
    pub selvedge: &'a str,
    /// The package that it is of.
    pub package: &'a str,
    /// Its path, the crate's name first.
    pub path: &'a str,
    /// Where it is, as `file:line`; the file is one of the workspace.
    pub place: &'a str,
    /// It has to fail with this name or kind.
    pub breaks: Option<&'a str>,
    /// It sets a bound of its own, or draws inputs: it is not to be proved.
    pub bounded: bool,
    /// Its harness expects a panic.
    pub should_panic: bool,
}

impl<'a> Mark<'a> {
    /// Reads a mark, its delimiters included; `None` if it is none of this version.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix(SEPARATOR)?.strip_suffix(END)?;
        if text.contains(END) {
            return None;
        }
        let mut fields = text.split(SEPARATOR);
        let version = fields.next()?.strip_prefix(TITLE)?;
        let (selvedge, package) = (fields.next()?, fields.next()?);
        let (path, place) = (fields.next()?, fields.next()?);
        let breaks = match fields.next()? {
            "holds" => None,
            breaks => Some(breaks.strip_prefix("breaks ")?),
        };
        let flags = fields.next()?;
        if version != VERSION || fields.next().is_some() {
            return None;
        }
        let has = |flag| flags.split(' ').any(|one| one == flag);
        let (bounded, should_panic) = (has("bounded"), has("should_panic"));
        Some(Mark { selvedge, package, path, place, breaks, bounded, should_panic })
    }

    /// The name by which the test harness knows it: the path without the crate.
    pub fn harness_name(&self) -> &'a str {
        self.path.split_once("::").map_or(self.path, |(_, rest)| rest)
    }

    /// What is expected of it.
    pub fn expectation(&self) -> Expectation {
        match self.breaks {
            _ if self.should_panic => Expectation::Panics,
            Some(name) => Expectation::Breaks(vec![Broken::called(name)]),
            None => Expectation::Holds,
        }
    }
}

/// What came out of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What the exploration found, or the one execution that was repeated.
    pub report: Report,
    /// How that compares with what the test expects, its harness left aside.
    pub agreement: Agreement,
    /// The execution, if one was repeated.
    pub trace: Option<Trace>,
}

impl Outcome {
    /// Nothing could be explored.
    pub fn error(what: impl Into<String>) -> Self {
        Outcome {
            report: Report::error(Engine::Native, "none", what),
            agreement: Agreement::Contradicted,
            trace: None,
        }
    }

    /// Writes it to a file, as a whole or not at all.
    ///
    /// # Errors
    /// One sentence, if that is not possible.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        file::save(path, Content::Outcome, self)
    }

    /// Reads what [`write`](Self::write) wrote; `None` if there is no such file.
    ///
    /// # Errors
    /// One sentence, if the file cannot be read, is damaged, or is of a version
    /// that has another form.
    pub fn read(path: &Path) -> Result<Option<Self>, String> {
        file::load(path, Content::Outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(fields: &str) -> String {
        format!("\u{1}{}\u{2}", fields.replace('|', "\u{1}"))
    }

    #[test]
    fn a_mark_is_read_back() {
        let text = mark("selvedge-test 1|0.1.0|seats|seats::tests::one|src/lib.rs:7|holds|");
        let one = Mark::parse(&text).expect("a mark");
        assert_eq!((one.selvedge, one.package), ("0.1.0", "seats"));
        assert_eq!((one.path, one.place), ("seats::tests::one", "src/lib.rs:7"));
        assert_eq!(one.harness_name(), "tests::one");
        assert_eq!(one.expectation(), Expectation::Holds);

        let text = mark("selvedge-test 1|0.1.0|s|s::one|a.rs:1|breaks data race|bounded");
        let two = Mark::parse(&text).expect("a mark");
        let race = Broken::kind(selvedge_core::failure::FailureKind::DataRace);
        assert_eq!(two.expectation(), Expectation::Breaks(vec![race]));
        assert!(two.bounded && !two.should_panic);

        let text = mark("selvedge-test 1|0.1.0|s|s::one|a.rs:1|breaks x|bounded should_panic");
        let three = Mark::parse(&text).expect("a mark");
        assert_eq!((three.breaks, three.expectation()), (Some("x"), Expectation::Panics));
    }

    #[test]
    fn what_is_no_mark_is_none() {
        let whole = mark("selvedge-test 1|0.1.0|s|s::one|a.rs:1|holds|");
        assert!(Mark::parse(&whole).is_some());
        for (from, to) in [
            ("selvedge-test 1", "selvedge-test 2"),
            ("selvedge-test 1", "other-test 1"),
            ("\u{2}", ""),
            ("holds", "bends"),
            ("holds\u{1}", "holds"),
            ("holds", "holds\u{1}more\u{1}"),
            ("s::one", "s\u{2}::one"),
        ] {
            let text = whole.replace(from, to);
            assert_ne!(text, whole);
            assert_eq!(Mark::parse(&text), None, "{text:?}");
        }
    }

    #[test]
    fn an_outcome_is_read_back_and_other_versions_are_refused() {
        let name = format!("selvedge-outcome-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        assert_eq!(Outcome::read(&path), Ok(None));
        let outcome = Outcome::error("nothing\nat all");
        outcome.write(&path).expect("it can be written");
        assert_eq!(Outcome::read(&path), Ok(Some(outcome)));

        let text = std::fs::read_to_string(&path).expect("it is there");
        let mine = format!("\"selvedge\":\"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(text.contains(&mine) && text.contains("\"format\":1"), "{text}");
        let theirs =
            text.replace("\"format\":1", "\"format\":9").replace(&mine, "\"selvedge\":\"7.0\"");
        std::fs::write(&path, theirs).expect("it can be written");
        let refused = Outcome::read(&path).expect_err("another version");
        let versions =
            format!("was written by Selvedge 7.0, and this is {}", env!("CARGO_PKG_VERSION"));
        assert!(refused.ends_with(&versions), "{refused}");
        std::fs::write(&path, text.replace("nothing", "anything")).expect("it can be written");
        assert!(Outcome::read(&path).expect_err("damaged").ends_with("is damaged"));
        std::fs::remove_file(&path).expect("it is there");
    }
}
