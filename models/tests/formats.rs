//! The formats for build servers, of the real program over all scenarios, read
//! by others than wrote them.
#![cfg(not(any(loom, shuttle)))]

#[path = "../../crates/selvedge-report/tests/valid/mod.rs"]
mod valid;
#[path = "../../crates/selvedge-report/tests/valid/workflow.rs"]
mod workflow;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn selvedge(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge-models"));
    command.args(args).env_clear().env("COLUMNS", "100").env("NO_COLOR", "1").env("CARGO", "cargo");
    command
}

/// Runs it, and gives what is on stdout. Nothing may be on stderr.
#[track_caller]
fn run(command: &mut Command, code: i32) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&stderr), "", "{command:?}");
    assert_eq!(status.code(), Some(code), "{command:?}");
    String::from_utf8(stdout).expect("the output is UTF-8")
}

#[track_caller]
fn refused(command: &mut Command, words: &[&str]) {
    let output = command.output().expect("the program starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{command:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{command:?}: one line, and not:\n{error}");
    assert!(output.stdout.is_empty(), "{command:?}");
    for word in words {
        assert!(error.contains(word), "{command:?}: {word} is not in: {error}");
    }
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn read(directory: &TempDir, file: &str) -> String {
    fs::read_to_string(directory.path().join(file)).expect(file)
}

fn path(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

fn lines_of_json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn all_formats_of_all_scenarios_are_valid() {
    let out = directory();
    let formats = "json,junit,sarif,markdown,github";
    let args = ["check", "--keep-going", "--quiet", "--format", formats, "--out", path(out.path())];
    let stdout = run(&mut selvedge(&args), 0);
    let mut files: Vec<_> =
        fs::read_dir(&out).expect("it is there").map(|f| f.expect("a file").file_name()).collect();
    files.sort();
    assert_eq!(files, ["selvedge.json", "selvedge.junit.xml", "selvedge.md", "selvedge.sarif"]);

    // The text is on stdout, and in it nothing that GitHub would obey.
    assert!(stdout.contains("scenarios:"), "{stdout}");
    assert_eq!(valid::github(&stdout), []);

    let reports = lines_of_json(&read(&out, "selvedge.json"));
    assert_eq!(reports.len(), selvedge_models::native::all_scenarios().len());
    let names: Vec<&str> = reports.iter().filter_map(|r| r["scenario"].as_str()).collect();

    let cases = valid::junit(&read(&out, "selvedge.junit.xml"));
    assert_eq!(cases.iter().map(|case| &*case.name).collect::<Vec<_>>(), names);
    for (case, report) in cases.iter().zip(&reports) {
        assert_eq!(case.status, "", "{}", case.name);
        assert_eq!(case.file.is_some(), report["verdict"] == "fails", "{}", case.name);
    }

    let page = valid::markdown(&read(&out, "selvedge.md"));
    assert_eq!(page.table.iter().map(|cells| &*cells[1]).collect::<Vec<_>>(), names);
    assert_eq!(page.blocks, []);

    let log = valid::sarif(&read(&out, "selvedge.sarif"));
    let results = list(&log["runs"][0]["results"]);
    let failures: Vec<&Value> = reports.iter().flat_map(|r| list(&r["failures"])).collect();
    assert!(failures.len() > 20);
    assert_eq!(results.len(), failures.len());
    for (result, failure) in results.iter().zip(failures) {
        assert_eq!(result["ruleId"], failure["kind"]);
        assert_eq!(result["properties"]["schedule"], failure["schedule"]);
        assert_eq!(result["kind"], "informational");
        assert!(!list(&result["codeFlows"]).is_empty(), "{result:#}");
        let place = &result["locations"][0]["physicalLocation"];
        let (file, region) = (&place["artifactLocation"]["uri"], &place["region"]);
        let known = failure["location"].as_str().expect("a location");
        let told = [file, &region["startLine"], &region["startColumn"]];
        let told = told.map(|part| part.to_string().trim_matches('"').to_owned());
        assert_eq!(told.join(":"), known);
        // The line is there, from the root of the workspace.
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&told[0]);
        let source = fs::read_to_string(&source).expect("the file is there");
        let line: usize = told[1].parse().expect("a number");
        assert!(
            source.lines().nth(line - 1).is_some_and(|line| !line.trim().is_empty()),
            "{known}"
        );
    }
}

/// Each format alone goes to stdout, and nothing else does.
#[test]
fn one_format_goes_to_stdout() {
    let print = |command: &str, scenario: &str, format: &str| {
        run(&mut selvedge(&[command, scenario, "--format", format]), 0)
    };
    for (command, scenario) in [("check", "spot/race-condition"), ("show", "spot/race-condition")] {
        assert_eq!(valid::junit(&print(command, scenario, "junit")).len(), 1);
        let log = valid::sarif(&print(command, scenario, "sarif"));
        assert_eq!(list(&log["runs"][0]["results"]).len(), 1);
        assert_eq!(valid::markdown(&print(command, scenario, "markdown")).table.len(), 1);
        assert_eq!(lines_of_json(&print(command, scenario, "json")).len(), 1);
        let text = print(command, scenario, "text");
        assert!(text.contains("● "), "{text}");
        let github = print(command, scenario, "github");
        assert!(github.lines().count() == text.lines().count() + 2, "{github}");
        assert_eq!(valid::github(&github), []);
    }
}

#[test]
fn what_is_not_as_expected_is_told_to_everybody() {
    let out = directory();
    let summary = out.path().join("summary.md");
    fs::write(&summary, "before\n\n").expect("it can be written");
    let reports = out.path().join("a/b");
    let formats = "github,junit,sarif,markdown";
    let args = ["check", "spot/locked-3", "--format", formats, "--out", path(&reports)];
    let mut command = selvedge(&args);
    command.env("SELVEDGE_MAX_STEPS", "3").env("GITHUB_STEP_SUMMARY", &summary);
    let stdout = run(&mut command, 1);

    let commands = valid::github(&stdout);
    assert_eq!(commands.len(), 1, "{stdout}");
    assert_eq!(commands[0].name, "error");
    assert_eq!(commands[0].properties["title"], "spot/locked-3: step bound");
    assert_eq!(commands[0].properties["file"], "models/src/scenarios/spot.rs");

    let page = fs::read_to_string(reports.join("selvedge.md")).expect("it is there");
    let blocks = valid::markdown(&page).blocks;
    assert!(blocks[0].1.contains("step bound"), "{blocks:?}");
    assert!(blocks[1].1.contains(" replay spot/locked-3 sv1:"), "{blocks:?}");
    let summary = fs::read_to_string(&summary).expect("it is there");
    let appended = summary.strip_prefix("before\n\n").expect("what was there stays");
    assert_eq!(valid::markdown(appended).blocks[1], blocks[1]);

    let junit = fs::read_to_string(reports.join("selvedge.junit.xml")).expect("it is there");
    let cases = valid::junit(&junit);
    assert_eq!((&*cases[0].status, &*cases[0].what[0]), ("failure", "step_bound"));
    let sarif = fs::read_to_string(reports.join("selvedge.sarif")).expect("it is there");
    let result = &valid::sarif(&sarif)["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"step_bound".into(), &"error".into()));
}

#[test]
fn a_search_that_is_cut_short_is_no_success() {
    let check = |format: &str| {
        let args = ["check", "purchase/mutex", "--max-executions", "1", "--format", format];
        run(&mut selvedge(&args), 3)
    };
    assert_eq!(valid::junit(&check("junit"))[0].status, "skipped");
    assert_eq!(valid::github(&check("github"))[0].name, "warning");
    let log = valid::sarif(&check("sarif"));
    let told = list(&log["runs"][0]["invocations"][0]["toolExecutionNotifications"]);
    assert_eq!(told[0]["level"], "warning");
}

/// The search cannot be saved: an error, also for those who read the files.
#[test]
fn an_error_is_in_the_files_as_well() {
    let out = directory();
    let nowhere = out.path().join("no/such/checkpoint");
    let args = ["check", "spot/locked-3", "--format", "junit,sarif,github", "--out"];
    let mut command = selvedge(&args);
    let output = command.arg(out.path()).arg("--checkpoint").arg(&nowhere).output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let commands = valid::github(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(commands[0].message.contains(path(&nowhere)), "{commands:?}");
    assert_eq!(valid::junit(&read(&out, "selvedge.junit.xml"))[0].status, "error");
    let log = valid::sarif(&read(&out, "selvedge.sarif"));
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

/// A report that is there is replaced, and nothing else is left behind.
#[test]
fn files_are_replaced() {
    let out = directory();
    let file = out.path().join("selvedge.junit.xml");
    fs::write(&file, "old").expect("it can be written");
    run(
        &mut selvedge(&[
            "check",
            "spot/locked-3",
            "--format",
            "junit,junit",
            "--out",
            path(out.path()),
        ]),
        0,
    );
    assert_eq!(valid::junit(&read(&out, "selvedge.junit.xml")).len(), 1);
    assert_eq!(fs::read_dir(&out).expect("it is there").count(), 1);
}

#[test]
fn formats_that_go_nowhere_are_refused() {
    let out = directory();
    let check = |args: &[&str]| selvedge(&[&["check", "spot/locked-3"], args].concat());
    refused(&mut check(&["--format", "junit,sarif"]), &["--out DIR"]);
    refused(&mut check(&["--out", path(out.path())]), &["--format"]);
    let nothing = ["--format", "text,github", "--out", path(out.path())];
    refused(&mut check(&nothing), &["junit, sarif"]);
    let file = out.path().join("file");
    fs::write(&file, "mine").expect("it can be written");
    for format in ["junit", "github,sarif"] {
        refused(
            &mut check(&["--format", format, "--out", path(&file)]),
            &["cannot write", path(&file)],
        );
        let below = file.join("below");
        refused(&mut check(&["--format", format, "--out", path(&below)]), &["cannot write"]);
    }
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
    // A file that cannot be written after all: the others are, and the text is there.
    fs::create_dir(out.path().join("selvedge.sarif")).expect("a directory");
    let args = ["--format", "sarif,junit", "--out", path(out.path())];
    let output = check(&args).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("spot/locked-3"));
    assert_eq!(valid::junit(&read(&out, "selvedge.junit.xml")).len(), 1);
}

/// What the examples call works, and writes the files that they pick up.
#[test]
fn the_examples_in_the_book_work() {
    for (name, yaml) in [
        ("github.yml", include_str!("../../docs/ci/github.yml")),
        ("gitlab.yml", include_str!("../../docs/ci/gitlab.yml")),
    ] {
        let found = workflow::strings(yaml);
        let call = "cargo run --release -- ";
        let calls: Vec<&str> =
            found.iter().filter_map(|(_, text)| text.strip_prefix(call)).collect();
        assert_eq!(calls.len(), 1, "{name}: {found:?}");
        let directory = directory();
        let args: Vec<&str> = calls[0].split(' ').collect();
        run(selvedge(&args).arg("--quiet").current_dir(&directory), 0);
        let files = found.iter().filter(|(_, text)| text.starts_with("target/selvedge"));
        let files: Vec<&str> = files.map(|(_, text)| &**text).collect();
        assert!(files.len() >= 2, "{name}: {files:?}");
        for file in files {
            assert!(directory.path().join(file).exists(), "{name}: {file}");
        }
    }
}
