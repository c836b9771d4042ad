//! The command line as a user runs it: what it prints, and how it ends.
#![cfg(not(any(loom, shuttle)))]

use std::collections::BTreeSet;
use std::io;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program, with nothing of this process's environment but what makes its
/// output the same everywhere.
fn selvedge(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge-models"));
    command.args(args).env_clear().env("COLUMNS", "100").env("NO_COLOR", "1").env("CARGO", "cargo");
    command
}

fn run(args: &[&str]) -> Output {
    selvedge(args).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the output is UTF-8")
}

/// What a call prints, with its exit code.
fn session(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(text(&output.stderr), "", "{args:?}");
    let code = output.status.code().expect("an exit code");
    format!("$ selvedge-models {}\n{}[exit code {code}]\n", args.join(" "), text(&output.stdout))
}

/// The lines of `check --format json`.
fn json(args: &[&str]) -> Vec<Value> {
    let output = run(&[&["check", "--format", "json"], args].concat());
    assert_eq!(text(&output.stderr), "", "{args:?}");
    let lines = text(&output.stdout).lines();
    lines.map(|line| serde_json::from_str(line).expect("each line is an object")).collect()
}

/// The schedule of the first failure of a scenario.
fn failing_schedule(scenario: &str) -> String {
    let report = json(&[scenario]).remove(0);
    report["failures"][0]["schedule"].as_str().expect("a schedule").to_owned()
}

macro_rules! snapshot {
    ($name:literal, $session:expr) => {
        insta::with_settings!({
            filters => [
                // Times, with the blanks that align them.
                (r" *\b\d+(\.\d+)? (ns|µs|ms|s|min)\b", " [time]"),
                (r#""elapsed_ns":\d+"#, r#""elapsed_ns":"[time]""#),
                // A debug build calls itself in another way.
                (r"cargo run (--release )?--", "cargo run --release --"),
                // A hash over the whole execution.
                (r"(sv1:[0-9a-f]+):[0-9a-f]{8}:", "$1:[fingerprint]:"),
                (r"(\$ selvedge-models replay \S+) .*", "$1 [schedule]"),
            ],
            omit_expression => true,
            prepend_module_to_snapshot => false,
        }, { insta::assert_snapshot!($name, $session) })
    };
}

#[test]
fn list() {
    snapshot!("list", session(&["list"]));
    snapshot!("list_pattern", session(&["list", "spot"]));
}

#[test]
fn check() {
    snapshot!("check", session(&["check", "--quiet"]));
    snapshot!(
        "check_patterns",
        session(&["check", "spot/locked", "close/flag", "plain-flag", "never-stopped"])
    );
    snapshot!("check_bounded", session(&["check", "limiter/semaphore", "--max-executions", "1"]));
    snapshot!("check_json", session(&["check", "spot", "--format", "json"]));
}

/// A corpus: its section has to be named.
#[test]
fn check_oracle() {
    snapshot!("check_oracle", session(&["check", "oracle/", "--keep-going", "--quiet"]));
    snapshot!(
        "check_oracle_json",
        session(&["check", "oracle/", "--keep-going", "--format", "json"])
    );
}

#[test]
fn a_corpus_has_to_be_named() {
    let names = |args: &[&str]| -> BTreeSet<String> {
        let name = |report: &Value| report["scenario"].as_str().expect("a name").to_owned();
        json(args).iter().map(name).collect()
    };
    assert!(names(&["mutex", "x"]).iter().all(|name| !name.starts_with("oracle/")));
    let litmus = names(&["litmus/SB:"]);
    assert!(litmus.contains("litmus/SB:sc"));
    assert!(litmus.iter().all(|name| name.starts_with("litmus/SB:")), "{litmus:?}");
    assert_eq!(names(&["family/ainc-3"]), BTreeSet::from(["family/ainc-3".to_owned()]));
    // Only the native engine has it.
    refused(&mut selvedge(&["check", "litmus/", "--engine", "loom"]), &["'litmus/'"]);
}

/// One screen is enough for every scenario that breaks; the command that
/// repeats it may take more than one line of it.
#[test]
fn show_fits_on_a_screen() {
    let all = json(&["--strategy", "random", "--max-executions", "1"]);
    let breaks = all.iter().filter(|row| row["expected"] == "breaks");
    let names: Vec<&str> = breaks.map(|row| row["scenario"].as_str().expect("a name")).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let shown = session(&["show", name]);
        let drawn = shown.lines().filter(|line| !line.starts_with(['$', '[']));
        let wide = |line: &str| line.chars().count().div_ceil(100).max(1);
        let lines: usize = drawn.map(wide).sum();
        assert!(lines <= 40, "{lines} lines:\n{shown}");
    }
}

