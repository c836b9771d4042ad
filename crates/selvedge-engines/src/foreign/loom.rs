//! The loom crate as an engine.
//!
//! loom searches exhaustively and stops at the first failure, by panicking.
//! Limits on executions and time are kept here, at the beginning of each
//! execution: loom's own are looked at only now and then, and cannot be told
//! from the end of the search.

use std::any::Any;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use selvedge_core::failure::{Detail, FailureKind, Fault, Place};
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::settings::Settings;

use super::Body;
use super::assemble::Assembly;
use super::isolate::isolated;
use super::watch::{Event, Meaning, Panicked, Reader, Watch};

/// The most branches that an execution may have. loom reserves memory for all
/// of them in advance.
const MOST_BRANCHES: u64 = 10_000;

/// A failure is looked at again if it was found within that time.
const SECOND_LOOK_WITHIN: Duration = Duration::from_secs(5);

/// A checkpoint longer than this is left out of the report.
const LONGEST_CHECKPOINT: usize = 64 * 1024;

const READER: Reader = Reader { meaning, schedule: || None };

/// Explores `body`.
///
/// # Errors
/// If the settings ask for what loom does not have.
pub(super) fn run(settings: &Settings, body: Body) -> Result<Report, String> {
    if let Some(strategy) = settings.strategy.as_deref().filter(|s| *s != "loom") {
        return Err(format!(
            "unknown strategy '{strategy}' of engine loom: loom has one strategy of its own, 'loom'"
        ));
    }
    let mut assembly = Assembly::new(Report::new(Engine::Loom, "loom", settings.seed));
    let start = Instant::now();
    let limit = settings.max_duration.map(|limit| limit + super::GRACE);
    let death = isolated(
        limit,
        READER,
        (0, 0),
        |watch| explore(settings, &body, watch, None),
        |event| assembly.take(event),
    )?;
    assembly.bury(&death);
    assembly.report.elapsed = start.elapsed();
    let mut report = assembly.report;
    if !report.failures.is_empty() && report.elapsed < SECOND_LOOK_WITHIN {
        second_look(settings, &body, &mut report);
        report.elapsed = start.elapsed();
    }
    Ok(report)
}

/// Unwinds out of loom when a limit is reached.
struct Stop(End);

/// The child's part. With a checkpoint file, loom writes it at the beginning
/// of the execution of the given number, and notes the places of operations.
fn explore(
    settings: &Settings,
    body: &Body,
    watch: &'static Watch,
    checkpoint: Option<(&Path, usize)>,
) {
    let start = Instant::now();
    let (most, longest) = (settings.max_executions, settings.max_duration);
    let body = Arc::clone(body);
    let execution = move || {
        let done = watch.executions();
        if most.is_some_and(|most| done >= most) {
            panic::resume_unwind(Box::new(Stop(End::Executions)));
        }
        if longest.is_some_and(|longest| start.elapsed() >= longest) {
            panic::resume_unwind(Box::new(Stop(End::Time)));
        }
        watch.begin();
        watch.main(&*body);
    };
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        // This reads LOOM_* variables and panics if one is malformed.
        let mut builder = ::loom::model::Builder::new();
        builder.max_branches = settings.max_steps.clamp(1, MOST_BRANCHES) as usize;
        builder.max_permutations = None;
        builder.max_duration = None;
        builder.preemption_bound =
            settings.max_preemptions.map(|bound| bound.min(u8::MAX.into()) as usize);
        builder.checkpoint_file = checkpoint.map(|(path, _)| path.to_owned());
        builder.checkpoint_interval = checkpoint.map_or(usize::MAX, |(_, at)| at);
        builder.location = checkpoint.is_some();
        builder.log = false;
        builder.check(execution);
    }));
    let done = watch.executions();
    match result {
        Ok(()) => watch.ended(done, completed(settings)),
        Err(payload) => match payload.downcast::<Stop>() {
            Ok(stop) => watch.ended(done, stop.0),
            Err(payload) => failed(watch, &*payload),
        },
    }
}

