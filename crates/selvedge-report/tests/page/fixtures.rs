//! Made-up failures with all that an engine can tell of them.

use std::time::Duration;

use selvedge_core::failure::{
    Explanation, Failure, FailureKind, Fault, Simplified, Size, SourceLine, Story,
};
use selvedge_core::trace::{Role, StepKind, Trace, TraceStep, TraceThread};

use crate::common::{self, place};

const FILE: &str = "src/account.rs";

fn threads(names: &[&str]) -> Vec<TraceThread> {
    let thread =
        |(id, name): (usize, &&str)| TraceThread { id: id.to_string(), name: (*name).to_owned() };
    names.iter().enumerate().map(thread).collect()
}

fn step(thread: usize, text: &str, role: Role, line: u32) -> TraceStep {
    TraceStep {
        thread,
        kind: StepKind::Operation,
        text: text.to_owned(),
        role,
        place: Some(place(FILE, line)),
        matters: true,
        ..TraceStep::default()
    }
}

fn atomic(step: TraceStep, found: Option<&str>, left: Option<&str>) -> TraceStep {
    TraceStep {
        object: Some("balance".to_owned()),
        found: found.map(str::to_owned),
        left: left.map(str::to_owned),
        ..step
    }
}

fn load(thread: usize, value: &str) -> TraceStep {
    atomic(
        step(thread, &format!("load balance = {value}"), Role::Read, 12),
        Some(value),
        Some(value),
    )
}

fn store(thread: usize, value: &str) -> TraceStep {
    atomic(step(thread, &format!("store balance = {value}"), Role::Write, 14), None, Some(value))
}

fn after(step: TraceStep, after: &[usize], reads_from: Option<usize>) -> TraceStep {
    TraceStep { after: after.to_vec(), reads_from, ..step }
}

/// Two buyers read the same balance, and the second to write wins.
fn shown() -> Trace {
    let note = TraceStep {
        kind: StepKind::Note,
        matters: false,
        ..step(2, "bought the sword", Role::Other, 15)
    };
    let failure = TraceStep {
        kind: StepKind::Failure,
        ..step(0, "money is conserved: 60 spent, 10 left of 50", Role::Other, 30)
    };
    Trace {
        threads: threads(&["main", "castle", "sword"]),
        steps: vec![
            step(0, "spawn castle", Role::Spawn, 20),
            step(0, "spawn sword", Role::Spawn, 21),
            after(load(1, "50"), &[0], None),
            after(load(2, "50"), &[1], None),
            after(store(2, "30"), &[2], None),
            note,
            after(store(1, "10"), &[3, 4], None),
            after(step(0, "join castle", Role::Join, 24), &[6], None),
            after(step(0, "join sword", Role::Join, 25), &[5], None),
            after(load(0, "10"), &[6], Some(6)),
            failure,
        ],
    }
}

/// The same failure with one step more.
fn met() -> Trace {
    let mut trace = shown();
    trace.steps.insert(2, step(0, "yield", Role::Other, 22));
    for step in &mut trace.steps {
        let moved = |i: usize| if i >= 2 { i + 1 } else { i };
        step.after.iter_mut().for_each(|i| *i = moved(*i));
        step.reads_from = step.reads_from.map(moved);
    }
    trace
}

/// The castle is paid before the other buyer looks.
fn passing() -> Trace {
    let mut trace = shown();
    trace.steps.truncate(3);
    trace.steps.extend([
        store(1, "10"),
        after(load(2, "10"), &[1, 3], Some(3)),
        step(0, "join castle", Role::Join, 24),
        step(0, "join sword", Role::Join, 25),
    ]);
    trace
}

