//! What each thread did in one execution, in words: the input of every
//! renderer.

use serde::{Deserialize, Serialize};

use crate::place::Place;

/// One execution, step by step, in the order in which it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The threads, in the order of their column; the main thread first.
    pub threads: Vec<TraceThread>,
    /// The steps.
    pub steps: Vec<TraceStep>,
}

/// A thread of a [`Trace`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceThread {
    /// The path of spawns: `0` is the main thread, `2` its second child,
    /// `2.1` the first child of that one.
    pub id: String,
    /// The name given by the program, or `main`, or `t` and the id.
    pub name: String,
}

/// What a step of a [`Trace`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A visible operation: a point where another thread could have been scheduled.
    Operation,
    /// An access to plain memory.
    Access,
    /// The program's own remark (`note!`).
    Note,
    /// The thread waits, now and until the end, for what the text says.
    Blocked,
    /// The failure itself.
    Failure,
}

/// One row of a drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    /// Index into [`Trace::threads`].
    pub thread: usize,
    /// What it is.
    pub kind: StepKind,
    /// What the thread did, in words: `lock accounts`, `load closed = 0`.
    pub text: String,
    /// The name of the object, if the step is on one.
    pub object: Option<String>,
    /// Where in the user's code.
    pub place: Option<Place>,
}

impl Trace {
    /// How often the thread that takes steps changes, counted over operations.
    pub fn switches(&self) -> usize {
        let mut threads =
            self.steps.iter().filter(|s| s.kind == StepKind::Operation).map(|s| s.thread);
        let Some(mut last) = threads.next() else {
            return 0;
        };
        let mut switches = 0;
        for thread in threads {
            switches += usize::from(thread != last);
            last = thread;
        }
        switches
    }

    /// The number of visible operations.
    pub fn operations(&self) -> usize {
        self.steps.iter().filter(|s| s.kind == StepKind::Operation).count()
    }
}
