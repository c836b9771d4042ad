//! `cargo selvedge` as users run it: on a workspace of two packages, outside of
//! this one, with a test for each way in which a test can end.
#![cfg(not(any(loom, shuttle)))]

#[path = "../../../tests/tests/cargo/mod.rs"]
mod cargo;
#[path = "../../selvedge-report/tests/valid/mod.rs"]
mod valid;
#[path = "../../selvedge-report/tests/valid/workflow.rs"]
mod workflow;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use cargo::Project;
use serde_json::Value;
use tempfile::TempDir;

const LIB: &str = r#"
use selvedge::sync::atomic::{AtomicI64, Ordering::SeqCst};

pub fn sell(free: &AtomicI64, careful: bool) {
    if careful {
        let _ = free.fetch_update(SeqCst, SeqCst, |n| (n > 0).then_some(n - 1));
    } else if free.load(SeqCst) > 0 {
        free.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    #[selvedge::test]
    fn inner() {}
}
"#;

/// A program with a test of the same path as the library.
const MAIN: &str = r#"
fn main() {}

#[cfg(test)]
mod tests {
    #[selvedge::test]
    fn inner() {}
}
"#;

const WAYS: &str = r##"
use seats::sell;
use selvedge::sync::atomic::{AtomicI64, Ordering::SeqCst};
use selvedge::{Named, invariant, thread};

fn two(seats: i64, careful: bool) {
    let free = AtomicI64::new(seats).named("free");
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| sell(&free, careful));
        }
    });
    invariant!("no seat is sold twice", free.load(SeqCst) >= 0);
}

#[selvedge::test]
fn careful() {
    println!("nobody needs to read this");
    two(1, true);
}

#[selvedge::test]
fn careless() {
    two(1, std::env::var_os("FIXED").is_some());
}

#[selvedge::test(breaks = "no seat is sold twice")]
fn breaks() {
    two(1, false);
}

#[selvedge::test(breaks = "deadlock")]
fn breaks_otherwise() {
    two(1, false);
}

#[selvedge::test(breaks = "data race")]
fn does_not_break() {
    two(1, true);
}

#[selvedge::test]
#[should_panic(expected = "no seat is sold twice")]
fn panics() {
    two(1, false);
}

#[selvedge::test]
#[should_panic(expected = "another panic")]
fn panics_otherwise() {
    two(1, false);
}

#[selvedge::test]
#[should_panic]
fn does_not_panic() {
    two(1, true);
}

#[selvedge::test]
#[ignore = "slow"]
fn slow() {
    two(2, false);
}

#[selvedge::test(max_executions = 1)]
fn bounded() {
    two(1, true);
}

#[selvedge::test(require_proof = true, max_executions = 1)]
fn not_proved() {
    two(1, true);
}

#[selvedge::test]
fn aborts() {
    eprintln!("its last words");
    std::process::abort();
}

#[selvedge::test]
fn leaves() {
    std::process::exit(0);
}

/// What a later version might write.
#[selvedge::test]
fn later_version() {
    let file = std::env::var("SELVEDGE_RESULT").expect("cargo selvedge has started it");
    let header = r#"{"content":"outcome","format":9,"selvedge":"7.0.0","data":""}"#;
    std::fs::write(file, format!("{header}\n{{}}\n")).expect("it can be written");
    std::process::exit(0);
}

mod inside {
    #[selvedge::test(cases = 8)]
    fn drawn(#[strategy(1..4i64)] seats: i64) {
        super::two(seats, true);
    }

    #[selvedge::test]
    fn drawn_careless(#[strategy(1..4i64)] seats: i64, members: bool) {
        let _ = members;
        super::two(seats, false);
    }
}

#[test]
fn an_ordinary_one() {}
"##;

const SHOP: &str = r#"
#[cfg(test)]
mod tests {
    use selvedge::sync::atomic::{AtomicI64, Ordering::SeqCst};

    #[selvedge::test]
    fn opens() {
        assert_eq!(std::env::var("CARGO_PKG_NAME").as_deref(), Ok("shop"));
        assert!(std::path::Path::new("src/lib.rs").exists());
        selvedge::thread::spawn(|| ()).join().unwrap();
    }

