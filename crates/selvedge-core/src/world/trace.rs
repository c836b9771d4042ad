//! The recorded execution, with what each step has to do with the others.

use std::collections::VecDeque;

use crate::failure::{FailureKind, Fault};
use crate::id::{ObjectId, ThreadId};
use crate::model::{AtomicState, Next, ObjectState, channel, park};
use crate::op::{
    Access, AtomicOp, ChannelOp, CondvarOp, MutexOp, OnceOp, Op, OpKind, ParkOp, RefsOp, RwLockOp,
    SelectOp, ThreadOp,
};
use crate::trace::{Role, StepKind, Trace, TraceStep, TraceThread};

use super::{Event, Logged, World};

/// What was done to an object last.
#[derive(Clone, Debug, Default)]
struct Last {
    /// The step that wrote.
    write: Option<usize>,
    /// The steps that have read since.
    reads: Vec<usize>,
    /// Of a channel: the steps that sent what has not been received.
    sent: VecDeque<usize>,
}

/// A trace in the making.
struct Tracer<'a> {
    world: &'a World,
    steps: Vec<TraceStep>,
    /// By object.
    objects: Vec<Last>,
    /// By thread of the world: its last operation.
    latest: Vec<Option<usize>>,
    /// By thread of the world: the step that spawned it, until it has run.
    spawned: Vec<Option<usize>>,
    /// How often the virtual clock had moved before the last operation, how
    /// many steps there were then, and the last ones of all threads.
    ticks: usize,
    before_tick: (usize, Vec<usize>),
    /// The earlier access of a data race: the failure does not come after it,
    /// and yet there is none without it.
    raced: Option<usize>,
}

impl World {
    /// The recorded execution, to be drawn. `fault` becomes the last row.
    ///
    /// # Panics
    /// If recording was not on ([`World::set_recording`]).
    pub fn trace(&self, fault: Option<&Fault>) -> Trace {
        let log = self.log.as_ref().expect("a recorded execution");
        let mut tracer = Tracer {
            world: self,
            steps: Vec::with_capacity(log.len() + 1),
            objects: vec![Last::default(); self.objects.len()],
            latest: vec![None; self.threads.len()],
            spawned: vec![None; self.threads.len()],
            ticks: 0,
            before_tick: (0, Vec::new()),
            raced: None,
        };
        for entry in log {
            tracer.add(entry);
        }
        if let Some(fault) = fault {
            tracer.fail(fault);
        }
        let threads = self
            .live
            .iter()
            .map(|&t| TraceThread { id: self.path(t).to_string(), name: self.thread_name(t) })
            .collect();
        let mut trace = Trace { threads, steps: tracer.steps };
        if let Some(raced) = tracer.raced {
            trace.steps[raced].matters = true;
        }
        mark_past(&mut trace, fault.is_some());
        trace
    }
}