#[test]
fn show() {
    snapshot!("show_breaks", session(&["show", "purchase/unsynchronized"]));
    snapshot!("show_holds", session(&["show", "purchase/mutex"]));
}

#[test]
fn replay() {
    let schedule = failing_schedule("purchase/unsynchronized");
    snapshot!("replay", session(&["replay", "purchase/unsynchronized", &schedule]));
}

#[test]
fn help() {
    snapshot!("help", session(&["--help"]));
    snapshot!("help_check", session(&["check", "--help"]));
}

#[test]
fn without_a_command_all_scenarios_are_checked() {
    let table = |args: &[&str]| -> Vec<String> {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0));
        let names = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
        let rows =
            text(&output.stdout).lines().filter(|l| l.starts_with("  ✓") || l.starts_with("  ~"));
        rows.filter_map(names).collect()
    };
    let all = table(&[]);
    assert_eq!(all, table(&["check"]));
    assert_eq!(all.len(), selvedge_models::native::all_scenarios().len());
}

/// Nothing on stdout, one line on stderr that has each of `words`, exit code 2.
#[track_caller]
fn refused(command: &mut Command, words: &[&str]) {
    let output = command.output().expect("the program starts");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{command:?}: {error}");
    assert_eq!(text(&output.stdout), "", "{command:?}");
    assert_eq!(error.lines().count(), 1, "{command:?}: one line, and not:\n{error}");
    assert!(error.starts_with("error: ") && error.ends_with('\n'), "{command:?}: {error}");
    for word in words {
        assert!(error.contains(word), "{command:?}: '{word}' is not in: {error}");
    }
}

#[test]
fn an_unknown_scenario_is_refused() {
    for args in [
        &["check", "purchase/mutx"][..],
        &["list", "purchase/mutx"],
        &["show", "purchase/mutx"],
        &["replay", "purchase/mutx", "sv1:0:0:0"],
        &["check", "purchase/deduct", "purchase/mutx", "--format", "json"],
    ] {
        refused(&mut selvedge(args), &["'purchase/mutx'", "did you mean 'purchase/mutex'?"]);
    }
    refused(&mut selvedge(&["check", "nothing like it"]), &["'nothing like it'", "list"]);
}

/// The tables of known counts are for the native engine.
#[test]
fn a_corpus_that_an_engine_does_not_have_is_refused() {
    let refused_by = |args: &[&str]| {
        refused(&mut selvedge(args), &["the loom engine", "'litmus/'", "for native only"]);
    };
    refused_by(&["check", "litmus/", "--engine", "loom"]);
    refused_by(&["compare", "litmus/", "--engines", "loom,native"]);
    let compare = ["compare", "oracle/LB", "--engines", "native,shuttle"];
    refused(&mut selvedge(&compare), &["the shuttle engine", "'oracle/LB'", "for native only"]);
}

#[test]
fn a_schedule_that_does_not_fit_is_refused() {
    let replay = |schedule: &str| selvedge(&["replay", "purchase/deduct", schedule]);
    refused(&mut replay("hello"), &["not a schedule"]);
    refused(&mut replay("sv1:zz:0:0"), &["malformed schedule", "'zz'"]);
    refused(&mut replay("sv1:0:0:1,,2"), &["malformed schedule"]);

    let own = failing_schedule("purchase/deduct");
    let (_, rest) = own.split_once(':').expect("a version, then the rest");
    refused(&mut replay(&format!("sv2:{rest}")), &["'sv2'", "'sv1'"]);

    let other = failing_schedule("purchase/unsynchronized");
    refused(&mut replay(&other), &["not of purchase/deduct", "purchase/unsynchronized"]);

    let (known, steps) = own.rsplit_once(':').expect("steps at the end");
    refused(&mut replay(&format!("{known}:1,{steps}")), &["step 1"]);
    let shorter = steps.rsplit_once(',').expect("several steps").0;
    refused(&mut replay(&format!("{known}:{shorter}")), &["not the recorded one"]);
}

