//! The execution in words.

use std::panic::Location;
use std::time::Duration;

use crate::failure::{FailureKind, Fault, Place};
use crate::id::{EventId, ObjectId, ThreadId};
use crate::model::{Next, ObjectState, channel, condvar, once, park, refs};
use crate::op::{
    Access, AtomicOp, ChannelOp, CondvarOp, MutexOp, OnceEnd, OnceOp, Op, OpKind, ParkOp, RefsOp,
    Rmw, RwLockOp, SelectOp, ThreadOp,
};

use super::race::Earlier;
use super::{Event, World};

impl World {
    /// The name of a thread: given by the program, or `main`, or `t` and its path.
    pub fn thread_name(&self, thread: ThreadId) -> String {
        match self.given_name(thread) {
            Some(name) => name.to_string(),
            None if thread == ThreadId::MAIN => "main".to_owned(),
            None => format!("t{}", self.path(thread)),
        }
    }

    /// The name of an object: given by the program, or its kind and its
    /// number among those of its kind in this execution.
    pub fn object_name(&self, id: ObjectId) -> String {
        let object = &self.objects[id.index()];
        if let Some(name) = object.name {
            return name.to_owned();
        }
        if let ObjectState::Park(_) = object.state {
            let owner = self.live.iter().find(|t| self.threads[t.index()].park == Some(id));
            if let Some(&owner) = owner {
                return self.thread_name(owner);
            }
        }
        let kind = object.state.kind();
        let unnamed = |o: &&ObjectId| {
            let o = &self.objects[o.index()];
            o.name.is_none() && o.state.kind() == kind
        };
        let before = self.registered.iter().take_while(|o| **o != id).filter(unnamed).count();
        format!("{kind}#{}", before + 1)
    }

    /// Where `thread` took the lock that it holds.
    pub(super) fn acquired_at(
        &self,
        object: ObjectId,
        thread: ThreadId,
    ) -> Option<&'static Location<'static>> {
        self.events.iter().rev().find_map(|e| {
            let takes = match e.op.kind {
                OpKind::Mutex(MutexOp::Lock | MutexOp::TryLock) => e.answer == 1,
                OpKind::RwLock(op) => {
                    e.answer == 1 && !matches!(op, RwLockOp::UnlockRead | RwLockOp::UnlockWrite)
                }
                OpKind::Once(OnceOp::Begin { .. }) => e.access == Some(Access::Write),
                _ => false,
            };
            (takes && e.thread == thread && e.op.object == Some(object)).then_some(e.op.at)
        })
    }

