//! The tests of a project: found by the marks in its executables, and listed by
//! these.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::rc::Rc;

use memchr::{memchr, memmem};
use selvedge_core::scenario::Expectation;
use selvedge_engines::test::{END, Mark, SEPARATOR, TITLE, VERSION};
use selvedge_report::summary::Subject;

use super::args::{Build, Filter};
use super::build::{Executable, Project};
use crate::{BadInput, registry};

/// A longer mark is none.
const LONGEST: usize = 1 << 16;

const NONE: &str = "there is no #[selvedge::test] here: write one in place of #[test], with \
                    selvedge = { features = [\"explore\"] } in the dev-dependencies, or choose \
                    another package (-p, --workspace)";

/// A test of a project.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    /// `package/path`.
    pub(crate) name: String,
    /// The name by which its harness knows it.
    pub(crate) harness_name: String,
    /// Where it is: `file:line`, the file one of the workspace.
    pub(crate) place: String,
    pub(crate) expect: Expectation,
    /// It sets a bound of its own, or draws inputs.
    pub(crate) bounded: bool,
    /// `#[ignore]`
    pub(crate) ignored: bool,
    pub(crate) executable: Rc<Executable>,
}

impl Test {
    /// What a table says of it.
    pub(crate) fn subject(&self) -> Subject<'_> {
        let Test { name, expect, bounded, .. } = self;
        Subject { name, expect, bounded: *bounded, noun: "test" }
    }

    fn is_called(&self, name: &str) -> bool {
        let path = self.name.split_once('/').map_or(&*self.name, |(_, path)| path);
        [&self.name, path, &self.harness_name].contains(&name)
    }
}

/// Builds the project, and finds its tests, by package and place.
///
/// # Errors
/// If it does not build, or has no tests.
pub(crate) fn find(build: &Build, quiet: bool) -> Result<Vec<Test>, BadInput> {
    let mut tests = Vec::new();
    for executable in Project::open(build)?.executables(quiet)? {
        tests.extend(in_executable(&executable)?);
    }
    if tests.is_empty() {
        return Err(NONE.into());
    }
    tell_apart(&mut tests);
    let line = |place: &str| {
        let (file, line) = place.rsplit_once(':').unwrap_or((place, "0"));
        (file.to_owned(), line.parse::<u32>().unwrap_or(0))
    };
    tests.sort_by_cached_key(|test| {
        (test.executable.package().to_owned(), line(&test.place), test.name.clone())
    });
    Ok(tests)
}

/// The tests that are asked for.
///
/// # Errors
/// If there is none that fits one of the filters.
pub(crate) fn matching(mut tests: Vec<Test>, filter: &Filter) -> Result<Vec<Test>, BadInput> {
    let fits = |test: &Test, text: &str| match filter.exact {
        true => test.is_called(text),
        false => test.name.contains(text),
    };
    if let Some(none) = filter.filters.iter().find(|text| !tests.iter().any(|t| fits(t, text))) {
        return Err(unknown(none, &tests));
    }
    if !filter.filters.is_empty() {
        tests.retain(|test| filter.filters.iter().any(|text| fits(test, text)));
    }
    Ok(tests)
}

/// The only test that a name, or a part of it, stands for.
///
/// # Errors
/// If there is none, or more than one.
pub(crate) fn named(tests: Vec<Test>, name: &str) -> Result<Test, BadInput> {
    let mut called: Vec<&Test> = tests.iter().filter(|test| test.is_called(name)).collect();
    if called.is_empty() {
        called = tests.iter().filter(|test| test.name.contains(name)).collect();
    }
    match called.as_slice() {
        [] => Err(unknown(name, &tests)),
        [one] => Ok((*one).clone()),
        several => {
            let names: Vec<&str> = several.iter().map(|test| &*test.name).collect();
            Err(format!("'{name}' may be each of {}", names.join(", ")).into())
        }
    }
}

fn unknown(name: &str, tests: &[Test]) -> BadInput {
    let names = tests.iter().flat_map(|test| [&*test.name, &*test.harness_name]);
    let hint = registry::hint(name, names);
    format!("no test matches '{name}': {hint}").into()
}

