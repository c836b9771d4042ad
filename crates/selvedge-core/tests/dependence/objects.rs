//! Operations on different objects are independent, whatever the objects.

use std::panic::Location;

use selvedge_core::id::ThreadId;
use selvedge_core::model::ObjectState;
use selvedge_core::op::Op;
use selvedge_core::world::World;

use super::action::{Action, Move};
use super::space::{Space, spaces};

/// Answers, states, and whether each thread knows what the other did before.
type Outcome = ([u64; 2], [ObjectState; 2], [bool; 2]);

/// The first thread moves on an object of its own, the second on another one.
fn run(world: &mut World, on: [&Space; 2], moves: [Move; 2], order: [usize; 2]) -> Outcome {
    let at = Location::caller();
    world.begin();
    let threads = [ThreadId::MAIN, world.adopt()];
    let objects = on.map(|space| world.register(ThreadId::MAIN, space.initial.clone(), None));
    let cells = threads.map(|t| world.register(t, ObjectState::Cell, None));
    let mut answers = [0; 2];
    for i in order {
        let kind = moves[i].action.announced(world, objects[i]);
        let object = matches!(moves[i].action, Action::Op(_)).then_some(objects[i]);
        world.access(threads[i], cells[i], true, at);
        world.announce(threads[i], Op { kind, object, at });
        assert!(world.enabled(threads[i]), "{:?}", moves[i]);
        answers[i] = world.step(threads[i], moves[i].choice);
        let event = world.events().last().expect("a step is an event");
        assert!(world.access_of(event).is_none_or(|(object, _)| object == objects[i]));
    }
    let known = [0, 1].map(|i| {
        let before = world.faults().len();
        world.access(threads[i], cells[1 - i], false, at);
        world.faults().len() == before
    });
    (answers, objects.map(|o| world.state(o).clone()), known)
}

#[test]
fn operations_on_different_objects_commute() {
    let mut world = World::new();
    let mut tried = 0;
    for a in &spaces() {
        for b in &spaces() {
            let enabled = |space: &Space, thread| {
                let mut moves = space.moves(&space.first(), thread);
                moves.retain(|mv| mv.done(&space.initial).is_some());
                moves
            };
            for x in enabled(a, 0) {
                for y in enabled(b, 1) {
                    let forth = run(&mut world, [a, b], [x, y], [0, 1]);
                    let back = run(&mut world, [a, b], [x, y], [1, 0]);
                    assert_eq!(forth, back, "{x:?} and {y:?}");
                    assert_eq!(forth.2, [false; 2], "different objects order nothing");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= spaces().len() * spaces().len(), "every two kinds of objects were tried");
}
