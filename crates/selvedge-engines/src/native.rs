//! The native engine: strategies by name, a failing schedule that is easy to
//! follow, its drawing, and replay.

use selvedge_core::explore::{
    Dfs, Effort, Exhaustive, Limits, Narrated, PreemptionBound, Random, Replay, Strategy, execute,
    explore, simplest,
};
use selvedge_core::failure::Failure;
use selvedge_core::machine::Machine;
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::schedule::Schedule;
use selvedge_core::settings::Settings;
use selvedge_core::world::World;
use selvedge_runtime::Native;

use crate::explorer::{Body, Progress, Replayed, Tell};
use crate::search;

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
    let limits = Limits {
        max_executions,
        max_steps: settings.max_steps,
        max_duration: settings.max_duration,
        keep_going: settings.keep_going,
    };
    let mut machine = Native::from_arc(body);
    let program = settings.name.as_deref();
    explore(&mut machine, strategy, &limits, program, &mut report, progress);
    show_failures(&mut machine, settings, &mut report);
    report
}

/// Finds a schedule that is easy to follow for each failure, and draws it.
pub(crate) fn show_failures(machine: &mut Native, settings: &Settings, report: &mut Report) {
    let program = settings.name.as_deref();
    for failure in &mut report.failures {
        let simpler =
            simplest(machine, &failure.fault, program, settings.max_steps, Effort::default());
        let met = || failure.schedule.as_deref().and_then(|s| s.parse().ok());
        let Some(schedule) = simpler.or_else(met) else { continue };
        draw(machine, schedule, settings, failure);
    }
}

/// Repeats the schedule to draw it. If the failure is met again, that
/// execution is the one that is shown.
fn draw(machine: &mut Native, schedule: Schedule, settings: &Settings, failure: &mut Failure) {
    let text = schedule.to_string();
    repeat(machine, schedule, settings.max_steps, None, |world, _| {
        if let Some(fault) = world.faults().iter().find(|fault| failure.is_same(fault)) {
            failure.trace = Some(world.trace(Some(fault)));
            failure.schedule = Some(text);
            failure.fault = fault.clone();
        }
    });
}

/// Repeats an execution, and shows its end before it is torn down.
fn repeat<R>(
    machine: &mut Native,
    schedule: Schedule,
    max_steps: u64,
    tell: Option<&mut Tell<'_>>,
    look: impl FnOnce(&mut World, &Replay) -> R,
) -> R {
    let mut world = World::new();
    world.set_recording(true);
    machine.presume(&schedule.visible);
    let mut replay = Replay::new(schedule);
    replay.begin();
    match tell {
        Some(tell) => {
            execute(machine, &mut world, &mut Narrated::new(&mut replay, tell), max_steps)
        }
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
    let mut machine = Native::from_arc(body);
    repeat(&mut machine, schedule, settings.max_steps, tell, |world, replay| {
        if let Some(fault) = replay.check(world)
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
            failure.trace = Some(world.trace(Some(&failure.fault)));
        }
        Replayed { trace: world.trace(world.faults().first()), report }
    })
}
