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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A visible operation: a point where another thread could have been scheduled.
    #[default]
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

/// What a step does to its object, as far as others may notice it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing of the kinds below.
    #[default]
    Other,
    /// It looks at a value.
    Read,
    /// It sets a value, whatever it was.
    Write,
    /// It makes a new value of the old one, in one step.
    Update,
    /// It takes a lock.
    Acquire,
    /// It gives a lock back.
    Release,
    /// It tries to take a lock, and cannot.
    Refused,
    /// It begins to wait for a notification, or waits for something for ever.
    Wait,
    /// It notifies so many threads.
    Notify(u32),
    /// It gives a message away.
    Send,
    /// It gets a message.
    Receive,
    /// It makes one handle more, or one fewer: a clone or a drop that is counted.
    Handle,
    /// It starts a thread.
    Spawn,
    /// A thread that it waited for has ended.
    Join,
    /// One of several values was chosen.
    Choose,
}

/// One row of a drawing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What it does to its object.
    #[serde(default)]
    pub role: Role,
    /// The value that an atomic had before.
    #[serde(default)]
    pub found: Option<String>,
    /// The value that an atomic has after it.
    #[serde(default)]
    pub left: Option<String>,
    /// Of a lock that is taken: what it guards is read while it is held.
    #[serde(default)]
    pub reads: bool,
    /// Of a lock that is taken: what it guards is changed while it is held.
    #[serde(default)]
    pub writes: bool,
    /// The steps of other threads, as indices into [`Trace::steps`], that come
    /// before this one in every execution that behaves alike: the latest with
    /// which it does not commute, the spawn of its thread, the last step of a
    /// thread that it joins.
    #[serde(default)]
    pub after: Vec<usize>,
    /// The step that left the value, or the message, that this one found.
    #[serde(default)]
    pub reads_from: Option<usize>,
    /// True if the failure would not have come about in this way without it:
    /// it is the failure, or comes before it in every execution that behaves
    /// alike. Without a failure no step matters more than others: all are true.
    #[serde(default)]
    pub matters: bool,
}

impl Trace {
    /// The number under which a step is drawn: operations are counted, and
    /// what belongs to one has its number.
    pub fn number(&self, step: usize) -> usize {
        let so_far = self.steps.iter().take(step + 1);
        so_far.filter(|s| s.kind == StepKind::Operation).count()
    }

    /// True if the step is at that line of the user's code.
    pub fn is_at(&self, step: usize, place: &Place) -> bool {
        let at = self.steps.get(step).and_then(|s| s.place.as_ref());
        at.is_some_and(|at| at.file == place.file && at.line == place.line)
    }

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