/// The tests of one executable. Nothing is run if it has no mark.
fn in_executable(executable: &Rc<Executable>) -> Result<Vec<Test>, BadInput> {
    let path = executable.path();
    let bytes = fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let marks = marks(&bytes).map_err(|OtherVersion { version, selvedge }| {
        format!(
            "{} was built with Selvedge {selvedge}, whose tests have marks of version {version}; \
             this cargo-selvedge is {}, and reads version {VERSION}",
            path.display(),
            env!("CARGO_PKG_VERSION"),
        )
    })?;
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let listed = listed(executable, &[])?;
    let ignored = listed_if(!listed.is_empty(), executable)?;
    let marks = marks.into_iter().filter(|mark| listed.contains(mark.harness_name()));
    Ok(marks
        .map(|mark| Test {
            name: format!("{}/{}", mark.package, mark.path),
            harness_name: mark.harness_name().to_owned(),
            place: mark.place.to_owned(),
            expect: mark.expectation(),
            bounded: mark.bounded,
            ignored: ignored.contains(mark.harness_name()),
            executable: Rc::clone(executable),
        })
        .collect())
}

fn listed_if(any: bool, executable: &Executable) -> Result<BTreeSet<String>, BadInput> {
    if any { listed(executable, &["--ignored"]) } else { Ok(BTreeSet::new()) }
}

/// The tests that an executable lists.
fn listed(executable: &Executable, options: &[&str]) -> Result<BTreeSet<String>, BadInput> {
    let path = executable.path().display();
    let mut command = executable.command();
    command.args(["--list", "--format", "terse"]).args(options);
    let output = command.output().map_err(|error| format!("cannot run {path}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{path} does not list its tests: {}", output.status).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}

/// Marks of a version that is not understood.
#[derive(Debug, PartialEq, Eq)]
struct OtherVersion {
    version: String,
    selvedge: String,
}

/// The marks in an executable, each once.
fn marks(bytes: &[u8]) -> Result<Vec<Mark<'_>>, OtherVersion> {
    let beginning = format!("{SEPARATOR}{TITLE}");
    let mut marks: Vec<Mark<'_>> = Vec::new();
    for at in memmem::find_iter(bytes, &beginning) {
        let rest = &bytes[at..bytes.len().min(at + LONGEST)];
        let end = memchr(END as u8, rest);
        let Some(text) = end.and_then(|end| std::str::from_utf8(&rest[..=end]).ok()) else {
            continue;
        };
        match Mark::parse(text) {
            Some(mark) if !marks.contains(&mark) => marks.push(mark),
            Some(_) => {}
            None => {
                let mut fields = text[beginning.len()..].split(SEPARATOR);
                let version = fields.next().unwrap_or_default();
                let is_number = version.parse::<u32>().is_ok();
                if let (true, Some(selvedge)) = (is_number && version != VERSION, fields.next()) {
                    let (version, selvedge) = (version.to_owned(), selvedge.to_owned());
                    return Err(OtherVersion { version, selvedge });
                }
            }
        }
    }
    Ok(marks)
}

/// A library and a program of one package may have tests of the same path.
fn tell_apart(tests: &mut [Test]) {
    let mut count: HashMap<String, usize> = HashMap::new();
    for test in tests.iter() {
        *count.entry(test.name.clone()).or_default() += 1;
    }
    for test in tests {
        if count[&test.name] > 1 {
            test.name = format!("{}@{}", test.name, test.executable.kind);
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn mark(version: &str, path: &str) -> Vec<u8> {
        format!(
            "\u{1}selvedge-test {version}\u{1}0.1.0\u{1}seats\u{1}{path}\u{1}src/lib.rs:7\u{1}holds\
             \u{1}\u{2}"
        )
        .into_bytes()
    }

    fn paths(bytes: &[u8]) -> Result<Vec<&str>, OtherVersion> {
        Ok(marks(bytes)?.into_iter().map(|mark| mark.path).collect())
    }

    #[test]
    fn marks_are_found_between_other_bytes_and_each_once() {
        let one = mark("1", "seats::one");
        let bytes = [b"\x7fELF\xff\x01", &*one, b"\x01\x02", &mark("1", "a::two"), &one].concat();
        assert_eq!(paths(&bytes), Ok(vec!["seats::one", "a::two"]));
        assert_eq!(paths(b""), Ok(vec![]));
    }

    /// The text is in an executable for other reasons as well: that of these
    /// tests has it.
    #[test]
    fn what_only_begins_like_a_mark_is_skipped() {
        let one = mark("1", "seats::one");
        let beginning: &[u8] = b"\x01selvedge-test ";
        let bytes = [beginning, b"1\x01\xff\xfe", beginning, &*one, beginning].concat();
        assert_eq!(paths(&bytes), Ok(vec!["seats::one"]));
        let long = [beginning, &vec![b'1'; LONGEST], b"\x02"].concat();
        assert_eq!(paths(&long), Ok(vec![]));
    }

    #[test]
    fn marks_of_another_version_are_told() {
        let other = OtherVersion { version: "2".to_owned(), selvedge: "0.1.0".to_owned() };
        assert_eq!(paths(&mark("2", "seats::one")), Err(other));
    }
}
