//! One execution as the search sees it: threads with their announced
//! operations, objects with their states, the events so far.
//!
//! The world is reused for all executions of an exploration: identities are
//! interned once, memory is kept.

mod describe;
mod happens_before;
mod race;
mod spin;

use std::panic::Location;
use std::sync::Arc;

use crate::clock::Clock;
use crate::failure::{Failure, FailureKind, Fault, Place};
use crate::id::{EventId, ObjectId, ThreadId, ThreadPath};
use crate::model::{Applied, Next, ObjectState, ValueType};
use crate::op::{Access, AtomicOp, ChannelOp, CondvarOp, MutexOp, Op, OpKind, SelectOp, ThreadOp};

use happens_before::ObjectClocks;
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
    // This execution.
    life: Life,
    /// The operation at which it is parked.
    announced: Option<Op>,
    gate: Gate,
    events: u32,
    spawned: u32,
    created: u32,
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

/// The choices that an enabled operation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choices {
    /// 0, 1, ... below the number.
    Below(u32),
    /// The cases of a select that are ready, as a set of bits.
    Among(u64),
}

impl Choices {
    /// How many there are.
    pub fn len(self) -> u32 {
        match self {
            Choices::Below(n) => n,
            Choices::Among(bits) => bits.count_ones(),
        }
    }

    /// Never: an enabled operation has a choice.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The `k`-th choice, from 0.
    pub fn nth(self, k: u32) -> u32 {
        match self {
            Choices::Below(_) => k,
            Choices::Among(mut bits) => {
                for _ in 0..k {
                    bits &= bits - 1;
                }
                bits.trailing_zeros()
            }
        }
    }

    /// The least choice that is at least `from`.
    pub fn at_least(self, from: u32) -> Option<u32> {
        match self {
            Choices::Below(n) => (from < n).then_some(from),
            Choices::Among(bits) => {
                let rest = if from < 64 { bits >> from << from } else { 0 };
                (rest != 0).then(|| rest.trailing_zeros())
            }
        }
    }
}