    /// Too large to be exhausted.
    #[selvedge::test]
    fn large() {
        let n = AtomicI64::new(0);
        selvedge::thread::scope(|s| {
            for _ in 0..6 {
                s.spawn(|| (0..6).for_each(|_| drop(n.fetch_add(1, SeqCst))));
            }
        });
    }
}
"#;

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let root = format!("{}members = [\"seats\", \"shop\"]\nresolver = \"3\"\n", cargo::ROOT);
    let project = Project::new(
        "cargo-selvedge",
        &[
            ("Cargo.toml", &root),
            ("seats/Cargo.toml", &cargo::manifest("seats")),
            ("seats/src/lib.rs", LIB),
            ("seats/src/main.rs", MAIN),
            ("seats/tests/ways.rs", WAYS),
            ("shop/Cargo.toml", &cargo::manifest("shop")),
            ("shop/src/lib.rs", SHOP),
        ],
    );
    // So that others do not wait for it.
    assert_eq!(call(&project, &["list"]).code, 0);
    project
});

/// What a call of `cargo selvedge` did.
struct Call {
    code: i32,
    stdout: String,
    stderr: String,
}

/// `cargo selvedge` with these arguments. Failures are not kept.
fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-selvedge"));
    command.arg("selvedge").args(arguments).env("CARGO", env!("CARGO"));
    command.env("CARGO_NET_OFFLINE", "true").env("COLUMNS", "100").env("NO_COLOR", "1");
    command.env("SELVEDGE_REGRESSIONS", "0");
    command
}

fn run(mut command: Command) -> Call {
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    let [stdout, stderr] = [stdout, stderr].map(|b| String::from_utf8(b).expect("UTF-8"));
    Call { code: status.code().expect("an exit code"), stdout, stderr }
}

fn call(project: &Project, arguments: &[&str]) -> Call {
    run(command(project, arguments))
}

#[track_caller]
fn refused(call: &Call, words: &[&str]) {
    assert_eq!((call.code, &*call.stdout), (2, ""), "{}", call.stderr);
    let last = call.stderr.lines().last().expect("a line");
    let told = last.strip_prefix("error: ").expect(last);
    words.iter().for_each(|word| assert!(told.contains(word), "{word} is not in: {told}"));
}

fn reports() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn path(directory: &TempDir) -> &str {
    directory.path().to_str().expect("the path is UTF-8")
}

fn files(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory)
        .expect("it is there")
        .map(|file| file.expect("a file").file_name().into_string().expect("the name is UTF-8"));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

macro_rules! snapshot {
    ($name:literal, $call:expr) => {{
        let Call { code, stdout, .. } = $call;
        insta::with_settings!({
            filters => [
                // Times, wherever the line is broken, with the blanks that align them.
                (r"executions\s+in\s+\d+(\.\d+)?\s+(µs|ms|s)\b", "executions in [time]"),
                (r" *\b\d+(\.\d+)? (ns|µs|ms|s|min)\b", " [time]"),
                // A hash over the whole execution.
                (r"(sv1:[0-9a-f]+):[0-9a-f]{8}:", "$1:[fingerprint]:"),
                (r" \(core dumped\)", ""),
                (r"reports: .*", "reports: [directory]"),
            ],
            omit_expression => true,
            prepend_module_to_snapshot => false,
        }, { insta::assert_snapshot!($name, format!("{stdout}[exit code {code}]\n")) })
    }};
}

#[test]
fn tests_are_listed() {
    snapshot!("list", call(&PROJECT, &["list"]));
    let json = call(&PROJECT, &["list", "--format", "json", "breaks", "slow"]);
    let lines: Vec<Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(lines.len(), 3, "{}", json.stdout);
    assert_eq!(lines[0]["test"], "seats/ways::breaks");
    assert_eq!(lines[0]["breaks"], serde_json::json!(["no seat is sold twice"]));
    assert_eq!(lines[2]["ignored"], true);
    // The place is that of the function.
    let place = lines[0]["location"].as_str().expect("a place");
    let (file, line) = place.split_once(':').expect("a line");
    let text = PROJECT.read(file);
    let line = line.parse::<usize>().expect("a number");
    assert_eq!(text.lines().nth(line - 1), Some("fn breaks() {"));
}