    /// What an executed operation did.
    pub(crate) fn describe(&self, event: &Event) -> String {
        let name = |o: Option<ObjectId>| o.map_or_else(String::new, |o| self.object_name(o));
        let on = name(event.op.object);
        let answer = event.answer;
        match event.op.kind {
            OpKind::Atomic(op) => {
                let Some(ObjectState::Atomic(now)) = event.op.object.map(|o| self.state(o)) else {
                    return on;
                };
                let show = |v| now.ty.show(v);
                match op {
                    AtomicOp::Load { .. } => format!("load {on} = {}", show(answer)),
                    AtomicOp::Store { value, .. } => format!("store {on} = {}", show(value)),
                    AtomicOp::CompareExchange { expected, new, .. } if answer == expected => {
                        format!("compare_exchange {on}: {} → {}", show(expected), show(new))
                    }
                    AtomicOp::CompareExchange { expected, .. } => format!(
                        "compare_exchange {on}: expected {}, found {}",
                        show(expected),
                        show(answer)
                    ),
                    AtomicOp::Rmw { rmw, .. } => {
                        let before = crate::model::AtomicState { value: answer, ty: now.ty };
                        let state = ObjectState::Atomic(before);
                        let after = state.eval(&event.op.kind, event.thread, 0).map(|e| e.next);
                        let after = match after {
                            Some(Next::To(ObjectState::Atomic(s))) => show(s.value),
                            _ => show(answer),
                        };
                        let word = match rmw {
                            Rmw::Swap => "swap",
                            Rmw::Add => "fetch_add",
                            Rmw::Sub => "fetch_sub",
                            Rmw::And => "fetch_and",
                            Rmw::Nand => "fetch_nand",
                            Rmw::Or => "fetch_or",
                            Rmw::Xor => "fetch_xor",
                            Rmw::Max => "fetch_max",
                            Rmw::Min => "fetch_min",
                        };
                        format!("{word} {on}: {} → {after}", show(answer))
                    }
                }
            }
            OpKind::Mutex(op) => match op {
                MutexOp::Lock => format!("lock {on}"),
                MutexOp::TryLock if answer == 0 => format!("try_lock {on}: busy"),
                MutexOp::TryLock => format!("try_lock {on}: locked"),
                MutexOp::Unlock => format!("unlock {on}"),
                MutexOp::IsPoisoned => format!("{on} is poisoned?"),
                MutexOp::ClearPoison => format!("clear poison of {on}"),
            },
            OpKind::RwLock(op) => match op {
                RwLockOp::Read => format!("read-lock {on}"),
                RwLockOp::Write => format!("write-lock {on}"),
                RwLockOp::TryRead if answer == 0 => format!("try_read {on}: busy"),
                RwLockOp::TryRead => format!("try_read {on}: locked"),
                RwLockOp::TryWrite if answer == 0 => format!("try_write {on}: busy"),
                RwLockOp::TryWrite => format!("try_write {on}: locked"),
                RwLockOp::UnlockRead => format!("read-unlock {on}"),
                RwLockOp::UnlockWrite => format!("write-unlock {on}"),
                RwLockOp::IsPoisoned => format!("{on} is poisoned?"),
                RwLockOp::ClearPoison => format!("clear poison of {on}"),
                RwLockOp::Downgrade => format!("downgrade {on}"),
            },
            OpKind::Condvar(op) => match op {
                CondvarOp::Enqueue => format!("wait on {on}"),
                CondvarOp::Wake => format!("woken by {on}"),
                CondvarOp::WakeBy { .. } if answer == condvar::TIMED_OUT => {
                    format!("wait on {on}: timed out")
                }
                CondvarOp::WakeBy { .. } => format!("woken by {on}"),
                CondvarOp::NotifyOne if answer == 0 => format!("notify_one {on}: nobody waits"),
                CondvarOp::NotifyOne => format!("notify_one {on}"),
                CondvarOp::NotifyAll => format!("notify_all {on}: {answer} wait"),
            },
            OpKind::Once(op) => match op {
                OnceOp::Begin { .. } if event.access == Some(Access::Write) => {
                    format!("call_once {on}: runs it")
                }
                OnceOp::Begin { .. } if answer == once::DONE => {
                    format!("call_once {on}: done already")
                }
                OnceOp::Begin { .. } => format!("call_once {on}: poisoned"),
                OnceOp::End(OnceEnd::Done) => format!("{on} is done"),
                OnceOp::End(_) => format!("{on} failed"),
                OnceOp::Get if answer == once::DONE => format!("{on} is done?  yes"),
                OnceOp::Get => format!("{on} is done?  no"),
                OnceOp::Wait { .. } if answer == once::DONE => format!("wait for {on}: done"),
                OnceOp::Wait { .. } => format!("wait for {on}: poisoned"),
            },
            OpKind::Channel(op) => self.describe_channel(op, &on, answer),
            OpKind::Park(ParkOp::ParkBy { .. }) if answer == park::TIMED_OUT => {
                "park: timed out".to_owned()
            }
            OpKind::Park(ParkOp::Park | ParkOp::ParkBy { .. }) => "park: woken".to_owned(),
            OpKind::Park(ParkOp::Unpark) => format!("unpark {on}"),
            OpKind::Refs(op) => describe_refs(op, &on, answer),
            OpKind::Select(select) => {
                match self.case_channels(select).get(SelectOp::case(answer)) {
                    Some(&chosen) if SelectOp::received(answer) == channel::OK => {
                        format!("select: recv from {}", self.object_name(chosen))
                    }
                    Some(&chosen) => format!("select: {} is closed", self.object_name(chosen)),
                    None => "select".to_owned(),
                }
            }
            OpKind::Thread(op) => match op {
                ThreadOp::Spawn => {
                    let child = ThreadId::from_index(answer as usize);
                    format!("spawn {}", self.thread_name(child))
                }
                ThreadOp::Join(child) => format!("join {}", self.thread_name(child)),
                ThreadOp::Yield(_) => "yield".to_owned(),
                ThreadOp::Any(_) => format!("any = {answer}"),
                ThreadOp::Fence(_) => "fence".to_owned(),
                ThreadOp::Sleep { until, .. } => {
                    format!("sleep until {:?}", Duration::from_nanos(until))
                }
            },
        }
    }

