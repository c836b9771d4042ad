//! Exploring: running executions under a strategy until nothing is left, a
//! failure is met, or a budget is used up.

mod bounds;
mod dfs;
mod exhaustive;
mod metrics;
mod narrated;
mod passing;
mod random;
mod replay;
mod simplest;

use std::panic::Location;
use std::time::{Duration, Instant};

use crate::failure::{Failure, FailureKind, Fault, Place};
use crate::id::ThreadId;
use crate::machine::{Driver, Machine, Turn};
use crate::op::Op;
use crate::report::{End, Report};
use crate::schedule::Schedule;
use crate::world::{Choices, Event, World};

pub use bounds::PreemptionBound;
pub use dfs::Dfs;
pub use exhaustive::{
    Exhaustive, Frontier, Item, Knowledge, Observer, Preference, Rounds, Rules, Saved, Shard,
    Totals, explore_in_rounds, first_execution,
};
pub use metrics::{Metered, Metrics};
pub use narrated::execute_aloud;
pub use passing::nearest_passing;
pub use random::Random;
pub use replay::Replay;
pub use simplest::{Effort, Simplest, simplest, size};

/// One step of an execution: which thread goes on, with which outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The thread.
    pub thread: ThreadId,
    /// One of the [`Choices`] of its operation.
    pub choice: u32,
}

/// What a strategy decides.
#[derive(Debug)]
pub enum Decision {
    /// Take this step.
    Step(Step),
    /// Take this step, and then up to that many more of the same thread, as
    /// long as the same threads are enabled. It costs less than to be asked
    /// for each of them. A step with several outcomes is asked for, and a
    /// wrapper may ask for any: [`View::is_unchanged`] says whether what was
    /// decided before still makes sense.
    Run(Step, u32),
    /// Abandon the execution: an equivalent one was or will be seen.
    Abandon,
    /// The program does something else than when it was run before.
    Diverged(Box<Fault>),
}

/// What a strategy sees when it decides: who could go on, and what each
/// thread is about to do.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    world: &'a World,
    enabled: &'a [ThreadId],
    narrowed: bool,
}

impl<'a> View<'a> {
    /// A view of `world` in which only `enabled` threads may be picked.
    pub fn new(world: &'a World, enabled: &'a [ThreadId]) -> Self {
        View { world, enabled, narrowed: false }
    }

    /// The same view with fewer threads to pick from.
    pub fn narrowed(self, enabled: &'a [ThreadId]) -> Self {
        View { enabled, narrowed: true, ..self }
    }

    /// The threads that may be picked, in order of creation; never empty.
    pub fn enabled(&self) -> &'a [ThreadId] {
        self.enabled
    }

    /// The operation that a thread has announced, enabled or not.
    pub fn announced(&self, thread: ThreadId) -> Option<&'a Op> {
        self.world.announced(thread)
    }

    /// The choices of an enabled thread.
    pub fn choices(&self, thread: ThreadId) -> Choices {
        self.world.choices(thread)
    }

    /// The thread that took the last step.
    pub fn last(&self) -> Option<ThreadId> {
        self.world.events().last().map(|e| e.thread)
    }

    /// The events so far.
    pub fn events(&self) -> &'a [Event] {
        self.world.events()
    }

    /// True if the same threads are enabled as at the last decision; false in a
    /// narrowed view.
    pub fn is_unchanged(&self) -> bool {
        !self.narrowed && self.world.is_unchanged()
    }

    /// The execution, for strategies that want to know more.
    pub fn world(&self) -> &'a World {
        self.world
    }
}

/// Picks the next step, execution after execution. Strategies compose: bounds
/// and metrics are wrappers around another one.
pub trait Strategy {
    /// The name and parameters, in the form in which they can be asked for again.
    fn name(&self) -> String;

    /// Starts an execution; false if nothing is left to explore.
    fn begin(&mut self) -> bool;

