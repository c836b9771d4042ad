//! When operations and executions are the same.

use std::hash::{Hash, Hasher};

use super::{Event, World};
use crate::id::ObjectId;
use crate::model::{ObjectState, ValueType};
use crate::op::{AtomicOp, ChannelOp, CondvarOp, OnceOp, Op, OpKind, ParkOp, ThreadOp};

impl World {
    /// True if both are the same action of the same place: what a repeated
    /// execution must announce again. Addresses may differ from one execution
    /// to the next, other operands may not.
    pub fn is_same(&self, a: &Op, b: &Op) -> bool {
        let is_pointer = |object: ObjectId| matches!(self.state(object), ObjectState::Atomic(s) if s.ty == ValueType::Pointer);
        let same_kind = a.kind == b.kind
            || op_code(&a.kind) == op_code(&b.kind) && a.object.is_some_and(is_pointer);
        same_kind && a.object == b.object && (std::ptr::eq(a.at, b.at) || a.at == b.at)
    }

    /// A number that depends on nothing but who executed which operations on
    /// which objects, in which order: the same when an execution is repeated,
    /// in any process.
    pub fn fingerprint(&self) -> u32 {
        self.fingerprint_of(&self.events)
    }

    /// The same for the first events only.
    pub(crate) fn fingerprint_of(&self, events: &[Event]) -> u32 {
        let mut hash = rustc_hash::FxHasher::default();
        for event in events {
            self.path(event.thread).0.as_slice().hash(&mut hash);
            (op_code(&event.op.kind), event.choice).hash(&mut hash);
            if let Some((object, _)) = self.access_of(event) {
                let object = &self.objects[object.index()];
                self.path(object.creator).0.as_slice().hash(&mut hash);
                object.nth.hash(&mut hash);
            }
        }
        let hash = hash.finish();
        (hash >> 32) as u32 ^ hash as u32
    }
}

/// A number for the kind of an operation, without operands that may be
/// addresses; part of the schedule format.
pub(crate) fn op_code(kind: &OpKind) -> u8 {
    match kind {
        OpKind::Atomic(op) => match op {
            AtomicOp::Load { .. } => 0,
            AtomicOp::Store { .. } => 1,
            AtomicOp::Rmw { .. } => 2,
            AtomicOp::CompareExchange { .. } => 3,
        },
        OpKind::Mutex(op) => 10 + *op as u8,
        OpKind::RwLock(op) => 20 + *op as u8,
        OpKind::Condvar(op) => match op {
            CondvarOp::Enqueue => 30,
            CondvarOp::Wake => 31,
            CondvarOp::NotifyOne => 32,
            CondvarOp::NotifyAll => 33,
            CondvarOp::WakeBy { .. } => 34,
        },
        OpKind::Once(OnceOp::Wait { .. }) => 41,
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
            ChannelOp::RecvBy { .. } => 58,
            ChannelOp::TrySend => 59,
            ChannelOp::SendBy { .. } => 49,
        },
        OpKind::Park(op) => match op {
            ParkOp::Park => 60,
            ParkOp::Unpark => 61,
            ParkOp::ParkBy { .. } => 62,
        },
        OpKind::Refs(op) => 70 + *op as u8,
        OpKind::Select(_) => 80,
        OpKind::Thread(op) => match op {
            ThreadOp::Spawn => 90,
            ThreadOp::Join(_) => 91,
            ThreadOp::Yield(_) => 92,
            ThreadOp::Any(_) => 93,
            ThreadOp::Fence(_) => 94,
            ThreadOp::Sleep { .. } => 95,
        },
    }
}
