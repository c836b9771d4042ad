//! The native engine: strategies by name, a failing schedule that is easy to
//! follow, its drawing, and replay.

use selvedge_core::explain::explain;
use selvedge_core::explore::{
    Dfs, Effort, Exhaustive, Limits, PreemptionBound, Random, Replay, Strategy, execute,
    execute_aloud, explore, nearest_passing, simplest, size,
};
use selvedge_core::failure::{Explanation, Failure, Fault, Simplified, Size};
use selvedge_core::machine::Machine;
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::schedule::Schedule;
use selvedge_core::settings::Settings;
use selvedge_core::trace::Trace;
use selvedge_core::world::World;
use selvedge_runtime::Native;

use crate::explorer::{Body, Progress, Replayed, Tell};
use crate::{search, source};

/// The strategies of the native engine, each with what it does.
pub const STRATEGIES: [(&str, &str); 4] = [
    ("exhaustive", "every behaviour once, and nothing else (the default)"),
    ("dfs", "every behaviour once, others begun and abandoned: depth first with sleep sets"),
    ("dfs:unreduced", "every interleaving"),
    ("random", "a random walk, seeded; 10,000 executions unless told otherwise"),
];

/// Executions of a strategy that never ends by itself.
const SAMPLES: u64 = 10_000;

fn strategy(settings: &Settings) -> Result<(Box<dyn Strategy>, Option<u64>), String> {
    let name = settings.strategy.as_deref().unwrap_or("exhaustive");
    let (strategy, samples): (Box<dyn Strategy>, _) = match (name, settings.max_preemptions) {
        ("exhaustive" | "dfs" | "dfs:unreduced", Some(most)) => {
            (Box::new(PreemptionBound::new(Dfs::unreduced(), most)), None)
        }
        ("exhaustive", None) => (Box::new(Exhaustive::new()), None),
        ("dfs", None) => (Box::new(Dfs::new()), None),
        ("dfs:unreduced", None) => (Box::new(Dfs::unreduced()), None),
        ("random", None) => (Box::new(Random::new(settings.seed)), Some(SAMPLES)),
        ("random", Some(most)) => {
            (Box::new(PreemptionBound::new(Random::new(settings.seed), most)), Some(SAMPLES))
        }
        _ => {
            let names: Vec<&str> = STRATEGIES.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "unknown strategy '{name}': the native engine has {}",
                names.join(", ")
            ));
        }
    };
    Ok((strategy, settings.max_executions.or(samples)))
}

/// An error in the settings, before anything is run.
pub(crate) fn check(settings: &Settings) -> Result<(), String> {
    strategy(settings)?;
    if search::is_asked(settings) { Ok(()) } else { search::check_is_not_asked(settings) }
}

pub(crate) fn run(settings: &Settings, body: Body, progress: &mut Progress<'_>) -> Report {
    let name = settings.strategy.clone().unwrap_or_else(|| "exhaustive".to_owned());
    if search::is_asked(settings) {
        return search::run(settings, body, progress);
    }
    let strategy = check(settings).and_then(|()| strategy(settings));
    match strategy {
        Ok((mut strategy, max_executions)) => {
            run_with(settings, &mut *strategy, max_executions, body, progress)
        }
        Err(what) => Report::error(Engine::Native, name, what),
    }
}

pub(crate) fn run_with(
    settings: &Settings,
    strategy: &mut dyn Strategy,
    max_executions: Option<u64>,
    body: Body,
    progress: &mut Progress<'_>,
) -> Report {
    let mut report = Report::new(Engine::Native, strategy.name(), settings.seed);
    if selvedge_runtime::exploring() {
        report.end = End::Error("an exploration was started inside another one".to_owned());
        return report;
    }
    report.time = settings.time;
    let limits = Limits {
        max_executions,
        max_steps: settings.max_steps,
        max_duration: settings.max_duration,
        keep_going: settings.keep_going,
    };
    let mut machine = Native::from_arc(body).with_time(settings.time);
    let program = settings.name.as_deref();
    explore(&mut machine, strategy, &limits, program, &mut report, progress);
    show_failures(&mut machine, settings, &mut report);
    report
}

/// Finds an execution that is easy to follow for each failure, draws it, and
/// says in words what is seen there.
pub(crate) fn show_failures(machine: &mut Native, settings: &Settings, report: &mut Report) {
    for failure in &mut report.failures {
        show(machine, settings, failure);
    }
}

