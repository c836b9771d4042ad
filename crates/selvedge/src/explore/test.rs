//! How a test runs: failures that were kept are tried first, then it is
//! explored; or one execution is repeated.

use std::fmt;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use selvedge_core::failure::FailureKind;
use selvedge_core::report::{Engine, Input, Report};
use selvedge_core::schedule::Schedule;
use selvedge_core::settings::Settings;
use selvedge_engines::Explorer;
use selvedge_engines::test::Mark;

use super::ended::Ended;
use super::environment::Environment;
use super::program::{Program, Programs, Single};
use super::regressions::{Entry, Regressions};
use super::verdict::Subject;

/// What `#[selvedge::test]` knows of its test.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// What it is, where it is and what is expected of it: a [`Mark`].
    pub mark: &'static str,
    /// The directory of its package.
    pub directory: &'static str,
    /// It passes only if it is proved.
    pub require_proof: bool,
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
        // `cargo selvedge` looks for the mark in the executable: the optimiser is
        // to leave it there, and in one piece.
        let Some(mark) = Mark::parse(black_box(self.mark)) else {
            panic!("selvedge and selvedge-macros are of versions that do not fit");
        };
        let named = explorer.settings().is_ok_and(|settings| settings.name.is_some());
        let explorer = if named { explorer } else { explorer.name(mark.path) };
        let keeps = !mark.should_panic && mark.breaks.is_none();
        let regressions =
            keeps.then(|| Regressions::of(Path::new(self.directory), mark.path)).flatten();
        let subject = Subject {
            name: mark.path.to_owned(),
            command: format!(" cargo test -p {} {} -- --exact", mark.package, mark.harness_name()),
            breaks: mark.breaks,
            bounded: mark.bounded,
            require_proof: self.require_proof,
        };
        let name = subject.name.clone();
        let environment = Environment::read();
        let ended = run(subject, explorer, programs, regressions, &environment);
        match &environment.result {
            Some(file) => ended.write(file),
            None => ended.tell(&name),
        }
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
pub(crate) fn run(
    mut subject: Subject,
    explorer: Explorer,
    programs: &dyn Programs,
    regressions: Option<Regressions>,
    environment: &Environment,
) -> Ended {
    subject.require_proof |= environment.require_proof;
    let settings = explorer.settings().cloned().map_err(str::to_owned);
    let ended = settings.and_then(|mut settings| {
        settings.max_duration =
            [settings.max_duration, environment.budget].into_iter().flatten().min();
        match (&environment.replay, &environment.input) {
            (Some(schedule), input) => {
                let program = programs.program(input.as_deref())?;
                repeat(&subject, &settings, program, schedule, environment.trace)
            }
            (None, Some(input)) => {
                let found = programs.program(Some(input))?.explore(&settings);
                Ok(subject.judge(found, settings.is_exhaustive(), None))
            }
            (None, None) => {
                let kept = environment.regressions && settings.engine == Engine::Native;
                explore(&subject, &settings, programs, regressions.filter(|_| kept))
            }
        }
    });
    let ended = ended.unwrap_or_else(Ended::error);
    if environment.trace && environment.replay.is_none() {
        let note = "SELVEDGE_TRACE=1 tells the steps that SELVEDGE_REPLAY repeats: set that, too";
        return ended.noting(vec![note.to_owned()]);
    }
    ended
}

fn repeat(
    subject: &Subject,
    settings: &Settings,
    program: Program,
    schedule: &str,
    trace: bool,
) -> Result<Ended, String> {
    let schedule = fitting(schedule, settings)?;
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
    Ok(subject.repeated(replayed.report, replayed.trace, input))
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

fn explore(
    subject: &Subject,
    settings: &Settings,
    programs: &dyn Programs,
    regressions: Option<Regressions>,
) -> Result<Ended, String> {
    let mut notes = Vec::new();
    let file = regressions.and_then(|file| match file.entries() {
        Ok(entries) => Some((file, entries)),
        Err(what) => {
            notes.push(what);
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
                    return Ok(subject.still_fails(&at, still.report, still.input).noting(notes));
                }
            }
        }
    }
    let found = programs.explore(settings)?;
    for (at, gone) in mended {
        notes.push(format!("{at} {}", gone.in_words(found.is_proof())));
    }
    let kept = file.and_then(|(file, _)| match file.keep(found.report.failures(), found.input()) {
        Ok(kept) => kept.then(|| file.name()),
        Err(what) => {
            notes.push(what);
            None
        }
    });
    Ok(subject.judge(found, settings.is_exhaustive(), kept.as_deref()).noting(notes))
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
