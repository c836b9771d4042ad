//! What a thread may do to the one object of a test.

use selvedge_core::dependence::{Access, Entry, entry};
use selvedge_core::id::{ObjectId, ThreadId};
use selvedge_core::model::{Next, ObjectState};
use selvedge_core::op::{ChannelOp, OpKind, SelectOp};
use selvedge_core::world::World;

/// An operation on the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Op(OpKind),
    /// A select with the object as its only case.
    Select,
}

/// An action of a thread, with one of its outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) thread: usize,
    pub(crate) action: Action,
    pub(crate) choice: u32,
}

/// What became of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) answer: u64,
    pub(crate) access: Option<Access>,
    pub(crate) state: ObjectState,
}

impl Action {
    /// The operation as it is announced in the world.
    pub(crate) fn announced(self, world: &mut World, object: ObjectId) -> OpKind {
        match self {
            Action::Op(kind) => kind,
            Action::Select => world.select(&[object]),
        }
    }

    /// Its line of the table.
    pub(crate) fn entry(self) -> &'static Entry {
        entry(&self.kind())
    }

    /// The operation, whatever the object.
    pub(crate) fn kind(self) -> OpKind {
        match self {
            Action::Op(kind) => kind,
            Action::Select => self.announced(&mut World::new(), ObjectId::from_index(0)),
        }
    }

    /// How many outcomes it has in this state.
    pub(crate) fn choices(self, state: &ObjectState) -> u32 {
        match self {
            Action::Op(kind) => state.choices(&kind),
            Action::Select => 1,
        }
    }
}

impl Move {
    /// What it does in this state; `None` if it is not enabled.
    pub(crate) fn done(self, state: &ObjectState) -> Option<Done> {
        let eval = |kind: OpKind| {
            let effect = state.eval(&kind, ThreadId::from_index(self.thread), self.choice)?;
            let (access, next) = match effect.next {
                Next::Same => (Some(Access::Read), state.clone()),
                Next::To(next) => (Some(Access::Write), next),
                Next::Own(next) => (None, next),
            };
            Some(Done { answer: effect.answer, access, state: next })
        };
        match (self.action, state) {
            (Action::Op(kind), _) => eval(kind),
            (Action::Select, ObjectState::Channel(channel)) if channel.ready() => {
                let received = eval(OpKind::Channel(ChannelOp::Recv))?;
                // The first case, and above it what receiving answered.
                Some(Done { answer: received.answer << 32, ..received })
            }
            (Action::Select, _) => None,
        }
    }

    /// The answer of a select as that of a receive.
    pub(crate) fn plain_answer(self, answer: u64) -> u64 {
        match self.action {
            Action::Op(_) => answer,
            Action::Select => SelectOp::received(answer),
        }
    }
}