pub(crate) fn lost_update() -> Failure {
    let size = |steps, switches| Size { threads: 3, steps, switches, preemptions: 1 };
    let line = |line, code: &str| SourceLine { place: place(FILE, line), code: code.to_owned() };
    Failure {
        fault: Fault::invariant("money is conserved", "60 spent, 10 left of 50")
            .at(place(FILE, 30)),
        schedule: Some("sv1:0:a1b2c3d4:0x2,1,2x2,1,0x3".to_owned()),
        executions: 3,
        count: 4,
        trace: Some(shown()),
        story: Story {
            explanation: Some(Explanation {
                pattern: "lost update".to_owned(),
                text: "castle read balance = 50 at step 3, sword made it 30 at step 5, and castle \
                       wrote 10 over it at step 6: the update of sword is lost"
                    .to_owned(),
                steps: vec![2, 4, 6],
                lines: vec![
                    line(12, "let found = balance.load(SeqCst);"),
                    line(14, "balance.store(found - price, SeqCst);"),
                ],
            }),
            simplified: Some(Simplified {
                before: size(10, 6),
                after: size(9, 5),
                least: true,
                executions: 12,
                elapsed: Duration::from_micros(80),
                budget: Duration::from_secs(2),
            }),
            met: Some(met()),
            passing: Some(passing()),
        },
    }
}

/// Two locks in opposite orders.
pub(crate) fn deadlock() -> Failure {
    let mut failure = common::deadlock_failure();
    let steps = &mut failure.trace.as_mut().expect("a trace").steps;
    for step in steps.iter_mut().filter(|s| s.text.starts_with("lock ")) {
        step.role = Role::Acquire;
        step.object = step.text.strip_prefix("lock ").map(str::to_owned);
    }
    // Each waits for what the other has locked.
    (steps[5].after, steps[6].after) = (vec![3], vec![2]);
    failure.story.explanation = Some(Explanation {
        pattern: "lock-order inversion".to_owned(),
        text: "a to b waits for b, which b to a has held since step 4; b to a waits for a, which \
               a to b has held since step 3: they take the two locks in opposite orders"
            .to_owned(),
        steps: vec![2, 3],
        lines: Vec::new(),
    });
    failure
}

/// Two threads that count in turn, so many steps.
pub(crate) fn long(steps: usize) -> Failure {
    let mut trace = shown();
    trace.steps.truncate(2);
    for i in 2..steps {
        let (found, left) = (i.to_string(), (i + 1).to_string());
        let text = format!("fetch_add balance: {found} → {left}");
        let add = atomic(step(1 + i % 2, &text, Role::Update, 12), Some(&found), Some(&left));
        let source = (i > 2).then(|| i - 1);
        trace.steps.push(after(add, &[if i < 4 { i - 2 } else { i - 1 }], source));
    }
    trace.steps.push(TraceStep { kind: StepKind::Failure, ..step(1, "too many", Role::Other, 30) });
    Failure {
        trace: Some(trace),
        story: Story::default(),
        fault: Fault::new(FailureKind::Panic, "too many"),
        ..lost_update()
    }
}

/// What a program might say to get out of its place in a page.
pub(crate) const HOSTILE: &str =
    "</script><img src=x onerror=\"window.stolen=1\"><!--<script>'&amp;\u{2028}\u{1b}[31m";

/// A failure that says it everywhere.
pub(crate) fn hostile() -> Failure {
    let mut failure = lost_update();
    let story = &mut failure.story;
    for trace in [&mut failure.trace, &mut story.met, &mut story.passing].into_iter().flatten() {
        trace.threads.iter_mut().for_each(|thread| thread.name = HOSTILE.to_owned());
        for step in &mut trace.steps {
            step.text = HOSTILE.to_owned();
            step.object = Some(HOSTILE.to_owned());
            step.found = Some(HOSTILE.to_owned());
            step.place = Some(place(HOSTILE, 1));
        }
    }
    let explanation = story.explanation.as_mut().expect("one");
    explanation.pattern = HOSTILE.to_owned();
    explanation.text = format!("{HOSTILE} at step 3");
    explanation.lines[0].code = HOSTILE.to_owned();
    failure.fault = Fault::invariant(HOSTILE, HOSTILE)
        .at(place(HOSTILE, 1))
        .detail(HOSTILE, Some(place(HOSTILE, 1)));
    failure.schedule = Some(HOSTILE.to_owned());
    failure
}