impl Tracer<'_> {
    fn column(&self, thread: ThreadId) -> usize {
        let live = &self.world.live;
        live.iter().position(|t| *t == thread).expect("a thread of this execution")
    }

    fn add(&mut self, entry: &Logged) {
        match entry {
            Logged::Event(index) => {
                self.tick_before(*index);
                self.operation(&self.world.events[*index]);
            }
            Logged::Access { thread, cell, write, at } => {
                let name = self.world.object_name(*cell);
                let (role, verb) =
                    if *write { (Role::Write, "write") } else { (Role::Read, "read") };
                let spawned = self.spawned[thread.index()].take();
                self.steps.push(TraceStep {
                    thread: self.column(*thread),
                    kind: StepKind::Access,
                    after: spawned.into_iter().collect(),
                    text: format!("{verb} {name}"),
                    object: Some(name),
                    place: Some((*at).into()),
                    role,
                    ..TraceStep::default()
                });
            }
            Logged::Guarded { thread, lock, write } => {
                let (column, name) = (self.column(*thread), self.world.object_name(*lock));
                let taken = self.steps.iter_mut().rev().find(|s| {
                    s.thread == column
                        && s.role == Role::Acquire
                        && s.object.as_ref() == Some(&name)
                });
                if let Some(taken) = taken {
                    taken.writes |= *write;
                    taken.reads |= !*write;
                }
            }
            Logged::Note { thread, text, at } => self.steps.push(TraceStep {
                thread: self.column(*thread),
                kind: StepKind::Note,
                text: text.clone(),
                place: Some((*at).into()),
                ..TraceStep::default()
            }),
        }
    }

    /// If the clock has moved just before that event: all steps so far come
    /// before all that follow.
    fn tick_before(&mut self, event: usize) {
        let ticks = self.world.ticked_at();
        while ticks.get(self.ticks).is_some_and(|tick| *tick <= event) {
            self.ticks += 1;
            let last = self.latest.iter().chain(&self.spawned).flatten();
            self.before_tick = (self.steps.len(), last.copied().collect());
        }
    }

    fn operation(&mut self, event: &Event) {
        let position = self.steps.len();
        let touched = self.world.touched(event);
        let (found, left) = self.values(event);
        let mut step = TraceStep {
            thread: self.column(event.thread),
            kind: StepKind::Operation,
            text: self.world.describe(event),
            object: touched.map(|o| self.world.object_name(o)),
            place: Some(event.op.at.into()),
            role: role(event),
            found,
            left,
            ..TraceStep::default()
        };
        if let Some(owner) = touched.and_then(|lock| self.owner(event, lock)) {
            step.text.push_str(&format!(", held by {owner}"));
        }
        step.after.extend(self.spawned[event.thread.index()].take());
        let (ticked, before) = &self.before_tick;
        if self.latest[event.thread.index()].is_none_or(|last| last < *ticked) {
            step.after.extend(before.iter().filter(|i| self.steps[**i].thread != step.thread));
        }
        match event.op.kind {
            OpKind::Thread(ThreadOp::Spawn) => {
                self.spawned[event.answer as usize] = Some(position);
            }
            OpKind::Thread(ThreadOp::Join(child)) => {
                // One that has done nothing comes after its spawn, at least.
                let last = self.latest[child.index()].or(self.spawned[child.index()]);
                step.after.extend(last);
            }
            _ => {}
        }
        if let (Some(object), Some(access)) = (touched, event.access) {
            let last = &mut self.objects[object.index()];
            let read = matches!(step.role, Role::Read | Role::Update);
            let others = |i: &usize| self.steps[*i].thread != step.thread;
            let source = match step.role {
                Role::Send => {
                    last.sent.push_back(position);
                    None
                }
                Role::Receive => last.sent.pop_front().or(last.write),
                _ => last.write.filter(|_| read),
            };
            step.reads_from = source.filter(others);
            step.after.extend(last.write.filter(others));
            match access {
                Access::Read => last.reads.push(position),
                Access::Write => {
                    step.after.extend(last.reads.drain(..).filter(|i| others(i)));
                    last.write = Some(position);
                }
            }
        }
        step.after.sort_unstable();
        step.after.dedup();
        self.latest[event.thread.index()] = Some(position);
        self.steps.push(step);
    }

    /// Why a lock could not be taken at once: who had taken it last.
    fn owner(&self, event: &Event, lock: ObjectId) -> Option<String> {
        let refused = event.answer == 0
            && matches!(
                event.op.kind,
                OpKind::Mutex(MutexOp::TryLock)
                    | OpKind::RwLock(RwLockOp::TryRead | RwLockOp::TryWrite)
            );
        let taken = self.objects[lock.index()].write.filter(|_| refused)?;
        let owner = self.world.live[self.steps[taken].thread];
        Some(self.world.thread_name(owner))
    }

    /// What an atomic held before and after an operation.
    fn values(&self, event: &Event) -> (Option<String>, Option<String>) {
        let (OpKind::Atomic(op), Some(object)) = (event.op.kind, event.op.object) else {
            return (None, None);
        };
        let ObjectState::Atomic(AtomicState { ty, .. }) = *self.world.state(object) else {
            return (None, None);
        };
        let before = AtomicState { value: event.answer, ty };
        let effect = ObjectState::Atomic(before).eval(&event.op.kind, event.thread, 0);
        let after = match effect.map(|effect| effect.next) {
            Some(Next::To(ObjectState::Atomic(after))) => Some(ty.show(after.value)),
            _ => None,
        };
        let found = !matches!(op, AtomicOp::Store { .. });
        (found.then(|| ty.show(before.value)), after)
    }

    fn fail(&mut self, fault: &Fault) {
        let world = self.world;
        let stuck =
            matches!(fault.kind, FailureKind::Deadlock | FailureKind::Leak | FailureKind::Livelock);
        let waiting = |thread: &ThreadId| world.announced(*thread).filter(|_| stuck);
        for &thread in &world.live {
            if let Some(op) = waiting(&thread) {
                self.blocked(thread, op);
            }
        }
        if fault.kind == FailureKind::DataRace {
            self.raced = self.earlier_access();
        }
        // The thread that is stuck, or whose step was the last.
        let failing = match world.live.iter().find(|t| waiting(t).is_some()) {
            Some(&waiting) => self.column(waiting),
            None => self.steps.last().map_or(0, |step| step.thread),
        };
        self.steps.push(TraceStep {
            thread: failing,
            kind: StepKind::Failure,
            text: match fault.kind {
                FailureKind::Invariant => format!("{}: {}", fault.name, fault.message),
                _ => fault.message.clone(),
            },
            place: fault.place.clone(),
            ..TraceStep::default()
        });
    }

    /// The access of another thread with which the last one races.
    fn earlier_access(&self) -> Option<usize> {
        let mut accesses = self.steps.iter().enumerate().rev();
        let mut accesses = accesses.by_ref().filter(|(_, s)| s.kind == StepKind::Access);
        let (_, last) = accesses.next()?;
        let races = |s: &TraceStep| {
            s.object == last.object
                && s.thread != last.thread
                && (s.role == Role::Write || last.role == Role::Write)
        };
        accesses.find(|(_, s)| races(s)).map(|(index, _)| index)
    }

    fn blocked(&mut self, thread: ThreadId, op: &Op) {
        let (what, place) = self.world.describe_waiting(thread, op);
        let object: Option<ObjectId> = op.object;
        self.steps.push(TraceStep {
            thread: self.column(thread),
            kind: StepKind::Blocked,
            text: format!("waits {what}"),
            object: match op.kind {
                OpKind::Thread(ThreadOp::Join(child)) => Some(self.world.thread_name(child)),
                _ => object.map(|o| self.world.object_name(o)),
            },
            place,
            role: match op.kind {
                OpKind::Mutex(_) | OpKind::RwLock(_) => Role::Acquire,
                OpKind::Thread(ThreadOp::Join(_)) => Role::Join,
                _ => Role::Wait,
            },
            after: object.and_then(|o| self.objects[o.index()].write).into_iter().collect(),
            ..TraceStep::default()
        });
    }
}

