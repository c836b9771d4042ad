//! Made-up executions, as an engine would report them.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::time::Duration;

use selvedge_core::failure::{Failure, FailureKind, Fault, Place, Story};
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::scenario::{Body, Broken, Expectation, Scenario};
use selvedge_core::time::Time;
use selvedge_core::trace::{Role, StepKind, Trace, TraceStep, TraceThread};

pub(crate) use StepKind::{Access, Blocked, Note, Operation};

pub(crate) struct Tracer {
    trace: Trace,
    file: &'static str,
}

impl Tracer {
    pub(crate) fn new(threads: &[&str], file: &'static str) -> Self {
        let thread = |(id, name): (usize, &&str)| TraceThread {
            id: id.to_string(),
            name: (*name).to_owned(),
        };
        let threads = threads.iter().enumerate().map(thread).collect();
        Tracer { trace: Trace { threads, steps: Vec::new() }, file }
    }

    pub(crate) fn step(mut self, thread: usize, kind: StepKind, text: &str, line: u32) -> Self {
        let (role, object) = match text.split_once(' ') {
            Some(("spawn", _)) => (Role::Spawn, None),
            Some(("join", _)) => (Role::Join, None),
            Some(("lock", lock)) => (Role::Acquire, Some(lock.to_owned())),
            Some(("unlock", lock)) => (Role::Release, Some(lock.to_owned())),
            _ => (Role::Other, None),
        };
        self.trace.steps.push(TraceStep {
            thread,
            kind,
            text: text.to_owned(),
            role,
            object,
            place: (line > 0).then(|| place(self.file, line)),
            matters: true,
            ..TraceStep::default()
        });
        self
    }

    pub(crate) fn op(self, thread: usize, text: &str, line: u32) -> Self {
        self.step(thread, Operation, text, line)
    }

    pub(crate) fn note(self, thread: usize, text: &str, line: u32) -> Self {
        self.step(thread, Note, text, line)
    }

    pub(crate) fn done(self) -> Trace {
        self.trace
    }
}

pub(crate) fn place(file: &str, line: u32) -> Place {
    Place { file: file.to_owned(), line, column: 9 }
}

const PURCHASE: &str = "models/src/scenarios/purchase.rs";

/// Two buyers check one after the other and pay one after the other.
pub(crate) fn purchase() -> Trace {
    Tracer::new(&["main", "castle", "sword"], PURCHASE)
        .op(0, "spawn castle", 31)
        .op(0, "spawn sword", 35)
        .op(1, "lock accounts", 14)
        .note(1, "get alice = 50", 15)
        .op(1, "unlock accounts", 16)
        .op(2, "lock accounts", 14)
        .note(2, "get alice = 50", 15)
        .op(2, "unlock accounts", 16)
        .op(2, "lock accounts", 19)
        .note(2, "set alice = 30 (paid 20 for the sword)", 20)
        .op(2, "unlock accounts", 21)
        .op(1, "lock accounts", 19)
        .note(1, "set alice = 10 (paid 40 for the castle)", 20)
        .op(1, "unlock accounts", 21)
        .op(0, "join castle", 40)
        .op(0, "join sword", 41)
        .op(0, "lock accounts", 43)
        .step(
            0,
            StepKind::Failure,
            "invariant broken: money is not made from nothing: \
             alice has 10 left and goods for 60, which is more than the 50 she had",
            44,
        )
        .done()
}

pub(crate) fn purchase_failure() -> Failure {
    Failure {
        fault: Fault::invariant(
            "money is not made from nothing",
            "alice has 10 left and goods for 60, which is more than the 50 she had",
        )
        .at(place(PURCHASE, 44)),
        schedule: Some("s1:0x2.1x3.2x5.1x3.0x3".to_owned()),
        executions: 3,
        count: 12,
        trace: Some(purchase()),
        story: Story::default(),
    }
}

/// A waits for what B holds.
pub(crate) fn deadlock_failure() -> Failure {
    let file = "models/src/scenarios/deadlock.rs";
    let trace = Tracer::new(&["main", "a to b", "b to a"], file)
        .op(0, "spawn a to b", 20)
        .op(0, "spawn b to a", 21)
        .op(1, "lock a", 11)
        .op(2, "lock b", 15)
        .step(0, Blocked, "waits for a to b to end", 22)
        .step(1, Blocked, "waits for mutex b", 12)
        .step(2, Blocked, "waits for mutex a", 16)
        .step(0, StepKind::Failure, "deadlock: 3 threads wait for ever", 0)
        .done();
    Failure {
        fault: Fault::new(FailureKind::Deadlock, "3 threads wait for ever")
            .at(place(file, 12))
            .detail("main waits for a to b to end", Some(place(file, 22)))
            .detail("a to b waits for mutex b, held by b to a", Some(place(file, 12)))
            .detail("b to a waits for mutex a, held by a to b", Some(place(file, 16))),
        schedule: Some("s1:0x2.1.2".to_owned()),
        executions: 1,
        count: 1,
        trace: Some(trace),
        story: Story::default(),
    }
}

