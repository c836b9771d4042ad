//! The shuttle crate as an engine.
//!
//! Its schedulers are wrapped: the wrapper keeps the limits, counts steps,
//! bounds preemptions, and records the schedule, so that it can be told even
//! when the process aborts. It outlives a failure, too, so that sampling goes
//! on where it stopped if all failures are wanted.

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::shuttle::scheduler::{
    DfsScheduler, PctScheduler, RandomScheduler, RoundRobinScheduler, Schedule, Scheduler, Task,
    TaskId, UrwRandomScheduler,
};
use ::shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use selvedge_core::failure::{FailureKind, Fault};
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::settings::Settings;

use super::Body;
use super::assemble::{Assembly, Next};
use super::isolate::isolated;
use super::watch::{Meaning, Panicked, Reader, Watch};

/// How many executions a sampling strategy runs if nobody says.
const SAMPLES: u64 = 10_000;

/// A failed execution leaves stacks behind; after so many of them a fresh
/// process goes on.
const FAILURES_PER_PROCESS: u64 = 2_000;

const STACK_BYTES: usize = 256 * 1024;

const READER: Reader = Reader { meaning, schedule: recorded };

/// One of shuttle's strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    Random,
    Pct(usize),
    Urw,
    Dfs,
}

impl Strategy {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "random" => Some(Strategy::Random),
            "pct" => Some(Strategy::Pct(3)),
            "urw" => Some(Strategy::Urw),
            "dfs" => Some(Strategy::Dfs),
            _ => {
                let depth = name.strip_prefix("pct:")?.parse().ok()?;
                (depth > 0).then_some(Strategy::Pct(depth))
            }
        }
    }

    fn name(self) -> String {
        match self {
            Strategy::Random => "random".to_owned(),
            Strategy::Pct(depth) => format!("pct:{depth}"),
            Strategy::Urw => "urw".to_owned(),
            Strategy::Dfs => "dfs".to_owned(),
        }
    }

    /// shuttle's scheduler, without a limit of its own.
    fn scheduler(self, seed: u64) -> Box<dyn Scheduler + Send> {
        match self {
            Strategy::Random => Box::new(RandomScheduler::new_from_seed(seed, usize::MAX)),
            Strategy::Pct(depth) => Box::new(PctScheduler::new_from_seed(seed, depth, usize::MAX)),
            Strategy::Urw => Box::new(UrwRandomScheduler::new_from_seed(seed, usize::MAX)),
            Strategy::Dfs => Box::new(DfsScheduler::new(None, true)),
        }
    }
}

/// Explores `body`.
///
/// # Errors
/// If the settings ask for what shuttle does not have.
pub(super) fn run(settings: &Settings, body: Body) -> Result<Report, String> {
    let name = settings.strategy.as_deref().unwrap_or("random");
    let strategy = Strategy::parse(name).ok_or_else(|| {
        format!(
            "unknown strategy '{name}' of engine shuttle: it is one of random, pct, pct:DEPTH, \
             urw, dfs"
        )
    })?;
    if strategy == Strategy::Urw && settings.max_preemptions.is_some() {
        return Err("shuttle's strategy urw cannot bound preemptions".to_owned());
    }
    let start = Instant::now();
    let report = Report::new(Engine::Shuttle, strategy.name(), settings.seed);
    let mut assembly = Assembly::new(report);
    let mut sessions = 0;
    loop {
        let budget = Budget::new(settings, strategy, start);
        let done = (assembly.report.executions, assembly.report.steps);
        let death = isolated(
            budget.left.map(|left| left + super::GRACE),
            READER,
            done,
            // A later process samples something else than the first.
            |watch| {
                let seed = settings.seed.wrapping_add(sessions << 32);
                explore(settings, strategy, seed, &budget, &body, watch);
            },
            |event| assembly.take(event),
        )?;
        let go_on = match assembly.bury(&death) {
            Next::Done => false,
            Next::Resume => true,
            Next::Aborted => settings.keep_going && strategy != Strategy::Dfs,
        };
        if !go_on {
            break;
        }
        assembly.resume();
        sessions += 1;
    }
    assembly.report.elapsed = start.elapsed();
    Ok(assembly.report)
}

