//! One execution as the search sees it: threads with their announced
//! operations, objects with their states, the events so far.
//!
//! The world is reused for all executions of an exploration: identities are
//! interned once, memory is kept.

mod choices;
mod describe;
mod enabled;
mod happens_before;
mod identity;
mod numbering;
mod objects;
mod race;
mod spin;
mod step;
mod time;
mod trace;
mod united;

use std::panic::Location;
use std::sync::Arc;

use crate::clock::Clock;
use crate::dependence::{Footprint, footprint};
use crate::failure::{FailureKind, Fault};
use crate::id::{EventId, ObjectId, ThreadId, ThreadPath};
use crate::model::ObjectState;
use crate::op::{Access, Op, OpKind, SelectOp};

pub use choices::{Choices, MAX_CASES};
use enabled::{Enabled, Gate};
use happens_before::ObjectClocks;
pub(crate) use identity::op_code;
pub use numbering::Numbering;
use race::CellHistory;
use spin::Spin;
use time::Timer;
pub use united::Group;
use united::Presumed;

/// Whether a thread exists in this execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Life {
    /// Not (yet).
    #[default]
    Absent,
    /// It runs, or is parked at the operation that it has announced.
    Alive,
    /// It has ended.
    Finished,
}

#[derive(Debug, Default)]
struct Thread {
    // Identity: the same in every execution.
    parent: Option<ThreadId>,
    nth: u32,
    children: Vec<ThreadId>,
    objects: Vec<ObjectId>,
    made: Vec<ObjectId>,
    // This execution.
    life: Life,
    /// The operation at which it is parked.
    announced: Option<Op>,
    gate: Gate,
    events: u32,
    spawned: u32,
    /// How many objects it was the first to use.
    created: u32,
    /// How many channels it has made.
    channels: u32,
    /// The name that the program gave to it in the last execution that did.
    name: Option<Arc<str>>,
    /// It did in this one.
    named: bool,
    park: Option<ObjectId>,
    /// Happens-before: what this thread's next operation is ordered after.
    hb: Clock,
    /// What its relaxed loads read, waiting for an acquire fence.
    acquirable: Clock,
    /// What its last release fence published.
    fenced: Clock,
    spin: Spin,
    /// Without virtual time: the nanoseconds that it has seen pass.
    passed: u64,
}

#[derive(Debug)]
struct Object {
    creator: ThreadId,
    nth: u32,
    /// The least of the objects that are one location.
    location: ObjectId,
    state: ObjectState,
    name: Option<&'static str>,
    /// Counts the changes of `state` by value.
    version: u32,
    /// How many threads are parked at operations that it may block.
    waiters: u32,
    clocks: ObjectClocks,
    history: CellHistory,
}

/// An operation that has taken effect.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The thread.
    pub thread: ThreadId,
    /// The index of the operation within its thread, from 1.
    pub index: u32,
    /// The operation.
    pub op: Op,
    /// What was chosen where the operation has several outcomes, else 0.
    pub choice: u32,
    /// What the thread got.
    pub answer: u64,
    /// How it touched its object; `None` where it commutes with everything.
    pub access: Option<Access>,
    /// True if the state of its object was another one afterwards.
    pub changed: bool,
}

impl Event {
    /// The event's identity.
    pub fn id(&self) -> EventId {
        EventId { thread: self.thread, index: self.index }
    }
}

/// An entry of the log from which an execution is drawn.
#[derive(Clone, Debug)]
enum Logged {
    Event(usize),
    Access {
        thread: ThreadId,
        cell: ObjectId,
        write: bool,
        at: &'static Location<'static>,
    },
    /// What a lock guards is looked at or changed by the thread that holds it.
    Guarded {
        thread: ThreadId,
        lock: ObjectId,
        write: bool,
    },
    Note {
        thread: ThreadId,
        text: String,
        at: &'static Location<'static>,
    },
}