pub(crate) fn race_failure() -> Failure {
    let file = "src/lazy.rs";
    let trace = Tracer::new(&["main", "t1"], file)
        .op(0, "spawn t1", 8)
        .step(0, Access, "write value = 7", 12)
        .op(0, "store ready = true (relaxed)", 13)
        .op(1, "load ready = true (relaxed)", 21)
        .step(1, Access, "read value", 22)
        .step(1, StepKind::Failure, "data race: read of value, not ordered with its write", 22)
        .done();
    Failure {
        fault: Fault::new(FailureKind::DataRace, "read of value, not ordered with its write")
            .at(place(file, 22))
            .detail("main wrote value here; nothing orders the two accesses", Some(place(file, 12)))
            .detail("t1 reads value", Some(place(file, 22))),
        schedule: None,
        executions: 4,
        count: 1,
        trace: Some(trace),
        story: Story::default(),
    }
}

/// A pipeline of five and the main thread.
pub(crate) fn six() -> Trace {
    let names = ["main", "reader", "parser", "planner", "executor", "writer"];
    let mut tracer = Tracer::new(&names, "models/src/scenarios/pipeline.rs");
    for (line, name) in (30..).zip(&names[1..]) {
        tracer = tracer.op(0, &format!("spawn {name}"), line);
    }
    for (thread, pair) in names[1..].windows(2).enumerate() {
        let channel = format!("{} to {}", pair[0], pair[1]);
        tracer = tracer
            .op(thread + 1, &format!("send {channel}"), 10)
            .note(thread + 1, "passed on 1 of 3 lines", 11)
            .op(thread + 2, &format!("receive {channel}"), 14);
    }
    tracer
        .op(5, "end", 17)
        .op(0, "join writer", 40)
        .step(0, StepKind::Failure, "invariant broken: nothing is lost: 1 of 3 lines written", 41)
        .done()
}

fn scenario(name: &'static str, expect: Expectation, sampled: Option<u64>) -> Scenario {
    let body = Body::new(|| {});
    Scenario {
        name: name.into(),
        about: "".into(),
        expect,
        fixes: &[],
        sampled,
        time: Time::default(),
        body,
    }
}

pub(crate) fn scenarios() -> Vec<(Scenario, Report)> {
    let invariant = |name| Expectation::Breaks(vec![Broken::invariant(name)]);
    let report = |executions, blocked, elapsed, end| Report {
        executions,
        blocked,
        elapsed: Duration::from_micros(elapsed),
        end,
        steps: executions * 17,
        ..Report::new(Engine::Native, "exhaustive", 7)
    };
    let failing = |mut report: Report, failure: Failure| {
        report.failing = failure.count;
        report.failures.push(failure);
        report
    };
    let named = |name: &str| Failure { trace: None, ..named_failure(name) };
    vec![
        (
            scenario("purchase/get-then-set", invariant("money is not made from nothing"), None),
            failing(report(3, 0, 412, End::Failure), purchase_failure()),
        ),
        (
            scenario("purchase/one-lock", Expectation::Holds, None),
            report(6, 0, 630, End::Exhausted),
        ),
        (
            scenario("channels/free-twice", invariant("free called once"), None),
            failing(report(17, 2, 1_900, End::Failure), named("free called once")),
        ),
        (
            scenario("channels/many-producers", Expectation::Holds, Some(10_000)),
            report(10_000, 0, 812_000, End::Executions),
        ),
        (
            scenario("channels/close-once", Expectation::Holds, None),
            report(1_234_567, 89_012, 31_400_000, End::Exhausted),
        ),
        (
            scenario("locks/philosophers", Expectation::Holds, None),
            report(2_345_678, 1_024, 60_000_000, End::Time),
        ),
        (
            scenario("locks/dropped", invariant("the queue is empty"), None),
            report(40, 0, 2_000, End::Exhausted),
        ),
        (
            scenario("locks/upgrade", Expectation::Holds, None),
            failing(report(9, 0, 900, End::Failure), deadlock_failure()),
        ),
        (
            scenario("locks/elsewhere", Expectation::Holds, None),
            Report::error(Engine::Loom, "loom", "loom has no choice operation"),
        ),
    ]
}

fn named_failure(name: &str) -> Failure {
    Failure {
        fault: Fault::invariant(name, "called 2 times").at(place("models/src/channels.rs", 61)),
        schedule: Some("s1:0x2.1".to_owned()),
        executions: 17,
        count: 1,
        trace: None,
        story: Story::default(),
    }
}
