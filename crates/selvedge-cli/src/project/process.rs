//! One test in a process of its own: it ends as it ends, and the others go on.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use selvedge_engines::test::{BUDGET, Outcome, RESULT};
use tempfile::TempDir;
use wait_timeout::ChildExt;

use super::tests::Test;

/// So long after the end of its time a test is given up: a failure is made
/// simpler by then, and drawn.
const GRACE: Duration = Duration::from_secs(10);

/// Nobody reads more of what a test prints: it does so in each execution.
const LONGEST_OUTPUT: u64 = 1 << 16;
const MOST_LINES: usize = 40;

/// What a test is to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request<'a> {
    /// How long it may explore.
    pub(crate) budget: Option<Duration>,
    pub(crate) require_proof: bool,
    /// Repeat this schedule, with this input, and nothing else.
    pub(crate) schedule: Option<&'a str>,
    pub(crate) input: Option<&'a str>,
    /// Tell each step of it.
    pub(crate) trace: bool,
    /// What it prints is shown at once, and not kept.
    pub(crate) nocapture: bool,
}

/// What became of a test.
pub(crate) struct Ran {
    /// What it has written; nothing if it did not come to that.
    pub(crate) outcome: Result<Option<Outcome>, String>,
    pub(crate) end: End,
    /// What it has printed.
    pub(crate) output: String,
    pub(crate) elapsed: Duration,
}

/// How its process ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Exited(ExitStatus),
    /// It had not ended after this time, and was ended.
    GivenUp(Duration),
}

impl End {
    pub(crate) fn is_success(self) -> bool {
        matches!(self, End::Exited(status) if status.success())
    }

    /// True if it did not end by itself: there is no exit code.
    pub(crate) fn is_by_force(self) -> bool {
        match self {
            End::Exited(status) => status.code().is_none(),
            End::GivenUp(_) => true,
        }
    }
}

/// Runs a test.
///
/// # Errors
/// One sentence, if it cannot be started.
pub(crate) fn run(test: &Test, request: &Request<'_>) -> Result<Ran, String> {
    let failed = |error: io::Error| format!("cannot run {}: {error}", test.name);
    let directory = TempDir::new().map_err(failed)?;
    let (result, output) = (directory.path().join("result"), directory.path().join("output"));
    let mut command = test.executable.command();
    command.args(["--exact", &test.harness_name, "--include-ignored", "--nocapture"]);
    // What the environment asks of single tests is not for all of them.
    for name in ["SELVEDGE_REPLAY", "SELVEDGE_INPUT", "SELVEDGE_TRACE", BUDGET] {
        command.env_remove(name);
    }
    command.env(RESULT, &result).stdin(Stdio::null());
    command.envs(request.budget.map(|budget| (BUDGET, budget.as_secs_f64().to_string())));
    command.envs(request.require_proof.then_some(("SELVEDGE_REQUIRE_PROOF", "1")));
    command.envs(request.schedule.map(|schedule| ("SELVEDGE_REPLAY", schedule)));
    command.envs(request.input.map(|input| ("SELVEDGE_INPUT", input)));
    command.envs(request.trace.then_some(("SELVEDGE_TRACE", "1")));
    if request.nocapture {
        // Stdout is for the results.
        command.stdout(io::stderr());
    } else {
        // One file for both, so that it is in order. A pipe would have to be read
        // until whoever has inherited it is gone.
        let file = File::create(&output).map_err(failed)?;
        command.stdout(file.try_clone().map_err(failed)?).stderr(file);
    }
    let start = Instant::now();
    let mut child = command.spawn().map_err(failed)?;
    let end = wait(&mut child, request.budget.map(|budget| budget + GRACE)).map_err(failed)?;
    let elapsed = start.elapsed();
    let output = match request.nocapture {
        true => String::new(),
        false => own(&tail(&output).map_err(failed)?, &test.harness_name),
    };
    let path = result.display().to_string();
    let outcome = Outcome::read(&result).map_err(|what| what.replace(&path, "its result"));
    Ok(Ran { outcome, end, output, elapsed })
}

