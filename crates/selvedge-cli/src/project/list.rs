//! `list`: the tests, where they are, and what is expected of each.

use selvedge_core::scenario::Expectation;
use selvedge_report::Ink;
use selvedge_report::text::{left, width};
use serde::Serialize;

use super::args::{self, Build, Listing};
use super::tests::{self, Test};
use crate::{BadInput, Exit, output};

/// A test as one line of JSON. Fields may be added; those that are here stay.
#[derive(Serialize)]
struct Object<'a> {
    test: &'a str,
    package: &'a str,
    location: &'a str,
    expected: &'a str,
    /// Which failures it has to show.
    breaks: Vec<&'a str>,
    bounded: bool,
    ignored: bool,
}

impl<'a> From<&'a Test> for Object<'a> {
    fn from(test: &'a Test) -> Self {
        let breaks = match &test.expect {
            Expectation::Breaks(list) => list.iter().map(|broken| &*broken.name).collect(),
            Expectation::Holds | Expectation::Panics => Vec::new(),
        };
        Object {
            test: &test.name,
            package: test.executable.package(),
            location: &test.place,
            expected: test.expect.as_str(),
            breaks,
            bounded: test.bounded,
            ignored: test.ignored,
        }
    }
}

pub(crate) fn run(build: &Build, options: &args::List) -> Result<Exit, BadInput> {
    let tests = tests::matching(tests::find(build, false)?, &options.filter)?;
    match options.format {
        Listing::Json => {
            for test in &tests {
                let json = serde_json::to_string(&Object::from(test));
                output::line(&json.expect("strings and booleans are always valid JSON"));
            }
        }
        Listing::Text => text(&tests),
    }
    Ok(Exit::Success)
}

fn text(tests: &[Test]) {
    let style = output::style();
    let widest = |of: fn(&Test) -> &str| tests.iter().map(|t| width(of(t))).max().unwrap_or(0);
    let (name, place) = (widest(|test| test.subject().variant()), widest(|test| &test.place));
    let mut section = None;
    let mut text = String::new();
    for test in tests {
        let subject = test.subject();
        if section != Some(subject.section()) {
            section = Some(subject.section());
            style.paint_into(&mut text, Ink::Strong, subject.section());
            text.push('\n');
        }
        text.push_str(&format!("  {}  ", left(subject.variant(), name)));
        style.paint_into(&mut text, Ink::Dim, &left(&test.place, place));
        text.push_str(&format!("  {}", test.expect));
        if test.bounded && test.expect == Expectation::Holds {
            text.push_str(", bounded");
        }
        if test.ignored {
            text.push_str(", ignored");
        }
        text.push('\n');
    }
    output::print(&text);
}