fn show(machine: &mut Native, settings: &Settings, failure: &mut Failure) {
    let (program, max_steps) = (settings.name.as_deref(), settings.max_steps);
    let budget = settings.simplify_for;
    let simpler = (!budget.is_zero())
        .then(|| simplest(machine, &failure.fault, program, max_steps, Effort::within(budget)));
    let met = failure.schedule.as_deref().and_then(|s| s.parse::<Schedule>().ok());
    let met = met.and_then(|schedule| draw(machine, schedule, max_steps, failure));
    let found = simpler.as_ref().and_then(|simpler| simpler.schedule.clone());
    let found = found.and_then(|schedule| draw(machine, schedule, max_steps, failure));
    let (shown, met) = match (found, met) {
        (Some(found), met) => (found, met),
        (None, Some(met)) => (met, None),
        // It is not met again: the program does something random.
        (None, None) => return,
    };
    failure.story.simplified = simpler.map(|simpler| Simplified {
        before: met.as_ref().map_or(shown.size, |met| met.size),
        after: shown.size,
        least: simpler.least || shown.size.preemptions == 0,
        executions: simpler.executions,
        elapsed: simpler.elapsed,
        budget,
    });
    failure.story.met = met.filter(|met| met.schedule != shown.schedule).map(|met| met.trace);
    failure.story.explanation = in_words(&shown.trace, &shown.fault);
    failure.story.passing = nearest_passing(machine, &shown.schedule, max_steps)
        .map(|schedule| repeat(machine, schedule, max_steps, None, |world, _| world.trace(None)));
    failure.schedule = Some(shown.schedule.to_string());
    failure.trace = Some(shown.trace);
    failure.fault = shown.fault;
}

/// What went wrong, with the lines of code that decide.
fn in_words(trace: &Trace, fault: &Fault) -> Option<Explanation> {
    let mut explanation = explain(trace, fault)?;
    explanation.lines = source::lines(trace, &explanation.steps);
    Some(explanation)
}

/// An execution that meets a failure.
struct Drawn {
    schedule: Schedule,
    trace: Trace,
    size: Size,
    fault: Fault,
}

/// Repeats the schedule to draw it; `None` if the failure is not met again.
fn draw(
    machine: &mut Native,
    schedule: Schedule,
    max_steps: u64,
    failure: &Failure,
) -> Option<Drawn> {
    let again = schedule.clone();
    repeat(machine, again, max_steps, None, |world, replay| {
        let fault = world.faults().iter().find(|fault| failure.is_same(fault))?.clone();
        let (trace, size) = (world.trace(Some(&fault)), size(world, replay.used() as usize));
        Some(Drawn { schedule, trace, size, fault })
    })
}

/// Repeats an execution, and shows its end before it is torn down.
fn repeat<R>(
    machine: &mut Native,
    schedule: Schedule,
    max_steps: u64,
    tell: Option<&mut Tell<'_>>,
    look: impl FnOnce(&mut World, &PreemptionBound<Replay>) -> R,
) -> R {
    let mut world = World::new();
    world.set_recording(true);
    machine.presume(&schedule.visible);
    // To count preemptions, not to bound them.
    let mut replay = PreemptionBound::new(Replay::new(schedule), u32::MAX);
    replay.begin();
    match tell {
        Some(tell) => execute_aloud(machine, &mut world, &mut replay, max_steps, tell),
        None => execute(machine, &mut world, &mut replay, max_steps),
    };
    let result = look(&mut world, &replay);
    machine.finish(&mut world);
    result
}

pub(crate) fn replay(
    settings: &Settings,
    schedule: Schedule,
    body: Body,
    tell: Option<&mut Tell<'_>>,
) -> Replayed {
    let text = schedule.to_string();
    let mut machine = Native::from_arc(body).with_time(settings.time);
    repeat(&mut machine, schedule, settings.max_steps, tell, |world, replay| {
        if let Some(fault) = replay.inner().check(world)
            && !world.faults().iter().any(|f| f.kind == fault.kind)
        {
            world.fail(fault);
        }
        let mut report = Report::new(Engine::Native, "replay", settings.seed);
        report.executions = 1;
        report.steps = world.events().len() as u64;
        report.end = if world.faults().is_empty() {
            End::Bounded("one execution repeated".to_owned())
        } else {
            End::Failure
        };
        report.record(world.faults(), |_| Some(text.clone()));
        for failure in &mut report.failures {
            let trace = world.trace(Some(&failure.fault));
            failure.story.explanation = in_words(&trace, &failure.fault);
            failure.trace = Some(trace);
        }
        Replayed { trace: world.trace(world.faults().first()), report }
    })
}
