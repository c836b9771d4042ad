//! The file of a test's failures, kept beside the crate: each is tried first
//! in the next run.
//!
//! ```text
//! # selvedge regressions 1: failing schedules, tried first in the next run; commit this file
//! sv1:5567:1f0e2a85:0x2,1x2 in1:0:3:ssc # deadlock: none of main, t1 can go on
//! ```

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use selvedge_core::failure::{Failure, FailureKind};
use selvedge_core::report::Input;
use selvedge_engines::replace_file;

const DIRECTORY: &str = "selvedge-regressions";
const VERSION: &str = "# selvedge regressions 1:";
const HEADER: &str = "# selvedge regressions 1: failing schedules, tried first in the next run; \
                      commit this file\n";

/// The file of one test.
pub(crate) struct Regressions {
    crate_directory: PathBuf,
    /// From there.
    file: PathBuf,
}

/// A failure that was kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) schedule: String,
    pub(crate) input: Option<String>,
}

impl Regressions {
    /// Those of the test of this path (`module::name`). `None` where there is
    /// no crate to keep them in: the test was built elsewhere.
    pub(crate) fn of(crate_directory: &Path, test: &str) -> Option<Self> {
        let file = Path::new(DIRECTORY).join(format!("{}.txt", test.replace("::", "-")));
        let crate_directory = crate_directory.to_owned();
        crate_directory.is_dir().then_some(Regressions { crate_directory, file })
    }

    /// The file as it is called in what is said of it: from the crate on.
    pub(crate) fn name(&self) -> String {
        self.file.display().to_string()
    }

    /// What was kept.
    ///
    /// # Errors
    /// One sentence, if the file can't be read or is of another version.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, String> {
        Ok(self.read()?.lines().zip(1..).filter_map(|(text, line)| entry(text, line)).collect())
    }

    /// Adds the failures that can be repeated and are not in the file yet.
    /// False if there is none that could be kept.
    ///
    /// # Errors
    /// One sentence, if the file can't be written.
    pub(crate) fn keep(&self, failures: &[Failure], input: Option<&Input>) -> Result<bool, String> {
        let before = self.read()?;
        let mut text = if before.is_empty() { HEADER.to_owned() } else { before.clone() };
        let mut kept = false;
        for failure in failures {
            let Some(schedule) = failure.schedule() else { continue };
            if failure.kind() == FailureKind::Nondeterminism {
                continue;
            }
            kept = true;
            let (key, comment) = (key(schedule, input), comment(failure, input));
            let known = |line: &str| line.split('#').next().is_some_and(|part| part.trim() == key);
            if !text.lines().any(known) {
                if !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(&format!("{key} # {comment}\n"));
            }
        }
        if kept && text != before {
            self.write(&text)
                .map_err(|error| format!("{} can't be written: {error}", self.name()))?;
        }
        Ok(kept)
    }

    /// Empty if there is nothing.
    fn read(&self) -> Result<String, String> {
        let text = match fs::read_to_string(self.crate_directory.join(&self.file)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{} can't be read: {error}", self.name())),
        };
        if text.trim().is_empty() {
            return Ok(String::new());
        }
        if text.starts_with(VERSION) {
            return Ok(text);
        }
        Err(format!(
            "{} does not start with '{VERSION}': it is of another version of Selvedge, and is \
             neither read nor written",
            self.name()
        ))
    }

    fn write(&self, text: &str) -> Result<(), Error> {
        let path = self.crate_directory.join(&self.file);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        replace_file(&path, &[text])
    }
}

fn entry(text: &str, line: usize) -> Option<Entry> {
    let mut words = text.split('#').next()?.split_whitespace();
    let schedule = words.next()?.to_owned();
    Some(Entry { line, schedule, input: words.next().map(str::to_owned) })
}

/// What is read back of a failure.
fn key(schedule: &str, input: Option<&Input>) -> String {
    match input {
        Some(input) => format!("{schedule} {}", input.code),
        None => schedule.to_owned(),
    }
}