/// Waits for a process, and ends it after this time.
fn wait(child: &mut Child, most: Option<Duration>) -> io::Result<End> {
    let Some(most) = most else {
        return Ok(End::Exited(child.wait()?));
    };
    if let Some(status) = child.wait_timeout(most)? {
        return Ok(End::Exited(status));
    }
    child.kill()?;
    child.wait()?;
    Ok(End::GivenUp(most))
}

/// The end of a file: as much as anybody reads.
fn tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_OUTPUT)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the test itself has printed, without what its harness says around it:
///
/// ```text
/// running 1 test
/// test seats::one ... (the test's own output) FAILED
///
/// failures: ...
/// ```
///
/// The line of the test may come anywhere: the harness does not flush it.
fn own(output: &str, name: &str) -> String {
    let text = output.split_once("running 1 test\n").map_or(output, |(_, text)| text);
    let text = text.rsplit_once("FAILED\n\nfailures:\n").map_or(text, |(text, _)| text);
    let text = [format!("test {name} ... "), format!("test {name} - should panic ... ")]
        .iter()
        .fold(text.to_owned(), |text, line| text.replacen(line, "", 1));
    let lines: Vec<&str> = text.trim_matches('\n').lines().collect();
    let more = lines.len().saturating_sub(MOST_LINES);
    let mut text = lines[more..].join("\n");
    if more > 0 {
        text.insert_str(0, &format!("({more} lines, and then:)\n"));
    }
    text
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_the_harness_says_is_left_out() {
        let around = |text: &str| {
            format!(
                "\nrunning 1 test\n{text}FAILED\n\nfailures:\n\n---- a::b stdout ----\nnote: \
                 test did not panic\n\nfailures:\n    a::b\n\ntest result: FAILED. 0 passed\n\n"
            )
        };
        let own = |text: &str| own(text, "a::b");
        assert_eq!(own(&around("test a::b - should panic ... ")), "");
        assert_eq!(own(&around("test a::b ... hello\n  world\n")), "hello\n  world");
        assert_eq!(own(&around("hello\n  world\ntest a::b ... ")), "hello\n  world");
        // It has aborted.
        assert_eq!(own("\nrunning 1 test\ntest a::b ... last words\n"), "last words");
        assert_eq!(own("something else"), "something else");
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_does_not_end_is_ended() {
        let start = |seconds: &str| {
            std::process::Command::new("sleep").arg(seconds).spawn().expect("it starts")
        };
        let begin = Instant::now();
        let most = Duration::from_millis(50);
        let end = wait(&mut start("60"), Some(most)).expect("it can be waited for");
        assert!(matches!(end, End::GivenUp(after) if after == most), "{end:?}");
        assert!(!end.is_success() && begin.elapsed() < Duration::from_secs(30));

        for most in [None, Some(Duration::from_secs(60))] {
            let end = wait(&mut start("0"), most).expect("it can be waited for");
            assert!(end.is_success(), "{end:?}");
        }
    }

    #[test]
    fn of_much_output_the_end_is_kept() {
        let many: String = (0..MOST_LINES + 5).map(|n| format!("line {n}\n")).collect();
        let kept = own(&many, "a::b");
        assert!(kept.starts_with("(5 lines, and then:)\nline 5\nline 6\n"), "{kept}");
        assert!(kept.ends_with(&format!("line {}", MOST_LINES + 4)), "{kept}");

        let path = TempDir::new().expect("a directory");
        let path = path.path().join("output");
        let long = "é".repeat(LONGEST_OUTPUT as usize);
        std::fs::write(&path, format!("a{long}z")).expect("it can be written");
        let kept = tail(&path).expect("it can be read");
        assert!(kept.len() as u64 <= LONGEST_OUTPUT + 2 && kept.ends_with("éz"));
    }
}
