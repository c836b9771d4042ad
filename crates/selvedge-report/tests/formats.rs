//! What build servers read: snapshots, and whether others can read it.
#![cfg(feature = "ci")]

mod common;
mod valid;

use common::{place, race_failure, scenarios};
use insta::assert_snapshot;
use selvedge_core::failure::{Explanation, Failure, Fault, SourceLine};
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::scenario::{Body, Broken, Expectation, Scenario};
use selvedge_report::failure::failure as drawing;
use selvedge_report::summary::Row;
use selvedge_report::{Style, github, json, junit, markdown, sarif};

const PROGRAM: &str = "cargo run --release --";

fn rows(all: &[(Scenario, Report)]) -> Vec<Row<'_>> {
    all.iter()
        .map(|(scenario, report)| Row::new(scenario, report, scenario.sampled.is_none()))
        .collect()
}

/// A scenario that fails with this failure.
fn failing(expect: Expectation, failure: Failure) -> (Scenario, Report) {
    let scenario = Scenario {
        name: "hostile/a|b".into(),
        about: "".into(),
        expect,
        fixes: &[],
        sampled: None,
        time: selvedge_core::time::Time::default(),
        body: Body::new(|| {}),
    };
    let mut report = Report::new(Engine::Native, "exhaustive", 0);
    (report.executions, report.failing, report.end) = (1, 1, End::Failure);
    report.failures.push(failure);
    (scenario, report)
}

/// What a program may say to disturb each of the formats.
const HOSTILE: &str = "50% off: a,b\r\n::error file=x::injected\n  ::set-env name=PATH::x\n\
                       ]]> <b>&amp; \u{1b}[31mred\u{0}\u{7}\u{fffe} | `tick` ```` ```` </details>\n\
                       ```\n## heading";

fn hostile() -> (Scenario, Report) {
    let mut failure = race_failure();
    failure.fault = Fault::invariant("a | `name` <script>", HOSTILE).at(place("src/a b,c:d.rs", 7));
    failure.schedule = Some("sv1:0:1".to_owned());
    failing(Expectation::Holds, failure)
}

#[test]
fn all_of_them() {
    let all = scenarios();
    let rows = rows(&all);
    let junit = junit::document(&rows, PROGRAM);
    valid::junit(&junit);
    assert_snapshot!("junit", junit);
    let sarif = sarif::document(&rows, PROGRAM);
    valid::sarif(&sarif);
    assert_snapshot!("sarif", sarif);
    assert_snapshot!("github", github::commands(&rows, PROGRAM));
    assert_snapshot!("markdown", markdown::document(&rows, PROGRAM));
}

