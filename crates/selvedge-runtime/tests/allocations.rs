//! A step allocates nothing, and a thread one piece of memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use selvedge_core::explore::{Outcome, Random, Strategy, execute};
use selvedge_core::machine::Machine;
use selvedge_core::world::World;
use selvedge_runtime::sync::atomic::{AtomicU32, Ordering};
use selvedge_runtime::sync::{Arc, Mutex};
use selvedge_runtime::{Native, thread};

/// The system's allocator, which counts what each OS thread asks of it.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps the rules.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the rules.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of an execution, once what is kept from execution to execution
/// is there.
fn allocations(turns: u32) -> u64 {
    let mut machine = Native::new(move || {
        let shared = Arc::new((AtomicU32::new(0), Mutex::new(0)));
        let threads = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                for _ in 0..turns {
                    shared.0.fetch_add(1, Ordering::SeqCst);
                    *shared.1.lock().expect("nobody panics") += 1;
                }
            })
        });
        for thread in threads {
            thread.join().expect("nobody panics");
        }
    });
    let (mut world, mut random) = (World::new(), Random::new(7));
    let mut run = |executions: u64| {
        let before = COUNT.get();
        for _ in 0..executions {
            assert!(random.begin());
            let outcome = execute(&mut machine, &mut world, &mut random, 100_000);
            machine.finish(&mut world);
            assert_eq!(outcome, Outcome::Complete);
            assert!(world.faults().is_empty() && world.events().len() > turns as usize);
        }
        COUNT.get() - before
    };
    run(50);
    let counted = run(100);
    assert!(counted.is_multiple_of(100), "each execution is like the others");
    counted / 100
}

#[test]
fn steps_allocate_nothing() {
    // The program's own `Arc`, with its counts beside it, and the code of each
    // thread that it spawns.
    let expected = 2 + 2;
    for turns in [3, 300] {
        assert_eq!(allocations(turns), expected, "{turns} turns");
    }
}
