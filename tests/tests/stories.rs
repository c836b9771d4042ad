//! What a report says beyond the drawing: the pattern in words, how simple the
//! execution is, what does not matter, and the nearest one that passes.

mod common;

use std::time::Duration;

use common::{all_scenarios, explore, explorer, scenario};
use selvedge::native::cell::UnsafeCell;
use selvedge::native::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::native::sync::{Arc, Condvar, Mutex};
use selvedge::native::thread;
use selvedge::{Engine, Explorer, Failure, Named, Report};
use selvedge_core::failure::{Explanation, Simplified};
use selvedge_core::scenario::{Expectation, Scenario};
use selvedge_core::schedule::{Schedule, ScheduledStep};
use selvedge_core::trace::{StepKind, Trace};

fn breaking() -> impl Iterator<Item = Scenario> {
    let all = all_scenarios(Engine::Native).into_iter();
    all.filter(|s| s.expect != Expectation::Holds && s.sampled.is_none())
}

fn only(report: &Report) -> &Failure {
    assert_eq!(report.failures().len(), 1, "{report:#?}");
    &report.failures()[0]
}

fn explanation(body: impl Fn() + Send + Sync + 'static) -> Explanation {
    let report = explorer(Engine::Native).run(body);
    let failure = only(&report);
    failure.story.explanation.clone().unwrap_or_else(|| panic!("not explained: {failure:#?}"))
}

/// The pattern, and what is said of it without the numbers of the steps.
fn words(body: impl Fn() + Send + Sync + 'static) -> (String, String) {
    let Explanation { pattern, text, .. } = explanation(body);
    (pattern, text)
}

fn said(pattern: &str, text: &str) -> (String, String) {
    (pattern.to_owned(), text.to_owned())
}

fn spawn(name: &str, f: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new().name(name.to_owned()).spawn(f).unwrap()
}

#[test]
fn a_lost_update_is_told() {
    let lost = words(|| {
        let n = Arc::new(AtomicU32::new(0).named("n"));
        let add = |by| {
            let n = n.clone();
            move || n.store(n.load(SeqCst) + by, SeqCst)
        };
        let threads = [spawn("one", add(1)), spawn("two", add(2))];
        threads.into_iter().for_each(|t| t.join().unwrap());
        selvedge::invariant!("sum", n.load(SeqCst) == 3);
    });
    let text = "one read n = 0 at step 3, two made it 2 at step 5, and one wrote 1 over it at step 6: \
                the update of two is lost";
    assert_eq!(lost, said("lost update", text));
}

#[test]
fn who_holds_a_lock_that_is_busy_is_told() {
    let report = explorer(Engine::Native).run(|| {
        let lock = Arc::new(Mutex::new(()).named("lock"));
        let theirs = lock.clone();
        let t = spawn("holder", move || drop(theirs.lock()));
        let taken = lock.try_lock().is_ok();
        t.join().unwrap();
        selvedge::invariant!("it is free", taken);
    });
    let steps = &only(&report).trace.as_ref().unwrap().steps;
    let told = steps.iter().any(|s| s.text == "try_lock lock: busy, held by holder");
    assert!(told, "{steps:#?}");
}

#[test]
fn what_was_done_twice_is_told() {
    let twice = |name: &'static str| {
        words(move || {
            let n = Arc::new(AtomicU32::new(0).named("n"));
            let add = || {
                let n = n.clone();
                move || {
                    let count = n.fetch_add(1, SeqCst) + 1;
                    selvedge::invariant!(name, count == 1);
                }
            };
            let threads = [spawn("one", add()), spawn("two", add())];
            threads.into_iter().for_each(|t| t.join().unwrap());
        })
    };
    let text = "one did it at step 3 (fetch_add n: 0 → 1), and two did it again at step 4 \
                (fetch_add n: 1 → 2): nothing keeps the second one from it";
    assert_eq!(twice("freed once"), said("double free", text));
    assert_eq!(twice("sold once"), said("done twice", text));
}

#[test]
fn an_inversion_of_locks_is_told() {
    let inverted = words(|| {
        let (a, b) = (Arc::new(Mutex::new(0).named("a")), Arc::new(Mutex::new(0).named("b")));
        let (c, d) = (a.clone(), b.clone());
        let t = spawn("t", move || {
            let _b = d.lock();
            let _a = c.lock();
        });
        let held = a.lock();
        drop(b.lock());
        drop(held);
        t.join().unwrap();
    });
    let text = "main waits for b, which t has held since step 3; t waits for a, which main has held \
                since step 2: they take the two locks in opposite orders";
    assert_eq!(inverted, said("lock-order inversion", text));
}

