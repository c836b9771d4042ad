//! The random walk draws uniformly from the enabled threads before each step,
//! though it is asked only once for several of them, and some of these are
//! taken without being announced.

use std::collections::HashMap;
use std::sync::Arc as Shared;

use selvedge_core::explore::{
    Decision, Metered, PreemptionBound, Random, Step, Strategy, View, execute,
};
use selvedge_core::id::ThreadId;
use selvedge_core::machine::Machine;
use selvedge_core::world::World;
use selvedge_runtime::cell::UnsafeCell;
use selvedge_runtime::channel::bounded;
use selvedge_runtime::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use selvedge_runtime::sync::{Arc, Condvar, Mutex, RwLock};
use selvedge_runtime::{Native, any, hint, thread};

type Body = Shared<dyn Fn() + Send + Sync>;
type Steps = Vec<Step>;

fn run(machine: &mut Native, world: &mut World, strategy: &mut dyn Strategy) -> Steps {
    assert!(strategy.begin());
    execute(machine, world, strategy, 10_000);
    let step = |e: &selvedge_core::world::Event| Step { thread: e.thread, choice: e.choice };
    let steps = world.events().iter().map(step).collect();
    machine.finish(world);
    steps
}

/// Repeats an execution, and computes how probable it is: of each step, one of
/// the enabled threads and one of its choices.
struct Follow {
    steps: std::vec::IntoIter<Step>,
    probability: f64,
}

impl Strategy for Follow {
    fn name(&self) -> String {
        "follow".to_owned()
    }

    fn begin(&mut self) -> bool {
        true
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        let step = self.steps.next().expect("as many steps as before");
        let choices = view.choices(step.thread).len() as usize;
        self.probability /= (view.enabled().len() * choices) as f64;
        Decision::Step(step)
    }

    fn end(&mut self, _world: &World) {}
}

/// Gives another strategy's runs another length.
struct Resized(Random, fn(u32) -> u32);

impl Strategy for Resized {
    fn name(&self) -> String {
        "resized".to_owned()
    }

    fn begin(&mut self) -> bool {
        self.0.begin()
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        match self.0.next(view) {
            Decision::Run(step, more) => Decision::Run(step, (self.1)(more)),
            other => other,
        }
    }

    fn end(&mut self, world: &World) {
        self.0.end(world);
    }
}

const EXECUTIONS: u64 = 60_000;

/// How far the frequencies of the executions are from their probabilities, in
/// standard deviations of the chi-square statistic.
fn distance(body: &Body, strategy: &mut dyn Strategy) -> f64 {
    let mut machine = Native::from_arc(Shared::clone(body));
    let mut world = World::new();
    let mut seen: HashMap<Vec<(ThreadId, u32)>, u64> = HashMap::new();
    for _ in 0..EXECUTIONS {
        let steps = run(&mut machine, &mut world, strategy);
        *seen.entry(steps.iter().map(|s| (s.thread, s.choice)).collect()).or_default() += 1;
    }
    let (mut statistic, mut freedom) = (0.0, 0.0);
    // What is too rare to be told from chance, seen or not.
    let (mut rare, mut rare_expected) = (0.0, EXECUTIONS as f64);
    for (steps, count) in seen {
        let steps: Steps =
            steps.into_iter().map(|(thread, choice)| Step { thread, choice }).collect();
        let mut follow = Follow { steps: steps.into_iter(), probability: 1.0 };
        run(&mut machine, &mut world, &mut follow);
        let expected = follow.probability * EXECUTIONS as f64;
        if expected < 10.0 {
            rare += count as f64;
            continue;
        }
        statistic += (count as f64 - expected).powi(2) / expected;
        rare_expected -= expected;
        freedom += 1.0;
    }
    if rare_expected >= 10.0 {
        statistic += (rare - rare_expected).powi(2) / rare_expected;
    } else {
        freedom -= 1.0;
    }
    assert!(freedom > 3.0, "hardly anything to compare");
    (statistic - freedom) / (2.0 * f64::sqrt(freedom))
}

fn adders(threads: usize, additions: usize) -> Body {
    Shared::new(move || {
        let n = Arc::new(AtomicU32::new(0));
        let add =
            |n: Arc<AtomicU32>| move || (0..additions).for_each(|_| _ = n.fetch_add(1, SeqCst));
        let handles: Vec<_> = (0..threads).map(|_| thread::spawn(add(n.clone()))).collect();
        handles.into_iter().for_each(|t| t.join().unwrap());
    })
}