/// What people read of it.
fn comment(failure: &Failure, input: Option<&Input>) -> String {
    let mut text = failure.kind().to_string();
    if failure.name() != failure.kind().words() {
        text.push_str(&format!(" {}", failure.name()));
    }
    text.push_str(&format!(": {}", failure.message()));
    if let Some(input) = input {
        text.push_str(&format!(" (input: {})", input.text));
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use selvedge_core::failure::Fault;

    use super::*;

    /// A crate's directory of this test's own, removed at its end.
    struct Crate(PathBuf);

    impl Crate {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("selvedge-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Crate(path)
        }

        fn regressions(&self) -> Regressions {
            Regressions::of(&self.0, "seats::tests::one").unwrap()
        }

        fn file(&self) -> PathBuf {
            self.0.join("selvedge-regressions/seats-tests-one.txt")
        }
    }

    impl Drop for Crate {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    fn failure(fault: Fault, schedule: &str) -> Failure {
        Failure {
            fault,
            schedule: Some(schedule.to_owned()),
            executions: 1,
            count: 1,
            trace: None,
            story: Default::default(),
        }
    }

    fn invariant(schedule: &str) -> Failure {
        failure(Fault::invariant("one seat", "2 of\n1 # sold"), schedule)
    }

    #[test]
    fn what_is_kept_is_read_back_and_kept_once() {
        let home = Crate::new("kept");
        let regressions = home.regressions();
        assert_eq!(regressions.entries(), Ok(Vec::new()));
        let input = Input { code: "in1:0:3:ssc".to_owned(), text: "price = 12".to_owned() };
        assert_eq!(regressions.keep(&[invariant("sv1:0:0:0")], None), Ok(true));
        assert_eq!(regressions.keep(&[invariant("sv1:0:0:1")], Some(&input)), Ok(true));
        let text = fs::read_to_string(home.file()).unwrap();
        assert_eq!(
            text,
            format!(
                "{HEADER}sv1:0:0:0 # invariant one seat: 2 of 1 # sold\nsv1:0:0:1 in1:0:3:ssc # \
                 invariant one seat: 2 of 1 # sold (input: price = 12)\n"
            )
        );
        let entry = |line, schedule: &str, input: Option<&str>| Entry {
            line,
            schedule: schedule.to_owned(),
            input: input.map(str::to_owned),
        };
        let kept = [entry(2, "sv1:0:0:0", None), entry(3, "sv1:0:0:1", Some("in1:0:3:ssc"))];
        assert_eq!(regressions.entries().unwrap(), kept);
        let again = [invariant("sv1:0:0:0")];
        assert_eq!(regressions.keep(&again, None), Ok(true));
        assert_eq!(fs::read_to_string(home.file()).unwrap(), text);
        assert_eq!(fs::read_dir(home.file().parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn lines_of_users_are_left_as_they_are() {
        let home = Crate::new("users");
        fs::create_dir_all(home.file().parent().unwrap()).unwrap();
        let mine = format!("{VERSION} mine\r\n\r\n# why\r\nsv1:0:0:0");
        fs::write(home.file(), &mine).unwrap();
        let regressions = home.regressions();
        assert_eq!(regressions.entries().unwrap()[0].line, 4);
        regressions.keep(&[invariant("sv1:0:0:0"), invariant("sv1:0:0:1")], None).unwrap();
        let text = fs::read_to_string(home.file()).unwrap();
        assert!(text.starts_with(&format!("{mine}\nsv1:0:0:1 # ")), "{text}");
    }

    #[test]
    fn what_cannot_be_repeated_is_not_kept() {
        let home = Crate::new("not");
        let other = failure(Fault::new(FailureKind::Nondeterminism, "differs"), "sv1:0:0:0");
        let none = Failure { schedule: None, ..invariant("") };
        assert_eq!(home.regressions().keep(&[other, none], None), Ok(false));
        assert!(!home.file().exists());
    }

    #[test]
    fn a_file_of_another_version_is_left_alone() {
        let home = Crate::new("version");
        fs::create_dir_all(home.file().parent().unwrap()).unwrap();
        let theirs = "# selvedge regressions 2: whatever\n";
        fs::write(home.file(), theirs).unwrap();
        let regressions = home.regressions();
        let error = regressions.entries().unwrap_err();
        assert!(error.contains("seats-tests-one.txt does not start with"), "{error}");
        assert!(regressions.keep(&[invariant("sv1:0:0:0")], None).is_err());
        assert_eq!(fs::read_to_string(home.file()).unwrap(), theirs);
    }

    #[test]
    fn a_crate_that_is_gone_keeps_nothing() {
        assert!(Regressions::of(Path::new("/no/such/crate"), "a::b").is_none());
    }
}