/// All of them but the one without an end, and then what is saved of it again.
#[test]
fn each_test_has_the_row_that_it_deserves() {
    let out = reports();
    let all = call(&PROJECT, &["test", "-p", "seats", "--out", path(&out)]);
    assert!(all.stderr.contains("Finished"), "{}", all.stderr);
    let again = call(&PROJECT, &["report", "--out", path(&out)]);
    let (before, _) = all.stdout.split_once("reports: ").expect("where the reports are");
    assert_eq!((again.code, &*again.stdout), (all.code, before));
    let json = call(&PROJECT, &["report", "--format", "json", "--out", path(&out)]);

    let names = ["html", "json", "junit.xml", "md", "run", "sarif"];
    assert_eq!(files(out.path()), names.map(|name| format!("selvedge.{name}")));
    let read = |name: &str| fs::read_to_string(out.path().join(name)).expect(name);
    assert_eq!(json.stdout, read("selvedge.json"));
    let rows: Vec<Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let cases = valid::junit(&read("selvedge.junit.xml"));
    let page = valid::markdown(&read("selvedge.md"));
    let html = read("selvedge.html");
    assert_eq!((cases.len(), page.table.len()), (rows.len(), rows.len()));
    for (row, case) in rows.iter().zip(&cases) {
        let name = row["scenario"].as_str().expect("a name");
        assert_eq!(name, case.name);
        assert!(html.contains(name), "{name}");
        let failed = matches!(&*case.status, "failure" | "error");
        assert_eq!(row["as_expected"] == false, failed, "{name}: {}", case.status);
    }
    let of = |name: &str| {
        let named = |row: &&Value| row["scenario"] == format!("seats/ways::{name}");
        rows.iter().find(named).unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(of("inside::drawn_careless")["input"]["text"], "seats = 1, members = false");
    assert_eq!(of("aborts")["output"], "its last words");
    let aborts = cases.iter().find(|case| case.name == "seats/ways::aborts").expect("a case");
    assert_eq!((&*aborts.status, &*aborts.system_err), ("error", "its last words"));
    assert!(of("careful")["output"].is_null());
    let results = &valid::sarif(&read("selvedge.sarif"))["runs"][0]["results"];
    let results = results.as_array().expect("a list");
    let unexpected = results.iter().filter(|result| result["level"] == "error");
    assert_eq!(unexpected.count(), 4, "{results:#?}");

    // Without the drawings: `show` has one.
    let (table, rest) = all.stdout.split_once("\n\n✗ ").expect("a drawing");
    let at = rest.find("\nnote on ").expect("a note");
    let (drawings, end) = rest.split_at(at);
    let commands: Vec<&str> =
        drawings.lines().filter(|line| line.starts_with("replay: ")).collect();
    let again = "replay: cargo selvedge --package seats replay seats/ways::";
    assert!(commands.iter().all(|command| command.starts_with(again)), "{commands:?}");
    assert_eq!(commands.len(), 4);
    assert!(commands[3].ends_with(" --input in1:0:1:"), "{commands:?}");
    snapshot!("test", Call { stdout: format!("{table}\n\n...\n{end}"), ..all });
}

#[test]
fn what_is_as_expected_is_a_success() {
    let out = reports();
    let one =
        |arguments: &[&str]| call(&PROJECT, &[&["test", "--out", path(&out)], arguments].concat());
    snapshot!("test_some", one(&["ways::careful", "breaks", "panics", "inside::drawn", "--exact"]));
    assert_eq!(one(&["seats/ways::slow", "--exact", "--ignored"]).code, 0);
    assert_eq!(one(&["--exact", "careful", "slow", "--include-ignored"]).code, 0);
    assert_eq!(one(&["bounded"]).code, 0);
    let required = one(&["bounded", "--require-proof"]);
    assert_eq!(required.code, 3, "{}", required.stdout);
    let shown = one(&["--exact", "careful", "--nocapture"]);
    assert!(shown.stderr.contains("nobody needs to read this"), "{}", shown.stderr);
    assert!(!shown.stdout.contains("nobody"), "{}", shown.stdout);
}

#[test]
fn the_time_is_spread_and_then_over() {
    let out = reports();
    let start = Instant::now();
    let arguments = ["test", "-p", "shop", "--time", "1s", "--format", "json", "--out"];
    let call = call(&PROJECT, &[&arguments[..], &[path(&out)]].concat());
    assert!(start.elapsed() < Duration::from_secs(30));
    assert_eq!(call.code, 3, "{}", call.stdout);
    let rows: Vec<Value> =
        call.stdout.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let of = |name: &str| rows.iter().find(|row| row["scenario"] == name).expect(name);
    assert_eq!(of("shop/shop::tests::opens")["exhausted"], true);
    let large = of("shop/shop::tests::large");
    assert_eq!((&large["exhausted"], &large["as_expected"]), (&false.into(), &true.into()));
    // It is the second of two, and the first one has left almost all.
    let taken = Duration::from_nanos(large["elapsed_ns"].as_u64().expect("a time"));
    assert!(taken > Duration::from_millis(600), "{taken:?}");
    assert_eq!(
        valid::junit(&fs::read_to_string(out.path().join("selvedge.junit.xml")).unwrap())[1].status,
        "skipped"
    );
}

#[test]
fn failures_are_kept_and_mended() {
    let out = reports();
    let kept = "selvedge-regressions/ways-careless.txt";
    let test = |variables: &[(&str, &str)]| {
        let mut test = command(&PROJECT, &["test", "careless", "--exact", "--out", path(&out)]);
        test.env_remove("SELVEDGE_REGRESSIONS").envs(variables.iter().copied());
        run(test)
    };
    let first = test(&[]);
    assert_eq!(first.code, 1);
    let note = format!("note on seats/ways::careless: kept in {kept}: tried first");
    assert!(first.stdout.contains(&note), "{}", first.stdout);
    assert!(PROJECT.path("seats").join(kept).exists());
    let second = test(&[]);
    let note = format!("note on seats/ways::careless: kept from an earlier run: {kept}:2");
    assert!(second.stdout.contains(&note), "{}", second.stdout);
    let mended = test(&[("FIXED", "1")]);
    assert_eq!(mended.code, 0, "{}", mended.stdout);
    let text = mended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("it is fixed, and the line may be deleted"), "{text}");
}