#[test]
fn nothing_explored_is_valid_as_well() {
    assert_eq!(valid::junit(&junit::document(&[], PROGRAM)), []);
    let log = valid::sarif(&sarif::document(&[], PROGRAM));
    assert_eq!(log["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(github::commands(&[], PROGRAM), "");
    assert!(valid::markdown(&markdown::document(&[], PROGRAM)).table.is_empty());
}

#[test]
fn junit_says_what_is_not_as_expected() {
    let all = scenarios();
    let cases = valid::junit(&junit::document(&rows(&all), PROGRAM));
    assert_eq!(cases.len(), all.len());
    let case = |name: &str| cases.iter().find(|case| case.name == name).expect("that case");
    // Expected to break, and did: passed, and what was found is there to be read.
    let broken = case("purchase/get-then-set");
    assert_eq!(broken.status, "");
    assert!(broken.system_out.contains("● lock accounts"), "{broken:?}");
    assert_eq!(broken.file.as_deref(), Some("models/src/scenarios/purchase.rs"));
    assert_eq!(broken.line, Some(44));
    let deadlock = case("locks/upgrade");
    assert_eq!((&*deadlock.status, &*deadlock.what[0]), ("failure", "deadlock"));
    assert!(deadlock.what[2].contains("b to a waits for mutex a, held by a to b"));
    let missing = case("locks/dropped");
    assert_eq!((&*missing.status, &*missing.what[0]), ("failure", "missing"));
    assert!(missing.what[1].contains("the queue is empty"));
    assert_eq!(case("locks/philosophers").status, "skipped");
    assert_eq!(case("locks/elsewhere").status, "error");
    // Only sampled: passed, and it says that it is no proof.
    let sampled = case("channels/many-producers");
    assert_eq!(sampled.status, "");
    assert!(sampled.system_out.contains("no proof"), "{sampled:?}");
}

#[test]
fn sarif_shows_how_threads_interleave() {
    let all = scenarios();
    let log = valid::sarif(&sarif::document(&rows(&all)[..1], PROGRAM));
    let result = &log["runs"][0]["results"][0];
    assert_eq!((&result["kind"], &result["level"]), (&"informational".into(), &"none".into()));
    let flows = result["codeFlows"][0]["threadFlows"].as_array().expect("flows");
    let mut steps: Vec<(u64, &str)> = Vec::new();
    for flow in flows {
        for step in flow["locations"].as_array().expect("steps") {
            let order = step["executionOrder"].as_u64().expect("a number");
            steps.push((order, flow["id"].as_str().expect("a name")));
        }
    }
    steps.sort_unstable();
    let failures = &all[0].1.failures[0];
    let trace = failures.trace.as_ref().expect("a trace");
    let expected: Vec<(u64, &str)> = (1..)
        .zip(&trace.steps)
        .map(|(order, step)| (order, &*trace.threads[step.thread].name))
        .collect();
    assert_eq!(steps, expected);
}

#[test]
fn a_fingerprint_stays_when_lines_move() {
    let prints = |line| {
        let (scenario, mut report) = hostile();
        report.failures[0].fault.place = Some(place("src/lib.rs", line));
        let text = sarif::document(&[Row::new(&scenario, &report, true)], PROGRAM);
        let result = valid::sarif(&text)["runs"][0]["results"][0].clone();
        (result["partialFingerprints"].clone(), result["locations"].clone())
    };
    let ((before, there), (after, elsewhere)) = (prints(7), prints(8));
    assert_eq!(before, after);
    assert_ne!(there, elsewhere);
}

#[test]
fn an_execution_of_many_steps_is_cut_at_its_beginning() {
    let mut tracer = common::Tracer::new(&["main"], "src/lib.rs");
    for line in 1..=3_000 {
        tracer = tracer.op(0, "store x", line);
    }
    let failure = Failure { trace: Some(tracer.done()), ..race_failure() };
    let (scenario, report) = failing(Expectation::Holds, failure);
    let log = valid::sarif(&sarif::document(&[Row::new(&scenario, &report, true)], PROGRAM));
    let steps = &log["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"];
    let steps = steps.as_array().expect("steps");
    assert_eq!((steps.len(), &steps[999]["executionOrder"]), (1_000, &3_000.into()));
}

#[test]
fn a_failure_without_a_place_is_a_notification() {
    let mut failure = race_failure();
    (failure.trace, failure.fault.place) = (None, None);
    failure.fault.details.clear();
    let (scenario, report) = failing(Expectation::Holds, failure);
    let log = valid::sarif(&sarif::document(&[Row::new(&scenario, &report, true)], PROGRAM));
    let run = &log["runs"][0];
    assert_eq!(run["results"], serde_json::json!([]));
    let told = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(told.as_str().is_some_and(|text| text.contains("data race")), "{told}");
}

/// A file may be called so (`#[path]`), and terminals and logs obey it.
#[test]
fn control_characters_in_the_name_of_a_file_reach_nobody() {
    let bad = place("src/\u{1b}]0;owned\u{7}\n::error::\u{9b}31m.rs", 7);
    let mut failure = race_failure();
    failure.fault.place = Some(bad.clone());
    let details = failure.fault.details.iter_mut().map(|detail| &mut detail.place);
    let steps = failure.trace.iter_mut().flat_map(|trace| &mut trace.steps);
    details.chain(steps.map(|step| &mut step.place)).for_each(|at| *at = Some(bad.clone()));
    failure.story.explanation = Some(Explanation {
        pattern: "unpublished write".to_owned(),
        text: "nothing orders the two".to_owned(),
        steps: vec![0],
        lines: vec![SourceLine { place: bad, code: "x.set(1)".to_owned() }],
    });
    let wide = drawing(&failure, "", None, &Style::plain(200));
    assert!(wide.contains("src/\\u{1b}]0;owned\\u{7}\\n::error::\\u{9b}31m.rs:7"), "{wide}");
    let narrow = drawing(&failure, "", None, &Style::plain(60));

    let (scenario, report) = failing(Expectation::Holds, failure);
    let rows = [Row::new(&scenario, &report, true)];
    let commands = github::commands(&rows, PROGRAM);
    assert_eq!(commands.lines().count(), 1, "{commands}");
    let others = [
        junit::document(&rows, PROGRAM),
        markdown::document(&rows, PROGRAM),
        sarif::document(&rows, PROGRAM),
        json::lines(&rows),
    ];
    for text in [wide, narrow, commands].iter().chain(&others) {
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::error::")), "{text}");
    }
}

#[test]
fn a_program_cannot_say_more_than_its_message() {
    let (scenario, report) = hostile();
    let rows = [Row::new(&scenario, &report, true)];

    let commands = github::commands(&rows, PROGRAM);
    assert_eq!(commands.lines().count(), 1, "{commands}");
    let read = valid::github(&commands);
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].name, "error");
    assert_eq!(read[0].properties["file"], "src/a b,c:d.rs");
    assert_eq!(read[0].properties["line"], "7");
    assert!(read[0].message.contains("50% off: a,b\n::error file=x::injected"), "{read:?}");

    let cases = valid::junit(&junit::document(&rows, PROGRAM));
    let [_, message, text] = &cases[0].what;
    for text in [message, text] {
        assert!(text.contains("]]> <b>&amp; \\u{1b}[31mred"), "{text}");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }

    let log = valid::sarif(&sarif::document(&rows, PROGRAM));
    let result = &log["runs"][0]["results"][0];
    assert!(result["message"]["text"].as_str().is_some_and(|text| text.contains("::injected")));
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "src/a%20b,c%3Ad.rs");

    let page = valid::markdown(&markdown::document(&rows, PROGRAM));
    assert_eq!(page.table.len(), 1, "{page:#?}");
    assert_eq!(page.table[0].len(), 7, "{page:#?}");
    assert_eq!(page.table[0][1], "hostile/a|b");
    assert_eq!(page.table[0][3], "fails: a | `name` <script>");
    let languages: Vec<&str> = page.blocks.iter().map(|(language, _)| &**language).collect();
    assert_eq!(languages, ["text", "sh"]);
    assert!(page.blocks[0].1.contains("## heading"), "{page:#?}");
    let [open, summary, close] = &page.html[..] else { panic!("{page:#?}") };
    assert_eq!((&**open, &**close), ("<details>", "</details>"));
    assert_eq!(summary.matches('<').count(), 2, "{summary}");
}

