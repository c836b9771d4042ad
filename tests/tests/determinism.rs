//! The same seed gives the same executions, step by step. Across processes:
//! `models/tests/cli.rs`.

mod common;

use std::sync::{Arc, Mutex};
use std::thread;

use common::{explorer, scenario};
use selvedge::Engine;
use selvedge_core::explore::{Decision, Dfs, Random, Strategy, View};
use selvedge_core::schedule::Schedule;
use selvedge_core::world::World;

/// Notes the schedule of each execution of another strategy.
struct Noted<S> {
    inner: S,
    schedules: Arc<Mutex<Vec<Schedule>>>,
}

impl<S: Strategy> Strategy for Noted<S> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn begin(&mut self) -> bool {
        self.inner.begin()
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        self.inner.next(view)
    }

    fn end(&mut self, world: &World) {
        self.schedules.lock().unwrap().push(Schedule::of(world, None));
        self.inner.end(world);
    }
}

const PROGRAMS: [&str; 4] = [
    "purchase/unsynchronized",
    "list/spinlock-2x2",
    "processor/shared-replies",
    "limiter/semaphore",
];

fn schedules(name: &str, inner: impl Strategy + 'static) -> Vec<Schedule> {
    let schedules = Arc::new(Mutex::new(Vec::new()));
    let noted = Noted { inner, schedules: Arc::clone(&schedules) };
    let explorer = explorer(Engine::Native).custom_strategy(noted).max_executions(200);
    explorer.keep_going(true).run(scenario(Engine::Native, name).program());
    let schedules = std::mem::take(&mut *schedules.lock().unwrap());
    assert!(!schedules.is_empty());
    schedules
}

#[test]
fn the_same_seed_gives_the_same_executions() {
    for name in PROGRAMS {
        let [first, second, other] = [7, 7, 8].map(|seed| schedules(name, Random::new(seed)));
        assert_eq!(first, second, "{name}");
        assert_ne!(first, other, "{name}: another seed, and nothing else happens");
    }
}

#[test]
fn the_search_goes_the_same_way() {
    for name in PROGRAMS {
        assert_eq!(schedules(name, Dfs::new()), schedules(name, Dfs::new()), "{name}");
    }
}

#[test]
fn explorations_at_the_same_time_do_not_meet() {
    let alone = PROGRAMS.map(|name| schedules(name, Random::new(1)));
    let together = thread::scope(|scope| {
        PROGRAMS
            .map(|name| scope.spawn(move || schedules(name, Random::new(1))))
            .map(|handle| handle.join().unwrap())
    });
    assert_eq!(alone, together);
}
