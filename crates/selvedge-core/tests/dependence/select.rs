//! A select on several channels touches the one that it takes from, and no other.

use std::panic::Location;

use selvedge_core::id::ThreadId;
use selvedge_core::model::{ChannelState, ObjectState};
use selvedge_core::op::{ChannelOp, Op, OpKind, SelectOp};
use selvedge_core::world::{Event, World};

const SELECTS: usize = 0;
const OTHER: usize = 1;

/// Answers of the select and of the other, the channels, and whether each of
/// the two knows in the end what the other did before.
type Outcome = ([u64; 2], [ObjectState; 2], [bool; 2]);

/// What was done to the two channels first.
type Before<'a> = &'a [(usize, ChannelOp)];

fn run(before: Before<'_>, other: (usize, ChannelOp), order: [usize; 2]) -> Outcome {
    let at = Location::caller();
    let mut world = World::new();
    world.begin();
    let threads = [ThreadId::MAIN, world.adopt(), world.adopt()];
    let new = || ObjectState::Channel(ChannelState::new(None));
    let channels = [(); 2].map(|()| world.register(ThreadId::MAIN, new(), None));
    let cells = threads.map(|t| world.register(t, ObjectState::Cell, None));
    let on =
        |channel: usize, op| Op { kind: OpKind::Channel(op), object: Some(channels[channel]), at };
    for &(channel, op) in before {
        world.announce(threads[2], on(channel, op));
        world.step(threads[2], 0);
    }
    let kind = world.select(&channels);
    world.announce(threads[SELECTS], Op { kind, object: None, at });
    world.announce(threads[OTHER], on(other.0, other.1));
    let mut answers = [0; 2];
    for thread in order {
        world.access(threads[thread], cells[thread], true, at);
        assert!(world.enabled(threads[thread]));
        // The first case that is ready.
        let choice = world.choices(threads[thread]).nth(0);
        answers[thread] = world.step(threads[thread], choice);
    }
    let touched = world.access_of(select_event(&world)).map(|(channel, _)| channel);
    assert_eq!(touched, Some(channels[SelectOp::case(answers[SELECTS])]));
    let mut known = [true; 2];
    for thread in [SELECTS, OTHER] {
        let before = world.faults().len();
        world.access(threads[thread], cells[1 - thread], false, at);
        known[thread] = world.faults().len() == before;
    }
    (answers, channels.map(|c| world.state(c).clone()), known)
}

fn select_event(world: &World) -> &Event {
    let is_select = |e: &&Event| matches!(e.op.kind, OpKind::Select(_));
    world.events().iter().find(is_select).expect("the select took effect")
}

#[test]
fn a_select_commutes_with_what_happens_on_channels_it_does_not_take_from() {
    use ChannelOp::{Close, Recv, Send, SendersGone, TryRecv};
    let nothing: Before<'_> = &[(0, Send)];
    let message: Before<'_> = &[(0, Send), (1, Send)];
    let closed: Before<'_> = &[(0, Send), (1, Close)];
    let tried = [
        (nothing, [Send, TryRecv, Close, SendersGone].as_slice()),
        (message, [Send, Recv, TryRecv, Close, SendersGone].as_slice()),
        (closed, [Send, Recv, TryRecv, Close, SendersGone].as_slice()),
    ];
    for (before, ops) in tried {
        for &op in ops {
            let [forth, back] =
                [[SELECTS, OTHER], [OTHER, SELECTS]].map(|order| run(before, (1, op), order));
            assert_eq!(SelectOp::case(forth.0[SELECTS]), 0, "the message was taken");
            assert_eq!(forth, back, "{before:?}, {op:?}");
        }
    }
}

#[test]
fn a_select_does_not_commute_with_a_receive_that_takes_the_only_message() {
    // With a message in the other channel, too, it takes that one instead.
    let before = [(0, ChannelOp::Send), (1, ChannelOp::Send)];
    let [forth, back] = [[SELECTS, OTHER], [OTHER, SELECTS]]
        .map(|order| run(&before, (0, ChannelOp::TryRecv), order));
    assert_eq!(SelectOp::case(forth.0[SELECTS]), 0);
    assert_eq!(SelectOp::case(back.0[SELECTS]), 1);
    assert_ne!(forth.0[OTHER], back.0[OTHER]);
}