/// One execution as the search sees it.
#[derive(Debug)]
pub struct World {
    threads: Vec<Thread>,
    /// The threads of this execution, in order of creation.
    live: Vec<ThreadId>,
    /// Those of them that have not ended, in the same order.
    unfinished: Vec<ThreadId>,
    enabled: Enabled,
    objects: Vec<Object>,
    /// The objects of this execution, in order of creation.
    registered: Vec<ObjectId>,
    /// The channels of announced selects.
    cases: Vec<ObjectId>,
    events: Vec<Event>,
    /// What the last step answered.
    answer: u64,
    faults: Vec<Fault>,
    /// How many events there were when each of them was met.
    faulty_after: Vec<usize>,
    /// An execution goes on after a thread has failed.
    runs_on: bool,
    log: Option<Vec<Logged>>,
    /// How many events and log entries there were when a sleeping spinner was
    /// first woken in vain.
    first_wake: Option<(usize, usize)>,
    timer: Timer,
    /// How many events were forgotten, since nothing came of them.
    forgotten: usize,
    // Of all executions.
    /// The numbers of threads, if they are those of other worlds, too.
    numbering: Option<Arc<Numbering>>,
    united: bool,
    /// The program touches plain memory: happens-before is kept track of.
    keeps_clocks: bool,
    /// A step is nothing but its effect and its event.
    plain: bool,
    /// Threads take common steps themselves.
    threads_step: bool,
    /// The effect of the step that was decided is left to its thread.
    left_to_thread: bool,
    presumed: Vec<Presumed>,
    assumed: Vec<&'static Location<'static>>,
    gave_up: Vec<&'static Location<'static>>,
}

impl Default for World {
    fn default() -> Self {
        World::new()
    }
}

impl World {
    /// An empty world.
    pub fn new() -> Self {
        World {
            threads: vec![Thread::default()],
            live: Vec::new(),
            unfinished: Vec::new(),
            enabled: Enabled::default(),
            objects: Vec::new(),
            registered: Vec::new(),
            cases: Vec::new(),
            events: Vec::new(),
            answer: 0,
            faults: Vec::new(),
            faulty_after: Vec::new(),
            runs_on: false,
            log: None,
            first_wake: None,
            timer: Timer::default(),
            forgotten: 0,
            numbering: None,
            united: false,
            keeps_clocks: false,
            plain: true,
            threads_step: false,
            left_to_thread: false,
            presumed: Vec::new(),
            assumed: Vec::new(),
            gave_up: Vec::new(),
        }
    }

