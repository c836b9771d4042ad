//! What is not in an object's state but in real memory: messages, poison, and
//! who holds what. It decides what a program can do, and what it gets to see.

use selvedge_core::id::ThreadId;
use selvedge_core::model::{ObjectState, channel, once, refs};
use selvedge_core::op::{ChannelOp, CondvarOp, MutexOp, OnceOp, OpKind, ParkOp, RefsOp, RwLockOp};

use super::action::{Action, Move};
use super::space::MOST_THREADS;

/// This thread panics before it unlocks, so its unlocks poison.
const PANICS: usize = 2;

/// Real memory, as far as it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    poisoned: bool,
    /// Who sent the messages that wait, in order.
    messages: Vec<usize>,
    /// The ticket of the offer with which a thread waits.
    offered: [Option<u64>; MOST_THREADS],
    /// How many references a thread holds.
    references: [u8; MOST_THREADS],
    /// And how many weak ones.
    weak: [u8; MOST_THREADS],
}

impl Memory {
    /// The first three threads hold a reference each, and two of them a weak one.
    pub(crate) fn shared() -> Self {
        Memory { references: [1, 1, 1, 0], weak: [0, 1, 1, 0], ..Memory::default() }
    }

    /// The ticket that the thread waits for.
    pub(crate) fn ticket(&self, thread: usize) -> Option<u64> {
        self.offered[thread]
    }

    /// True if a program can announce this here.
    pub(crate) fn possible(&self, state: &ObjectState, mv: Move) -> bool {
        let me = ThreadId::from_index(mv.thread);
        let action = match mv.action {
            Action::Op(kind) => kind,
            Action::Select => OpKind::Channel(ChannelOp::Recv),
        };
        match (state, action) {
            (ObjectState::Mutex(s), OpKind::Mutex(op)) => match op {
                MutexOp::Unlock => s.owner == Some(me),
                // Reported as a failure as soon as it is announced.
                MutexOp::Lock => s.owner != Some(me),
                _ => true,
            },
            (ObjectState::RwLock(s), OpKind::RwLock(op)) => match op {
                RwLockOp::UnlockRead => s.readers.contains(&me),
                RwLockOp::UnlockWrite | RwLockOp::Downgrade => s.writer == Some(me),
                _ => true,
            },
            (ObjectState::Condvar(s), OpKind::Condvar(op)) => {
                let waits = s.waiting.contains(&me) || s.notified.contains(&me);
                waits == matches!(op, CondvarOp::Wake | CondvarOp::WakeBy { .. })
            }
            (ObjectState::Once(s), OpKind::Once(OnceOp::End(_))) => {
                *s == selvedge_core::model::OnceState::Running(me)
            }
            (ObjectState::Channel(s), OpKind::Channel(op)) => {
                let waiting = self.offered[mv.thread];
                match op {
                    ChannelOp::Taken { ticket } => waiting == Some(ticket),
                    _ if waiting.is_some() => false,
                    ChannelOp::Offer => s.capacity == Some(0) && !s.senders_gone,
                    ChannelOp::Send | ChannelOp::TrySend | ChannelOp::SendBy { .. } => {
                        s.capacity != Some(0) && !s.senders_gone
                    }
                    ChannelOp::Recv
                    | ChannelOp::TryRecv
                    | ChannelOp::RecvBy { .. }
                    | ChannelOp::ReceiversGone => !s.receivers_gone,
                    ChannelOp::SendersGone => {
                        !s.senders_gone && self.offered.iter().all(Option::is_none)
                    }
                    ChannelOp::Close => !s.senders_gone || !s.receivers_gone,
                }
            }
            (ObjectState::Park(_), OpKind::Park(ParkOp::Park | ParkOp::ParkBy { .. })) => {
                mv.thread == 0
            }
            (ObjectState::Refs(_), OpKind::Refs(op)) => {
                let (strong, weak) = (self.references[mv.thread] > 0, self.weak[mv.thread] > 0);
                match op {
                    RefsOp::Upgrade | RefsOp::ReleaseWeak => weak,
                    RefsOp::RetainWeak | RefsOp::CountWeak | RefsOp::Count => strong || weak,
                    _ => strong,
                }
            }
            _ => true,
        }
    }

