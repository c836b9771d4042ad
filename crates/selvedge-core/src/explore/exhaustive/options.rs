//! What an announced operation could do at a store: its choices, and how each
//! touches the location.

use smallvec::{SmallVec, smallvec};

use crate::id::{ObjectId, ThreadId};
use crate::model::{Next, ObjectState};
use crate::op::{Access, ChannelOp, Op, OpKind};
use crate::world::World;

use super::graph::Graph;

/// The choices of an operation in some state, the default one first, each
/// with how it touches the location. None if it is not enabled.
pub(super) type Options = SmallVec<[(u32, Access); 2]>;

/// An operation that a thread has announced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announced<'a> {
    pub(super) thread: ThreadId,
    /// The index that its event has, or will have, within the thread.
    pub(super) index: u32,
    pub(super) op: &'a Op,
    /// The version that it must not find, if it is at the end of the turn of
    /// a loop that waits.
    pub(super) awaits: Option<u32>,
}

impl<'a> Announced<'a> {
    /// What a parked thread has announced.
    #[inline]
    pub(super) fn by(world: &'a World, thread: ThreadId) -> Option<Self> {
        let index = world.events_of(thread) + 1;
        world.announced(thread).map(|op| {
            let awaits = world.awaits(thread);
            Announced { thread, index, op, awaits }
        })
    }

    /// The objects that it may be on.
    #[inline]
    pub(super) fn objects(&self, world: &'a World) -> &'a [ObjectId] {
        match self.op.kind {
            OpKind::Select(select) => world.case_channels(select),
            _ => self.op.object.as_slice(),
        }
    }

    /// What it does at the object, or, for a select, at a channel of a case.
    fn at_object(&self) -> OpKind {
        match self.op.kind {
            OpKind::Select(_) => OpKind::Channel(ChannelOp::Recv),
            kind => kind,
        }
    }
}

/// The state of a location: after a store of the graph, and after one more
/// that is not in the graph.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) graph: &'a Graph,
    pub(super) location: usize,
    pub(super) store: usize,
    pub(super) then: Option<&'a Left>,
}

/// What a store that is not in the graph leaves.
#[derive(Clone, Debug)]
pub(super) struct Left {
    object: ObjectId,
    state: ObjectState,
    version: u32,
}

impl<'a> At<'a> {
    fn state(&self, object: ObjectId) -> (&'a ObjectState, u32) {
        match self.then {
            Some(left) if left.object == object => (&left.state, left.version),
            _ => {
                let known = self.graph.state_at(self.location, self.store, object);
                (&known.state, known.version)
            }
        }
    }

    /// The options of an operation here.
    #[inline]
    pub(super) fn options(&self, world: &World, announced: &Announced<'_>) -> Options {
        let (thread, kind) = (announced.thread, announced.at_object());
        match announced.op.kind {
            OpKind::Select(select) => (0..)
                .zip(world.case_channels(select))
                .filter_map(|(case, &channel)| {
                    self.state(channel).0.would(&kind, thread).map(|access| (case, access))
                })
                .collect(),
            _ => {
                let object = announced.op.object.expect("an operation on an object names it");
                let (state, version) = self.state(object);
                if announced.awaits == Some(version) {
                    return Options::new();
                }
                match state.would(&kind, thread) {
                    None => Options::new(),
                    Some(access) => match state.choices(&kind) {
                        1 => smallvec![(0, access)],
                        choices => (0..choices).map(|choice| (choice, access)).collect(),
                    },
                }
            }
        }
    }

    /// What a writing operation would leave here.
    pub(super) fn after(&self, world: &World, announced: &Announced<'_>, choice: u32) -> Left {
        let (object, choice) = match announced.op.kind {
            OpKind::Select(select) => (world.case_channels(select)[choice as usize], 0),
            _ => (announced.objects(world)[0], choice),
        };
        let (before, version) = self.state(object);
        let effect = before.eval(&announced.at_object(), announced.thread, choice);
        match effect.map(|effect| effect.next) {
            Some(Next::To(state)) => {
                let version = version.wrapping_add(u32::from(state != *before));
                Left { object, state, version }
            }
            other => unreachable!("a store leaves a state: {other:?}"),
        }
    }
}
