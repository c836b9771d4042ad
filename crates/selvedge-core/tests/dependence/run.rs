//! Moves, run in a real world, with what a data race would tell of them.

use std::panic::Location;

use selvedge_core::dependence::Access;
use selvedge_core::id::{ObjectId, ThreadId};
use selvedge_core::model::ObjectState;
use selvedge_core::op::Op;
use selvedge_core::world::World;

use super::action::{Action, Move};
use super::space::{MOST_THREADS, Space};

/// What came of a sequence of moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The answer to each move, and how it touched the object.
    pub(crate) moves: Vec<(u64, Option<Access>)>,
    pub(crate) state: ObjectState,
    /// For each pair of threads: does the second know in the end what the
    /// first did before its last move?
    pub(crate) known: [[bool; MOST_THREADS]; MOST_THREADS],
}

/// Runs the moves from the initial state.
///
/// Each thread writes plain memory of its own before each of its moves; at the
/// end each other thread reads it. That is a race unless it is ordered.
pub(crate) fn run(world: &mut World, space: &Space, moves: &[Move]) -> Outcome {
    let at = Location::caller();
    world.begin();
    let threads: [ThreadId; MOST_THREADS] =
        std::array::from_fn(|i| if i == 0 { ThreadId::MAIN } else { world.adopt() });
    let object = world.register(ThreadId::MAIN, space.initial.clone(), None);
    let cells: [ObjectId; MOST_THREADS] =
        std::array::from_fn(|i| world.register(threads[i], ObjectState::Cell, None));
    let mut done = Vec::new();
    for mv in moves {
        let thread = threads[mv.thread];
        world.access(thread, cells[mv.thread], true, at);
        let kind = mv.action.announced(world, object);
        let on = matches!(mv.action, Action::Op(_)).then_some(object);
        world.announce(thread, Op { kind, object: on, at });
        assert!(world.enabled(thread), "{mv:?} in {:?}", world.state(object));
        let answer = world.step(thread, mv.choice);
        let event = world.events().last().expect("a step is an event");
        done.push((answer, event.access));
    }
    let mut known = [[true; MOST_THREADS]; MOST_THREADS];
    for (writer, cell) in cells.into_iter().enumerate().take(space.threads) {
        for (reader, thread) in threads.into_iter().enumerate().take(space.threads) {
            if reader != writer {
                let before = world.faults().len();
                world.access(thread, cell, false, at);
                known[writer][reader] = world.faults().len() == before;
            }
        }
    }
    Outcome { moves: done, state: world.state(object).clone(), known }
}
