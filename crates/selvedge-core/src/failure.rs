//! What can go wrong in an execution, as data: the outermost layer decides
//! whether to print it, to count it or to panic.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::trace::Trace;

pub use crate::place::Place;

/// The kind of a failure. The names are those of the JSON report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// A condition stated with `invariant!` was false.
    Invariant,
    /// A panic left a thread.
    Panic,
    /// Unfinished threads, the main one among them, and none can go on.
    Deadlock,
    /// Two accesses to plain memory, one a write, that nothing orders.
    DataRace,
    /// The main thread returned and another thread can never end.
    Leak,
    /// Threads spin, and nobody is left who could release them.
    Livelock,
    /// A thread locks a mutex that it holds.
    DoubleLock,
    /// An execution took more steps than allowed.
    StepBound,
    /// The program did something else when its schedule was repeated.
    Nondeterminism,
}

impl FailureKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [FailureKind; 9] = [
        FailureKind::Invariant,
        FailureKind::Panic,
        FailureKind::Deadlock,
        FailureKind::DataRace,
        FailureKind::Leak,
        FailureKind::Livelock,
        FailureKind::DoubleLock,
        FailureKind::StepBound,
        FailureKind::Nondeterminism,
    ];

    /// The name used in JSON, for example `data_race`.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Invariant => "invariant",
            FailureKind::Panic => "panic",
            FailureKind::Deadlock => "deadlock",
            FailureKind::DataRace => "data_race",
            FailureKind::Leak => "leak",
            FailureKind::Livelock => "livelock",
            FailureKind::DoubleLock => "double_lock",
            FailureKind::StepBound => "step_bound",
            FailureKind::Nondeterminism => "nondeterminism",
        }
    }

    /// The name for people, for example `data race`.
    pub fn words(self) -> &'static str {
        match self {
            FailureKind::Invariant => "invariant broken",
            FailureKind::Panic => "panic",
            FailureKind::Deadlock => "deadlock",
            FailureKind::DataRace => "data race",
            FailureKind::Leak => "leak",
            FailureKind::Livelock => "livelock",
            FailureKind::DoubleLock => "double lock",
            FailureKind::StepBound => "step bound",
            FailureKind::Nondeterminism => "nondeterminism",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One line of explanation that belongs to a failure: who waits for what,
/// the other access of a data race, and so on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// A sentence, without the place.
    pub text: String,
    /// Where in the user's code, if there is such a place.
    pub place: Option<Place>,
}

/// A failure as it is met in one execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of failure.
    pub kind: FailureKind,
    /// The name of the invariant; for other kinds the kind's own words.
    pub name: String,
    /// What the user's code or the engine says about it.
    pub message: String,
    /// Where it happened.
    pub place: Option<Place>,
    /// Further lines of explanation.
    pub details: Vec<Detail>,
}

impl Fault {
    /// A fault of a kind that has no name of its own.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Fault {
            kind,
            name: kind.words().to_owned(),
            message: message.into(),
            place: None,
            details: Vec::new(),
        }
    }

    /// A broken invariant.
    pub fn invariant(name: impl Into<String>, message: impl Into<String>) -> Self {
        Fault { name: name.into(), ..Fault::new(FailureKind::Invariant, message) }
    }

    /// True if both are reported as one: of the same kind and name, and, for
    /// panics, of the same place.
    pub fn is_same(&self, other: &Fault) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && (self.kind != FailureKind::Panic || self.place == other.place)
    }

    /// The same fault, with its place.
    pub fn at(mut self, place: impl Into<Place>) -> Self {
        self.place = Some(place.into());
        self
    }

    /// The same fault, with one more line of explanation.
    pub fn detail(mut self, text: impl Into<String>, place: Option<Place>) -> Self {
        self.details.push(Detail { text: text.into(), place });
        self
    }
}

