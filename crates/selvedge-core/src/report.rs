//! The result of an exploration: a value that renderers read.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Fault};
use crate::time::Time;

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
    /// All of one of several parts of a search was explored, this one: what
    /// it proves is told once they are put together.
    Part(String),
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

/// An input that was drawn for a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The form in which it can be made again: `in1:0:3:ssc`.
    pub code: String,
    /// For people: `price = 12, seats = 2`.
    pub text: String,
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
    /// What sleeps and timeouts mean; of the native engine.
    #[serde(default)]
    pub time: Time,
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
    /// Parts of the search that are left to be explored, where it has such parts.
    #[serde(default)]
    pub pending: u64,
    /// The most of them that there were at a time.
    #[serde(default)]
    pub most_pending: u64,
    /// The share of the search that is done, from 0 to 1, as far as it can be
    /// estimated; 0 if it cannot.
    #[serde(default)]
    pub explored: f64,
    /// How the search was carried out, where that is not as asked, in sentences.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The input of the program, if it takes any and this is of one only.
    #[serde(default)]
    pub input: Option<Input>,
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
            time: Time::default(),
            seed,
            executions: 0,
            blocked: 0,
            failing: 0,
            steps: 0,
            elapsed: Duration::ZERO,
            end: End::Executions,
            failures: Vec::new(),
            assumptions: Vec::new(),
            pending: 0,
            most_pending: 0,
            explored: 0.0,
            notes: Vec::new(),
            input: None,
        }
    }

    /// One report of the parts of a search, in their order; `None` if there are none.
    ///
    /// Counts add up. It is exhausted if each part is; else the first part that
    /// is not says how it ended. Parts are explored at the same time: the time
    /// is that of the one that took longest.
    pub fn merged(parts: impl IntoIterator<Item = Report>) -> Option<Report> {
        let mut parts = parts.into_iter();
        let mut all = parts.next()?;
        for part in parts {
            Failure::append(&mut all.failures, part.failures, all.executions);
            all.executions += part.executions;
            all.blocked += part.blocked;
            all.failing += part.failing;
            all.steps += part.steps;
            all.pending += part.pending;
            all.most_pending = all.most_pending.max(part.most_pending);
            all.explored += part.explored;
            all.elapsed = all.elapsed.max(part.elapsed);
            all.end = match (all.end, part.end) {
                (End::Error(what), _) | (_, End::Error(what)) => End::Error(what),
                (End::Exhausted, end) => end,
                (_, End::Failure) => End::Failure,
                (end, _) => end,
            };
            for (mine, theirs) in
                [(&mut all.assumptions, part.assumptions), (&mut all.notes, part.notes)]
            {
                let new = theirs.into_iter().filter(|text| !mine.contains(text));
                let new: Vec<String> = new.collect();
                mine.extend(new);
            }
        }
        Some(all)
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
            End::Part(which) => Verdict::HoldsBounded(format!("part {which} of a search")),
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
    pub fn record(&mut self, faults: &[Fault], schedule: impl FnMut(usize) -> Option<String>) {
        if !faults.is_empty() {
            self.failing += 1;
            Failure::record(&mut self.failures, faults, self.executions, schedule);
        }
    }

    /// An estimate of the executions that the whole search has, which may have
    /// far more of them; `None` if there is nothing to estimate it from.
    ///
    /// At each execution, what is below it is taken to be divided evenly among
    /// the parts that it leaves to be explored, so that each execution stands
    /// for a share of the whole (Kilby, Slaney, Thiébaux, Walsh, *Estimating
    /// Search Tree Size*, AAAI 2006). They are not of one size, and the small
    /// ones come first.
    pub fn estimate(&self) -> Option<u64> {
        if self.exhausted() {
            return Some(self.executions);
        }
        (self.explored > 0.0).then(|| (self.executions as f64 / self.explored).round() as u64)
    }
}