fn role(event: &Event) -> Role {
    let done = event.answer;
    let taken = |yes| if yes { Role::Acquire } else { Role::Refused };
    match event.op.kind {
        OpKind::Atomic(op) => match op {
            AtomicOp::Load { .. } => Role::Read,
            AtomicOp::Store { .. } => Role::Write,
            AtomicOp::CompareExchange { expected, .. } if done != expected => Role::Read,
            AtomicOp::CompareExchange { .. } | AtomicOp::Rmw { .. } => Role::Update,
        },
        OpKind::Mutex(op) => match op {
            MutexOp::Lock | MutexOp::TryLock => taken(done == 1),
            MutexOp::Unlock => Role::Release,
            MutexOp::IsPoisoned | MutexOp::ClearPoison => Role::Other,
        },
        OpKind::RwLock(op) => match op {
            RwLockOp::Read | RwLockOp::Write | RwLockOp::TryRead | RwLockOp::TryWrite => {
                taken(done == 1)
            }
            RwLockOp::UnlockRead | RwLockOp::UnlockWrite => Role::Release,
            RwLockOp::IsPoisoned | RwLockOp::ClearPoison | RwLockOp::Downgrade => Role::Other,
        },
        OpKind::Condvar(op) => match op {
            CondvarOp::Enqueue => Role::Wait,
            CondvarOp::Wake | CondvarOp::WakeBy { .. } => Role::Other,
            CondvarOp::NotifyOne | CondvarOp::NotifyAll => Role::Notify(done as u32),
        },
        OpKind::Once(OnceOp::Begin { .. } | OnceOp::End(_)) => Role::Update,
        OpKind::Once(OnceOp::Get | OnceOp::Wait { .. }) => Role::Read,
        OpKind::Channel(op) => match op {
            ChannelOp::Send | ChannelOp::Offer => Role::Send,
            ChannelOp::TrySend | ChannelOp::SendBy { .. } if done == channel::OK => Role::Send,
            ChannelOp::TrySend | ChannelOp::SendBy { .. } => Role::Read,
            ChannelOp::Recv | ChannelOp::TryRecv | ChannelOp::RecvBy { .. }
                if done == channel::OK =>
            {
                Role::Receive
            }
            ChannelOp::Recv | ChannelOp::TryRecv | ChannelOp::RecvBy { .. } => Role::Read,
            ChannelOp::SendersGone | ChannelOp::ReceiversGone => Role::Handle,
            ChannelOp::Close | ChannelOp::Taken { .. } => Role::Other,
        },
        OpKind::Select(_) if SelectOp::received(done) == channel::OK => Role::Receive,
        OpKind::Select(_) => Role::Read,
        OpKind::Park(ParkOp::ParkBy { .. }) if done == park::TIMED_OUT => Role::Read,
        OpKind::Park(ParkOp::Park | ParkOp::ParkBy { .. }) => Role::Receive,
        OpKind::Park(ParkOp::Unpark) => Role::Send,
        OpKind::Refs(op) => match op {
            RefsOp::Retain | RefsOp::Release | RefsOp::RetainWeak | RefsOp::ReleaseWeak => {
                Role::Handle
            }
            RefsOp::Unwrap | RefsOp::Own | RefsOp::Upgrade if done != 0 => Role::Update,
            _ => Role::Read,
        },
        OpKind::Thread(ThreadOp::Spawn) => Role::Spawn,
        OpKind::Thread(ThreadOp::Join(_)) => Role::Join,
        OpKind::Thread(ThreadOp::Any(_)) => Role::Choose,
        OpKind::Thread(ThreadOp::Yield(_) | ThreadOp::Fence(_) | ThreadOp::Sleep { .. }) => {
            Role::Other
        }
    }
}

/// Marks what comes before the failure, and before whoever waits for ever.
fn mark_past(trace: &mut Trace, failed: bool) {
    let mut latest = vec![None; trace.threads.len()];
    // The step of its own thread before each one.
    let before: Vec<Option<usize>> = trace
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| latest[step.thread].replace(index))
        .collect();
    for index in (0..trace.steps.len()).rev() {
        let end = matches!(trace.steps[index].kind, StepKind::Failure | StepKind::Blocked);
        if !failed || end || trace.steps[index].matters {
            trace.steps[index].matters = true;
            let after = trace.steps[index].after.clone();
            for earlier in after.into_iter().chain(before[index]) {
                trace.steps[earlier].matters = true;
            }
        }
    }
}