    /// The move was made and answered. What does the program learn?
    pub(crate) fn learn(&mut self, mv: Move, answer: u64) -> u64 {
        let answer = mv.plain_answer(answer);
        let kind = match mv.action {
            Action::Op(kind) => kind,
            Action::Select => OpKind::Channel(ChannelOp::Recv),
        };
        match kind {
            OpKind::Mutex(op) => match op {
                MutexOp::Lock | MutexOp::TryLock => answer * (1 + u64::from(self.poisoned)),
                MutexOp::Unlock => self.unlocked(mv.thread),
                MutexOp::IsPoisoned => self.poisoned.into(),
                MutexOp::ClearPoison => self.cleared(),
            },
            OpKind::RwLock(op) => match op {
                RwLockOp::Read | RwLockOp::TryRead | RwLockOp::Write | RwLockOp::TryWrite => {
                    answer * (1 + u64::from(self.poisoned))
                }
                RwLockOp::UnlockWrite => self.unlocked(mv.thread),
                RwLockOp::UnlockRead | RwLockOp::Downgrade => 0,
                RwLockOp::IsPoisoned => self.poisoned.into(),
                RwLockOp::ClearPoison => self.cleared(),
            },
            OpKind::Condvar(CondvarOp::WakeBy { .. }) => answer,
            OpKind::Condvar(_) => 0,
            OpKind::Once(OnceOp::Get) => u64::from(answer == once::DONE),
            OpKind::Channel(op) => match (op, answer) {
                (ChannelOp::Send | ChannelOp::TrySend | ChannelOp::SendBy { .. }, channel::OK) => {
                    self.messages.push(mv.thread);
                    answer
                }
                (ChannelOp::Offer, ticket @ channel::TICKET..) => {
                    self.messages.push(mv.thread);
                    self.offered[mv.thread] = Some(ticket - channel::TICKET);
                    channel::OK
                }
                (ChannelOp::Taken { .. }, _) => {
                    self.offered[mv.thread] = None;
                    if answer == channel::DISCONNECTED {
                        // The sender takes its message back.
                        self.messages.retain(|sender| *sender != mv.thread);
                    }
                    answer
                }
                (ChannelOp::Recv | ChannelOp::TryRecv | ChannelOp::RecvBy { .. }, channel::OK) => {
                    10 + self.messages.remove(0) as u64
                }
                _ => answer,
            },
            OpKind::Refs(op) => match op {
                RefsOp::Retain => {
                    self.references[mv.thread] += 1;
                    0
                }
                RefsOp::Release => {
                    self.references[mv.thread] -= 1;
                    u64::from(answer == 0)
                }
                RefsOp::Count | RefsOp::CountWeak => answer,
                RefsOp::Unique => u64::from(answer == 1),
                RefsOp::Unwrap => {
                    self.references[mv.thread] -= answer as u8;
                    answer
                }
                RefsOp::Own => {
                    // It has one of its own then.
                    self.references[mv.thread] -= u8::from(answer == refs::MOVED);
                    answer
                }
                RefsOp::Upgrade => {
                    self.references[mv.thread] += u8::from(answer > 0);
                    u64::from(answer > 0)
                }
                RefsOp::RetainWeak => {
                    self.weak[mv.thread] += 1;
                    0
                }
                RefsOp::ReleaseWeak => {
                    self.weak[mv.thread] -= 1;
                    0
                }
            },
            OpKind::Atomic(_)
            | OpKind::Once(_)
            | OpKind::Park(_)
            | OpKind::Select(_)
            | OpKind::Thread(_) => answer,
        }
    }

    fn unlocked(&mut self, thread: usize) -> u64 {
        self.poisoned |= thread == PANICS;
        0
    }

    fn cleared(&mut self) -> u64 {
        self.poisoned = false;
        0
    }
}