/// The most cases that a select may have.
pub const MAX_CASES: usize = 64;

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
    log: Option<Vec<Logged>>,
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
            log: None,
        }
    }

    /// Forgets the last execution and makes the main thread of the next.
    pub fn begin(&mut self) {
        for thread in self.live.drain(..) {
            let t = &mut self.threads[thread.index()];
            t.life = Life::Absent;
            t.announced = None;
            t.gate = Gate::Shut;
            (t.events, t.spawned, t.created) = (0, 0, 0);
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
            (OpKind::Thread(ThreadOp::Spawn | ThreadOp::Fence(_)), _) => Gate::Open,
            _ => Gate::Ask,
        };
        match (op.kind, op.object) {
            (OpKind::Thread(ThreadOp::Yield(kind)), _) => self.announce_yield(thread, kind),
            (OpKind::Mutex(MutexOp::Lock), Some(object)) => {
                self.check_double_lock(thread, object, op.at);
            }
            _ => {}
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
    }

    /// Something went wrong: the execution ends here.
    pub fn fail(&mut self, fault: Fault) {
        self.faults.push(fault);
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
        let id = match t.objects.get(nth) {
            Some(&id) => {
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
                t.objects.push(id);
                self.objects.push(Object {
                    creator: thread,
                    nth: nth as u32,
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
    pub fn select(&mut self, channels: &[ObjectId], has_default: bool) -> OpKind {
        assert!(channels.len() <= MAX_CASES, "a select has at most {MAX_CASES} cases");
        let first = self.cases.len() as u32;
        self.cases.extend_from_slice(channels);
        OpKind::Select(SelectOp { first, count: channels.len() as u32, has_default })
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

    /// The events so far.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What went wrong so far.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The operation that a parked thread has announced.
    pub fn announced(&self, thread: ThreadId) -> Option<&Op> {
        self.threads[thread.index()].announced.as_ref()
    }

    /// True if both are the same action of the same place: what a repeated
    /// execution must announce again. Addresses may differ from one execution
    /// to the next, other operands may not.
    pub fn is_same(&self, a: &Op, b: &Op) -> bool {
        let is_pointer = |object: ObjectId| matches!(self.state(object), ObjectState::Atomic(s) if s.ty == ValueType::Pointer);
        let same_kind = a.kind == b.kind
            || op_code(&a.kind) == op_code(&b.kind) && a.object.is_some_and(is_pointer);
        same_kind && a.object == b.object && (std::ptr::eq(a.at, b.at) || a.at == b.at)
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
            Gate::Ask => self.ask_enabled(thread),
        }
    }

    fn ask_enabled(&self, thread: ThreadId) -> bool {
        let t = &self.threads[thread.index()];
        let Some(op) = &t.announced else { return false };
        match op.kind {
            OpKind::Thread(ThreadOp::Join(child)) => self.is_finished(child),
            OpKind::Thread(ThreadOp::Yield(_)) => {
                t.spin.may_go_on(|o| self.objects[o.index()].version)
            }
            OpKind::Thread(ThreadOp::Any(n)) => n > 0,
            OpKind::Thread(ThreadOp::Spawn | ThreadOp::Fence(_)) => true,
            OpKind::Select(select) => select.has_default || self.ready_cases(select) != 0,
            kind => self.object_of(op).eval(&kind, thread, 0).is_some(),
        }
    }

    /// The choices of the operation announced by an enabled thread.
    pub fn choices(&self, thread: ThreadId) -> Choices {
        match self.announced(thread) {
            Some(Op { kind: OpKind::Thread(ThreadOp::Any(n)), .. }) => Choices::Below(*n),
            Some(Op { kind: OpKind::Select(select), .. }) => match self.ready_cases(*select) {
                0 => Choices::Below(1),
                ready => Choices::Among(ready),
            },
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
        let mine = |object: ObjectId| -> Option<Access> {
            match op.kind {
                // Whether a case is ready matters, and a ready one is written.
                OpKind::Select(s) => {
                    self.case_channels(s).contains(&object).then_some(Access::Write)
                }
                _ if op.object == Some(object) => {
                    Some(match self.state(object).eval(&op.kind, thread, 0).map(|e| e.next) {
                        Some(Next::Same) => Access::Read,
                        _ => Access::Write,
                    })
                }
                _ => None,
            }
        };
        self.accesses(event).any(|(object, theirs)| {
            mine(object).is_some_and(|mine| crate::op::depend(mine, theirs))
        })
    }

    /// The objects that an event touched, and how.
    pub fn accesses<'a>(
        &'a self,
        event: &'a Event,
    ) -> impl Iterator<Item = (ObjectId, Access)> + 'a {
        let (single, many): (Option<ObjectId>, &[ObjectId]) = match event.op.kind {
            OpKind::Select(select) => {
                let cases = self.case_channels(select);
                match cases.get(SelectOp::case(event.answer)) {
                    Some(&chosen) => (Some(chosen), &[]),
                    None => (None, cases),
                }
            }
            _ => (event.op.object, &[]),
        };
        let access = event.access;
        single
            .into_iter()
            .chain(many.iter().copied())
            .filter_map(move |object| access.map(|a| (object, a)))
    }

    /// Lets the operation announced by `thread` take effect, and gives its
    /// answer, to be delivered by the machine.
    ///
    /// # Panics
    /// If the thread is not enabled or has no such choice: a mistake of the driver.
    pub fn step(&mut self, thread: ThreadId, choice: u32) -> u64 {
        let Some(op) = self.threads[thread.index()].announced.take() else {
            panic!("{thread:?} has announced nothing")
        };
        self.threads[thread.index()].gate = Gate::Shut;
        let index = self.threads[thread.index()].events + 1;
        self.threads[thread.index()].events = index;
        self.threads[thread.index()].hb.set(thread, index);
        let Applied { answer, access, changed } = match op.kind {
            OpKind::Thread(kind) => {
                let answer = self.step_thread(thread, kind, choice);
                Applied { answer, access: None, changed: false }
            }
            OpKind::Select(select) => self.step_select(thread, select, choice),
            kind => {
                let object = op.object.expect("an operation on an object names it");
                self.step_object(thread, object, kind, choice)
            }
        };
        let event = Event { thread, index, op, choice, answer, access, changed };
        if let Some(log) = &mut self.log {
            log.push(Logged::Event(self.events.len()));
        }
        self.events.push(event);
        answer
    }

    /// Carries out an operation at once if it does not block: for what
    /// destructors do while an execution is torn down. Leaves no event.
    pub fn apply_unscheduled(&mut self, thread: ThreadId, op: Op) -> Option<u64> {
        match op.kind {
            OpKind::Thread(ThreadOp::Spawn) => None,
            OpKind::Thread(ThreadOp::Join(child)) => self.is_finished(child).then_some(0),
            OpKind::Thread(_) => Some(0),
            OpKind::Select(select) => match self.ready_cases(select) {
                0 => select.has_default.then_some(u64::from(select.count)),
                ready => {
                    let case = ready.trailing_zeros();
                    Some(self.step_select(thread, select, case).answer)
                }
            },
            kind => {
                let object = op.object?;
                let applied = self.objects[object.index()].state.apply(&kind, thread, 0)?;
                Some(applied.answer)
            }
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

    /// A number that depends on nothing but who executed which operations on
    /// which objects, in which order: the same when an execution is repeated,
    /// in any process.
    pub fn fingerprint(&self) -> u32 {
        use std::hash::{Hash, Hasher};
        let mut hash = rustc_hash::FxHasher::default();
        for event in &self.events {
            self.path(event.thread).0.as_slice().hash(&mut hash);
            (op_code(&event.op.kind), event.choice).hash(&mut hash);
            for (object, _) in self.accesses(event) {
                let object = &self.objects[object.index()];
                self.path(object.creator).0.as_slice().hash(&mut hash);
                object.nth.hash(&mut hash);
            }
        }
        let hash = hash.finish();
        (hash >> 32) as u32 ^ hash as u32
    }

    // ---- inner workings ----------------------------------------------------

    fn object_of(&self, op: &Op) -> &ObjectState {
        self.state(op.object.expect("an operation on an object names it"))
    }

    fn case_channels(&self, select: SelectOp) -> &[ObjectId] {
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

    fn step_object(
        &mut self,
        thread: ThreadId,
        id: ObjectId,
        kind: OpKind,
        choice: u32,
    ) -> Applied {
        let object = &mut self.objects[id.index()];
        let applied =
            object.state.apply(&kind, thread, choice).expect("the driver picks enabled operations");
        object.version = object.version.wrapping_add(u32::from(applied.changed));
        self.synchronise(thread, id, kind, applied.answer, applied.access);
        applied
    }

    fn step_select(&mut self, thread: ThreadId, select: SelectOp, case: u32) -> Applied {
        if self.ready_cases(select) == 0 {
            debug_assert!(select.has_default);
            let answer = u64::from(select.count);
            return Applied { answer, access: Some(Access::Read), changed: false };
        }
        let channel = self.case_channels(select)[case as usize];
        let recv = OpKind::Channel(ChannelOp::Recv);
        let received = self.step_object(thread, channel, recv, 0);
        Applied { answer: SelectOp::answer(case, received.answer), ..received }
    }

    fn step_thread(&mut self, thread: ThreadId, kind: ThreadOp, choice: u32) -> u64 {
        match kind {
            ThreadOp::Spawn => {
                let child = self.new_thread(thread);
                child.index() as u64
            }
            ThreadOp::Join(child) => {
                let [me, child] = self.two(thread, child);
                me.hb.join(&child.hb);
                0
            }
            ThreadOp::Yield(_) => {
                self.threads[thread.index()].spin.next_turn();
                0
            }
            ThreadOp::Any(n) => {
                assert!(choice < n, "any() has {n} choices");
                u64::from(choice)
            }
            ThreadOp::Fence(order) => {
                self.fence(thread, order);
                0
            }
        }
    }

    fn new_thread(&mut self, parent: ThreadId) -> ThreadId {
        let next = ThreadId::from_index(self.threads.len());
        let p = &mut self.threads[parent.index()];
        p.spawned += 1;
        let nth = p.spawned;
        let child = match p.children.get(nth as usize - 1) {
            Some(&child) => child,
            None => {
                let child = next;
                p.children.push(child);
                self.threads.push(Thread { parent: Some(parent), nth, ..Thread::default() });
                child
            }
        };
        let [p, c] = self.two(parent, child);
        c.hb.copy_from(&p.hb);
        c.life = Life::Alive;
        self.live.push(child);
        child
    }

    fn two(&mut self, a: ThreadId, b: ThreadId) -> [&mut Thread; 2] {
        self.threads.get_disjoint_mut([a.index(), b.index()]).expect("two threads that exist")
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

/// A number for the kind of an operation, without operands that may be
/// addresses; part of the schedule format.
fn op_code(kind: &OpKind) -> u8 {
    match kind {
        OpKind::Atomic(op) => match op {
            AtomicOp::Load { .. } => 0,
            AtomicOp::Store { .. } => 1,
            AtomicOp::Rmw { .. } => 2,
            AtomicOp::CompareExchange { .. } => 3,
        },
        OpKind::Mutex(op) => 10 + *op as u8,
        OpKind::RwLock(op) => 20 + *op as u8,
        OpKind::Condvar(op) => 30 + *op as u8,
        OpKind::Once(_) => 40,
        OpKind::Channel(op) => match op {
            ChannelOp::Send => 50,
            ChannelOp::Offer => 51,
            ChannelOp::Taken { .. } => 52,
            ChannelOp::Recv => 53,
            ChannelOp::TryRecv => 54,
            ChannelOp::Close => 55,
            ChannelOp::SendersGone => 56,
            ChannelOp::ReceiversGone => 57,
        },
        OpKind::Park(op) => 60 + *op as u8,
        OpKind::Refs(op) => 70 + *op as u8,
        OpKind::Select(_) => 80,
        OpKind::Thread(op) => match op {
            ThreadOp::Spawn => 90,
            ThreadOp::Join(_) => 91,
            ThreadOp::Yield(_) => 92,
            ThreadOp::Any(_) => 93,
            ThreadOp::Fence(_) => 94,
        },
    }
}

impl Failure {
    /// A failure met in one execution only.
    pub fn single(fault: Fault) -> Self {
        Failure { fault, schedule: None, executions: 1, count: 1, trace: None }
    }
}
