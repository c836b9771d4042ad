//! What users call.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use selvedge_core::explore::{Shard, Strategy};
use selvedge_core::report::{Engine, Report};
use selvedge_core::schedule::Schedule;
use selvedge_core::settings::Settings;
use selvedge_core::time::Time;
use selvedge_core::trace::Trace;

use crate::{foreign, native, search};

pub(crate) type Body = Arc<dyn Fn() + Send + Sync>;
pub(crate) type Progress<'a> = dyn FnMut(&Report) -> bool + 'a;
pub(crate) type Tell<'a> = dyn FnMut(&str) + 'a;

/// What to explore, with which engine, strategy and budget.
///
/// A new explorer reads the `SELVEDGE_*` variables (see [`Settings`]); the
/// methods override them.
///
/// ```
/// use selvedge_engines::Explorer;
/// use selvedge_runtime::{sync::Mutex, thread};
///
/// let report = Explorer::new().run(|| {
///     let n = Mutex::new(0);
///     thread::scope(|s| {
///         s.spawn(|| *n.lock().unwrap() += 1);
///         *n.lock().unwrap() += 1;
///     });
///     assert_eq!(*n.lock().unwrap(), 2);
/// });
/// assert!(report.exhausted());
/// assert_eq!(report.executions(), 2);
/// ```
pub struct Explorer {
    settings: Result<Settings, String>,
    strategy: Option<Box<dyn Strategy>>,
}

/// A repeated execution.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The failure that was met, if one was. A `nondeterminism` says that the
    /// execution is not the recorded one.
    pub report: Report,
    /// The execution, step by step.
    pub trace: Trace,
}

impl Default for Explorer {
    fn default() -> Self {
        Explorer::new()
    }
}

impl fmt::Debug for Explorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explorer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Explorer {
    /// An explorer with the settings of the environment.
    pub fn new() -> Self {
        let mut settings = Settings::from_env();
        if let Ok(settings) = &mut settings
            && std::env::var_os("SELVEDGE_ENGINE").is_none()
        {
            settings.engine = default_engine();
        }
        Explorer { settings, strategy: None }
    }

    /// An explorer with these settings, whatever the environment says.
    pub fn with_settings(settings: Settings) -> Self {
        Explorer { settings: Ok(settings), strategy: None }
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        if let Ok(settings) = &mut self.settings {
            set(settings);
        }
        self
    }

    /// What runs the program: the native engine by default.
    pub fn engine(self, engine: Engine) -> Self {
        self.set(|s| s.engine = engine)
    }

    /// The strategy, by name: `exhaustive` (the default), `dfs`,
    /// `dfs:unreduced`, `random` on the native engine; `random`, `pct:D`, `dfs` on shuttle.
    pub fn strategy(self, name: impl Into<String>) -> Self {
        self.set(|s| s.strategy = Some(name.into()))
    }

    /// A strategy of your own, for the native engine. It is asked until it
    /// has nothing left, or a limit is reached.
    pub fn custom_strategy(mut self, strategy: impl Strategy + 'static) -> Self {
        self.strategy = Some(Box::new(strategy));
        self
    }

    /// The seed of what is drawn at random.
    pub fn seed(self, seed: u64) -> Self {
        self.set(|s| s.seed = seed)
    }

    /// Stop after that many executions.
    pub fn max_executions(self, most: u64) -> Self {
        self.set(|s| s.max_executions = Some(most))
    }

    /// An execution with more visible operations fails: `step_bound`.
    pub fn max_steps(self, most: u64) -> Self {
        self.set(|s| s.max_steps = most)
    }

    /// Stop after that time.
    pub fn max_duration(self, most: Duration) -> Self {
        self.set(|s| s.max_duration = Some(most))
    }

    /// Explore only executions with at most that many preemptions.
    pub fn max_preemptions(self, most: u32) -> Self {
        self.set(|s| s.max_preemptions = Some(most))
    }

    /// Count every failing execution in place of stopping at the first.
    pub fn keep_going(self, on: bool) -> Self {
        self.set(|s| s.keep_going = on)
    }

    /// What sleeps and timeouts mean on the native engine.
    ///
    /// ```
    /// use selvedge_core::time::Time;
    /// use selvedge_engines::Explorer;
    /// use selvedge_runtime::{thread, time::{Duration, Instant}};
    ///
    /// let nap = || {
    ///     let start = Instant::now();
    ///     let t = thread::spawn(|| thread::sleep(Duration::from_secs(3600)));
    ///     t.join().unwrap();
    ///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
    /// };
    /// assert!(Explorer::new().time(Time::Virtual).run(nap).exhausted());
    /// ```
    pub fn time(self, time: Time) -> Self {
        self.set(|s| s.time = time)
    }