#[test]
fn a_lost_wakeup_is_told() {
    let lost = words(|| {
        let pair = Arc::new((Mutex::new(()), Condvar::new().named("ready")));
        let theirs = pair.clone();
        let t = spawn("notifier", move || theirs.1.notify_one());
        let guard = pair.0.lock().unwrap();
        drop(pair.1.wait(guard));
        t.join().unwrap();
    });
    assert_eq!(lost.0, "lost wakeup");
    assert!(lost.1.starts_with("notifier notified ready at step "), "{}", lost.1);
    assert!(lost.1.contains(", when nobody waited; main began to wait at step "), "{}", lost.1);
}

#[test]
fn a_section_in_two_halves_is_told() {
    let torn = words(|| {
        let accounts = Arc::new(Mutex::new((50, 0)).named("accounts"));
        let theirs = accounts.clone();
        let t = spawn("transfer", move || {
            theirs.lock().unwrap().0 -= 10;
            theirs.lock().unwrap().1 += 10;
        });
        let (a, b) = *accounts.lock().unwrap();
        t.join().unwrap();
        selvedge::invariant!("no money in between", a + b == 50);
    });
    assert_eq!(torn.0, "non-atomic section");
    assert!(torn.1.starts_with("transfer changed accounts at step "), "{}", torn.1);
}

#[test]
fn a_lock_that_is_kept_is_told() {
    let kept = words(|| {
        let lock = Arc::new(Mutex::new(0).named("lock"));
        let theirs = lock.clone();
        let t = spawn("keeper", move || std::mem::forget(theirs.lock()));
        drop(lock.lock());
        t.join().unwrap();
    });
    let text =
        "main waits for lock, which keeper took at step 2 and has not given back: it has ended";
    assert_eq!(kept, said("lock never released", text));
}

#[test]
fn a_write_that_is_not_published_is_told() {
    struct Plain(UnsafeCell<u32>);
    // SAFETY: whether the accesses are ordered is what is tested; one OS thread.
    unsafe impl Sync for Plain {}
    let raced = words(|| {
        let cell = Arc::new(Plain(UnsafeCell::new(0).named("data")));
        let theirs = cell.clone();
        // SAFETY: one OS thread, and nothing else refers to it meanwhile.
        let t = spawn("writer", move || theirs.0.with_mut(|p| unsafe { *p = 1 }));
        t.thread().unpark();
        // SAFETY: as above.
        cell.0.with(|p| unsafe { *p });
        t.join().unwrap();
    });
    assert_eq!(raced.0, "unpublished write");
}

#[test]
fn scenarios_that_break_are_explained() {
    let unexplained: Vec<String> = breaking()
        .filter(|s| explore(Engine::Native, s).failures()[0].story.explanation.is_none())
        .map(|s| s.name.to_string())
        .collect();
    // What is wrong there is no pattern between steps: nobody asks, nobody
    // stops, what is expected cannot be had, or it comes too late.
    let known = [
        "external/no-lock",
        "external/try-lock-exactly-one",
        "external/busy-wait-never-released",
        "processor/shared-replies",
        "processor/never-stopped",
        "processor/two",
        "timed/try-lock-late",
        "timed/no-lock",
        "timed/impatient-worker",
        "timed/cancelled-timer-rings",
    ];
    assert_eq!(unexplained, known);
    let report = explore(Engine::Native, &scenario(Engine::Native, "purchase/unsynchronized"));
    let told = report.failures()[0].story.explanation.clone().unwrap();
    assert_eq!(told.pattern, "check-then-act");
    let freed = explore(Engine::Native, &scenario(Engine::Native, "close/unguarded"));
    assert_eq!(freed.failures()[0].story.explanation.as_ref().unwrap().pattern, "double free");
    assert!(told.lines.iter().all(|line| line.code.contains("lock(&self.balances)")), "{told:?}");
}

