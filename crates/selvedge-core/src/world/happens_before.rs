//! Happens-before by synchronises-with only: what race detection may rely on.
//!
//! This is not the order in which the exploration happened to run things: a
//! relaxed store that is read is ordered before the read, but publishes
//! nothing. Rules as in RC11 (Lahav, Vafeiadis, Kang, Hur, Dreyer, PLDI 2017)
//! with the release sequences of C++20, on the values of sequential
//! consistency.
//!
//! Nothing but the search for data races asks for these clocks. They are not
//! kept until a program first touches plain memory; then those of the
//! execution so far are made from its events, and from there on all are kept.

use std::collections::VecDeque;

use crate::clock::Clock;
use crate::id::{ObjectId, ThreadId};
use crate::model::{ObjectState, channel, once, park};
use crate::op::{
    Access, AtomicOp, ChannelOp, MemoryOrder, MutexOp, OnceOp, OpKind, ParkOp, RefsOp, RwLockOp,
    SelectOp, ThreadOp,
};

use super::World;

/// What the operations on an object have released.
#[derive(Debug, Default)]
pub(super) struct ObjectClocks {
    /// To whoever acquires it next.
    released: Clock,
    /// By readers of a lock, to the next writer; by weak references, to who
    /// finds none.
    readers: Clock,
    /// With each message that waits in a channel.
    messages: VecDeque<Clock>,
    /// By receivers of a rendezvous, to the sender of each taken offer.
    taken: Vec<(u64, Clock)>,
    /// How many offers of a rendezvous were taken.
    received: u64,
    /// By who first made offers be refused: to the senders of those that were
    /// not taken.
    refused: Option<Clock>,
}

impl ObjectClocks {
    pub(super) fn clear(&mut self) {
        self.released.clear();
        self.readers.clear();
        self.messages.clear();
        self.taken.clear();
        self.received = 0;
        self.refused = None;
    }
}