#[test]
fn what_is_printed_beside_commands_is_not_obeyed() {
    let all = [github::stop("secret"), format!("{HOSTILE}\n"), github::resume("secret")].concat();
    assert_eq!(valid::github(&all), []);
    // It would be, without.
    assert_eq!(valid::github(HOSTILE).len(), 2);
}

/// The readers above are strict: they refuse what is not valid.
#[test]
fn what_is_not_valid_is_refused() {
    let all = scenarios();
    let junit = junit::document(&rows(&all), PROGRAM);
    for (right, wrong) in [
        ("tests=\"9\"", "tests=\"8\""),
        ("<testcase name=", "<testcase title="),
        ("<failure ", "<faillure "),
        ("</testcase>", ""),
        ("expected", "\u{1b}"),
    ] {
        assert!(junit.contains(right), "{right}");
        assert!(!valid::flaws_of_junit(&junit.replace(right, wrong)).is_empty(), "{wrong}");
    }
    let sarif = sarif::document(&rows(&all), PROGRAM);
    for (right, wrong) in [
        ("\"startLine\": 44", "\"startLine\": 0"),
        ("\"kind\": \"informational\"", "\"kind\": \"fail\""),
        ("\"ruleIndex\": 0", "\"ruleIndex\": 1"),
        ("\"informationUri\": \"https:", "\"informationUri\": \"a b"),
        ("executionOrder", "order"),
    ] {
        assert!(sarif.contains(right), "{right}");
        let log = serde_json::from_str(&sarif.replace(right, wrong)).expect("still JSON");
        assert!(!valid::flaws_of_sarif(&log).is_empty(), "{wrong}");
    }
}

/// A scenario that breaks as expected, on an engine that has other kinds.
#[test]
fn what_is_expected_is_told_from_what_is_not() {
    let kind = Expectation::Breaks(vec![Broken::kind(race_failure().kind())]);
    let (scenario, report) = failing(kind, race_failure());
    let expected = Row::new(&scenario, &report, true);
    assert_eq!(github::commands(&[expected], PROGRAM), "");
    assert!(valid::markdown(&markdown::document(&[expected], PROGRAM)).blocks.is_empty());
    let (scenario, report) = failing(Expectation::Holds, race_failure());
    let unexpected = Row::new(&scenario, &report, true);
    assert_eq!(valid::github(&github::commands(&[unexpected], PROGRAM)).len(), 1);
    assert_eq!(valid::markdown(&markdown::document(&[unexpected], PROGRAM)).blocks.len(), 1);
}
