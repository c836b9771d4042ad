//! All small states of an object that programs can reach.

use std::collections::{HashSet, VecDeque};

use selvedge_core::model::channel::ChannelState;
use selvedge_core::model::{AtomicState, ObjectState, RefsState, ValueType};
use selvedge_core::op::{
    AtomicOp, ChannelOp, CondvarOp, MemoryOrder, MutexOp, OnceEnd, OnceOp, OpKind, ParkOp, RefsOp,
    Rmw, RwLockOp,
};
use selvedge_core::world::World;

use super::action::{Action, Move};
use super::memory::Memory;
use super::run::run;

/// The most threads that there are.
pub(crate) const MOST_THREADS: usize = 4;

/// A kind of object as it is at first, and what threads do to it.
pub(crate) struct Space {
    pub(crate) initial: ObjectState,
    /// Three threads show everything about most objects.
    pub(crate) threads: usize,
    memory: Memory,
    alphabet: Vec<Action>,
}

/// A state, and how to get there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) state: ObjectState,
    pub(crate) memory: Memory,
    pub(crate) path: Vec<Move>,
}

impl Space {
    fn new(initial: ObjectState, alphabet: impl IntoIterator<Item = OpKind>) -> Self {
        let alphabet = alphabet.into_iter().map(Action::Op).collect();
        Space { initial, threads: 3, memory: Memory::shared(), alphabet }
    }

    /// What the thread may announce in this place: possible for a program,
    /// but perhaps not enabled.
    pub(crate) fn moves(&self, place: &Place, thread: usize) -> Vec<Move> {
        let mut moves = Vec::new();
        for &action in &self.alphabet {
            let action = match (action, place.memory.ticket(thread)) {
                (Action::Op(OpKind::Channel(ChannelOp::Taken { .. })), Some(ticket)) => {
                    Action::Op(OpKind::Channel(ChannelOp::Taken { ticket }))
                }
                _ => action,
            };
            for choice in 0..action.choices(&place.state) {
                let mv = Move { thread, action, choice };
                if place.memory.possible(&place.state, mv) {
                    moves.push(mv);
                }
            }
        }
        moves
    }

    /// Where everything begins.
    pub(crate) fn first(&self) -> Place {
        Place { state: self.initial.clone(), memory: self.memory.clone(), path: Vec::new() }
    }

    /// All places, breadth first. Those differ that differ in the state, in
    /// memory, or in what threads know of each other.
    pub(crate) fn places(&self) -> Vec<Place> {
        let mut world = World::new();
        let mut key = |place: &Place| {
            let known = run(&mut world, self, &place.path).known;
            format!("{:?} {:?} {known:?}", place.state, place.memory)
        };
        let first = self.first();
        let mut met = HashSet::from([key(&first)]);
        let mut queue = VecDeque::from([first]);
        let mut places = Vec::new();
        while let Some(place) = queue.pop_front() {
            for mv in (0..self.threads).flat_map(|t| self.moves(&place, t)) {
                if let Some(next) = place.after(mv)
                    && is_small(&next.state)
                    && met.insert(key(&next))
                {
                    queue.push_back(next);
                }
            }
            places.push(place);
        }
        places
    }
}

impl Place {
    /// Where the move leads, if it is enabled.
    pub(crate) fn after(&self, mv: Move) -> Option<Place> {
        let done = mv.done(&self.state)?;
        let mut memory = self.memory.clone();
        memory.learn(mv, done.answer);
        let mut path = self.path.clone();
        path.push(mv);
        Some(Place { state: done.state, memory, path })
    }
}

/// Bounds what would grow for ever.
fn is_small(state: &ObjectState) -> bool {
    match state {
        ObjectState::Channel(s) => s.sent <= 2,
        ObjectState::RwLock(s) => s.readers.len() <= 3,
        ObjectState::Refs(s) => s.strong <= 3 && s.weak <= 3,
        _ => true,
    }
}

