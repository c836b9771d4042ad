//! Snapshots of drawings and of failures: open them, they have to look good.

mod common;

use common::{Tracer, deadlock_failure, purchase, purchase_failure, race_failure, six};
use insta::assert_snapshot;
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::trace::StepKind;
use selvedge_report::Style;
use selvedge_report::columns::columns;
use selvedge_report::failure::{failure, report};
use selvedge_report::text::width;

#[test]
fn purchase_at_three_widths() {
    assert_snapshot!("purchase_80", columns(&purchase(), &Style::plain(80)));
    assert_snapshot!("purchase_100", columns(&purchase(), &Style::plain(100)));
    assert_snapshot!("purchase_200", columns(&purchase(), &Style::plain(200)));
}

#[test]
fn six_threads() {
    assert_snapshot!("six_100", columns(&six(), &Style::plain(100)));
    assert_snapshot!("six_160", columns(&six(), &Style::plain(160)));
    assert_snapshot!("six_80_as_a_list", columns(&six(), &Style::plain(80)));
}

#[test]
fn failures() {
    let style = Style::plain(100);
    let replay = "cargo run --release -- replay purchase/get-then-set s1:0x2.1x3.2x5.1x3.0x3";
    let title = "purchase/get-then-set";
    assert_snapshot!("failure", failure(&purchase_failure(), title, Some(replay), &style));
    assert_snapshot!("deadlock", failure(&deadlock_failure(), "locks/upgrade", None, &style));
    assert_snapshot!("data_race", failure(&race_failure(), "", None, &style));
    assert_snapshot!("data_race_60", failure(&race_failure(), "", None, &Style::plain(60)));
}

#[test]
fn colours() {
    let drawing = failure(&race_failure(), "lazy", None, &Style::coloured(100));
    assert_snapshot!("data_race_coloured", drawing.replace('\u{1b}', "␛"));
}

#[test]
fn reports() {
    let style = Style::plain(100);
    let mut value = Report::new(Engine::Native, "exhaustive", 7);
    value.executions = 1_234;
    value.blocked = 5;
    value.end = End::Exhausted;
    assert_snapshot!("report_proof", report(&value, &style));
    value.end = End::Executions;
    assert_snapshot!("report_bounded", report(&value, &style));
    value.end = End::Bounded("at most 2 preemptions".to_owned());
    assert_snapshot!("report_preemptions", report(&value, &style));
    value.end = End::Failure;
    value.failing = 1;
    value.failures = vec![race_failure()];
    assert_snapshot!("report_failure", report(&value, &style));
    let error = Report::error(Engine::Loom, "loom", "loom has no choice operation");
    assert_snapshot!("report_error", report(&error, &style));
}

#[test]
fn nested_threads_to_the_left_and_the_right() {
    let trace = Tracer::new(&["main", "inner", "outer"], "src/lib.rs")
        .op(0, "spawn outer", 1)
        .op(2, "spawn inner", 2)
        .op(1, "store flag = true (release)", 3)
        .op(2, "join inner", 4)
        .op(0, "join outer", 5)
        .done();
    assert_snapshot!("nested", columns(&trace, &Style::plain(100)));
}

#[test]
fn long_executions_are_shortened() {
    let mut tracer = Tracer::new(&["main", "spinner"], "src/lib.rs").op(0, "spawn spinner", 1);
    for _ in 0..9_000 {
        tracer = tracer.op(1, "load flag = false (acquire)", 2);
    }
    let trace = tracer.step(1, StepKind::Failure, "step bound: 9,001 steps", 2).done();
    let drawing = columns(&trace, &Style::plain(100));
    assert!(drawing.contains("⋮ 8,802 steps not shown"), "{drawing}");
    assert!(drawing.lines().count() < 220);
    assert!(drawing.contains(" 9001  "), "numbers are those of the whole execution");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns_wide in [72, 80, 91, 100, 120, 160, 200] {
        for trace in [purchase(), six()] {
            let drawing = columns(&trace, &Style::plain(columns_wide));
            for line in drawing.lines() {
                assert!(width(line) <= columns_wide, "{columns_wide}: {line}\n{drawing}");
                assert_eq!(line, line.trim_end());
            }
        }
    }
}

#[test]
fn anything_can_be_drawn() {
    let odd = Tracer::new(&["价格价格价格价格价格", "a\tb"], "src/lib.rs")
        .op(0, "", 0)
        .op(7, "no such thread", 1)
        .note(1, "\u{1b}[31mred\nand a second line", 2)
        .step(1, StepKind::Failure, "", 0)
        .done();
    for columns_wide in [0, 1, 5, 20, 40, 100] {
        let drawing = columns(&odd, &Style::plain(columns_wide));
        assert!(!drawing.contains('\u{1b}'));
        assert!(!columns(&purchase(), &Style::plain(columns_wide)).is_empty());
    }
    assert_eq!(columns(&Tracer::new(&[], "").done(), &Style::plain(80)), "");
}
