//! The exhaustive search of the native engine: on many workers, saved to a
//! file and gone on with, in parts.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use selvedge_core::explore::{
    Frontier, Knowledge, Limits, Observer, Rounds, Saved, explore_in_rounds, first_execution,
};
use selvedge_core::machine::Machine;
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::settings::Settings;
use selvedge_runtime::Siblings;

use crate::explorer::{Body, Progress};
use crate::file::{self, Content, Identity, OfSearch};
use crate::merge::Part;
use crate::native;

/// The part of the time that saving may take: one in so many.
const COST: u32 = 20;

/// True if the settings ask for this search.
pub(crate) fn is_asked(settings: &Settings) -> bool {
    settings.engine == Engine::Native
        && settings.strategy.as_deref().is_none_or(|name| name == "exhaustive")
        && settings.max_preemptions.is_none()
}

/// An error if another search is asked for what only this one can do.
pub(crate) fn check_is_not_asked(settings: &Settings) -> Result<(), String> {
    let asked = settings.checkpoint.is_some()
        || settings.resume.is_some()
        || settings.shard.is_some()
        || settings.part.is_some()
        || !settings.learnt.is_empty();
    match asked {
        false => Ok(()),
        true => Err("only the exhaustive search of the native engine, without a bound on \
                     preemptions, can be saved, gone on with, or split into parts"
            .to_owned()),
    }
}

/// Explores every behaviour.
pub(crate) fn run(settings: &Settings, body: Body, progress: &mut Progress<'_>) -> Report {
    let mut report = Report::new(Engine::Native, "exhaustive", settings.seed);
    report.time = settings.time;
    if selvedge_runtime::exploring() {
        report.end = End::Error("an exploration was started inside another one".to_owned());
        return report;
    }
    let siblings = Siblings::new(body).with_time(settings.time);
    if let Err(what) = explore(settings, &siblings, &mut report, progress) {
        report.end = End::Error(what);
    }
    report
}

fn explore(
    settings: &Settings,
    siblings: &Siblings,
    report: &mut Report,
    progress: &mut Progress<'_>,
) -> Result<(), String> {
    let workers = match settings.workers {
        Some(0) => return Err("no workers: somebody has to do the work".to_owned()),
        Some(workers) => workers,
        None => cores(),
    };
    let identity = match check_is_not_asked(settings) {
        Ok(()) => None,
        Err(_) => {
            let first = first_execution(&mut siblings.machine(), settings.max_steps);
            Some(Identity::new(settings, first))
        }
    };
    let mut frontier = match &identity {
        Some(identity) => begin(settings, identity)?,
        None => Frontier::new(None, Knowledge::default()),
    };
    let file = settings.checkpoint.as_ref().or(settings.resume.as_ref());
    let mut watcher = Watcher {
        progress,
        store: file.zip(identity.as_ref()),
        saved_at: Instant::now(),
        every: settings.checkpoint_every,
        interval: settings.checkpoint_every,
    };
    let rounds = Rounds {
        limits: Limits {
            max_executions: settings.max_executions,
            max_steps: settings.max_steps,
            max_duration: settings.max_duration,
            keep_going: settings.keep_going,
        },
        workers,
        program: settings.name.clone(),
    };
    explore_in_rounds(&|| siblings.machine(), &rounds, &mut frontier, report, &mut watcher);
    let mut machine = siblings.machine();
    machine.inherit();
    native::show_failures(&mut machine, settings, report);
    if let (Some(path), Some(identity), Some(shard)) = (&settings.part, &identity, settings.shard) {
        let part = Part { report: report.clone(), knowledge: frontier.knowledge().clone() };
        let finished = frontier.is_finished();
        let about = OfSearch { identity: identity.clone(), shard: Some(shard), finished };
        file::write(path, Content::Part, about, &part)?;
    }
    if let Some(shard) = settings.shard.filter(|shard| shard.count > 1 && report.exhausted()) {
        report.end = End::Part(shard.to_string());
    }
    Ok(())
}

/// The cores of this machine, asked for once: it takes longer than many a search.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// The search to be gone on with, or a new one.
fn begin(settings: &Settings, identity: &Identity) -> Result<Frontier, String> {
    let learnt = learnt(settings, identity)?;
    if let Some(path) = &settings.resume
        && let Some(saved) = resumed(path, settings, identity)?
    {
        let mut all = saved.knowledge().clone();
        all.add(&learnt);
        if all != *saved.knowledge() {
            return Err(format!(
                "{} has begun without what --learnt tells: explore the part anew, without --resume",
                path.display()
            ));
        }
        if let Some(other) = settings.checkpoint.as_ref().filter(|other| *other != path) {
            file::may_be_overwritten(other)?;
        }
        return Ok(saved);
    }
    if let Some(path) = &settings.checkpoint {
        file::may_be_overwritten(path)?;
    }
    Ok(Frontier::new(settings.shard, learnt))
}

/// What other parts have learnt.
fn learnt(settings: &Settings, identity: &Identity) -> Result<Knowledge, String> {
    let mut knowledge = Knowledge::default();
    for path in &settings.learnt {
        let (header, part) = file::read_existing::<Part>(path, Content::Part)?;
        if let Some(difference) = identity.difference(&header.identity) {
            return Err(format!("{} is of another search: {difference}", path.display()));
        }
        knowledge.add(&part.knowledge);
    }
    Ok(knowledge)
}

/// The search that was saved. `None` if there is no such file, and that is
/// where it will be saved.
fn resumed(
    path: &Path,
    settings: &Settings,
    identity: &Identity,
) -> Result<Option<Frontier>, String> {
    let Some((header, saved)) = file::read::<OfSearch, Saved>(path, Content::Checkpoint)? else {
        return match settings.checkpoint.as_deref() == Some(path) {
            true => Ok(None),
            false => Err(format!("there is no file {}", path.display())),
        };
    };
    let refused = |why: String| format!("{} is of another search: {why}", path.display());
    if let Some(difference) = identity.difference(&header.identity) {
        return Err(refused(difference));
    }
    if header.shard != settings.shard || saved.shard() != settings.shard {
        let part = |shard: Option<_>| match shard {
            Some(shard) => format!("part {shard}"),
            None => "the whole".to_owned(),
        };
        let (theirs, mine) = (part(header.shard), part(settings.shard));
        return Err(refused(format!("it is of {theirs}, and not of {mine}")));
    }
    saved.restore().map(Some).map_err(|why| format!("{} is damaged: {why}", path.display()))
}

/// Passes on the progress, and saves the state now and then.
struct Watcher<'a, 'b> {
    progress: &'a mut Progress<'b>,
    store: Option<(&'a PathBuf, &'a Identity)>,
    saved_at: Instant,
    every: Duration,
    interval: Duration,
}

impl Observer for Watcher<'_, '_> {
    fn progress(&mut self, report: &Report) -> bool {
        (self.progress)(report)
    }

    fn is_save_due(&self) -> bool {
        self.store.is_some() && self.saved_at.elapsed() >= self.interval
    }

    fn save(&mut self, frontier: &Frontier) -> Result<(), String> {
        let Some((path, identity)) = self.store else { return Ok(()) };
        let start = Instant::now();
        let saved = Saved::of(frontier);
        let (shard, finished) = (saved.shard(), saved.is_finished());
        let about = OfSearch { identity: identity.clone(), shard, finished };
        file::write(path, Content::Checkpoint, about, &saved)?;
        self.interval = self.every.max(start.elapsed() * COST);
        self.saved_at = Instant::now();
        Ok(())
    }
}