#[test]
fn one_test_is_shown() {
    let show = |test: &str| call(&PROJECT, &["show", test]);
    snapshot!("show", show("careless"));
    let breaks = show("ways::breaks");
    assert_eq!(breaks.code, 0);
    assert!(breaks.stdout.contains("● fetch_sub free: 0 → -1"), "{}", breaks.stdout);
    let slow = show("slow");
    assert_eq!(slow.code, 0);
    assert!(slow.stdout.contains("holds, exhausted: all 4 behaviours"), "{}", slow.stdout);
    let aborts = show("aborts");
    assert_eq!(aborts.code, 1);
    assert!(aborts.stdout.contains("error: its process ended (signal: 6"), "{}", aborts.stdout);
    assert!(aborts.stdout.contains("its last words"), "{}", aborts.stdout);

    refused(&show("inner"), &["seats/seats::tests::inner@lib", "seats/seats::tests::inner@bin"]);
    refused(&show("seats/ways::carefull"), &["did you mean 'seats/ways::careful'?"]);
}

/// The command that a report gives repeats the execution, whatever it is.
#[test]
fn executions_are_repeated() {
    for test in ["ways::careless", "drawn_careless"] {
        let shown = call(&PROJECT, &["show", test]);
        let replay = shown.stdout.lines().find_map(|line| line.strip_prefix("replay: "));
        let words = shlex::split(replay.expect("a command")).expect("words");
        let words: Vec<&str> = words.iter().skip(2).map(String::as_str).collect();
        let drawing = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.contains(".rs:")).map(str::to_owned).collect()
        };
        let replayed = call(&PROJECT, &words);
        assert_eq!(replayed.code, 0, "{}", replayed.stderr);
        assert_eq!(drawing(&replayed.stdout), drawing(&shown.stdout));
        assert!(drawing(&shown.stdout).len() > 9, "{}", shown.stdout);

        let traced = call(&PROJECT, &[&words[..], &["--trace"]].concat());
        assert_eq!(traced.stdout, replayed.stdout);
        assert!(traced.stderr.contains("load free"), "{}", traced.stderr);
    }
    let replay = |arguments: &[&str]| call(&PROJECT, &[&["replay"], arguments].concat());
    refused(&replay(&["careless", "nonsense"]), &["'sv1:'"]);
    refused(&replay(&["ways::careless", "sv1:1:0:0"]), &["of another test than ways::careless"]);
    refused(&replay(&["inside", "sv1:0:0:0"]), &["may be each of"]);
    refused(&replay(&["drawn_careless", "sv1:0:0:0"]), &["--input"]);
}

