//! Failures of random programs, on real threads: the schedule of the
//! simplified execution repeats the failure in a new process.
//!
//! `SELVEDGE_FUZZ=20000` looks for that many failing programs in place of 1,000.

mod common;
#[path = "../../crates/selvedge-core/tests/common/programs.rs"]
#[allow(dead_code, reason = "not all kinds of programs run on real threads")]
mod programs;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use common::explorer;
use programs::{selecting, spinning, statement, threads};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use selvedge::{Engine, Explorer, Failure, FailureKind};
use selvedge_core::toy::Program;
use selvedge_models::oracles::program::NativeProgram;
use serde_json::{Value, json};

/// The file of orders for the process that repeats them.
const ORDERS: &str = "SELVEDGE_TEST_ORDERS";

/// So many failures does one process repeat.
const BATCH: usize = 250;

/// A random program, and whether its main thread waits for the others.
#[derive(Clone, Debug, PartialEq)]
struct Case {
    text: String,
    joins: bool,
}

impl Case {
    fn program(&self) -> impl Fn() + Send + Sync + 'static {
        let program = Program::parse(&self.text).expect("the notation of the tables");
        let (program, joins) = (Arc::new(NativeProgram::new(program)), self.joins);
        move || match joins {
            true => drop(program.run()),
            false => program.run_and_leave(),
        }
    }
}

/// What real threads do not run.
fn is_native(text: &str) -> bool {
    !["ONCE", "PARK", "JOIN"].iter().any(|word| text.contains(word))
}

fn cases() -> impl Strategy<Value = Case> {
    let failing = prop_oneof![
        4 => Just("PEEK c"),
        4 => Just("POKE c"),
        2 => Just("LOCK m; POKE c; UNLOCK m"),
        1 => Just("assert r0 <= r1"),
        1 => Just("assert r2 < 2"),
        2 => Just("r0 = R x sc; if r0 { UNLOCK n }"),
        2 => Just("r1 = R y sc; LOCK n; if r1 { LOCK n }; UNLOCK n"),
        1 => Just("r1 = ANY 3; assert r0 != r1"),
        2 => Just("r0 = R x sc; while r0 == 1 { r0 = R x sc }"),
    ];
    let statement = prop_oneof![
        5 => statement().prop_filter("runs on real threads", |text| is_native(text)),
        1 => failing.prop_map(str::to_owned),
    ];
    let text = prop_oneof![8 => threads(statement), 1 => spinning(), 1 => selecting()]
        .prop_filter("runs on real threads", |text| is_native(text));
    (text, prop::bool::weighted(0.8)).prop_map(|(text, joins)| Case { text, joins })
}

/// Endless loops are cut soon.
fn limited() -> Explorer {
    explorer(Engine::Native).workers(1).max_steps(1_000)
}

/// A failure that was met, and the execution that shows it.
struct Met {
    case: Case,
    failure: Failure,
}

impl Met {
    fn schedule(&self) -> &str {
        self.failure.schedule().expect("a failure has a schedule")
    }

    fn steps(&self) -> usize {
        let simplified = self.failure.story.simplified;
        simplified.unwrap_or_else(|| panic!("{:?} fails once only", self.case)).after.steps
    }

    /// True if this is what another process has met.
    fn is_answered(&self, answer: &Value) -> bool {
        let fault = serde_json::to_value(&self.failure.fault).expect("a fault in JSON");
        let faults = answer["faults"].as_array().expect("a list of faults");
        faults.contains(&fault)
            && faults.iter().all(|fault| fault["kind"] != "nondeterminism")
            && answer["steps"] == self.steps()
    }
}

/// Explores random programs, the same in each run of the test, until so many
/// fail. Gives how many programs that took.
fn failing(count: usize) -> (Vec<Met>, usize) {
    let (mut runner, cases) = (TestRunner::deterministic(), cases());
    let (mut met, mut failed, mut drawn) = (Vec::new(), 0, 0);
    while failed < count {
        let case = cases.new_tree(&mut runner).expect("a program").current();
        let report = limited().max_executions(1_000).run(case.program());
        drawn += 1;
        failed += usize::from(!report.failures().is_empty());
        met.extend(report.failures.into_iter().map(|failure| Met { case: case.clone(), failure }));
    }
    (met, drawn)
}

