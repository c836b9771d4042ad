//! A failure's schedule repeats the failure: the same one, step by step, every
//! time.

mod common;

use common::{explore, explorer, scenarios};
use selvedge::{Engine, Report};
use selvedge_core::scenario::{Expectation, Scenario};
use selvedge_core::schedule::Schedule;

fn that_break() -> impl Iterator<Item = Scenario> {
    scenarios(Engine::Native).into_iter().filter(|s| s.expect != Expectation::Holds)
}

fn repeats(scenario: &Scenario, found: &Report, times: usize) {
    assert!(!found.failures().is_empty(), "{} breaks", scenario.name);
    for failure in found.failures() {
        let schedule = failure.schedule().expect("a failure has a schedule");
        let trace = failure.trace.as_ref().expect("a failure has a trace");
        assert!(!trace.steps.is_empty(), "{}", scenario.name);
        for time in 1..=times {
            let what = format!("{}: {schedule}, time {time}", scenario.name);
            let schedule = schedule.parse().expect("what is printed is read back");
            let explorer = explorer(Engine::Native).name(&*scenario.name);
            let again = explorer.replay(schedule, scenario.program());
            let met = again.report.failures().iter().find(|f| f.is_same(&failure.fault));
            let met = met.unwrap_or_else(|| panic!("{what}: {:#?}", again.report));
            // Kind, name, message, place and explanations.
            assert_eq!(met.fault, failure.fault, "{what}");
            assert_eq!(met.schedule, failure.schedule, "{what}");
            assert_eq!(met.trace.as_ref(), Some(trace), "{what}");
        }
    }
}

#[test]
fn every_failure_is_repeated_a_hundred_times() {
    for scenario in that_break() {
        repeats(&scenario, &explore(Engine::Native, &scenario), 100);
    }
}

#[test]
fn failures_met_by_chance_are_repeated_too() {
    for scenario in that_break() {
        for seed in 0..5 {
            let explorer = explorer(Engine::Native).name(&*scenario.name).strategy("random");
            let found = explorer.seed(seed).max_executions(10_000).run(scenario.program());
            repeats(&scenario, &found, 3);
        }
    }
}

#[test]
fn a_repeated_execution_is_told_step_by_step() {
    let scenario = that_break().find(|s| s.name == "purchase/unsynchronized").unwrap();
    let found = explore(Engine::Native, &scenario);
    let failure = &found.failures()[0];
    let schedule: Schedule = failure.schedule().unwrap().parse().unwrap();
    let steps = schedule.steps.len();
    let mut told = Vec::new();
    let explorer = explorer(Engine::Native).name(&*scenario.name);
    let replayed = explorer.replay_step_by_step(schedule, scenario.program(), &mut |step| {
        told.push(step.to_owned());
    });
    assert!(replayed.report.failures()[0].is_same(&failure.fault));
    assert_eq!(told.len(), steps);
    let words: Vec<&str> = told[6].split_whitespace().collect();
    assert_eq!(words, ["7", "plants", "lock", "accounts", "models/src/scenarios/purchase.rs:132"]);
}

/// What is told is what was done, with its values, before the thread goes on.
#[test]
fn the_steps_are_told_with_their_values() {
    use selvedge::native::sync::Mutex;
    use selvedge::native::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use selvedge::native::{Named, any};
    use std::cell::RefCell;

    thread_local!(static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });
    let told = || TOLD.with_borrow(|lines| lines.last().cloned().unwrap_or_default());
    let program = move || {
        let (n, lock) = (AtomicU32::new(50).named("n"), Mutex::new(()).named("lock"));
        n.load(SeqCst);
        assert!(told().contains(" main     load n = 50 "), "{}", told());
        n.fetch_add(1, SeqCst);
        assert!(told().contains(" fetch_add n: 50 → 51 "), "{}", told());
        let _held = lock.lock();
        drop(lock.try_lock());
        assert!(told().contains(" try_lock lock: busy "), "{}", told());
        any(0..=3);
        panic!("told so far: {}", told());
    };
    let found = explorer(Engine::Native).run(program);
    let schedule: Schedule = found.failures()[0].schedule().unwrap().parse().unwrap();
    let replayed = explorer(Engine::Native).replay_step_by_step(schedule, program, &mut |step| {
        TOLD.with_borrow_mut(|lines| lines.push(step.to_owned()));
    });
    let message = replayed.report.failures()[0].message();
    assert!(message.contains("  5 main     any = 0 "), "{message}");
}

/// Where the program fails no longer at the end of a schedule, it goes on.
#[test]
fn a_schedule_that_no_longer_fails_is_repeated_without_failure() {
    use selvedge::native::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use selvedge::native::thread;

    fn program(most: u32) {
        let n = AtomicU32::new(0);
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| assert!(n.fetch_add(1, SeqCst) < most));
            }
        });
    }
    let found = explorer(Engine::Native).run(|| program(1));
    let schedule: Schedule = found.failures()[0].schedule().unwrap().parse().unwrap();
    let again = |most| explorer(Engine::Native).replay(schedule.clone(), move || program(most));
    assert_eq!(again(1).report.failures()[0].kind(), selvedge::FailureKind::Panic);
    assert!(again(2).report.failures().is_empty());
    assert!(again(2).trace.operations() > schedule.steps.len());
}

/// A schedule holds for the program that it was made for, and says so when it
/// is given to another one that goes another way.
#[test]
fn a_schedule_of_another_program_is_not_repeated() {
    let scenarios: Vec<_> = that_break().collect();
    let unsynchronized = scenarios.iter().find(|s| s.name == "purchase/unsynchronized").unwrap();
    let other = scenarios.iter().find(|s| s.name == "limiter/check-then-count").unwrap();
    let found = explore(Engine::Native, unsynchronized);
    let schedule = found.failures()[0].schedule().unwrap().parse().unwrap();
    let again = explorer(Engine::Native).replay(schedule, other.program());
    let kinds: Vec<_> = again.report.failures().iter().map(|f| f.kind()).collect();
    assert_eq!(kinds, [selvedge::FailureKind::Nondeterminism]);
}

/// The destructor does something visible, which has to be learnt first: the
/// schedule carries it, so that an exploration that knows nothing can repeat it.
#[test]
fn what_was_learnt_is_part_of_the_schedule() {
    use selvedge::native::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use selvedge::native::{sync::Arc, thread};

    struct Loud(std::sync::Arc<AtomicU32>);
    impl Drop for Loud {
        fn drop(&mut self) {
            self.0.store(1, SeqCst);
        }
    }
    fn program() {
        let dropped = std::sync::Arc::new(AtomicU32::new(0));
        let mine = Arc::new(Loud(dropped.clone()));
        let theirs = mine.clone();
        let t = thread::spawn(move || {
            theirs.0.load(SeqCst);
            drop(theirs);
        });
        drop(mine);
        selvedge::invariant!("still there", dropped.load(SeqCst) == 0);
        t.join().unwrap();
    }
    let report = explorer(Engine::Native).run(program);
    let failure = &report.failures()[0];
    assert_eq!(failure.name(), "still there");
    let schedule = failure.schedule().unwrap();
    assert!(schedule.contains(":v"), "{schedule}");
    let again = explorer(Engine::Native).replay(schedule.parse().unwrap(), program);
    assert_eq!(again.report.failures()[0].fault, failure.fault);
}