impl World {
    /// The operation of `thread` on the object took effect; what does it
    /// acquire and release?
    pub(super) fn synchronise(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        kind: &OpKind,
        answer: u64,
        access: Option<Access>,
    ) {
        let me = &mut self.threads[thread.index()];
        let object = &mut self.objects[object.index()];
        let clocks = &mut object.clocks;
        let wrote = access == Some(Access::Write);
        match *kind {
            OpKind::Atomic(op) => {
                let (load, store) = match op {
                    AtomicOp::Load { order } => (Some(order), None),
                    AtomicOp::Store { order, .. } => (None, Some(order)),
                    AtomicOp::Rmw { order, .. } => (Some(order), Some(order)),
                    AtomicOp::CompareExchange { success, .. } if wrote => {
                        (Some(success), Some(success))
                    }
                    AtomicOp::CompareExchange { failure, .. } => (Some(failure), None),
                };
                if let Some(order) = load {
                    if order.acquires() {
                        me.hb.join(&clocks.released);
                    } else {
                        me.acquirable.join(&clocks.released);
                    }
                }
                if let Some(order) = store {
                    let view = if order.releases() { &me.hb } else { &me.fenced };
                    if load.is_some() {
                        // A read-modify-write continues the release sequence.
                        clocks.released.join(view);
                    } else {
                        clocks.released.copy_from(view);
                    }
                }
            }
            OpKind::Mutex(MutexOp::Lock | MutexOp::TryLock) if answer == 1 => {
                me.hb.join(&clocks.released);
            }
            OpKind::Mutex(MutexOp::Unlock) => clocks.released.copy_from(&me.hb),
            OpKind::RwLock(op) => match op {
                RwLockOp::Read | RwLockOp::TryRead if answer == 1 => me.hb.join(&clocks.released),
                RwLockOp::Write | RwLockOp::TryWrite if answer == 1 => {
                    me.hb.join(&clocks.released);
                    me.hb.join(&clocks.readers);
                }
                RwLockOp::UnlockRead => clocks.readers.join(&me.hb),
                RwLockOp::UnlockWrite | RwLockOp::Downgrade => {
                    clocks.released.copy_from(&me.hb);
                    clocks.readers.clear();
                }
                _ => {}
            },
            OpKind::Once(OnceOp::End(_)) => clocks.released.copy_from(&me.hb),
            OpKind::Once(_) if answer != once::NEW || wrote => me.hb.join(&clocks.released),
            OpKind::Park(ParkOp::ParkBy { .. }) if answer == park::TIMED_OUT => {}
            OpKind::Park(ParkOp::Park | ParkOp::ParkBy { .. }) => me.hb.join(&clocks.released),
            OpKind::Park(ParkOp::Unpark) => clocks.released.join(&me.hb),
            OpKind::Refs(op) => match op {
                // As the last drop of an Arc: all drops before it are visible to it.
                RefsOp::Release => {
                    clocks.released.join(&me.hb);
                    if answer == 0 {
                        me.hb.join(&clocks.released);
                    }
                }
                // The first reference: the value was made, of which there were
                // weak ones already.
                RefsOp::Retain if answer == 1 => clocks.released.join(&me.hb),
                RefsOp::ReleaseWeak => clocks.readers.join(&me.hb),
                // Who finds the only reference sees what others did before they dropped theirs.
                RefsOp::Unique if answer == 1 => {
                    me.hb.join(&clocks.released);
                    me.hb.join(&clocks.readers);
                }
                RefsOp::Unwrap | RefsOp::Own | RefsOp::Upgrade if answer != 0 => {
                    me.hb.join(&clocks.released);
                }
                _ => {}
            },
            OpKind::Channel(op) => match op {
                ChannelOp::Send
                | ChannelOp::Offer
                | ChannelOp::TrySend
                | ChannelOp::SendBy { .. }
                    if wrote =>
                {
                    clocks.messages.push_back(me.hb.clone());
                }
                ChannelOp::Recv | ChannelOp::TryRecv | ChannelOp::RecvBy { .. }
                    if answer == channel::OK =>
                {
                    if let Some(sender) = clocks.messages.pop_front() {
                        me.hb.join(&sender);
                    }
                    if let ObjectState::Channel(s) = &object.state
                        && s.capacity == Some(0)
                    {
                        clocks.taken.push((clocks.received, me.hb.clone()));
                        clocks.received += 1;
                    }
                }
                ChannelOp::Taken { ticket } if answer == channel::OK => {
                    if let Some(at) = clocks.taken.iter().position(|(t, _)| *t == ticket) {
                        me.hb.join(&clocks.taken.swap_remove(at).1);
                    }
                }
                // What it learns must not depend on when it goes on: nothing orders that.
                ChannelOp::Taken { .. } => me.hb.join(clocks.refused.get_or_insert_default()),
                ChannelOp::Close | ChannelOp::SendersGone | ChannelOp::ReceiversGone if wrote => {
                    clocks.released.join(&me.hb);
                    if op != ChannelOp::SendersGone {
                        clocks.refused.get_or_insert_with(|| me.hb.clone());
                    }
                }
                // Told that the other end is gone: what was done before is visible.
                _ if answer == channel::DISCONNECTED => me.hb.join(&clocks.released),
                _ => {}
            },
            OpKind::Mutex(_)
            | OpKind::Once(_)
            | OpKind::Condvar(_)
            | OpKind::Select(_)
            | OpKind::Thread(_) => {}
        }
    }

    /// The same for an operation of a thread.
    pub(super) fn synchronise_thread(&mut self, thread: ThreadId, op: ThreadOp, answer: u64) {
        match op {
            ThreadOp::Spawn => {
                let [me, child] = self.two(thread, ThreadId::from_index(answer as usize));
                child.hb.copy_from(&me.hb);
            }
            ThreadOp::Join(child) => {
                let [me, other] = self.two(thread, child);
                // Accesses after its last operation carry the number of the
                // next one: whoever joins it comes after them, too.
                other.hb.set(child, other.events + 1);
                me.hb.join(&other.hb);
            }
            ThreadOp::Fence(order) => self.fence(thread, order),
            ThreadOp::Yield(_) | ThreadOp::Any(_) | ThreadOp::Sleep { .. } => {}
        }
    }