    /// Decides how the execution goes on.
    fn next(&mut self, view: &View<'_>) -> Decision;

    /// The execution has ended (or was abandoned).
    fn end(&mut self, world: &World);

    /// More of the program is visible now than in the executions so far
    /// ([`Machine::learnt`]). A search that repeats prefixes forgets them all
    /// and gives true; a strategy whose executions do not depend on each
    /// other goes on.
    fn start_again(&mut self) -> bool {
        false
    }

    /// True if, when all failures are to be counted, an execution in which a
    /// thread fails is to go on with the others: what they would have done
    /// belongs to behaviours that the strategy has to find.
    fn runs_on(&self) -> bool {
        false
    }

    /// What was left out once [`begin`](Self::begin) gave false. Only a
    /// strategy that has then run an execution of every behaviour may give
    /// `None`: the exploration is called exhausted, a proof.
    fn left_out(&self) -> Option<String> {
        Some(format!("all that {} does", self.name()))
    }

    /// No thread can go on, and the virtual clock is about to move to the next
    /// time for which one waits.
    fn tick(&mut self, _world: &World) {}

    /// Runs one execution to its end, from [`begin`](Self::begin) on; the
    /// machine is still to be [finished](Machine::finish).
    ///
    /// There is no reason to implement it: it is a method so that each
    /// strategy has its own, into which its decisions are inlined.
    #[doc(hidden)]
    fn execute(&mut self, machine: &mut dyn Machine, world: &mut World, max_steps: u64) -> Outcome {
        world.begin();
        let mut steps = Steps { strategy: self, max_steps, outcome: Outcome::Complete };
        machine.run(world, &mut steps);
        let Steps { strategy, outcome, .. } = steps;
        strategy.end(world);
        outcome
    }
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After that many complete executions.
    pub max_executions: Option<u64>,
    /// An execution with more steps fails.
    pub max_steps: u64,
    /// After that time.
    pub max_duration: Option<Duration>,
    /// Count all failing executions in place of stopping at the first.
    pub keep_going: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_executions: None, max_steps: 100_000, max_duration: None, keep_going: false }
    }
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All threads ended, or the execution failed: see [`World::faults`].
    Complete,
    /// The strategy abandoned it.
    Abandoned,
}

/// Runs one execution to its end; the machine is still to be
/// [finished](Machine::finish).
pub fn execute(
    machine: &mut dyn Machine,
    world: &mut World,
    strategy: &mut dyn Strategy,
    max_steps: u64,
) -> Outcome {
    strategy.execute(machine, world, max_steps)
}

/// The steps of an execution, as a strategy takes them.
struct Steps<'a, S: ?Sized> {
    strategy: &'a mut S,
    max_steps: u64,
    outcome: Outcome,
}

impl<S: Strategy + ?Sized> Driver for Steps<'_, S> {
    fn turn(&mut self, world: &mut World) -> Turn {
        if world.is_cut() {
            return Turn::Stop;
        }
        world.update_enabled();
        if let Some(thread) = world.goes_on() {
            world.step_or_leave(thread, 0);
            return Turn::Go(thread);
        }
        if world.enabled_threads().is_empty() && (world.is_over() || !self.wake(world)) {
            return Turn::Stop;
        }
        let left = self.max_steps.saturating_sub(world.events().len() as u64);
        if left == 0 {
            return self.cut(world);
        }
        let (step, more) = match self.strategy.next(&View::new(world, world.enabled_threads())) {
            Decision::Step(step) => (step, 0),
            Decision::Run(step, more) => (step, u64::from(more).min(left - 1) as u32),
            decision => return self.stop(decision, world),
        };
        world.decide(more);
        world.step_or_leave(step.thread, step.choice);
        Turn::Go(step.thread)
    }
}

impl<S: Strategy + ?Sized> Steps<'_, S> {
    #[cold]
    #[inline(never)]
    fn stop(&mut self, decision: Decision, world: &mut World) -> Turn {
        match decision {
            Decision::Step(_) | Decision::Run(..) => {}
            Decision::Abandon => self.outcome = Outcome::Abandoned,
            Decision::Diverged(fault) => world.fail(*fault),
        }
        Turn::Stop
    }

    /// No thread is enabled: lets time pass, or wakes sleepers, until one is.
    /// False if the execution is over; why it got stuck, if it did, is noted.
    #[cold]
    #[inline(never)]
    fn wake(&mut self, world: &mut World) -> bool {
        loop {
            if world.has_deadlines() {
                self.strategy.tick(world);
                world.tick();
            } else if !world.wake_sleeper() {
                break;
            }
            world.update_enabled();
            if !world.enabled_threads().is_empty() {
                return true;
            }
        }
        match world.stuck() {
            Some(fault) => {
                world.forget_wakes();
                // That others wait for a thread that has failed is no news.
                if world.faults().is_empty() {
                    world.fail(fault);
                }
            }
            None => world.end_wakes(),
        }
        false
    }

    #[cold]
    #[inline(never)]
    fn cut(&self, world: &mut World) -> Turn {
        let fault = step_bound(world, self.max_steps);
        world.fail(fault);
        Turn::Stop
    }
}

fn step_bound(world: &World, max_steps: u64) -> Fault {
    let last = world.events().last().expect("an execution with steps");
    let who = world.thread_name(last.thread);
    Fault::new(
        FailureKind::StepBound,
        format!("{max_steps} steps, and {who} goes on: an endless loop?"),
    )
    .at(last.op.at)
    .detail(
        "a loop that waits for another thread should call hint::spin_loop() or \
         thread::yield_now() in each turn; a long program needs a larger step bound",
        None,
    )
}

/// The clock is looked at after that many steps, at the latest.
const CLOCK_STEPS: u64 = 4_096;