fn completed(settings: &Settings) -> End {
    match settings.max_preemptions {
        Some(most) => End::Bounded(format!("at most {most} preemptions")),
        None => match selvedge_surface::loom::narrowed() {
            Some(why) => End::Bounded(why.to_owned()),
            None => End::Exhausted,
        },
    }
}

fn failed(watch: &Watch, payload: &(dyn Any + Send)) {
    let done = watch.executions();
    if done == 0 {
        let what = match watch.meaning(payload) {
            Some(Meaning::Fault(fault)) => fault.message,
            Some(Meaning::Unable(what)) => what,
            None => "an invariant was broken before the first execution".to_owned(),
        };
        return watch.ended(0, End::Error(format!("loom does not start: {what}")));
    }
    let end = watch.failed(payload).map_or_else(End::Error, |()| End::Failure);
    watch.ended(done, end);
}

/// What loom's panics mean.
fn meaning(panicked: Panicked) -> Meaning {
    let message = panicked.message.as_str();
    let own = |kind, message: &str| Meaning::Fault(Fault::new(kind, message));
    if let Some(threads) = message.strip_prefix("deadlock; threads = ") {
        let (message, details) = deadlock(threads);
        return match panicked.into_deadlock(message) {
            Meaning::Fault(fault) => Meaning::Fault(Fault { details, ..fault }),
            unable => unable,
        };
    }
    if message.contains("exceeded maximum number of branches") {
        return own(FailureKind::StepBound, message);
    }
    if message.contains("Causality violation") {
        return Meaning::Fault(data_race(message));
    }
    if matches!(message, "currently writing to cell" | "currently reading from cell") {
        return own(
            FailureKind::DataRace,
            &format!("an access while another thread is {message}").replace("currently ", "still "),
        );
    }
    if message.contains("Is the model fully deterministic?") {
        return own(FailureKind::Nondeterminism, message);
    }
    if message == "assertion failed: self.threads.len() < self.max()" {
        return Meaning::Unable(format!(
            "loom explores at most {} threads, the main one included",
            ::loom::MAX_THREADS
        ));
    }
    if message.contains("[loom internal bug]") {
        return Meaning::Unable(message.to_owned());
    }
    panicked.into_panic()
}

/// Reads `[(Id(0), Blocked(Location(Some(Location { file: "a.rs", line: 1,
/// column: 2 })))), (Id(1), Terminated)]`, where places are known only at the second
/// look.
fn deadlock(threads: &str) -> (String, Vec<Detail>) {
    let mut blocked = Vec::new();
    let mut details = Vec::new();
    for part in threads.split("(Id(").skip(1) {
        let Some((id, state)) = part.split_once(')') else {
            continue;
        };
        if !state.trim_start_matches([',', ' ']).starts_with("Blocked") {
            continue;
        }
        blocked.push(id.to_owned());
        if let Some(place) = debugged_place(state) {
            details.push(Detail { text: format!("thread {id} is blocked"), place: Some(place) });
        }
    }
    let message = match blocked.as_slice() {
        [] => format!("no thread can go on: {threads}"),
        [one] => format!("thread {one} is blocked, and nobody can wake it"),
        many => format!("threads {} are blocked, and nobody can wake them", many.join(", ")),
    };
    (message, details)
}

fn debugged_place(text: &str) -> Option<Place> {
    let (_, file) = text.split_once("file: \"")?;
    let (file, rest) = file.split_once('"')?;
    let mut numbers =
        rest.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Place::new(file, next()?, next()?))
}