fn lockers() -> Body {
    Shared::new(|| {
        let lock = Arc::new(Mutex::new(0));
        let t = [lock.clone(), lock.clone()]
            .map(|lock| thread::spawn(move || *lock.lock().unwrap() += 1));
        drop(lock.try_lock());
        t.into_iter().for_each(|t| t.join().unwrap());
    })
}

fn choosers() -> Body {
    Shared::new(|| {
        let x = Arc::new(AtomicU32::new(0));
        let theirs = x.clone();
        let t = thread::spawn(move || {
            theirs.store(any(0..=2), SeqCst);
            theirs.store(any(0..=1), SeqCst);
        });
        x.load(SeqCst);
        t.join().unwrap();
    })
}

#[test]
fn every_step_is_drawn_uniformly() {
    for (body, what) in [
        (adders(2, 3), "two adders"),
        (adders(3, 2), "three adders"),
        (lockers(), "lockers"),
        (choosers(), "choosers"),
    ] {
        let distance = distance(&body, &mut Random::new(5));
        assert!(distance.abs() < 4.0, "{what}: {distance}");
    }
}

/// A wrapper that asks for each step gets the same walk.
#[test]
fn runs_may_be_cut_short() {
    for shorter in [|_| 0, |more| more / 2] {
        let distance = distance(&adders(3, 2), &mut Resized(Random::new(5), shorter));
        assert!(distance.abs() < 4.0, "{distance}");
    }
}

#[test]
fn runs_that_are_too_long_are_told_apart() {
    let distance =
        distance(&adders(2, 3), &mut Resized(Random::new(5), |more| more.saturating_add(1)));
    assert!(distance > 20.0, "{distance}");
}

/// A run is of one thread: it holds no preemption that was not counted.
#[test]
fn bounded_walks_stay_within_their_bound() {
    for most in 0..3 {
        let mut machine = Native::from_arc(adders(3, 3));
        let mut world = World::new();
        let mut walk = Metered::new(PreemptionBound::new(Random::new(1), most));
        let mut reached = 0;
        for _ in 0..2_000 {
            let before = walk.metrics().preemptions;
            run(&mut machine, &mut world, &mut walk);
            reached = reached.max(walk.metrics().preemptions - before);
        }
        assert_eq!(reached, u64::from(most));
    }
}

/// Threads that wait, give up, spin and touch plain memory.
fn mixture() -> Body {
    struct Plain(UnsafeCell<u32>);
    // SAFETY: accessed under a lock.
    unsafe impl Sync for Plain {}
    Shared::new(|| {
        let shared = Arc::new((
            Mutex::new(0),
            Condvar::new(),
            RwLock::new(0),
            AtomicBool::new(false),
            Plain(UnsafeCell::new(0)),
        ));
        let (send, receive) = bounded(1);
        let (a, b) = (shared.clone(), shared.clone());
        let first = thread::spawn(move || {
            *a.0.lock().unwrap() += any(1..=2);
            a.1.notify_all();
            a.3.store(true, SeqCst);
            *a.2.write().unwrap() += 1;
            send.send(1).unwrap();
        });
        let second = thread::spawn(move || {
            let mut n = b.0.lock().unwrap();
            while *n == 0 {
                n = b.1.wait(n).unwrap();
            }
            // SAFETY: the lock is held.
            b.4.0.with_mut(|p| unsafe { *p += 1 });
            drop(n);
            while !b.3.load(SeqCst) {
                hint::spin_loop();
            }
            let _ = b.2.try_read().is_ok();
        });
        receive.recv().unwrap();
        first.join().unwrap();
        second.join().unwrap();
    })
}

/// What is kept of an execution has no influence on it.
#[test]
fn executions_are_the_same_with_everything_recorded() {
    for body in [adders(2, 5), adders(3, 2), lockers(), choosers(), mixture()] {
        let executions = |record: bool| -> Vec<Steps> {
            let mut machine = Native::from_arc(Shared::clone(&body));
            let mut random = Random::new(3);
            let mut fresh = || {
                let mut world = World::new();
                world.set_recording(record);
                run(&mut machine, &mut world, &mut random)
            };
            (0..500).map(|_| fresh()).collect()
        };
        assert_eq!(executions(false), executions(true));
    }
}