#[test]
fn what_cannot_be_done_is_said() {
    let out = reports();
    refused(
        &call(&PROJECT, &["report", "--out", path(&out)]),
        &["run `cargo selvedge test` first"],
    );
    refused(&call(&PROJECT, &["test", "carefull"]), &["did you mean"]);
    refused(&call(&PROJECT, &["test", "--exact", "slow"]), &["--include-ignored"]);
    refused(&call(&PROJECT, &["test", "--exact", "careful", "--ignored"]), &["is ignored"]);
    refused(&call(&PROJECT, &["list", "-p", "nobody"]), &["cargo says why"]);
    refused(&call(&PROJECT, &["list", "--manifest-path", "no/Cargo.toml"]), &["no/Cargo.toml"]);
    refused(&call(&PROJECT, &["tset"]), &["tset"]);
    let help = call(&PROJECT, &[]);
    assert_eq!(help.code, 2);
    assert!(help.stderr.contains("Usage: cargo selvedge"), "{}", help.stderr);

    let manifest = "[package]\nname = \"none\"\nedition = \"2024\"\n[workspace]\n";
    let none = Project::new("none", &[("Cargo.toml", manifest), ("src/lib.rs", "")]);
    refused(&call(&none, &["test"]), &["write one in place of #[test]", "features"]);
    none.write("src/lib.rs", "fn broken() -> u8 {}");
    let broken = call(&none, &["test"]);
    refused(&broken, &["do not build"]);
    assert!(broken.stderr.contains("error[E0308]"), "{}", broken.stderr);
}

/// What the workflow files in the book call works, and writes the files that they
/// pick up.
#[test]
fn the_examples_in_the_book_work() {
    for (name, yaml) in [
        ("github", include_str!("../../../docs/ci/github-project.yml")),
        ("gitlab", include_str!("../../../docs/ci/gitlab-project.yml")),
    ] {
        let found = workflow::strings(yaml);
        let calls = found.iter().filter_map(|(_, text)| text.strip_prefix("cargo selvedge "));
        let calls: Vec<&str> = calls.collect();
        assert_eq!(calls.len(), 1, "{name}: {found:?}");
        let installs = found.iter().filter(|(_, text)| text.starts_with("cargo install "));
        let package = concat!(env!("CARGO_PKG_REPOSITORY"), " ", env!("CARGO_PKG_NAME"));
        assert!(installs.clone().all(|(_, text)| text.ends_with(package)), "{name}: {found:?}");
        assert_eq!(installs.count(), 1, "{name}");

        let out = reports();
        let arguments: Vec<&str> = calls[0].split(' ').chain(["careful", "--exact"]).collect();
        // The reports are to be this test's own.
        let call = call(&PROJECT, &[&arguments[..], &["--out", path(&out)]].concat());
        assert_eq!(call.code, 0, "{name}: {}{}", call.stdout, call.stderr);
        let files = found.iter().filter_map(|(_, text)| text.strip_prefix("target/selvedge"));
        let files: Vec<&str> = files.collect();
        assert!(files.len() >= 2, "{name}: {files:?}");
        for file in files {
            let file = file.trim_start_matches('/');
            assert!(out.path().join(file).exists(), "{name}: {file}");
        }
    }
}