/// A failure of the program under test, as reported: all executions that
/// failed with the same kind and name, with one schedule that shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened in the execution that is shown.
    pub fault: Fault,
    /// The schedule that leads to it, in the engine's own printable form; the
    /// native engine's can be given to `replay`.
    pub schedule: Option<String>,
    /// How many executions had been completed when it was first met, that one included.
    pub executions: u64,
    /// In how many executions it was met.
    pub count: u64,
    /// What each thread did, step by step, where the engine can tell.
    pub trace: Option<Trace>,
    /// What helps to understand it.
    #[serde(default)]
    pub story: Story,
}

/// What helps to understand a failure, beyond its drawing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// What went wrong, in words, where it is a pattern that is known.
    pub explanation: Option<Explanation>,
    /// How much simpler the execution that is shown is than the one that was met.
    pub simplified: Option<Simplified>,
    /// The execution that was met, if another one is shown.
    pub met: Option<Trace>,
    /// One that does not fail, and is like the one that is shown up to as late
    /// a step as possible.
    pub passing: Option<Trace>,
}

/// What went wrong, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// What the pattern is called: `lost update`.
    pub pattern: String,
    /// A sentence about this execution.
    pub text: String,
    /// The steps that decide, as indices into [`Trace::steps`].
    pub steps: Vec<usize>,
    /// Their lines of the user's code, each once, where they could be read.
    pub lines: Vec<SourceLine>,
}

/// A line of the user's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLine {
    /// Where it is.
    pub place: Place,
    /// What stands there, without the white space around it.
    pub code: String,
}

/// How large an execution is, for a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Threads that take part.
    pub threads: usize,
    /// Visible operations.
    pub steps: usize,
    /// Steps by another thread than the one before.
    pub switches: usize,
    /// Switches away from a thread that could have gone on.
    pub preemptions: usize,
}

/// What the search for a simpler execution with the same failure has achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simplified {
    /// The execution that was met.
    pub before: Size,
    /// The one that is shown.
    pub after: Size,
    /// No execution with fewer preemptions fails in this way: all were tried.
    pub least: bool,
    /// How many executions were run for it.
    pub executions: u64,
    /// How long that took.
    pub elapsed: Duration,
    /// How long it might take. If not all with fewer preemptions were tried, it
    /// was not enough.
    pub budget: Duration,
}

impl Failure {
    /// The kind of the failure.
    pub fn kind(&self) -> FailureKind {
        self.fault.kind
    }

    /// The name of the broken invariant, or the words for the kind.
    pub fn name(&self) -> &str {
        &self.fault.name
    }

    /// What the user's code or the engine says about it.
    pub fn message(&self) -> &str {
        &self.fault.message
    }

    /// The schedule that leads to the failure.
    pub fn schedule(&self) -> Option<&str> {
        self.schedule.as_deref()
    }

    /// Counts the faults of one execution, the `executions`-th, in a list of
    /// failures; a failure that is not in it yet is added.
    ///
    /// `schedule` is asked, with the index of the fault, for those that are new.
    pub(crate) fn record(
        failures: &mut Vec<Failure>,
        faults: &[Fault],
        executions: u64,
        mut schedule: impl FnMut(usize) -> Option<String>,
    ) {
        for (index, fault) in faults.iter().enumerate() {
            match failures.iter_mut().find(|f| f.is_same(fault)) {
                Some(known) => known.count += 1,
                None => failures.push(Failure {
                    fault: fault.clone(),
                    schedule: schedule(index),
                    executions,
                    count: 1,
                    trace: None,
                    story: Story::default(),
                }),
            }
        }
    }

    /// Adds the failures that were met later, after so many more executions.
    pub(crate) fn append(failures: &mut Vec<Failure>, later: Vec<Failure>, executions: u64) {
        for new in later {
            match failures.iter_mut().find(|f| f.is_same(&new.fault)) {
                Some(known) => known.count += new.count,
                None => {
                    failures.push(Failure { executions: new.executions + executions, ..new });
                }
            }
        }
    }

    /// True if both are reported as one: of the same kind and name, and, for
    /// panics, of the same place.
    pub fn is_same(&self, fault: &Fault) -> bool {
        self.fault.is_same(fault)
    }
}