/// How much may yet be done.
struct Budget {
    executions: Option<u64>,
    left: Option<Duration>,
}

impl Budget {
    fn new(settings: &Settings, strategy: Strategy, start: Instant) -> Self {
        let default = (strategy != Strategy::Dfs).then_some(SAMPLES);
        Budget {
            executions: settings.max_executions.or(default),
            left: settings.max_duration.map(|limit| limit.saturating_sub(start.elapsed())),
        }
    }
}

/// The child's part.
fn explore(
    settings: &Settings,
    strategy: Strategy,
    seed: u64,
    budget: &Budget,
    body: &Body,
    watch: &'static Watch,
) {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps =
        MaxSteps::FailAfter(usize::try_from(settings.max_steps).unwrap_or(usize::MAX));
    config.silence_warnings = true;
    let search = Rc::new(Search {
        inner: RefCell::new(strategy.scheduler(seed)),
        watch,
        most: budget.executions,
        deadline: budget.left.map(|left| Instant::now() + left),
        most_preemptions: settings.max_preemptions,
        preemptions: Cell::new(0),
        drawn: Cell::new(false),
        stopped: Cell::new(None),
    });
    let mut failures = 0;
    loop {
        let runner = Runner::new(Recorder(Rc::clone(&search)), config.clone());
        let program = Arc::clone(body);
        let execution = move || watch.main(&*program);
        let result = panic::catch_unwind(AssertUnwindSafe(|| runner.run(execution)));
        let done = watch.executions();
        let Err(payload) = result else {
            let end = search.stopped.take().unwrap_or_else(|| search.completed());
            return watch.ended(done, end);
        };
        if let Err(what) = watch.failed(&*payload) {
            return watch.ended(done, End::Error(what));
        }
        if !settings.keep_going {
            return watch.ended(done, End::Failure);
        }
        failures += 1;
        if failures == FAILURES_PER_PROCESS {
            if strategy == Strategy::Dfs {
                // Its place in the search cannot be handed on.
                let why = format!("{failures} failing executions");
                return watch.ended(done, End::Bounded(why));
            }
            return watch.paused();
        }
    }
}

/// What is shared by the runs of a child.
struct Search {
    inner: RefCell<Box<dyn Scheduler + Send>>,
    watch: &'static Watch,
    most: Option<u64>,
    deadline: Option<Instant>,
    most_preemptions: Option<u32>,
    /// In the present execution.
    preemptions: Cell<u32>,
    /// True if a value was drawn at random.
    drawn: Cell<bool>,
    /// The limit that was reached.
    stopped: Cell<Option<End>>,
}

impl Search {
    /// The scheduler has come to its own end, as only dfs does.
    fn completed(&self) -> End {
        if self.drawn.get() {
            let why = "shuttle's dfs does not explore `any`, nor which ready channel is selected";
            return End::Bounded(why.to_owned());
        }
        match self.most_preemptions {
            Some(most) => End::Bounded(format!("at most {most} preemptions")),
            None => End::Exhausted,
        }
    }
}

/// A scheduler of shuttle's, watched.
struct Recorder(Rc<Search>);

impl Scheduler for Recorder {
    fn new_execution(&mut self) -> Option<Schedule> {
        let search = &self.0;
        let end = if search.most.is_some_and(|most| search.watch.executions() >= most) {
            Some(End::Executions)
        } else if search.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            Some(End::Time)
        } else {
            None
        };
        if end.is_some() {
            search.stopped.set(end);
            return None;
        }
        let schedule = search.inner.borrow_mut().new_execution()?;
        search.watch.begin();
        search.preemptions.set(0);
        RECORD.with_borrow_mut(|record| record.begin(schedule.seed));
        Some(schedule)
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let search = &self.0;
        search.watch.step();
        // To leave a thread that could go on and has not asked to be left is
        // a preemption.
        let staying = runnable.iter().find(|task| Some(task.id()) == current && !is_yielding);
        let used_up = search.most_preemptions.is_some_and(|most| search.preemptions.get() >= most);
        let next = match staying {
            Some(staying) if used_up => {
                search.inner.borrow_mut().next_task(&[*staying], current, is_yielding)
            }
            _ => search.inner.borrow_mut().next_task(runnable, current, is_yielding),
        };
        if staying.is_some() && next != current {
            search.preemptions.set(search.preemptions.get() + 1);
        }
        if let Some(task) = next {
            RECORD.with_borrow_mut(|record| record.steps.push(Some(task.into())));
        }
        next
    }

    fn next_u64(&mut self) -> u64 {
        self.0.drawn.set(true);
        RECORD.with_borrow_mut(|record| record.steps.push(None));
        self.0.inner.borrow_mut().next_u64()
    }
}