    fn describe_channel(&self, op: ChannelOp, on: &str, answer: u64) -> String {
        let gone = answer == channel::DISCONNECTED;
        match op {
            ChannelOp::Send | ChannelOp::Offer | ChannelOp::SendBy { .. } if gone => {
                format!("send on {on}: disconnected")
            }
            ChannelOp::SendBy { .. } if answer == channel::FULL => {
                format!("send on {on}: timed out")
            }
            ChannelOp::Send | ChannelOp::SendBy { .. } => format!("send on {on}"),
            ChannelOp::TrySend if gone => format!("try_send on {on}: disconnected"),
            ChannelOp::TrySend if answer == channel::FULL => format!("try_send on {on}: full"),
            ChannelOp::TrySend => format!("try_send on {on}"),
            ChannelOp::Offer => format!("offer on {on}"),
            ChannelOp::Taken { .. } if gone => format!("send on {on}: nobody took it"),
            ChannelOp::Taken { .. } => format!("send on {on}: taken"),
            ChannelOp::Recv | ChannelOp::RecvBy { .. } if gone => {
                format!("recv from {on}: disconnected")
            }
            ChannelOp::RecvBy { .. } if answer == channel::EMPTY => {
                format!("recv from {on}: timed out")
            }
            ChannelOp::Recv | ChannelOp::RecvBy { .. } => format!("recv from {on}"),
            ChannelOp::TryRecv if answer == channel::EMPTY => format!("try_recv from {on}: empty"),
            ChannelOp::TryRecv if gone => format!("try_recv from {on}: disconnected"),
            ChannelOp::TryRecv => format!("try_recv from {on}"),
            ChannelOp::Close if gone => format!("close {on}: closed already"),
            ChannelOp::Close => format!("close {on}"),
            ChannelOp::SendersGone => format!("last sender of {on} dropped"),
            ChannelOp::ReceiversGone => format!("last receiver of {on} dropped"),
        }
    }

    /// What an operation that has not taken effect is about to do.
    pub(crate) fn intention(&self, op: &Op) -> String {
        let on = op.object.map_or_else(String::new, |o| self.object_name(o));
        let verb = match op.kind {
            OpKind::Atomic(AtomicOp::Load { .. }) => "load",
            OpKind::Atomic(AtomicOp::Store { .. }) => "store to",
            OpKind::Atomic(AtomicOp::Rmw { .. }) => "modify",
            OpKind::Atomic(AtomicOp::CompareExchange { .. }) => "compare-exchange",
            OpKind::Mutex(MutexOp::Lock) => "lock",
            OpKind::Mutex(MutexOp::TryLock) => "try to lock",
            OpKind::Mutex(MutexOp::Unlock) => "unlock",
            OpKind::Mutex(MutexOp::IsPoisoned) | OpKind::RwLock(RwLockOp::IsPoisoned) => "look at",
            OpKind::Mutex(MutexOp::ClearPoison) | OpKind::RwLock(RwLockOp::ClearPoison) => {
                "clear the poison of"
            }
            OpKind::RwLock(RwLockOp::Read) => "read-lock",
            OpKind::RwLock(RwLockOp::Write) => "write-lock",
            OpKind::RwLock(RwLockOp::TryRead | RwLockOp::TryWrite) => "try to lock",
            OpKind::RwLock(RwLockOp::UnlockRead | RwLockOp::UnlockWrite) => "unlock",
            OpKind::RwLock(RwLockOp::Downgrade) => "downgrade",
            OpKind::Condvar(CondvarOp::Enqueue) => "wait on",
            OpKind::Condvar(CondvarOp::Wake | CondvarOp::WakeBy { .. }) => "wake from",
            OpKind::Condvar(CondvarOp::NotifyOne | CondvarOp::NotifyAll) => "notify",
            OpKind::Once(OnceOp::Begin { .. }) => "call",
            OpKind::Once(OnceOp::End(_)) => "complete",
            OpKind::Once(OnceOp::Get) => "look at",
            OpKind::Once(OnceOp::Wait { .. }) => "wait for",
            OpKind::Channel(ChannelOp::Send | ChannelOp::Offer | ChannelOp::SendBy { .. }) => {
                "send on"
            }
            OpKind::Channel(ChannelOp::TrySend) => "try to send on",
            OpKind::Channel(ChannelOp::Taken { .. }) => "complete its send on",
            OpKind::Channel(ChannelOp::Recv | ChannelOp::TryRecv | ChannelOp::RecvBy { .. }) => {
                "receive from"
            }
            OpKind::Channel(ChannelOp::Close) => "close",
            OpKind::Channel(ChannelOp::SendersGone) => "drop the last sender of",
            OpKind::Channel(ChannelOp::ReceiversGone) => "drop the last receiver of",
            OpKind::Park(ParkOp::Park | ParkOp::ParkBy { .. }) => "park, as",
            OpKind::Park(ParkOp::Unpark) => "unpark",
            OpKind::Refs(RefsOp::Retain) => "clone",
            OpKind::Refs(RefsOp::Release) => "drop",
            OpKind::Refs(RefsOp::Count | RefsOp::Unique | RefsOp::CountWeak) => "count",
            OpKind::Refs(RefsOp::Unwrap) => "unwrap",
            OpKind::Refs(RefsOp::Own) => "make mutable",
            OpKind::Refs(RefsOp::Upgrade) => "upgrade",
            OpKind::Refs(RefsOp::RetainWeak) => "make a weak reference to",
            OpKind::Refs(RefsOp::ReleaseWeak) => "drop a weak reference to",
            OpKind::Select(_) => return "select a channel".to_owned(),
            OpKind::Thread(ThreadOp::Spawn) => return "spawn a thread".to_owned(),
            OpKind::Thread(ThreadOp::Join(child)) => {
                return format!("join {}", self.thread_name(child));
            }
            OpKind::Thread(ThreadOp::Yield(_)) => return "yield".to_owned(),
            OpKind::Thread(ThreadOp::Any(n)) => return format!("choose one of {n} values"),
            OpKind::Thread(ThreadOp::Fence(_)) => return "fence".to_owned(),
            OpKind::Thread(ThreadOp::Sleep { until, .. }) => {
                return format!("sleep until {:?}", Duration::from_nanos(until));
            }
        };
        format!("{verb} {on}")
    }