/// Has a new process repeat executions: programs with their schedules.
fn in_a_new_process<'a>(
    name: &str,
    orders: impl Iterator<Item = (&'a Case, &'a str)>,
) -> Vec<Value> {
    let order = |(case, schedule): (&Case, &str)| json!({"program": case.text, "joins": case.joins, "schedule": schedule});
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let orders: Value = orders.map(order).collect();
    fs::write(&file, orders.to_string()).expect("a file of orders");
    let this = env::current_exe().expect("a path");
    let child = Command::new(this)
        .args(["--ignored", "--exact", "what_the_new_process_does"])
        .env(ORDERS, &file)
        .output()
        .expect("a process");
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    let answers = fs::read(file.with_extension("answers")).expect("a file of answers");
    serde_json::from_slice(&answers).expect("a list of answers")
}

#[test]
#[ignore = "the other tests run it, in a process of its own"]
fn what_the_new_process_does() {
    let file = env::var_os(ORDERS).expect("the other tests of this file run it");
    let orders = fs::read(&file).expect("a file of orders");
    let orders: Vec<Value> = serde_json::from_slice(&orders).expect("a list of orders");
    let repeat = |order: &Value| {
        let text = |field: &str| order[field].as_str().expect("a text").to_owned();
        let case = Case { text: text("program"), joins: order["joins"] == true };
        let schedule = text("schedule").parse().expect("what is printed is read back");
        let report = limited().replay(schedule, case.program()).report;
        let faults: Vec<_> = report.failures().iter().map(|failure| &failure.fault).collect();
        json!({"faults": faults, "steps": report.steps})
    };
    let answers: Value = orders.iter().map(repeat).collect();
    let file = Path::new(&file).with_extension("answers");
    fs::write(file, answers.to_string()).expect("a file of answers");
}

/// How many failures of each kind there are.
fn kinds(met: &[Met]) -> BTreeMap<FailureKind, usize> {
    let mut kinds = BTreeMap::new();
    for met in met {
        *kinds.entry(met.failure.kind()).or_default() += 1;
    }
    kinds
}

#[test]
fn failures_of_random_programs_are_the_same_in_a_new_process() {
    let count = env::var("SELVEDGE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let (met, drawn) = failing(count);
    let kinds = kinds(&met);
    println!("{count} of {drawn} programs fail: {kinds:?}");
    for (number, batch) in met.chunks(BATCH).enumerate() {
        let orders = batch.iter().map(|met| (&met.case, met.schedule()));
        let answers = in_a_new_process(&format!("orders-{number}.json"), orders);
        assert_eq!(answers.len(), batch.len());
        for (met, answer) in batch.iter().zip(&answers) {
            let (case, failure) = (&met.case, &met.failure);
            assert!(met.is_answered(answer), "{case:?}\n{failure:#?}\n{answer:#}");
        }
    }
    // The programs fail in all ways but for one, which they have no means for.
    for kind in FailureKind::ALL {
        let found = kinds.get(&kind).copied().unwrap_or(0);
        match kind {
            FailureKind::Nondeterminism => assert_eq!(found, 0),
            _ => assert!(found >= count / 50, "{kind}: {found}"),
        }
    }
}

/// What makes the test above fail: a process that repeats something else.
#[test]
fn an_execution_that_is_not_repeated_is_noticed() {
    let (mut met, _) = failing(200);
    met.dedup_by(|a, b| a.case == b.case);
    let others = || met.iter().cycle().skip(1);
    let noticed = |name: &str, orders: Vec<(&Case, &str)>| {
        let answers = in_a_new_process(name, orders.into_iter());
        met.iter().zip(&answers).filter(|(met, answer)| !met.is_answered(answer)).count()
    };
    let same = met.iter().map(|met| (&met.case, met.schedule()));
    assert_eq!(noticed("same.json", same.collect()), 0);
    let schedules = met.iter().zip(others()).map(|(met, other)| (&met.case, other.schedule()));
    // A few are so short that they are the beginning of the right one.
    assert!(noticed("other-schedules.json", schedules.collect()) > met.len() * 9 / 10);
    let programs = met.iter().zip(others()).map(|(met, other)| (&other.case, met.schedule()));
    assert_eq!(noticed("other-programs.json", programs.collect()), met.len());
}
