//! The result of an exploration: a value that renderers read.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Fault};

/// What runs the program under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Selvedge's own deterministic runtime.
    Native,
    /// The loom crate.
    Loom,
    /// The shuttle crate.
    Shuttle,
    /// Real threads: the stress test.
    Std,
}

impl Engine {
    /// All engines.
    pub const ALL: [Engine; 4] = [Engine::Native, Engine::Loom, Engine::Shuttle, Engine::Std];

    /// The name used on the command line and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Native => "native",
            Engine::Loom => "loom",
            Engine::Shuttle => "shuttle",
            Engine::Std => "std",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Engine::ALL.into_iter().find(|e| e.as_str() == name).ok_or_else(|| {
            format!("unknown engine '{name}': it is one of native, loom, shuttle, std")
        })
    }
}

/// Why an exploration ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Every behaviour was seen: nothing is left to explore.
    Exhausted,
    /// It was asked to stop at the first failure, and met one.
    Failure,
    /// The number of executions was used up.
    Executions,
    /// The time was used up.
    Time,
    /// Something was left out on purpose, for the reason given (a bound on
    /// preemptions, an engine that samples).
    Bounded(String),
    /// It could not be carried out.
    Error(String),
}

/// What can be said of the program after an exploration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A failing execution was found.
    Fails,
    /// A proof, for the stated memory model: every behaviour was seen.
    HoldsExhausted,
    /// No failure was met, and this is no proof; says what stopped the search.
    HoldsBounded(String),
    /// The exploration could not be carried out.
    Error(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Fails => f.write_str("fails"),
            Verdict::HoldsExhausted => f.write_str("holds, exhausted"),
            Verdict::HoldsBounded(why) => write!(f, "holds, bounded ({why})"),
            Verdict::Error(what) => write!(f, "error: {what}"),
        }
    }
}

/// The result of an exploration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The engine that ran the program.
    pub engine: Engine,
    /// The strategy, in the form in which it can be asked for again.
    pub strategy: String,
    /// The memory model that the engine explores, for example `sc`.
    pub memory_model: String,
    /// The seed of what was drawn at random.
    pub seed: u64,
    /// Executions that ran to their end (a failure is an end).
    pub executions: u64,
    /// Executions abandoned because an equivalent one had been seen.
    pub blocked: u64,
    /// Executions that failed.
    pub failing: u64,
    /// Visible operations over all executions, where the engine counts them.
    pub steps: u64,
    /// Wall time.
    pub elapsed: Duration,
    /// Why it ended.
    pub end: End,
    /// The failures met, each kind and name once, in the order in which they were met.
    pub failures: Vec<Failure>,
    /// What an exhausted search rests on beyond the memory model, in sentences.
    pub assumptions: Vec<String>,
}

impl Report {
    /// An empty report, to be filled by an engine.
    pub fn new(engine: Engine, strategy: impl Into<String>, seed: u64) -> Self {
        Report {
            engine,
            strategy: strategy.into(),
            memory_model: match engine {
                Engine::Native | Engine::Shuttle => "sc",
                Engine::Loom => "c11",
                Engine::Std => "hardware",
            }
            .to_owned(),
            seed,
            executions: 0,
            blocked: 0,
            failing: 0,
            steps: 0,
            elapsed: Duration::ZERO,
            end: End::Executions,
            failures: Vec::new(),
            assumptions: Vec::new(),
        }
    }

    /// A report that says only that the exploration could not be carried out.
    pub fn error(engine: Engine, strategy: impl Into<String>, what: impl Into<String>) -> Self {
        Report { end: End::Error(what.into()), ..Report::new(engine, strategy, 0) }
    }

    /// What can be said of the program.
    pub fn verdict(&self) -> Verdict {
        if let End::Error(what) = &self.end {
            return Verdict::Error(what.clone());
        }
        if !self.failures.is_empty() {
            return Verdict::Fails;
        }
        match &self.end {
            End::Exhausted => Verdict::HoldsExhausted,
            End::Failure => Verdict::Fails,
            End::Executions => {
                let s = if self.executions == 1 { "" } else { "s" };
                Verdict::HoldsBounded(format!("{} execution{s}", self.executions))
            }
            End::Time => Verdict::HoldsBounded(format!("{:.1?}", self.elapsed)),
            End::Bounded(why) => Verdict::HoldsBounded(why.clone()),
            End::Error(what) => Verdict::Error(what.clone()),
        }
    }

    /// Executions that ran to their end. For a search that visits each
    /// behaviour once, the number of behaviours.
    pub fn executions(&self) -> u64 {
        self.executions
    }

    /// Executions abandoned because an equivalent one had been seen.
    pub fn blocked(&self) -> u64 {
        self.blocked
    }

    /// True if every behaviour was seen.
    pub fn exhausted(&self) -> bool {
        self.end == End::Exhausted
    }

    /// The failures met, each kind and name once.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Counts one failing execution, and keeps the first of each kind and name.
    ///
    /// `schedule` is asked, with the index of the fault, only if the failure
    /// is a new one.
    pub fn record(&mut self, faults: &[Fault], mut schedule: impl FnMut(usize) -> Option<String>) {
        if faults.is_empty() {
            return;
        }
        self.failing += 1;
        for (index, fault) in faults.iter().enumerate() {
            match self.failures.iter_mut().find(|f| f.is_same(fault)) {
                Some(known) => known.count += 1,
                None => self.failures.push(Failure {
                    fault: fault.clone(),
                    schedule: schedule(index),
                    executions: self.executions,
                    count: 1,
                    trace: None,
                }),
            }
        }
    }
}