    /// What a parked thread waits for, and who could help.
    pub(crate) fn describe_waiting(&self, thread: ThreadId, op: &Op) -> (String, Option<Place>) {
        let on = op.object.map_or_else(String::new, |o| self.object_name(o));
        let holder = |owner: ThreadId| {
            let at = op.object.and_then(|o| self.acquired_at(o, owner));
            let since = at.map(|at| format!(" since {}", Place::from(at).short()));
            let ended = if self.is_finished(owner) { ", which has ended" } else { "" };
            format!("held by {}{ended}{}", self.thread_name(owner), since.unwrap_or_default())
        };
        let state = op.object.map(|o| self.state(o));
        if self.sleeps(thread) {
            let names = self.waits_for(thread);
            let names = names.into_iter().map(|o| self.object_name(o)).collect::<Vec<_>>();
            return (format!("for a change of {}", names.join(" or ")), Some(op.at.into()));
        }
        let text = match (op.kind, state) {
            (OpKind::Mutex(_), Some(ObjectState::Mutex(s))) => match s.owner {
                Some(owner) => format!("to lock {on}, {}", holder(owner)),
                None => format!("to lock {on}"),
            },
            (OpKind::RwLock(op), Some(ObjectState::RwLock(s))) => {
                let how = if matches!(op, RwLockOp::Read) { "read" } else { "write" };
                let by = s.writer.iter().chain(&s.readers).map(|t| holder(*t)).collect::<Vec<_>>();
                format!("to {how}-lock {on}, {}", by.join(" and "))
            }
            (OpKind::Condvar(_), _) => format!("to be notified by {on}"),
            (OpKind::Once(_), Some(ObjectState::Once(once::OnceState::Running(by)))) => {
                format!("for {on}, run by {}", self.thread_name(*by))
            }
            (OpKind::Once(_), _) => format!("for {on}, which nobody runs"),
            (OpKind::Channel(ChannelOp::Send | ChannelOp::SendBy { .. }), _) => {
                format!("to send on {on}, which is full")
            }
            (OpKind::Channel(ChannelOp::Taken { .. }), _) => {
                format!("for a receiver of its message on {on}")
            }
            (OpKind::Channel(_), _) => {
                format!("to receive from {on}, which is empty and still open")
            }
            (OpKind::Park(_), _) => "to be unparked".to_owned(),
            (OpKind::Select(select), _) => {
                let names = self
                    .case_channels(select)
                    .iter()
                    .map(|&c| self.object_name(c))
                    .collect::<Vec<_>>();
                format!("to receive from {}, all empty and still open", names.join(" or "))
            }
            (OpKind::Thread(ThreadOp::Join(child)), _) => {
                format!("to join {}", self.thread_name(child))
            }
            _ => format!("at {on}"),
        };
        (text, Some(op.at.into()))
    }

