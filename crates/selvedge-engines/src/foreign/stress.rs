//! Real threads as an engine: the program is run many times, and what happens
//! is counted.
//!
//! Nothing can be stopped or repeated here. A run that hangs, or that leaves
//! threads behind, ends the exploration, and the child process with it.

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use selvedge_core::failure::{FailureKind, Fault};
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::settings::Settings;
use selvedge_surface::stress::run::Run;

use super::Body;
use super::assemble::Assembly;
use super::isolate::{exit, isolated};
use super::watch::{Panicked, Reader, Watch};

/// How many runs there are if nobody says.
const RUNS: u64 = 10_000;

/// A run that takes longer than this hangs.
const HANGS_AFTER: Duration = Duration::from_secs(1);

/// How long the other threads may take to end after the main one.
const LEAKS_AFTER: Duration = Duration::from_millis(100);

const READER: Reader = Reader { meaning: Panicked::into_panic, schedule: || None };

/// Runs `body` many times.
///
/// # Errors
/// If the settings ask for what a stress test does not have.
pub(super) fn run(settings: &Settings, body: Body) -> Result<Report, String> {
    if let Some(strategy) = settings.strategy.as_deref().filter(|s| *s != "stress") {
        return Err(format!(
            "unknown strategy '{strategy}' of engine std: real threads have one, 'stress'"
        ));
    }
    if settings.max_preemptions.is_some() {
        return Err("the preemptions of real threads cannot be bounded".to_owned());
    }
    let start = Instant::now();
    let mut assembly = Assembly::new(Report::new(Engine::Std, "stress", settings.seed));
    let death = isolated(
        settings.max_duration.map(|limit| limit + super::GRACE),
        READER,
        (0, 0),
        |watch| explore(settings, &body, watch),
        |event| assembly.take(event),
    )?;
    assembly.bury(&death);
    assembly.report.elapsed = start.elapsed();
    Ok(assembly.report)
}

/// The child's part.
fn explore(settings: &Settings, body: &Body, watch: &'static Watch) {
    selvedge_surface::seed(settings.seed);
    let deadline = settings.max_duration.map(|limit| Instant::now() + limit);
    let most = settings.max_executions.unwrap_or(RUNS);
    let hangs = Watchdog::start(watch);
    let end = loop {
        let done = watch.executions();
        if done >= most {
            break End::Executions;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            break End::Time;
        }
        if let Some(end) = one_run(body, watch, &hangs) {
            break end;
        }
    };
    watch.ended(watch.executions(), end);
}

/// One run; returns why there can be no further one, if so.
fn one_run(body: &Body, watch: &'static Watch, hangs: &Watchdog) -> Option<End> {
    watch.begin();
    let run = Run::new(|payload| watch.left_thread(payload));
    let due = hangs.run_begins();
    let result = run.enter(|| panic::catch_unwind(AssertUnwindSafe(|| watch.main(&**body))));
    drop(due);
    if let Err(payload) = result {
        watch.left_thread(&*payload);
    }
    let unfinished = run.unfinished(LEAKS_AFTER);
    let mut faults = watch.take_faults();
    if !unfinished.is_empty() {
        faults.push(Fault::new(
            FailureKind::Leak,
            format!(
                "{} ms after the main thread had returned, these had not ended: {}",
                LEAKS_AFTER.as_millis(),
                unfinished.join(", ")
            ),
        ));
    }
    if !faults.is_empty() {
        watch.failed_with(faults);
    }
    (!unfinished.is_empty()).then(|| End::Bounded("a run left threads behind".to_owned()))
}

/// Ends the process if a run hangs: its threads cannot be stopped.
struct Watchdog {
    /// Tells of a run's beginning, with a channel that is closed at its end.
    runs: mpsc::Sender<mpsc::Receiver<()>>,
}

impl Watchdog {
    fn start(watch: &'static Watch) -> Self {
        let (runs, begun) = mpsc::channel::<mpsc::Receiver<()>>();
        let guard = move || {
            while let Ok(end) = begun.recv() {
                if end.recv_timeout(HANGS_AFTER) == Err(RecvTimeoutError::Timeout) {
                    report_hang(watch);
                }
            }
        };
        // Without a watchdog the parent's limit remains.
        let _ = thread::Builder::new().name("selvedge watchdog".to_owned()).spawn(guard);
        Watchdog { runs }
    }

    /// A run begins; it ends when what is returned is dropped.
    fn run_begins(&self) -> mpsc::Sender<()> {
        let (due, end) = mpsc::channel();
        // Nobody listens if the watchdog could not be started.
        let _ = self.runs.send(end);
        due
    }
}

fn report_hang(watch: &Watch) -> ! {
    let mut faults = watch.take_faults();
    let message = format!("the run did not end within {} s", HANGS_AFTER.as_secs());
    faults.push(Fault::new(FailureKind::Deadlock, message));
    watch.failed_with(faults);
    watch.ended(watch.executions(), End::Bounded("a run hung".to_owned()));
    exit(0)
}