/// The number of preemptions is the least: with one fewer nothing fails in
/// this way, in all executions with so many.
#[test]
fn no_execution_with_fewer_preemptions_fails() {
    for scenario in breaking() {
        for failure in explore(Engine::Native, &scenario).failures() {
            let simplified = failure.story.simplified.expect("native failures are made simple");
            assert!(simplified.least, "{}: {simplified:?}", scenario.name);
            let fails_with = |most| {
                let explorer = explorer(Engine::Native).max_preemptions(most).keep_going(true);
                let report = explorer.time(scenario.time).run(scenario.program());
                report.failures().iter().any(|f| f.is_same(&failure.fault))
            };
            let least = simplified.after.preemptions as u32;
            assert!(fails_with(least), "{}", scenario.name);
            assert!(least == 0 || !fails_with(least - 1), "{}", scenario.name);
        }
    }
}

#[test]
fn a_failure_may_be_shown_as_it_was_met() {
    let scenario = scenario(Engine::Native, "purchase/unsynchronized");
    let report = |explorer: Explorer| explorer.run(scenario.program());
    let as_met = report(explorer(Engine::Native).simplify_for(Duration::ZERO));
    let failure = &as_met.failures()[0];
    assert_eq!((failure.story.simplified, &failure.story.met), (None, &None));
    let simple = report(explorer(Engine::Native));
    assert_eq!(simple.failures()[0].story.met, failure.trace);
}

/// The table of the book: `UPDATE_DOCS=1` writes it.
#[test]
fn the_table_of_the_book_is_true() {
    let mut table = String::from(
        "| scenario | failure | steps | threads | switches | preemptions |\n|---|---|---|---|---|---|\n",
    );
    for scenario in breaking() {
        let report = explorer(Engine::Native).strategy("random").max_executions(2_000);
        let report = report
            .time(scenario.time)
            .keep_going(true)
            .name(&*scenario.name)
            .run(scenario.program());
        let mut failures: Vec<&Failure> = report.failures().iter().collect();
        failures.sort_by_key(|failure| failure.name());
        for failure in failures {
            let Simplified { before, after, .. } = failure.story.simplified.unwrap();
            let change = |before: usize, after: usize| match before == after {
                true => after.to_string(),
                false => format!("{before} → {after}"),
            };
            table.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                scenario.name,
                failure.name(),
                change(before.steps, after.steps),
                change(before.threads, after.threads),
                change(before.switches, after.switches),
                change(before.preemptions, after.preemptions),
            ));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/simplified.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, _) = page.split_once("\n| scenario").unwrap();
    let now = format!("{head}\n{table}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(page, now, "run it with UPDATE_DOCS=1");
}

/// Without the steps that do not matter the program fails in the same way.
#[test]
fn what_does_not_matter_can_be_left_out() {
    let mut left_out = 0;
    for scenario in breaking() {
        for failure in explore(Engine::Native, &scenario).failures() {
            let trace = failure.trace.as_ref().unwrap();
            let schedule: Schedule = failure.schedule().unwrap().parse().unwrap();
            let operations = trace.steps.iter().filter(|s| s.kind == StepKind::Operation);
            let kept: Vec<ScheduledStep> = operations
                .zip(&schedule.steps)
                .filter(|(step, _)| step.matters)
                .map(|(_, scheduled)| scheduled.clone())
                .collect();
            left_out += schedule.steps.len() - kept.len();
            let shorter = Schedule { steps: kept, ..schedule };
            let explorer = explorer(Engine::Native).time(scenario.time);
            let again = explorer.replay(shorter, scenario.program()).report;
            let same = |f: &Failure| f.is_same(&failure.fault);
            assert!(again.failures().iter().any(same), "{}: {again:#?}", scenario.name);
        }
    }
    assert!(left_out > 0, "no scenario has such steps");
}

/// The execution that passes is the failing one up to some step.
#[test]
fn the_nearest_passing_execution_parts_from_the_failing_one() {
    let mut found = 0;
    for scenario in breaking() {
        let report = explore(Engine::Native, &scenario);
        let failure = &report.failures()[0];
        let Some(passing) = &failure.story.passing else { continue };
        found += 1;
        assert!(passing.steps.iter().all(|s| s.kind != StepKind::Failure), "{}", scenario.name);
        let operations = |trace: &Trace| {
            let operations = trace.steps.iter().filter(|s| s.kind == StepKind::Operation);
            operations.map(|s| (s.thread, s.text.clone())).collect::<Vec<_>>()
        };
        let failing = operations(failure.trace.as_ref().unwrap());
        assert_ne!(operations(passing), failing, "{}", scenario.name);
    }
    assert!(found >= 10, "only {found}");
    // Every execution of this one fails.
    let hopeless = explore(Engine::Native, &scenario(Engine::Native, "close/unguarded"));
    assert_eq!(only(&hopeless).story.passing, None);
}