    /// True if all threads have ended, and none was woken in vain before.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.unfinished.is_empty() && self.first_wake.is_none()
    }

    /// Forgets the last execution and makes the main thread of the next.
    pub fn begin(&mut self) {
        self.catch_up_numbers();
        for thread in self.live.drain(..) {
            let t = &mut self.threads[thread.index()];
            t.life = Life::Absent;
            t.announced = None;
            t.gate = Gate::Shut;
            (t.events, t.spawned, t.created, t.channels) = (0, 0, 0, 0);
            t.named = false;
            t.park = None;
            if self.keeps_clocks {
                t.hb.clear();
                t.acquirable.clear();
                t.fenced.clear();
            }
            t.spin.clear();
            t.passed = 0;
        }
        self.timer.clear();
        self.left_to_thread = false;
        self.unfinished.clear();
        self.enabled.clear();
        self.registered.clear();
        self.cases.clear();
        self.events.clear();
        self.faults.clear();
        self.faulty_after.clear();
        self.first_wake = None;
        self.forgotten = 0;
        if let Some(log) = &mut self.log {
            log.clear();
        }
        self.threads[0].life = Life::Alive;
        self.live.push(ThreadId::MAIN);
        self.unfinished.push(ThreadId::MAIN);
    }

    /// Keeps, or no longer keeps, what a drawing needs beyond the events.
    pub fn set_recording(&mut self, on: bool) {
        self.log = on.then(Vec::new);
        self.plain = !on && !self.keeps_clocks;
    }

    /// True if remarks are kept: they need not be made otherwise.
    pub fn is_recording(&self) -> bool {
        self.log.is_some()
    }

    // ---- for the machine --------------------------------------------------

    /// Parks `thread` at its next operation.
    ///
    /// Inlined, so that the operation is written once, to where it is read:
    /// copying it just after it was written would stall.
    #[inline(always)]
    pub fn announce(&mut self, thread: ThreadId, op: Op) {
        let Op { kind, object, at } = op;
        let gate = Gate::of(kind, object);
        let t = &mut self.threads[thread.index()];
        t.announced = Some(Op { kind, object, at });
        t.gate = gate;
        if gate == Gate::Open && self.enabled.is_running(thread) && !t.spin.is_watched() {
            self.enabled.goes_on();
        } else {
            self.shut_gate(thread);
        }
    }

    /// A child of the main thread that exists from the start, without having
    /// been spawned by an operation.
    pub fn adopt(&mut self) -> ThreadId {
        self.new_thread(ThreadId::MAIN)
    }

    /// `thread` has ended.
    pub fn finish(&mut self, thread: ThreadId) {
        self.threads[thread.index()].life = Life::Finished;
        if let Some(at) = self.unfinished.iter().position(|t| *t == thread) {
            self.unfinished.remove(at);
        }
        let (threads, unfinished) = (&self.threads, &self.unfinished);
        self.enabled.ends(thread, || {
            unfinished.iter().any(|t| threads[t.index()].gate == Gate::Ended(thread))
        });
    }

    /// Something went wrong: the execution ends here, or, if it
    /// [runs on](Self::runs_on), the thread does.
    pub fn fail(&mut self, fault: Fault) {
        self.enabled.changes();
        self.faults.push(fault);
        self.faulty_after.push(self.events.len());
    }

    /// True if an execution goes on with the other threads after one has
    /// failed: that one must not go on, nor end.
    pub fn runs_on(&self) -> bool {
        self.runs_on
    }

    /// Names a thread for reports.
    pub fn name_thread(&mut self, thread: ThreadId, name: &str) {
        let t = &mut self.threads[thread.index()];
        t.named = true;
        // Most programs give the same name in each execution.
        if t.name.as_deref() != Some(name) {
            t.name = Some(name.into());
        }
    }

    /// The name that the program gave to a thread.
    pub fn given_name(&self, thread: ThreadId) -> Option<&Arc<str>> {
        let t = &self.threads[thread.index()];
        t.name.as_ref().filter(|_| t.named)
    }

    /// The program's own remark, for the drawing.
    pub fn note(&mut self, thread: ThreadId, text: String, at: &'static Location<'static>) {
        if let Some(log) = &mut self.log {
            log.push(Logged::Note { thread, text, at });
        }
    }

    /// What a lock guards is looked at or changed by the thread that holds it:
    /// for the drawing.
    pub fn guarded(&mut self, thread: ThreadId, lock: ObjectId, write: bool) {
        if let Some(log) = &mut self.log {
            log.push(Logged::Guarded { thread, lock, write });
        }
    }

    /// An access to plain memory, which must be ordered with each access
    /// before it unless both read.
    pub fn access(
        &mut self,
        thread: ThreadId,
        cell: ObjectId,
        write: bool,
        at: &'static Location<'static>,
    ) {
        if let Some(log) = &mut self.log {
            log.push(Logged::Access { thread, cell, write, at });
        }
        if !self.keeps_clocks {
            self.start_clocks();
        }
        let t = &self.threads[thread.index()];
        let now = EventId { thread, index: t.events + 1 };
        let race = self.objects[cell.index()].history.access(now, &t.hb, write, at);
        if let Some(earlier) = race {
            let fault = self.describe_race(cell, now, write, at, &earlier);
            self.fail(fault);
        }
    }

    // ---- for the driver and its strategies --------------------------------

    /// The threads of this execution, in order of creation.
    pub fn threads(&self) -> &[ThreadId] {
        &self.live
    }

    /// How many operations a thread has executed.
    pub fn events_of(&self, thread: ThreadId) -> u32 {
        self.threads[thread.index()].events
    }

    /// A number above those of all threads of this and all earlier executions.
    pub(crate) fn most_threads(&self) -> usize {
        self.threads.len()
    }

    /// The answer of the last step.
    #[inline]
    pub fn answer(&self) -> u64 {
        self.answer
    }

    /// How many operations have taken effect, those included that are no
    /// [events](Self::events): of loops that were woken in vain.
    pub fn effort(&self) -> u64 {
        (self.events.len() + self.forgotten) as u64
    }

    /// The events so far.
    #[inline]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What went wrong so far.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The events that led to a fault, by its index.
    pub(crate) fn events_to_fault(&self, fault: usize) -> &[Event] {
        &self.events[..self.faulty_after[fault].min(self.events.len())]
    }

    /// Whether executions go on after a thread has failed.
    pub fn set_running_on(&mut self, on: bool) {
        self.runs_on = on;
    }

    /// True if what went wrong ends the execution: that of one thread does
    /// not, if the execution runs on.
    #[inline]
    pub fn is_cut(&self) -> bool {
        !self.faults.is_empty() && self.faults_cut()
    }

    #[cold]
    fn faults_cut(&self) -> bool {
        use FailureKind::{DoubleLock, Invariant, Panic};
        let of_one_thread = |f: &Fault| matches!(f.kind, Invariant | Panic | DoubleLock);
        !(self.runs_on && self.faults.iter().all(of_one_thread))
    }

    /// The operation that a parked thread has announced.
    #[inline]
    pub fn announced(&self, thread: ThreadId) -> Option<&Op> {
        self.threads[thread.index()].announced.as_ref()
    }

    /// The present state of an object.
    pub fn state(&self, object: ObjectId) -> &ObjectState {
        &self.objects[object.index()].state
    }

    /// True if the operation announced by `thread` commutes with whatever
    /// other threads may do, now and later.
    pub fn is_local(&self, thread: ThreadId) -> bool {
        self.announced(thread).is_some_and(|op| footprint(&op.kind) == Footprint::Local)
    }

    /// True if the operation announced by `thread` depends on `event`: the
    /// last event, executed by another thread.
    pub fn depends_on(&self, thread: ThreadId, event: &Event) -> bool {
        let Some(op) = self.announced(thread) else {
            return false;
        };
        if self.is_local(thread) {
            return false;
        }
        let Some((theirs, access)) = self.access_of(event) else {
            return false;
        };
        let mine = match op.kind {
            OpKind::Select(select) => self.case_channels(select).first().copied(),
            _ => op.object,
        };
        let Some(mine) = mine.filter(|o| self.location(*o) == self.location(theirs)) else {
            return false;
        };
        let mine = match op.kind {
            // Whether a case is ready matters, and a ready one may be written.
            OpKind::Select(_) => None,
            kind => self.state(mine).would(&kind, thread),
        };
        // What one that is not enabled will do is open, but for those that only read.
        let reads = footprint(&op.kind) == Footprint::Reads;
        let open = if reads { Access::Read } else { Access::Write };
        crate::op::depend(mine.unwrap_or(open), access)
    }

    /// The object that an event touched, and how.
    pub fn access_of(&self, event: &Event) -> Option<(ObjectId, Access)> {
        self.touched(event).zip(event.access)
    }

    /// The object that an event is on: of a select, the channel that was ready.
    #[inline]
    pub(crate) fn touched(&self, event: &Event) -> Option<ObjectId> {
        match event.op.kind {
            OpKind::Select(select) => {
                self.case_channels(select).get(SelectOp::case(event.answer)).copied()
            }
            _ => event.op.object,
        }
    }

    // ---- identities --------------------------------------------------------

    /// The path of spawns of a thread.
    pub fn path(&self, thread: ThreadId) -> ThreadPath {
        let t = &self.threads[thread.index()];
        match t.parent {
            None => ThreadPath::default(),
            Some(parent) => self.path(parent).child(t.nth),
        }
    }

    /// The thread with that path, if it exists in this execution.
    pub fn by_path(&self, path: &ThreadPath) -> Option<ThreadId> {
        let mut thread = ThreadId::MAIN;
        for &nth in &path.0 {
            thread = *self.threads[thread.index()].children.get(nth.checked_sub(1)? as usize)?;
        }
        (self.threads[thread.index()].life != Life::Absent).then_some(thread)
    }

    // ---- inner workings ----------------------------------------------------

    fn object_of(&self, op: &Op) -> &ObjectState {
        self.state(op.object.expect("an operation on an object names it"))
    }
}