#[test]
fn a_bad_strategy_is_refused() {
    for command in ["check", "show"] {
        let mut command = selvedge(&[command, "purchase/mutex"]);
        refused(command.env("SELVEDGE_STRATEGY", "guess"), &["'guess'", "dfs", "random"]);
    }
    refused(&mut selvedge(&["check", "--strategy", "guess"]), &["'guess'", "dfs", "random"]);
}

#[test]
fn a_bad_strategy_of_another_engine_is_refused() {
    for (engine, known) in [("loom", "'loom'"), ("shuttle", "pct"), ("std", "'stress'")] {
        let args = ["check", "spot", "--engine", engine, "--strategy", "guess"];
        refused(&mut selvedge(&args), &["'guess'", known]);
    }
}

#[test]
fn a_bad_option_is_refused() {
    refused(&mut selvedge(&["check", "--engine", "gpu"]), &["'gpu'", "native, loom, shuttle, std"]);
    refused(&mut selvedge(&["check", "--frobnicate"]), &["'--frobnicate'"]);
    refused(&mut selvedge(&["check", "--format", "xml"]), &["'xml'"]);
    refused(&mut selvedge(&["check", "--max-time", "soon"]), &["'soon'"]);
    refused(&mut selvedge(&["check", "--seed", "luck"]), &["'luck'"]);
    refused(&mut selvedge(&["show", "spot/race", "--simplify", "soon"]), &["'soon'"]);
    refused(&mut selvedge(&["frobnicate"]), &["'frobnicate'"]);
    refused(&mut selvedge(&["replay", "purchase/mutex"]), &["SCHEDULE"]);
}

#[test]
fn a_bad_environment_is_refused() {
    for (name, value) in [
        ("SELVEDGE_ENGINE", "gpu"),
        ("SELVEDGE_SEED", "luck"),
        ("SELVEDGE_MAX_EXECUTIONS", "-1"),
        ("SELVEDGE_MAX_SECONDS", "soon"),
        ("SELVEDGE_SIMPLIFY", "soon"),
    ] {
        for command in ["check", "show"] {
            let mut command = selvedge(&[command, "purchase/mutex"]);
            refused(command.env(name, value), &[name, value]);
        }
    }
}

/// How an execution was simplified is told only where it was, and that none
/// fails with fewer preemptions only where all were tried.
#[test]
fn the_budget_of_simplifying_is_told() {
    let shown = |budget: &str| text(&run(&["show", SHOWN, "--simplify", budget]).stdout).to_owned();
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (off, spent, enough) = (shown("0"), shown("1us"), shown("1m"));
    let stopped = "simplifying stopped at its budget of 1 µs: fewer preemptions may be possible";
    assert!(!off.contains("simplif") && !off.contains("fewer"), "{off}");
    assert!(one_line(&spent).contains(stopped) && !spent.contains("none fails"), "{spent}");
    assert!(enough.contains("none fails with fewer") && !enough.contains("budget"), "{enough}");

    let fewest = |options: &[&str]| {
        let reports = json(&[&[SHOWN, "--simplify"], options].concat());
        reports[0]["failures"][0].get("fewest").cloned()
    };
    assert_eq!(fewest(&["0"]), None);
    assert_eq!(fewest(&["1us"]), Some(Value::Bool(false)));
    assert_eq!(fewest(&["1m"]), Some(Value::Bool(true)));
    let mut from_variable = selvedge(&["show", SHOWN]);
    let output = from_variable.env("SELVEDGE_SIMPLIFY", "0").output().expect("the program starts");
    assert_eq!(text(&output.stdout), off);
}

const SHOWN: &str = "purchase/unsynchronized";

