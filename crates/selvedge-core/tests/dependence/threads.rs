//! Operations of threads: spawn, join, yield, any, fences. They commute with
//! everything that other threads do.

use std::collections::BTreeMap;
use std::panic::Location;

use selvedge_core::dependence::{Footprint, TABLE, entry};
use selvedge_core::id::{ObjectId, ThreadId};
use selvedge_core::model::{AtomicState, ObjectState, ValueType};
use selvedge_core::op::{AtomicOp, MemoryOrder, Op, OpKind, Rmw, ThreadOp, YieldKind};
use selvedge_core::world::World;

/// Answers, and what threads know of each other, by the paths of threads.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    answers: [String; 2],
    value: ObjectState,
    known: BTreeMap<(String, String), bool>,
}

type Step = (usize, OpKind, u32);

fn thread_ops() -> Vec<(ThreadOp, u32)> {
    use MemoryOrder::{AcqRel, Acquire, Release, SeqCst};
    let mut ops = vec![
        (ThreadOp::Spawn, 0),
        (ThreadOp::Join(ThreadId::from_index(1)), 0),
        (ThreadOp::Yield(YieldKind::Polite), 0),
        (ThreadOp::Yield(YieldKind::Spin), 0),
        (ThreadOp::Sleep { expired: true, until: 1 }, 0),
        (ThreadOp::Any(2), 0),
        (ThreadOp::Any(2), 1),
    ];
    ops.extend([Acquire, Release, AcqRel, SeqCst].map(|order| (ThreadOp::Fence(order), 0)));
    ops
}

fn atomic_ops() -> Vec<AtomicOp> {
    use MemoryOrder::{AcqRel, Acquire, Relaxed, Release};
    let rmw = |order| AtomicOp::Rmw { rmw: Rmw::Add, operand: 1, order };
    vec![
        AtomicOp::Load { order: Relaxed },
        AtomicOp::Load { order: Acquire },
        AtomicOp::Store { value: 7, order: Relaxed },
        AtomicOp::Store { value: 7, order: Release },
        rmw(Relaxed),
        rmw(AcqRel),
    ]
}

/// Threads 0 and 2 go on after thread 1 has released something that both
/// have read; then they do what would show a fence.
fn run(world: &mut World, announced: [Step; 2], order: [usize; 2]) -> Outcome {
    let at = Location::caller();
    world.begin();
    let threads = [ThreadId::MAIN, world.adopt(), world.adopt()];
    let initial = AtomicState { value: 0, ty: ValueType::Unsigned(8) };
    let x = world.register(ThreadId::MAIN, ObjectState::Atomic(initial), None);
    let cells = threads.map(|t| (t, world.register(t, ObjectState::Cell, None)));
    let op = |kind| Op { kind, object: matches!(kind, OpKind::Atomic(_)).then_some(x), at };
    let act = |world: &mut World, thread: usize, op_: AtomicOp| {
        world.access(threads[thread], cells[thread].1, true, at);
        world.announce(threads[thread], op(OpKind::Atomic(op_)));
        world.step(threads[thread], 0)
    };
    act(world, 1, AtomicOp::Store { value: 1, order: MemoryOrder::Release });
    world.finish(threads[1]);
    for thread in [0, 2] {
        act(world, thread, AtomicOp::Load { order: MemoryOrder::Relaxed });
    }
    for (thread, kind, _) in announced {
        world.access(threads[thread], cells[thread].1, true, at);
        world.announce(threads[thread], op(kind));
    }
    let mut answers = [String::new(), String::new()];
    for i in order {
        let (thread, kind, choice) = announced[i];
        assert!(world.enabled(threads[thread]), "{kind:?}");
        let answer = world.step(threads[thread], choice);
        answers[i] = match kind {
            OpKind::Thread(ThreadOp::Spawn) => {
                world.path(ThreadId::from_index(answer as usize)).to_string()
            }
            _ => answer.to_string(),
        };
    }
    let value = world.state(x).clone();
    for thread in [0, 2] {
        act(world, thread, AtomicOp::Store { value: 3, order: MemoryOrder::Relaxed });
        act(world, 2 - thread, AtomicOp::Load { order: MemoryOrder::Acquire });
    }
    Outcome { answers, value, known: known(world, &cells, at) }
}

fn known(
    world: &mut World,
    cells: &[(ThreadId, ObjectId)],
    at: &'static Location<'static>,
) -> BTreeMap<(String, String), bool> {
    let mut known = BTreeMap::new();
    for &(writer, cell) in cells {
        for reader in world.threads().to_vec() {
            let before = world.faults().len();
            world.access(reader, cell, false, at);
            let names = (world.path(writer).to_string(), world.path(reader).to_string());
            known.insert(names, world.faults().len() == before);
        }
    }
    known
}

#[test]
fn every_operation_of_threads_is_local_and_tried() {
    for line in TABLE.iter().filter(|e| e.object == "thread") {
        assert_eq!(line.footprint, Footprint::Local);
        let tried = thread_ops().iter().any(|(op, _)| entry(&OpKind::Thread(*op)) == line);
        assert!(tried, "{line:?}");
    }
}

#[test]
fn operations_of_threads_commute_with_everything() {
    let mut world = World::new();
    let of_threads = || thread_ops().into_iter().map(|(op, choice)| (OpKind::Thread(op), choice));
    let others = || of_threads().chain(atomic_ops().into_iter().map(|op| (OpKind::Atomic(op), 0)));
    for (a, choice_a) in of_threads() {
        for (b, choice_b) in others() {
            let pair = [(0, a, choice_a), (2, b, choice_b)];
            let forth = run(&mut world, pair, [0, 1]);
            let back = run(&mut world, pair, [1, 0]);
            assert_eq!(forth, back, "{a:?} and {b:?}");
        }
    }
}

/// A loop sleeps at the last thing that it looks at. Any change of what it
/// looked at wakes it, on whichever object; and nothing that others do puts it
/// to sleep again.
#[test]
fn a_loop_that_is_woken_stays_awake() {
    let at = Location::caller();
    let order = MemoryOrder::SeqCst;
    for (changed, then) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut world = World::new();
        world.begin();
        let (me, other) = (ThreadId::MAIN, world.adopt());
        let initial = AtomicState { value: 0, ty: ValueType::Unsigned(8) };
        let objects = [(); 2].map(|()| world.register(me, ObjectState::Atomic(initial), None));
        let on =
            |object: usize, op| Op { kind: OpKind::Atomic(op), object: Some(objects[object]), at };
        let turn = [0, 1].map(|object| on(object, AtomicOp::Load { order }));
        for op in turn {
            world.announce(me, op);
            world.step(me, 0);
        }
        let spin = Op { kind: OpKind::Thread(ThreadOp::Yield(YieldKind::Spin)), object: None, at };
        world.announce(me, spin);
        world.step(me, 0);
        world.announce(me, turn[0]);
        world.step(me, 0);
        world.announce(me, turn[1]);
        assert!(!world.enabled(me), "a turn that found nothing new");
        // The last restores the value that the loop has seen.
        for (object, value) in [(changed, 1), (then, 0)] {
            world.announce(other, on(object, AtomicOp::Store { value, order }));
            world.step(other, 0);
            assert!(world.enabled(me));
        }
    }
}
