//! How a test runs: failures that were kept are tried first, then it is
//! explored; or one execution is repeated.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use selvedge_core::failure::FailureKind;
use selvedge_core::report::{Engine, Report};
use selvedge_core::schedule::Schedule;
use selvedge_core::settings::Settings;
use selvedge_engines::Explorer;

use super::environment::Environment;
use super::program::{Input, Program, Programs, Single};
use super::regressions::{Entry, Regressions};
use super::verdict::Subject;

/// What `#[selvedge::test]` knows of its test.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The package that it is of.
    pub package: &'static str,
    /// That package's directory.
    pub directory: &'static str,
    /// The module that it is in, the crate's name first.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// It passes if it fails with this name or kind, and no other.
    pub breaks: Option<&'static str>,
    /// It passes only if it is proved.
    pub require_proof: bool,
    /// Its failures are kept: it is not one that has to fail.
    pub keeps_failures: bool,
}

impl Test {
    /// Explores `body`.
    #[track_caller]
    pub fn run<F>(self, explorer: Explorer, body: F)
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.run_programs(explorer, &Single(Arc::new(body)));
    }

    #[track_caller]
    pub(crate) fn run_programs(self, explorer: Explorer, programs: &dyn Programs) {
        let path = format!("{}::{}", self.module, self.name);
        // The harness names tests without their crate.
        let filter = path.split_once("::").map_or(path.as_str(), |(_, rest)| rest);
        let named = explorer.settings().is_ok_and(|settings| settings.name.is_some());
        let explorer = if named { explorer } else { explorer.name(&path) };
        let keeps = self.keeps_failures && self.breaks.is_none();
        let regressions =
            keeps.then(|| Regressions::of(Path::new(self.directory), &path)).flatten();
        let subject = Subject {
            command: format!(" cargo test -p {} {filter} -- --exact", self.package),
            name: path,
            breaks: self.breaks,
            require_proof: self.require_proof,
        };
        run(subject, explorer, programs, regressions);
    }
}

/// What the body of a test may return.
pub trait Ends {
    /// Panics if it is an error.
    fn end(self);
}

impl Ends for () {
    fn end(self) {}
}

impl<T: Ends, E: fmt::Debug> Ends for Result<T, E> {
    #[track_caller]
    fn end(self) {
        match self {
            Ok(value) => value.end(),
            Err(error) => panic!("the test returns an error: {error:?}"),
        }
    }
}

/// Does what the environment asks of a test.
#[track_caller]
pub(crate) fn run(
    mut subject: Subject,
    explorer: Explorer,
    programs: &dyn Programs,
    regressions: Option<Regressions>,
) {
    let settings = or_fail(explorer.settings().cloned().map_err(str::to_owned));
    let environment = Environment::read();
    subject.require_proof |= environment.require_proof;
    if environment.trace && environment.replay.is_none() {
        subject.say("SELVEDGE_TRACE=1 tells the steps that SELVEDGE_REPLAY repeats: set that, too");
    }
    if environment.replay.is_some() || environment.input.is_some() {
        let program = or_fail(programs.program(environment.input.as_deref()));
        match &environment.replay {
            Some(schedule) => {
                repeat(&subject, &settings, program, schedule, environment.trace);
            }
            None => subject.judge(&program.explore(&settings), None),
        }
    } else {
        let kept = environment.regressions && settings.engine == Engine::Native;
        explore(&subject, &settings, programs, regressions.filter(|_| kept));
    }
}

#[track_caller]
fn or_fail<T>(result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(what) => panic!("{what}"),
    }
}

#[track_caller]
fn repeat(subject: &Subject, settings: &Settings, program: Program, schedule: &str, trace: bool) {
    let schedule = or_fail(fitting(schedule, settings));
    let Program { body, input } = program;
    let explorer = Explorer::with_settings(settings.clone());
    let replayed = if trace {
        explorer.replay_step_by_step(schedule, move || body(), &mut |step| {
            // Past the harness, which would lose it if the program aborts.
            drop(writeln!(std::io::stderr(), "{step}"));
        })
    } else {
        explorer.replay(schedule, move || body())
    };
    subject.repeated(&replayed.report, input.as_ref());
}

/// A schedule of the program that the settings name.
fn fitting(schedule: &str, settings: &Settings) -> Result<Schedule, String> {
    let schedule = schedule.parse::<Schedule>().map_err(|error| error.to_string())?;
    match &settings.name {
        Some(name) if !schedule.is_for(name) => {
            Err(format!("the schedule is of another test than {name}"))
        }
        _ => Ok(schedule),
    }
}

#[track_caller]
fn explore(
    subject: &Subject,
    settings: &Settings,
    programs: &dyn Programs,
    regressions: Option<Regressions>,
) {
    let file = regressions.and_then(|file| match file.entries() {
        Ok(entries) => Some((file, entries)),
        Err(what) => {
            subject.say(&what);
            None
        }
    });
    let mut mended = Vec::new();
    if let Some((file, entries)) = &file {
        for entry in entries {
            let at = format!("{}:{}", file.name(), entry.line);
            match try_again(entry, settings, programs) {
                Ok(gone) => mended.push((at, gone)),
                Err(still) => {
                    let head = format!("kept from an earlier run: {at}");
                    let (report, input) = (&still.report, still.input.as_ref());
                    panic!("{}", subject.failures(&head, report, input, None));
                }
            }
        }
    }
    let found = or_fail(programs.explore(settings));
    for (at, gone) in mended {
        subject.say(&format!("{at} {}", gone.in_words(found.is_proof())));
    }
    let kept = file.and_then(|(file, _)| match file.keep(found.report.failures(), found.input()) {
        Ok(kept) => kept.then(|| file.name()),
        Err(what) => {
            subject.say(&what);
            None
        }
    });
    subject.judge(&found, kept.as_deref());
}

/// Why a failure that was kept is not met again.
enum Gone {
    /// The same steps do not fail.
    Holds,
    /// Its steps cannot be repeated: why.
    Stale(String),
}

/// A failure that was kept is still there, or another one is in its place.
struct StillFails {
    report: Report,
    input: Option<Input>,
}

impl Gone {
    fn in_words(&self, proved: bool) -> String {
        match self {
            Gone::Holds => {
                "does not fail any more: it is fixed, and the line may be deleted".to_owned()
            }
            Gone::Stale(why) if proved => format!(
                "is stale ({why}), and all behaviours were explored: it is fixed, and the line \
                 may be deleted"
            ),
            Gone::Stale(why) => format!("is stale, and was not tried: {why}"),
        }
    }
}

fn try_again(
    entry: &Entry,
    settings: &Settings,
    programs: &dyn Programs,
) -> Result<Gone, Box<StillFails>> {
    let ready = fitting(&entry.schedule, settings)
        .and_then(|schedule| Ok((schedule, programs.program(entry.input.as_deref())?)));
    let (schedule, Program { body, input }) = match ready {
        Ok(ready) => ready,
        Err(why) => return Ok(Gone::Stale(why)),
    };
    let report = Explorer::with_settings(settings.clone()).replay(schedule, move || body()).report;
    let differs = |kind| kind == FailureKind::Nondeterminism;
    match report.failures().first() {
        None => Ok(Gone::Holds),
        Some(first) if report.failures().iter().all(|f| differs(f.kind())) => {
            Ok(Gone::Stale(first.message().to_owned()))
        }
        Some(_) => Err(Box::new(StillFails { report, input })),
    }
}