#[test]
fn a_contradicted_expectation_is_exit_code_1() {
    let mut command = selvedge(&["check", "purchase/mutex", "spot/locked", "--format", "json"]);
    let output = command.env("SELVEDGE_MAX_STEPS", "3").output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    for line in text(&output.stdout).lines() {
        let report: Value = serde_json::from_str(line).expect("an object");
        assert_eq!(report["as_expected"], false, "{line}");
        assert_eq!(report["failures"][0]["kind"], "step_bound", "{line}");
    }
    // It outweighs an open question.
    let bounded = ["check", "spot/locked", "spot/race", "--max-executions", "1"];
    let mut command = selvedge(&bounded);
    assert_eq!(command.status_quietly(), Some(3));
    assert_eq!(command.env("SELVEDGE_MAX_STEPS", "3").status_quietly(), Some(1));
}

/// The exit code alone.
trait StatusQuietly {
    fn status_quietly(&mut self) -> Option<i32>;
}

impl StatusQuietly for Command {
    fn status_quietly(&mut self) -> Option<i32> {
        self.stdout(Stdio::null()).status().expect("the program starts").code()
    }
}

#[test]
fn a_search_that_is_cut_short_is_exit_code_3() {
    let code = |args: &[&str]| selvedge(args).status_quietly();
    // A proof that was not made, and a failure that was not met.
    assert_eq!(code(&["check", "purchase/mutex", "--max-executions", "1"]), Some(3));
    assert_eq!(code(&["check", "purchase/deduct", "--max-executions", "1"]), Some(3));
    assert_eq!(code(&["check", "purchase/mutex", "--max-time", "0"]), Some(3));
    // The same for each strategy that proves, when it is asked for by name.
    for strategy in ["exhaustive", "dfs", "dfs:unreduced"] {
        let cut = ["check", "purchase/mutex", "--strategy", strategy, "--max-executions", "1"];
        assert_eq!(code(&cut), Some(3), "{strategy}");
    }
    // Sampling need not meet it, and the failure may come first.
    let random = ["check", "purchase/deduct", "--strategy", "random", "--max-executions", "1"];
    assert_eq!(code(&random), Some(0));
    assert_eq!(code(&["check", "close/unguarded", "--max-executions", "1"]), Some(0));
}

/// As `check | head -1` does it, at the worst moment: from the start.
#[test]
fn a_reader_that_went_away_ends_it_quietly() {
    for args in [
        &["check", "spot"][..],
        &["check", "spot", "--format", "json"],
        &["list"],
        &["show", "spot/race-condition"],
    ] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let child = selvedge(args).stdout(writer).stderr(Stdio::piped()).spawn();
        let output = child.and_then(|child| child.wait_with_output()).expect("the program ends");
        assert_eq!(text(&output.stderr), "", "{args:?}");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

fn is_place(place: &str) -> bool {
    let mut parts = place.rsplitn(3, ':');
    let mut number = || parts.next().and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n > 0);
    number() && number() && parts.next().is_some_and(|file| file.ends_with(".rs"))
}

/// The fields that readers of the JSON rely on.
#[track_caller]
fn has_all_fields(report: &Value, engine: &str) {
    let is = |name: &str, right: fn(&Value) -> bool| {
        let field = report.get(name);
        assert!(field.is_some_and(right), "{name} is {field:?} in {report:#}");
    };
    for name in ["scenario", "strategy", "memory_model"] {
        is(name, |v| v.as_str().is_some_and(|text| !text.is_empty()));
    }
    assert_eq!(report["engine"], engine);
    is("expected", |v| v == "breaks" || v == "holds");
    is("verdict", |v| v == "fails" || v == "holds");
    is("exhausted", Value::is_boolean);
    is("as_expected", Value::is_boolean);
    for name in ["executions", "blocked", "failing", "steps", "elapsed_ns", "seed"] {
        is(name, Value::is_u64);
    }
    is("failures", Value::is_array);
    let failures = report["failures"].as_array().expect("an array");
    assert_eq!(report["verdict"] == "fails", !failures.is_empty(), "{report:#}");
    assert_eq!(report["failing"].as_u64() > Some(0), !failures.is_empty(), "{report:#}");
    for failure in failures {
        let kind = failure["kind"].as_str().expect("a kind");
        let known = selvedge::FailureKind::ALL.map(|kind| kind.as_str());
        assert!(known.contains(&kind), "{kind}");
        for name in ["name", "message"] {
            assert!(failure[name].as_str().is_some_and(|text| !text.is_empty()), "{report:#}");
        }
        let place = failure.get("location").expect("a location");
        // Other engines do not always know.
        let unknown = engine != "native" && kind != "invariant" && place.is_null();
        assert!(unknown || place.as_str().is_some_and(is_place), "{report:#}");
        let schedule = failure.get("schedule").expect("a schedule");
        // Real threads have none.
        assert!(if engine == "std" { schedule.is_null() } else { schedule.is_string() });
        let met = failure["executions"].as_u64().expect("a number");
        assert!(met >= 1 && Some(met) <= report["executions"].as_u64(), "{report:#}");
    }
}

