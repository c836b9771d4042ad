//! One execution as the search sees it: threads with their announced
//! operations, objects with their states, the events so far.
//!
//! The world is reused for all executions of an exploration: identities are
//! interned once, memory is kept.

mod choices;
mod describe;
mod happens_before;
mod identity;
mod race;
mod spin;
mod step;

use std::panic::Location;
use std::sync::Arc;

use crate::clock::Clock;
use crate::failure::{FailureKind, Fault, Place};
use crate::id::{EventId, ObjectId, ThreadId, ThreadPath};
use crate::model::{ChannelState, ObjectState};
use crate::op::{Access, ChannelOp, CondvarOp, MutexOp, Op, OpKind, SelectOp, ThreadOp};

pub use choices::{Choices, MAX_CASES};
use happens_before::ObjectClocks;
pub(crate) use identity::op_code;
use race::CellHistory;
use spin::Spin;

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

/// When the announced operation is enabled, as far as that is quickly told.
#[derive(Clone, Copy, Debug, Default)]
enum Gate {
    /// Never: nothing is announced.
    #[default]
    Shut,
    /// Always.
    Open,
    /// While the mutex is free.
    Mutex(ObjectId),
    /// When what a loop looks at has changed, and the object's rules say so.
    Asleep,
    /// The rules of its object say so.
    Ask,
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
    name: Option<Arc<str>>,
    park: Option<ObjectId>,
    /// Happens-before: what this thread's next operation is ordered after.
    hb: Clock,
    /// What its relaxed loads read, waiting for an acquire fence.
    acquirable: Clock,
    /// What its last release fence published.
    fenced: Clock,
    spin: Spin,
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
    Access { thread: ThreadId, cell: ObjectId, write: bool, at: &'static Location<'static> },
    Note { thread: ThreadId, text: String, at: &'static Location<'static> },
}