thread_local! {
    /// The schedule of the present execution.
    static RECORD: RefCell<Record> =
        const { RefCell::new(Record { seed: 0, steps: Vec::new() }) };
}

/// A schedule of shuttle's.
struct Record {
    seed: u64,
    /// The task that was run, or nothing if a number was drawn.
    steps: Vec<Option<usize>>,
}

impl Record {
    fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.steps.clear();
    }

    /// The schedule as shuttle prints it and `shuttle::replay` reads it: a
    /// version, then three numbers in groups of seven bits, then the steps: a
    /// 1 for a number drawn, a 0 and the task's number for a task.
    fn encode(&self) -> String {
        let largest = self.steps.iter().flatten().max().copied().unwrap_or(0);
        let width = (usize::BITS - largest.leading_zeros()).max(1);
        let mut bytes = vec![0x91];
        for mut number in [u64::from(width), self.steps.len() as u64, self.seed] {
            while number >= 0x80 {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
        }
        let bits = self.steps.iter().flat_map(|step| {
            let task = step.map(|task| (0..width).map(move |bit| task >> bit & 1 == 1));
            std::iter::once(step.is_none()).chain(task.into_iter().flatten())
        });
        let mut used = 8;
        for bit in bits {
            if used == 8 {
                bytes.push(0);
                used = 0;
            }
            if let Some(last) = bytes.last_mut() {
                *last |= u8::from(bit) << used;
            }
            used += 1;
        }
        bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

fn recorded() -> Option<String> {
    // The panic may come out of the recording itself.
    RECORD.with(|record| record.try_borrow().ok().map(|record| record.encode()))
}

/// What shuttle's panics mean.
fn meaning(panicked: Panicked) -> Meaning {
    let message = panicked.message.as_str();
    if let Some(rest) = message.strip_prefix("deadlock!") {
        let rest = rest.trim().to_owned();
        return panicked.into_deadlock(rest);
    }
    if message.starts_with("exceeded max_steps bound") {
        return Meaning::Fault(Fault::new(FailureKind::StepBound, message));
    }
    if message == "test closure did not exercise any concurrency" {
        return Meaning::Unable(
            "shuttle's strategy pct needs a program in which more than one thread can run"
                .to_owned(),
        );
    }
    panicked.into_panic()
}

/// Makes shuttle install its panic hook, which it does once in a process.
pub(super) fn provoke_hook() {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    Runner::new(RoundRobinScheduler::new(1), config).run(|| {});
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_have_names() {
        for name in ["random", "pct:5", "urw", "dfs"] {
            assert_eq!(Strategy::parse(name).unwrap().name(), name);
        }
        assert_eq!(Strategy::parse("pct"), Some(Strategy::Pct(3)));
        assert_eq!(Strategy::parse("pct:0"), None);
        assert_eq!(Strategy::parse("pos"), None);
    }

    #[test]
    fn a_schedule_is_encoded_as_shuttle_does() {
        // From shuttle's own serialisation: seed 10, one random step; seed 10,
        // task 0.
        let record = Record { seed: 10, steps: vec![None] };
        assert_eq!(record.encode(), "9101010a01");
        let record = Record { seed: 10, steps: vec![Some(0)] };
        assert_eq!(record.encode(), "9101010a00");
        let record = Record { seed: 300, steps: vec![Some(2), None, Some(1), Some(3)] };
        // 0 01, 1, 0 10, 0 11, lowest bit first.
        assert_eq!(record.encode(), "910204ac022c03");
    }
}