/// Every kind of object.
pub(crate) fn spaces() -> Vec<Space> {
    let mut spaces = vec![
        atomic(),
        Space::new(
            ObjectState::Mutex(Default::default()),
            [
                MutexOp::Lock,
                MutexOp::TryLock,
                MutexOp::Unlock,
                MutexOp::IsPoisoned,
                MutexOp::ClearPoison,
            ]
            .map(OpKind::Mutex),
        ),
        Space::new(
            ObjectState::RwLock(Default::default()),
            [
                RwLockOp::Read,
                RwLockOp::TryRead,
                RwLockOp::UnlockRead,
                RwLockOp::Write,
                RwLockOp::TryWrite,
                RwLockOp::UnlockWrite,
                RwLockOp::IsPoisoned,
                RwLockOp::ClearPoison,
                RwLockOp::Downgrade,
            ]
            .map(OpKind::RwLock),
        ),
        condvar(),
        Space::new(
            ObjectState::Once(Default::default()),
            [
                OnceOp::Begin { ignore_poison: false },
                OnceOp::Begin { ignore_poison: true },
                OnceOp::End(OnceEnd::Done),
                OnceOp::End(OnceEnd::Failed),
                OnceOp::End(OnceEnd::Panicked),
                OnceOp::Get,
                OnceOp::Wait { ignore_poison: false },
                OnceOp::Wait { ignore_poison: true },
            ]
            .map(OpKind::Once),
        ),
        Space::new(
            ObjectState::Park(Default::default()),
            [
                ParkOp::Park,
                ParkOp::ParkBy { expired: false },
                ParkOp::ParkBy { expired: true },
                ParkOp::Unpark,
            ]
            .map(OpKind::Park),
        ),
        Space::new(
            ObjectState::Refs(RefsState { strong: 3, weak: 2 }),
            [
                RefsOp::Retain,
                RefsOp::Release,
                RefsOp::Count,
                RefsOp::Unique,
                RefsOp::Unwrap,
                RefsOp::Own,
                RefsOp::Upgrade,
                RefsOp::RetainWeak,
                RefsOp::ReleaseWeak,
                RefsOp::CountWeak,
            ]
            .map(OpKind::Refs),
        ),
    ];
    spaces.extend([None, Some(1), Some(0)].map(channel));
    spaces
}

fn atomic() -> Space {
    let (order, relaxed) = (MemoryOrder::SeqCst, MemoryOrder::Relaxed);
    let rmw = |rmw, operand| AtomicOp::Rmw { rmw, operand, order };
    let cas = |expected, new| AtomicOp::CompareExchange {
        expected,
        new,
        success: MemoryOrder::AcqRel,
        failure: MemoryOrder::Acquire,
    };
    Space::new(
        ObjectState::Atomic(AtomicState { value: 0, ty: ValueType::Unsigned(2) }),
        [
            AtomicOp::Load { order },
            AtomicOp::Load { order: relaxed },
            AtomicOp::Store { value: 1, order },
            AtomicOp::Store { value: 2, order: relaxed },
            rmw(Rmw::Add, 1),
            rmw(Rmw::Swap, 2),
            rmw(Rmw::Max, 1),
            cas(0, 1),
            cas(1, 0),
        ]
        .map(OpKind::Atomic),
    )
}

fn condvar() -> Space {
    let ops = [
        CondvarOp::Enqueue,
        CondvarOp::Wake,
        CondvarOp::WakeBy { expired: false },
        CondvarOp::WakeBy { expired: true },
        CondvarOp::NotifyOne,
        CondvarOp::NotifyAll,
    ];
    let space = Space::new(ObjectState::Condvar(Default::default()), ops.map(OpKind::Condvar));
    // Two that wait, and two that choose among them.
    Space { threads: 4, ..space }
}

fn channel(capacity: Option<u64>) -> Space {
    let mut space = Space::new(
        ObjectState::Channel(ChannelState::new(capacity)),
        [
            ChannelOp::Send,
            ChannelOp::Offer,
            ChannelOp::Taken { ticket: 0 },
            ChannelOp::Recv,
            ChannelOp::TryRecv,
            ChannelOp::RecvBy { expired: false },
            ChannelOp::RecvBy { expired: true },
            ChannelOp::TrySend,
            ChannelOp::SendBy { expired: false },
            ChannelOp::SendBy { expired: true },
            ChannelOp::Close,
            ChannelOp::SendersGone,
            ChannelOp::ReceiversGone,
        ]
        .map(OpKind::Channel),
    );
    space.alphabet.push(Action::Select);
    space
}