#[test]
fn json_of_native_has_all_fields() {
    let reports = json(&[]);
    assert_eq!(reports.len(), selvedge_models::native::all_scenarios().len());
    reports.iter().for_each(|report| has_all_fields(report, "native"));
    assert!(reports.iter().any(|report| report["exhausted"] == true));
}

#[test]
fn json_of_shuttle_has_all_fields() {
    let reports = json(&["--engine", "shuttle", "--max-executions", "100"]);
    assert_eq!(reports.len(), selvedge_models::shuttle::scenarios().len());
    reports.iter().for_each(|report| has_all_fields(report, "shuttle"));
}

#[test]
fn json_of_std_has_all_fields() {
    let reports = json(&["--engine", "std", "--max-executions", "20"]);
    assert_eq!(reports.len(), selvedge_models::std::scenarios().len());
    reports.iter().for_each(|report| has_all_fields(report, "std"));
}

/// Some patterns only: loom would take minutes for all.
#[test]
fn json_of_loom_has_all_fields() {
    let reports = json(&["--engine", "loom", "spot", "close", "never-stopped", "busy-wait-never"]);
    reports.iter().for_each(|report| has_all_fields(report, "loom"));
    let verdicts: BTreeSet<_> = reports.iter().map(|report| report["verdict"].as_str()).collect();
    assert_eq!(verdicts, BTreeSet::from([Some("fails"), Some("holds")]));
}

/// What is left of the reports when the time is taken away.
fn timeless(args: &[&str]) -> Vec<Value> {
    let mut reports = json(args);
    assert!(!reports.is_empty());
    for report in &mut reports {
        let time = report.as_object_mut().and_then(|fields| fields.remove("elapsed_ns"));
        assert!(time.is_some(), "{report:#}");
    }
    reports
}

#[test]
fn the_same_seed_gives_the_same_reports_in_every_process() {
    let random =
        |seed| timeless(&["--strategy", "random", "--seed", seed, "--max-executions", "300"]);
    let schedules = |reports: &[Value]| -> Vec<(u64, String)> {
        let failures = reports.iter().filter_map(|report| report["failures"].as_array()).flatten();
        let schedule = |failure: &Value| {
            (failure["executions"].as_u64().unwrap_or(0), failure["schedule"].to_string())
        };
        failures.map(schedule).collect()
    };
    let (first, second, other) = (random("7"), random("7"), random("8"));
    assert_eq!(first, second);
    assert!(!schedules(&first).is_empty());
    assert_ne!(schedules(&first), schedules(&other));
}

#[test]
fn the_search_is_the_same_in_every_process_and_with_more_workers() {
    let one = timeless(&[]);
    assert_eq!(one, timeless(&[]));
    assert_eq!(one, timeless(&["--workers", "3"]));
}

#[test]
fn every_printed_schedule_can_be_replayed() {
    for report in json(&[]) {
        let name = report["scenario"].as_str().expect("a name");
        for failure in report["failures"].as_array().expect("an array") {
            let schedule = failure["schedule"].as_str().expect("a schedule");
            let output = run(&["replay", name, schedule]);
            let printed = text(&output.stdout);
            assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
            let message = failure["message"].as_str().expect("a message");
            assert!(printed.contains(message), "{name}: '{message}' is not in\n{printed}");
        }
    }
}
