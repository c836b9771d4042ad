//! Happens-before by synchronises-with only: what race detection may rely on.
//!
//! This is not the order in which the exploration happened to run things: a
//! relaxed store that is read is ordered before the read, but publishes
//! nothing. Rules as in RC11 (Lahav, Vafeiadis, Kang, Hur, Dreyer, PLDI 2017)
//! with the release sequences of C++20, on the values of sequential
//! consistency.

use std::collections::VecDeque;

use crate::clock::Clock;
use crate::id::{ObjectId, ThreadId};
use crate::model::{ObjectState, channel, once};
use crate::op::{
    Access, AtomicOp, ChannelOp, MemoryOrder, MutexOp, OnceOp, OpKind, ParkOp, RefsOp, RwLockOp,
};

use super::World;

/// What the operations on an object have released.
#[derive(Debug, Default)]
pub(super) struct ObjectClocks {
    /// To whoever acquires it next.
    released: Clock,
    /// By readers of a lock, to the next writer.
    readers: Clock,
    /// With each message that waits in a channel.
    messages: VecDeque<Clock>,
    /// By receivers of a rendezvous, to the sender of each taken offer.
    taken: Vec<(u64, Clock)>,
}

impl ObjectClocks {
    pub(super) fn clear(&mut self) {
        self.released.clear();
        self.readers.clear();
        self.messages.clear();
        self.taken.clear();
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
                RwLockOp::UnlockWrite => {
                    clocks.released.copy_from(&me.hb);
                    clocks.readers.clear();
                }
                _ => {}
            },
            OpKind::Once(OnceOp::Begin { .. } | OnceOp::Get) if answer != once::NEW || wrote => {
                me.hb.join(&clocks.released);
            }
            OpKind::Once(OnceOp::End(_)) => clocks.released.copy_from(&me.hb),
            OpKind::Park(ParkOp::Park) => me.hb.join(&clocks.released),
            OpKind::Park(ParkOp::Unpark) => clocks.released.join(&me.hb),
            // Who finds the only reference sees what others did before they dropped theirs.
            OpKind::Refs(RefsOp::Unique) if answer == 1 => me.hb.join(&clocks.released),
            // As the last drop of an Arc: all drops before it are visible to it.
            OpKind::Refs(RefsOp::Release) => {
                clocks.released.join(&me.hb);
                if answer == 0 {
                    me.hb.join(&clocks.released);
                }
            }
            OpKind::Channel(op) => match op {
                ChannelOp::Send | ChannelOp::Offer if wrote => {
                    clocks.messages.push_back(me.hb.clone());
                }
                ChannelOp::Recv | ChannelOp::TryRecv if answer == channel::OK => {
                    if let Some(sender) = clocks.messages.pop_front() {
                        me.hb.join(&sender);
                    }
                    if let ObjectState::Channel(s) = &object.state
                        && s.capacity == Some(0)
                    {
                        clocks.taken.push((s.taken - 1, me.hb.clone()));
                    }
                }
                ChannelOp::Taken { ticket } if answer == channel::OK => {
                    if let Some(at) = clocks.taken.iter().position(|(t, _)| *t == ticket) {
                        me.hb.join(&clocks.taken.swap_remove(at).1);
                    }
                }
                ChannelOp::Close | ChannelOp::SendersGone | ChannelOp::ReceiversGone if wrote => {
                    clocks.released.join(&me.hb);
                }
                // Told that the other end is gone: what was done before is visible.
                _ if answer == channel::DISCONNECTED => me.hb.join(&clocks.released),
                _ => {}
            },
            OpKind::Mutex(_)
            | OpKind::Once(_)
            | OpKind::Condvar(_)
            | OpKind::Refs(RefsOp::Retain | RefsOp::Count | RefsOp::Unique)
            | OpKind::Select(_)
            | OpKind::Thread(_) => {}
        }
    }

    pub(super) fn fence(&mut self, thread: ThreadId, order: MemoryOrder) {
        let me = &mut self.threads[thread.index()];
        if order.acquires() {
            me.hb.join(&me.acquirable);
        }
        if order.releases() {
            me.fenced.copy_from(&me.hb);
        }
    }
}