/// Explores until the strategy has nothing left, a failure is met or a limit
/// is reached; fills the report.
///
/// `program` is the name that schedules carry. `progress` is called now and
/// then with the report so far, and stops the exploration by returning false.
pub fn explore(
    machine: &mut dyn Machine,
    strategy: &mut dyn Strategy,
    limits: &Limits,
    program: Option<&str>,
    report: &mut Report,
    progress: &mut dyn FnMut(&Report) -> bool,
) {
    let start = Instant::now();
    let mut world = World::new();
    world.set_running_on(limits.keep_going && strategy.runs_on());
    let mut runs: u64 = 0;
    let mut looked_at = 0;
    let mut learnt_late = false;
    report.end = loop {
        // The clock is looked at now and then: reading it costs as much as a step.
        if runs.is_multiple_of(64) || report.steps >= looked_at + CLOCK_STEPS {
            looked_at = report.steps;
            report.elapsed = start.elapsed();
            if limits.max_duration.is_some_and(|most| report.elapsed >= most) {
                break End::Time;
            }
            if !progress(report) {
                break End::Bounded("interrupted".to_owned());
            }
        }
        if limits.max_executions.is_some_and(|most| report.executions >= most) {
            break End::Executions;
        }
        if !strategy.begin() {
            let impatient =
                || Some(impatient_loop(&Place::from(*world.impatient_loops().first()?)));
            let cut = || cut_executions(&report.failures, limits.max_steps, strategy.runs_on());
            let late = || learnt_late.then(|| "what is visible was learnt on the way".to_owned());
            break strategy
                .left_out()
                .or_else(cut)
                .or_else(late)
                .or_else(impatient)
                .map_or(End::Exhausted, End::Bounded);
        }
        runs += 1;
        let outcome = strategy.execute(machine, &mut world, limits.max_steps);
        report.steps += world.events().len() as u64;
        match outcome {
            Outcome::Complete => {
                report.executions += 1;
                report.record(world.faults(), |fault| {
                    let schedule = Schedule::to_fault(&world, fault, program);
                    Some(schedule.with_visible(machine).to_string())
                });
            }
            Outcome::Abandoned => report.blocked += 1,
        }
        machine.finish(&mut world);
        let diverged = world.faults().iter().any(|f| f.kind == FailureKind::Nondeterminism);
        if diverged || !limits.keep_going && !report.failures.is_empty() {
            break End::Failure;
        }
        if machine.learnt() | world.take_united() {
            if strategy.start_again() {
                *report = Report::new(report.engine, report.strategy.clone(), report.seed);
                looked_at = 0;
            } else {
                learnt_late = true;
            }
        }
    };
    report.elapsed = start.elapsed();
    report.assumptions =
        world.assumed_loops().iter().map(|at| waiting_loop(&Place::from(*at))).collect();
}

/// What a proof rests on if a loop was taken to wait.
fn waiting_loop(at: &Place) -> String {
    let at = at.short();
    format!("the loop at {at} waits: it goes on only when what it reads changes")
}

/// Why it is no proof if a loop was wrongly taken to wait.
fn impatient_loop(at: &Place) -> String {
    format!("the loop at {} gives up by itself", at.short())
}

/// Why not every behaviour was seen if executions were not run to their end:
/// at the step bound, or at a data race if the strategy is one that
/// [runs on](Strategy::runs_on) to find what is left.
fn cut_executions(failures: &[Failure], max_steps: u64, runs_on: bool) -> Option<String> {
    let met = |kind| failures.iter().any(|f| f.kind() == kind);
    if met(FailureKind::StepBound) {
        Some(format!("executions were cut after {max_steps} steps"))
    } else {
        let cut = runs_on && met(FailureKind::DataRace);
        cut.then(|| "executions were cut at a data race".to_owned())
    }
}

/// A thread announces something else than when it was here before: what it
/// was about to do then, and where.
fn divergence(
    before: Option<(String, &'static Location<'static>)>,
    world: &World,
    thread: ThreadId,
) -> Fault {
    let who = world.thread_name(thread);
    let fault = Fault::new(
        FailureKind::Nondeterminism,
        format!(
            "step {}: {who} does not do what it did before; is there something random, or a \
             clock, or a value that survived from an earlier execution?",
            world.events().len() + 1,
        ),
    );
    let was = match before {
        Some((what, at)) => (format!("before, {who} was about to {what}"), Some(at)),
        None => (format!("before, {who} could go on from here"), None),
    };
    let is = match world.announced(thread) {
        Some(op) => (format!("now it is about to {}", world.intention(op)), Some(op.at)),
        None if world.is_finished(thread) => ("now it has ended".to_owned(), None),
        None => ("now there is no such thread".to_owned(), None),
    };
    let fault = match is.1 {
        Some(at) => fault.at(at),
        None => fault,
    };
    fault.detail(was.0, was.1.map(Place::from)).detail(is.0, is.1.map(Place::from))
}