    /// The failure of an execution in which no thread can go on, or `None` if
    /// all have ended.
    pub(crate) fn stuck(&self) -> Option<Fault> {
        let waiting: Vec<(ThreadId, &Op)> =
            self.live.iter().filter_map(|&t| Some((t, self.announced(t)?))).collect();
        if waiting.is_empty() {
            return None;
        }
        let spins = |thread: ThreadId| self.sleeps(thread) && self.could_go_on(thread);
        let names = |of: &mut dyn Iterator<Item = ThreadId>| {
            of.map(|t| self.thread_name(t)).collect::<Vec<_>>().join(", ")
        };
        let spinning = names(&mut waiting.iter().map(|(t, _)| *t).filter(|t| spins(*t)));
        let blocked = names(&mut waiting.iter().map(|(t, _)| *t));
        let mut fault = if !spinning.is_empty() {
            Fault::new(
                FailureKind::Livelock,
                format!("{spinning} spins, and nobody is left who could change what it waits for"),
            )
        } else if self.is_finished(ThreadId::MAIN) {
            let never = if waiting.len() == 1 { "never ends" } else { "never end" };
            Fault::new(FailureKind::Leak, format!("main has returned, and {blocked} {never}"))
        } else {
            Fault::new(FailureKind::Deadlock, format!("none of {blocked} can go on"))
        };
        fault.place = waiting
            .iter()
            .find(|(t, _)| spinning.is_empty() || spins(*t))
            .map(|(_, op)| Place::from(op.at));
        for (thread, op) in waiting {
            let (what, place) = self.describe_waiting(thread, op);
            fault = fault.detail(format!("{} waits {what}", self.thread_name(thread)), place);
        }
        Some(fault)
    }

    pub(super) fn describe_race(
        &self,
        cell: ObjectId,
        now: EventId,
        write: bool,
        at: &'static Location<'static>,
        earlier: &Earlier,
    ) -> Fault {
        let name = self.object_name(cell);
        let verb = |write: bool| if write { "writes" } else { "reads" };
        let (first, second) = (self.thread_name(earlier.id.thread), self.thread_name(now.thread));
        Fault::new(
            FailureKind::DataRace,
            format!(
                "{second} {} {name} while nothing orders it after {first}, which {} it",
                verb(write),
                verb(earlier.write),
            ),
        )
        .at(at)
        .detail(format!("{first} {} {name}", verb(earlier.write)), Some(earlier.at.into()))
        .detail(format!("{second} {} {name}", verb(write)), Some(at.into()))
        .detail("no lock, join, channel or acquire/release pair orders the two accesses", None)
    }
}
fn describe_refs(op: RefsOp, on: &str, answer: u64) -> String {
    match op {
        RefsOp::Count | RefsOp::Unique => format!("count {on} = {answer}"),
        RefsOp::Retain => format!("clone {on} ({answer})"),
        RefsOp::Release => format!("drop {on} ({answer} left)"),
        RefsOp::Unwrap if answer == 0 => format!("try_unwrap {on}: shared"),
        RefsOp::Unwrap => format!("try_unwrap {on}: taken"),
        RefsOp::Own => match answer {
            refs::SHARED => format!("make_mut {on}: shared"),
            refs::MOVED => format!("make_mut {on}: taken from weak ones"),
            _ => format!("make_mut {on}: the only one"),
        },
        RefsOp::Upgrade if answer == 0 => format!("upgrade {on}: gone"),
        RefsOp::Upgrade => format!("upgrade {on} ({answer})"),
        RefsOp::RetainWeak => format!("weak reference to {on} ({answer})"),
        RefsOp::ReleaseWeak => format!("drop a weak reference to {on} ({answer} left)"),
        RefsOp::CountWeak => format!("weak count {on} = {answer}"),
    }
}