/// One execution as the search sees it.
#[derive(Debug)]
pub struct World {
    threads: Vec<Thread>,
    /// The threads of this execution, in order of creation.
    live: Vec<ThreadId>,
    objects: Vec<Object>,
    /// The objects of this execution, in order of creation.
    registered: Vec<ObjectId>,
    /// The channels of announced selects.
    cases: Vec<ObjectId>,
    events: Vec<Event>,
    faults: Vec<Fault>,
    /// How many events there were when each of them was met.
    faulty_after: Vec<usize>,
    /// An execution goes on after a thread has failed.
    runs_on: bool,
    log: Option<Vec<Logged>>,
    /// How many events and log entries there were when a sleeping spinner was
    /// first woken in vain.
    first_wake: Option<(usize, usize)>,
    // Of all executions.
    united: bool,
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
            objects: Vec::new(),
            registered: Vec::new(),
            cases: Vec::new(),
            events: Vec::new(),
            faults: Vec::new(),
            faulty_after: Vec::new(),
            runs_on: false,
            log: None,
            first_wake: None,
            united: false,
            assumed: Vec::new(),
            gave_up: Vec::new(),
        }
    }

    /// Forgets the last execution and makes the main thread of the next.
    pub fn begin(&mut self) {
        for thread in self.live.drain(..) {
            let t = &mut self.threads[thread.index()];
            t.life = Life::Absent;
            t.announced = None;
            t.gate = Gate::Shut;
            (t.events, t.spawned, t.created, t.channels) = (0, 0, 0, 0);
            t.name = None;
            t.park = None;
            t.hb.clear();
            t.acquirable.clear();
            t.fenced.clear();
            t.spin.clear();
        }
        self.registered.clear();
        self.cases.clear();
        self.events.clear();
        self.faults.clear();
        self.faulty_after.clear();
        self.first_wake = None;
        if let Some(log) = &mut self.log {
            log.clear();
        }
        self.threads[0].life = Life::Alive;
        self.live.push(ThreadId::MAIN);
    }

    /// Keeps, or no longer keeps, what a drawing needs beyond the events.
    pub fn set_recording(&mut self, on: bool) {
        self.log = on.then(Vec::new);
    }

    /// True if remarks are kept: they need not be made otherwise.
    pub fn is_recording(&self) -> bool {
        self.log.is_some()
    }

    // ---- for the machine --------------------------------------------------

    /// Parks `thread` at its next operation.
    #[inline]
    pub fn announce(&mut self, thread: ThreadId, op: Op) {
        let t = &mut self.threads[thread.index()];
        t.announced = Some(op);
        t.gate = match (op.kind, op.object) {
            (OpKind::Mutex(MutexOp::Lock), Some(mutex)) => Gate::Mutex(mutex),
            (OpKind::Atomic(_) | OpKind::Mutex(_), _) => Gate::Open,
            (OpKind::Thread(ThreadOp::Spawn | ThreadOp::Yield(_) | ThreadOp::Fence(_)), _) => {
                Gate::Open
            }
            _ => Gate::Ask,
        };
        if t.spin.is_watched() && self.falls_asleep(thread, &op) {
            self.threads[thread.index()].gate = Gate::Asleep;
        }
        if let (OpKind::Mutex(MutexOp::Lock), Some(object)) = (op.kind, op.object) {
            self.check_double_lock(thread, object, op.at);
        }
    }

    /// A child of the main thread that exists from the start, without having
    /// been spawned by an operation.
    pub fn adopt(&mut self) -> ThreadId {
        self.new_thread(ThreadId::MAIN)
    }

    /// `thread` has ended.
    pub fn finish(&mut self, thread: ThreadId) {
        let t = &mut self.threads[thread.index()];
        t.life = Life::Finished;
        // Accesses after its last operation carry the number of the next one:
        // whoever joins it comes after them, too.
        t.hb.set(thread, t.events + 1);
    }

    /// Something went wrong: the execution ends here, or, if it
    /// [runs on](Self::runs_on), the thread does.
    pub fn fail(&mut self, fault: Fault) {
        self.faults.push(fault);
        self.faulty_after.push(self.events.len());
    }

    /// True if an execution goes on with the other threads after one has
    /// failed: that one must not go on, nor end.
    pub fn runs_on(&self) -> bool {
        self.runs_on
    }

    /// A new object, made or first used by `thread`, with its initial state.
    pub fn register(
        &mut self,
        thread: ThreadId,
        state: ObjectState,
        name: Option<&'static str>,
    ) -> ObjectId {
        let t = &mut self.threads[thread.index()];
        let nth = t.created as usize;
        t.created += 1;
        let known = t.objects.get(nth).copied();
        let id = self.fresh(known, thread, nth, state, name);
        if known.is_none() {
            self.threads[thread.index()].objects.push(id);
        }
        id
    }

    /// A new channel, made by `thread`. Unlike other objects a channel has its
    /// number from who makes it: the same in all executions in which it is made.
    pub fn register_channel(&mut self, thread: ThreadId, capacity: Option<u64>) -> ObjectId {
        let t = &mut self.threads[thread.index()];
        let nth = t.channels as usize;
        t.channels += 1;
        let known = t.made.get(nth).copied();
        let state = ObjectState::Channel(ChannelState::new(capacity));
        let id = self.fresh(known, thread, nth, state, None);
        if known.is_none() {
            self.threads[thread.index()].made.push(id);
        }
        id
    }

    /// Names an object for reports.
    pub fn name_object(&mut self, object: ObjectId, name: &'static str) {
        self.objects[object.index()].name = Some(name);
    }

    fn fresh(
        &mut self,
        known: Option<ObjectId>,
        creator: ThreadId,
        nth: usize,
        state: ObjectState,
        name: Option<&'static str>,
    ) -> ObjectId {
        let id = match known {
            Some(id) => {
                let object = &mut self.objects[id.index()];
                object.state = state;
                object.name = name;
                object.version = 0;
                object.clocks.clear();
                object.history.clear();
                id
            }
            None => {
                let id = ObjectId::from_index(self.objects.len());
                self.objects.push(Object {
                    creator,
                    nth: nth as u32,
                    location: id,
                    state,
                    name,
                    version: 0,
                    clocks: ObjectClocks::default(),
                    history: CellHistory::default(),
                });
                id
            }
        };
        // What its creator did before is known to whoever uses the object
        // only if they synchronise; the object itself orders nothing yet.
        self.registered.push(id);
        id
    }

    /// The park token of `thread`, made at its first use.
    pub fn park_token(&mut self, thread: ThreadId) -> ObjectId {
        if let Some(token) = self.threads[thread.index()].park {
            return token;
        }
        let token = self.register(thread, ObjectState::Park(Default::default()), None);
        self.threads[thread.index()].park = Some(token);
        token
    }

    /// The operation of a receive on one of several channels.
    ///
    /// # Panics
    /// If there are more than [`MAX_CASES`].
    pub fn select(&mut self, channels: &[ObjectId]) -> OpKind {
        assert!(channels.len() <= MAX_CASES, "a select has at most {MAX_CASES} cases");
        for pair in channels.windows(2) {
            self.unite(pair[0], pair[1]);
        }
        let first = self.cases.len() as u32;
        self.cases.extend_from_slice(channels);
        OpKind::Select(SelectOp { first, count: channels.len() as u32 })
    }

    /// Names a thread for reports.
    pub fn name_thread(&mut self, thread: ThreadId, name: Arc<str>) {
        self.threads[thread.index()].name = Some(name);
    }

    /// The name that the program gave to a thread.
    pub fn given_name(&self, thread: ThreadId) -> Option<&Arc<str>> {
        self.threads[thread.index()].name.as_ref()
    }

    /// The program's own remark, for the drawing.
    pub fn note(&mut self, thread: ThreadId, text: String, at: &'static Location<'static>) {
        if let Some(log) = &mut self.log {
            log.push(Logged::Note { thread, text, at });
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

    /// The events so far.
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
    pub fn is_cut(&self) -> bool {
        use FailureKind::{DoubleLock, Invariant, Panic};
        let of_one_thread = |f: &Fault| matches!(f.kind, Invariant | Panic | DoubleLock);
        !(self.faults.is_empty() || self.runs_on && self.faults.iter().all(of_one_thread))
    }

    /// The operation that a parked thread has announced.
    pub fn announced(&self, thread: ThreadId) -> Option<&Op> {
        self.threads[thread.index()].announced.as_ref()
    }

    /// True if the thread has ended.
    pub fn is_finished(&self, thread: ThreadId) -> bool {
        self.threads[thread.index()].life == Life::Finished
    }

    /// The present state of an object.
    pub fn state(&self, object: ObjectId) -> &ObjectState {
        &self.objects[object.index()].state
    }

    /// True if the operation announced by `thread` could take effect now.
    #[inline]
    pub fn enabled(&self, thread: ThreadId) -> bool {
        match self.threads[thread.index()].gate {
            Gate::Shut => false,
            Gate::Open => true,
            Gate::Mutex(mutex) => {
                matches!(self.state(mutex), ObjectState::Mutex(s) if s.owner.is_none())
            }
            Gate::Asleep => !self.sleeps(thread) && self.could_go_on(thread),
            Gate::Ask => self.could_go_on(thread),
        }
    }

    /// Whether the announced operation is enabled, but for the sleep of a loop.
    fn could_go_on(&self, thread: ThreadId) -> bool {
        let Some(op) = &self.threads[thread.index()].announced else { return false };
        match op.kind {
            OpKind::Thread(ThreadOp::Join(child)) => self.is_finished(child),
            OpKind::Thread(ThreadOp::Any(n)) => n > 0,
            OpKind::Thread(ThreadOp::Spawn | ThreadOp::Yield(_) | ThreadOp::Fence(_)) => true,
            OpKind::Select(select) => self.ready_cases(select) != 0,
            kind => self.object_of(op).eval(&kind, thread, 0).is_some(),
        }
    }

    /// The choices of the operation announced by an enabled thread.
    pub fn choices(&self, thread: ThreadId) -> Choices {
        match self.announced(thread) {
            Some(Op { kind: OpKind::Thread(ThreadOp::Any(n)), .. }) => Choices::Below(*n),
            Some(Op { kind: OpKind::Select(select), .. }) => {
                Choices::Among(self.ready_cases(*select))
            }
            Some(op @ Op { kind: OpKind::Condvar(_), .. }) => {
                Choices::Below(self.object_of(op).choices(&op.kind))
            }
            _ => Choices::Below(1),
        }
    }

    /// True if the operation announced by `thread` commutes with whatever
    /// other threads may do, now and later.
    pub fn is_local(&self, thread: ThreadId) -> bool {
        self.announced(thread).is_some_and(|op| {
            matches!(
                op.kind,
                OpKind::Thread(_)
                    | OpKind::Condvar(CondvarOp::Wake)
                    | OpKind::Channel(ChannelOp::Taken { .. })
            )
        })
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
        crate::op::depend(mine.unwrap_or(Access::Write), access)
    }

    /// Two channels that are received from in one select are one location:
    /// whether one of them is ready matters to who uses the other.
    fn unite(&mut self, a: ObjectId, b: ObjectId) {
        let (a, b) = (self.location(a), self.location(b));
        if a != b {
            for object in self.objects.iter_mut().filter(|o| o.location == a || o.location == b) {
                object.location = a.min(b);
            }
            self.united = true;
        }
    }

    /// The location that an object is part of: operations of different
    /// locations are independent of each other. All objects are locations of
    /// their own, but channels that are received from in one select.
    pub fn location(&self, object: ObjectId) -> ObjectId {
        self.objects[object.index()].location
    }

    /// True if objects became one location since this was last asked: what
    /// was told of independent operations before was too much.
    pub(crate) fn take_united(&mut self) -> bool {
        std::mem::take(&mut self.united)
    }

    /// The object that an event touched, and how.
    pub fn access_of(&self, event: &Event) -> Option<(ObjectId, Access)> {
        self.touched(event).zip(event.access)
    }

    /// The object that an event is on: of a select, the channel that was ready.
    fn touched(&self, event: &Event) -> Option<ObjectId> {
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

    pub(crate) fn case_channels(&self, select: SelectOp) -> &[ObjectId] {
        &self.cases[select.first as usize..][..select.count as usize]
    }

    fn ready_cases(&self, select: SelectOp) -> u64 {
        let mut ready = 0;
        for (i, &channel) in self.case_channels(select).iter().enumerate() {
            if let ObjectState::Channel(s) = self.state(channel) {
                ready |= u64::from(s.ready()) << i;
            }
        }
        ready
    }

    #[inline]
    fn check_double_lock(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        at: &'static Location<'static>,
    ) {
        if let ObjectState::Mutex(mutex) = self.state(object)
            && mutex.owner == Some(thread)
        {
            self.double_lock(thread, object, at);
        }
    }

    #[cold]
    fn double_lock(&mut self, thread: ThreadId, object: ObjectId, at: &'static Location<'static>) {
        let name = self.object_name(object);
        let who = self.thread_name(thread);
        let mut fault = Fault::new(
            FailureKind::DoubleLock,
            format!("{who} locks {name}, which it holds already"),
        )
        .at(at);
        if let Some(at) = self.acquired_at(object, thread) {
            fault = fault.detail(format!("{who} locked {name} before"), Some(Place::from(at)));
        }
        self.fail(fault);
    }
}