/// Reads a first line and lines like `    read: thread #1 @ a.rs:1:2`, which
/// are there only at the second look.
fn data_race(message: &str) -> Fault {
    let mut lines = message.lines();
    let first = lines.next().unwrap_or(message).trim();
    let first = first.strip_prefix("Causality violation: ").unwrap_or(first);
    let mut fault = Fault::new(FailureKind::DataRace, first);
    for line in lines {
        let Some((what, at)) = line.trim().split_once(": ") else {
            continue;
        };
        let (who, at) = match at.split_once(" @ ") {
            Some((thread, at)) => (format!(" by {}", thread.replace('#', "")), at),
            None => (String::new(), at),
        };
        let place = displayed_place(at);
        if what != "created" {
            // One place for the fault: that of either access is as good.
            fault.place.clone_from(&place);
        }
        fault = fault.detail(format!("{what}{who}"), place);
    }
    fault
}

fn displayed_place(text: &str) -> Option<Place> {
    let mut parts = text.trim().rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some(Place::new(parts.next()?, line, column))
}

/// Runs the search again up to the failure, to learn what is too expensive to
/// be learned in all of it: the checkpoint of the failing execution, which
/// loom can start from, and the places of its operations.
fn second_look(settings: &Settings, body: &Body, report: &mut Report) {
    let Some(failure) = report.failures.first() else {
        return;
    };
    let Ok(at) = usize::try_from(failure.executions) else {
        return;
    };
    let Some(directory) = TemporaryDirectory::new() else {
        return;
    };
    let path = directory.0.join("checkpoint.json");
    let mut again = Vec::new();
    let mut unlimited = settings.clone();
    unlimited.max_executions = None;
    unlimited.max_duration = None;
    let seen = isolated(
        Some(SECOND_LOOK_WITHIN * 2),
        READER,
        (0, 0),
        |watch| explore(&unlimited, body, watch, Some((&path, at))),
        |event| match event {
            Event::Met { execution, meaning: Meaning::Fault(fault), .. }
                if execution == at as u64 =>
            {
                again.push(fault);
            }
            _ => {}
        },
    );
    if seen.is_err() || again.is_empty() {
        return;
    }
    let checkpoint = fs::read_to_string(&path).ok().filter(|c| c.len() <= LONGEST_CHECKPOINT);
    for failure in &mut report.failures {
        let Some(fault) = again.iter().find(|fault| failure.is_same(fault)) else {
            continue;
        };
        failure.schedule.clone_from(&checkpoint);
        if failure.fault.place.is_none() {
            // One of loom's own messages, now with places.
            let mut details = fault.details.clone();
            details.append(&mut failure.fault.details);
            failure.fault = Fault { details, ..fault.clone() };
        }
    }
}

/// A directory that is removed with what is in it.
struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    fn new() -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("selvedge-loom-{}-{number}", process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).ok().map(|()| TemporaryDirectory(path))
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // Left over if it cannot be removed: it is a temporary directory.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes loom's coroutines install their panic hook, which they do once in a
/// process.
pub(super) fn provoke_hook() {
    ::loom::model::Builder::new().check(|| {});
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_tells_who_is_blocked_where() {
        let threads = "[(Id(0), Blocked(Location(Some(Location { file: \"src/a.rs\", line: 12, \
                       column: 5 })))), (Id(1), Terminated), (Id(2), Blocked(Location(None)))]";
        let (message, details) = deadlock(threads);
        assert_eq!(message, "threads 0, 2 are blocked, and nobody can wake them");
        assert_eq!(details.len(), 1);
        assert_eq!(details[0].text, "thread 0 is blocked");
        assert_eq!(details[0].place.as_ref().unwrap().to_string(), "src/a.rs:12:5");
    }

    #[test]
    fn a_data_race_tells_both_accesses() {
        let fault = data_race(
            "Causality violation: Concurrent read and write accesses.\n    created: src/a.rs:1:2\n\
             \n      read: thread #1 @ src/a.rs:3:4\n     write: thread #0 @ src/a.rs:5:6",
        );
        assert_eq!(fault.message, "Concurrent read and write accesses.");
        let details: Vec<_> = fault.details.iter().map(|d| d.text.as_str()).collect();
        assert_eq!(details, ["created", "read by thread 1", "write by thread 0"]);
        assert_eq!(fault.place.unwrap().to_string(), "src/a.rs:5:6");
    }
}