    /// From now on the clocks are kept; those of the execution so far are made
    /// from its events.
    #[cold]
    pub(super) fn start_clocks(&mut self) {
        self.keeps_clocks = true;
        self.plain = false;
        for at in 0..self.events.len() {
            let event = self.events[at];
            self.threads[event.thread.index()].hb.set(event.thread, event.index);
            match (event.op.kind, self.touched(&event)) {
                (OpKind::Thread(op), _) => {
                    self.synchronise_thread(event.thread, op, event.answer);
                }
                (OpKind::Select(_), Some(channel)) => {
                    let recv = OpKind::Channel(ChannelOp::Recv);
                    let received = SelectOp::received(event.answer);
                    self.synchronise(event.thread, channel, &recv, received, event.access);
                }
                (kind, Some(object)) => {
                    self.synchronise(event.thread, object, &kind, event.answer, event.access);
                }
                (_, None) => {}
            }
        }
    }

    fn fence(&mut self, thread: ThreadId, order: MemoryOrder) {
        let me = &mut self.threads[thread.index()];
        if order.acquires() {
            me.hb.join(&me.acquirable);
        }
        if order.releases() {
            me.fenced.copy_from(&me.hb);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::{Random, Strategy, execute};
    use crate::toy::{Program, Toy};

    /// All clocks of an execution, without trailing zeros.
    fn clocks(world: &World) -> Vec<Vec<u32>> {
        let threads = world.threads.iter().flat_map(|t| [&t.hb, &t.acquirable, &t.fenced]);
        let objects = world.objects.iter().flat_map(|o| {
            let taken = o.clocks.taken.iter().map(|(_, clock)| clock);
            [&o.clocks.released, &o.clocks.readers]
                .into_iter()
                .chain(&o.clocks.messages)
                .chain(taken)
        });
        let known = |clock: &Clock| {
            let all = (0..world.threads.len()).map(|t| clock.get(ThreadId::from_index(t)));
            let mut all: Vec<u32> = all.collect();
            all.truncate(all.iter().rposition(|&n| n > 0).map_or(0, |last| last + 1));
            all
        };
        threads.chain(objects).map(known).collect()
    }

    #[test]
    fn clocks_made_late_are_those_kept_all_along() {
        let programs = [
            "T0: W x 1 rlx; F rel; W y 1 rlx; a = FADD x 1 ar; SPAWN T2; JOIN T2; r = R y acq \
             | T1: a = R y rlx; F acq; b = R x rlx; c = CAS x 1 2 rel rlx; d = R z acq \
             | T2: W z 1 rel; r = R x acq; e = CAS x 9 1 ar acq",
            "T0: LOCK m; WAIT c m; UNLOCK m; RLOCK l; RUNLOCK l; SEND q 0 \
             | T1: LOCK m; NOTIFY c; UNLOCK m; WLOCK l; WUNLOCK l; SEND q 0 \
             | T2: t = TRY m; if t { UNLOCK m }; NOTIFYALL c; RLOCK l; RUNLOCK l; r = RECV q 0; \
                   r = RECV q 0; CLOSE q 0",
            "T0: SEND p 1; SEND p 1; CLOSE p 1 | T1: r = RECV p 1; s = TRYRECV p 1 \
             | T2: SEND p 1; r = RECV p 1",
        ];
        for text in programs {
            let program = Program::parse(text).expect("a program");
            let (mut early, mut late) = (World::new(), World::new());
            early.start_clocks();
            for seed in 0..200 {
                for world in [&mut early, &mut late] {
                    let mut random = Random::new(seed);
                    random.begin();
                    execute(&mut Toy::new(&program), world, &mut random, 1_000);
                }
                assert!(!late.keeps_clocks && !late.events.is_empty());
                late.start_clocks();
                assert_eq!(clocks(&early), clocks(&late), "{text}, seed {seed}");
                late = World::new();
            }
        }
    }
}