    /// Looks for so long for a simpler execution of each failure, on the native
    /// engine: 2 seconds by default. Zero: failures are shown as they were met.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use selvedge_engines::Explorer;
    ///
    /// let report = Explorer::new().simplify_for(Duration::ZERO).run(|| panic!("at once"));
    /// assert_eq!(report.failures()[0].story.simplified, None);
    /// ```
    pub fn simplify_for(self, budget: Duration) -> Self {
        self.set(|s| s.simplify_for = budget)
    }

    /// How many workers the native engine's exhaustive search has: one for
    /// each core by default. The report is the same for any number.
    pub fn workers(self, workers: usize) -> Self {
        self.set(|s| s.workers = Some(workers))
    }

    /// Saves the state of an exhaustive search to this file every few seconds,
    /// and at its end.
    pub fn checkpoint(self, file: impl Into<PathBuf>) -> Self {
        self.set(|s| s.checkpoint = Some(file.into()))
    }

    /// Goes on with the search that was saved to this file, and saves it there
    /// unless [`checkpoint`](Self::checkpoint) names another one. If that names
    /// this file, too, and there is no such file, the search begins.
    pub fn resume(self, file: impl Into<PathBuf>) -> Self {
        self.set(|s| s.resume = Some(file.into()))
    }

    /// Explores one part of an exhaustive search, and writes its result to
    /// this file: [`merge`](crate::merge) makes one report of all parts.
    pub fn shard(self, shard: Shard, file: impl Into<PathBuf>) -> Self {
        self.set(|s| (s.shard, s.part) = (Some(shard), Some(file.into())))
    }

    /// The name by which reports and schedules call the program.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set(|s| s.name = Some(name.into()))
    }

    /// Explores the program. Never panics because the program fails.
    pub fn run(self, body: impl Fn() + Send + Sync + 'static) -> Report {
        self.run_with_progress(body, &mut |_| true)
    }

    /// The same; `progress` is called now and then with the report so far, and
    /// ends the exploration by returning false. Only the native engine calls it.
    pub fn run_with_progress(
        self,
        body: impl Fn() + Send + Sync + 'static,
        progress: &mut dyn FnMut(&Report) -> bool,
    ) -> Report {
        let settings = match self.settings {
            Ok(settings) => settings,
            Err(what) => return Report::error(default_engine(), "none", what),
        };
        let body: Body = Arc::new(body);
        match (settings.engine, self.strategy) {
            (Engine::Native, Some(mut strategy)) => {
                native::run_with(&settings, &mut *strategy, settings.max_executions, body, progress)
            }
            (Engine::Native, None) => native::run(&settings, body, progress),
            (engine, None) => match search::check_is_not_asked(&settings) {
                Ok(()) => foreign::run(&settings, body),
                Err(what) => Report::error(engine, "none", what),
            },
            (engine, Some(strategy)) => Report::error(
                engine,
                strategy.name(),
                format!("the {engine} engine has strategies of its own"),
            ),
        }
    }

    /// Repeats one execution on the native engine.
    pub fn replay(self, schedule: Schedule, body: impl Fn() + Send + Sync + 'static) -> Replayed {
        self.repeat(schedule, Arc::new(body), None)
    }

    /// The same; each step is given to `tell` in words when it has taken effect,
    /// before its thread goes on, on the thread that called.
    pub fn replay_step_by_step(
        self,
        schedule: Schedule,
        body: impl Fn() + Send + Sync + 'static,
        tell: &mut dyn FnMut(&str),
    ) -> Replayed {
        self.repeat(schedule, Arc::new(body), Some(tell))
    }

    fn repeat(self, schedule: Schedule, body: Body, tell: Option<&mut Tell<'_>>) -> Replayed {
        match self.settings {
            Ok(settings) => native::replay(&settings, schedule, body, tell),
            Err(what) => Replayed {
                report: Report::error(Engine::Native, "replay", what),
                trace: Trace::default(),
            },
        }
    }

    /// The settings so far.
    ///
    /// # Errors
    /// One sentence, if a variable of the environment cannot be read.
    pub fn settings(&self) -> Result<&Settings, &str> {
        self.settings.as_ref().map_err(String::as_str)
    }

    /// Whether the settings make sense: an error to be told before anything is run.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self) -> Result<(), String> {
        match &self.settings {
            Err(what) => Err(what.clone()),
            Ok(settings) if settings.engine == Engine::Native => native::check(settings),
            Ok(settings) => search::check_is_not_asked(settings),
        }
    }
}

/// The engine whose types are `selvedge::sync` and so on in this build.
fn default_engine() -> Engine {
    if cfg!(loom) {
        Engine::Loom
    } else if cfg!(shuttle) {
        Engine::Shuttle
    } else {
        Engine::Native
    }
}
