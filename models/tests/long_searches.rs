//! Searches that are stopped and gone on with, and searches in parts, by
//! processes as a user starts them.
#![cfg(not(any(loom, shuttle)))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A search that takes about a second: two threads that add five times to
/// each other's sum, and one that looks.
const SCENARIO: &str = "family/fib-bench-5";

/// Its behaviours, as published (and told by `list`).
const BEHAVIOURS: u64 = 218_243;

fn selvedge(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge-models"));
    command.args(args).env_clear().env("COLUMNS", "100").env("NO_COLOR", "1");
    command
}

fn check(more: &[&str]) -> Command {
    selvedge(&[&["check", SCENARIO, "--format", "json"], more].concat())
}

/// A file of this test that is not there yet.
fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_file(&path));
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

/// The report that was printed, without the time that it took.
#[track_caller]
fn report(output: &Output, code: i32) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    let mut report: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let time = report.as_object_mut().and_then(|fields| fields.remove("elapsed_ns"));
    assert!(time.is_some_and(|time| time.is_u64()));
    report
}

#[track_caller]
fn run(mut command: Command, code: i32) -> Value {
    report(&command.output().expect("the program starts"), code)
}

/// One line on stderr that has each of the words, and exit code 2.
#[track_caller]
fn refused(mut command: Command, words: &[&str]) {
    let output = command.output().expect("the program starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!((output.stdout.len(), error.lines().count()), (0, 1), "{error}");
    for word in words {
        assert!(error.contains(word), "'{word}' is not in: {error}");
    }
}

fn undisturbed() -> Value {
    let report = run(check(&["--workers", "1"]), 0);
    assert_eq!(report["executions"], BEHAVIOURS);
    assert_eq!(report["exhausted"], true);
    report
}

/// A number below the bound, the same in each run of the test.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn a_search_that_is_killed_twenty_times_counts_what_it_would_have() {
    let saved = file("killed.checkpoint");
    let path = text(&saved);
    let args = ["--checkpoint", path, "--resume", path, "--checkpoint-every", "0"];
    let mut dice = Dice(1);
    let mut killed = 0;
    for _ in 0..20 {
        let workers = (1 + dice.below(3)).to_string();
        let mut command = check(&[&args[..], &["--workers", &workers]].concat());
        let mut child = command.stdout(Stdio::null()).spawn().expect("the program starts");
        std::thread::sleep(Duration::from_millis(dice.below(80)));
        killed += u32::from(child.try_wait().expect("a child").is_none());
        // SIGKILL: nothing is done any more.
        child.kill().expect("a child that has not been waited for");
        child.wait().expect("a child");
    }
    assert!(killed >= 15, "{killed} of 20 were still running");
    assert_eq!(run(check(&args), 0), undisturbed());
    // It is finished: the report is told again, and nothing is run.
    assert_eq!(run(check(&["--resume", path]), 0), undisturbed());
}

#[test]
fn a_search_that_is_interrupted_says_how_it_goes_on() {
    for signal in ["INT", "TERM"] {
        let saved = file(&format!("interrupted-{signal}.checkpoint"));
        let path = text(&saved);
        let mut command = check(&["--checkpoint", path]);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        // It is saved before anything is run.
        let start = Instant::now();
        while !saved.exists() && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut kill = Command::new("kill");
        let sent = kill.args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(sent.expect("kill starts").success());
        let output = child.wait_with_output().expect("a child");
        let stopped = report(&output, 3);
        assert_eq!(stopped["exhausted"], false);
        assert_eq!(stopped["bounded"], "interrupted");
        assert!(stopped["pending"].as_u64() > Some(0), "{stopped:#}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(&format!("--resume {path}")), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        // Not to be overwritten by mistake.
        refused(check(&["--checkpoint", path]), &[path, "not finished"]);
        assert_eq!(run(check(&["--resume", path]), 0), undisturbed());
    }
}

#[test]
fn a_checkpoint_of_another_search_is_refused() {
    let saved = file("refused.checkpoint");
    let path = text(&saved);
    run(check(&["--checkpoint", path, "--max-executions", "2000"]), 3);
    let before = fs::read(&saved).expect("it was saved");
    let other = |scenario: &str| selvedge(&["check", scenario, "--resume", path]);
    refused(other("family/readers-8"), &[path, "family/readers-8", SCENARIO]);
    refused(check(&["--resume", path, "--max-steps", "5000"]), &["max-steps 100000", "5000"]);
    refused(check(&["--resume", path, "--keep-going"]), &["keep-going off"]);
    let shard = ["--shard", "1/2", "--output", "/dev/null", "--resume", path];
    refused(check(&shard), &["one part", "2 parts"]);
    refused(check(&["--resume", path, "--strategy", "dfs"]), &["exhaustive"]);
    refused(check(&["--resume", path, "--engine", "std"]), &[]);
    refused(selvedge(&["check", "family/r", "--resume", path]), &["single search"]);
    refused(check(&["--resume", text(&file("none.checkpoint"))]), &["no file"]);
    assert_eq!(fs::read(&saved).expect("it is there"), before);

    let changed = |from: &str, to: &str| {
        let all = String::from_utf8(before.clone()).expect("it is text");
        assert!(all.contains(from), "{from} is not in {all}");
        fs::write(&saved, all.replacen(from, to, 1)).expect("it can be written");
        check(&["--resume", path])
    };
    let version = concat!("\"selvedge\":\"", env!("CARGO_PKG_VERSION"));
    refused(changed(version, "\"selvedge\":\"9.9.9"), &["Selvedge 9.9.9"]);
    refused(changed("\"format\":1", "\"format\":99"), &["written by Selvedge"]);
    refused(changed("\"executions\":2", "\"executions\":3"), &["damaged"]);
    refused(changed("\"first_execution\":\"", "\"first_execution\":\"f"), &["has changed"]);
    fs::write(&saved, "something else").expect("it can be written");
    refused(check(&["--resume", path]), &["no checkpoint"]);
    refused(check(&["--checkpoint", path]), &["no checkpoint"]);
    // What fits goes on.
    fs::write(&saved, &before).expect("it can be written");
    assert_eq!(run(check(&["--resume", path]), 0), undisturbed());
}

#[test]
fn parts_make_up_the_whole() {
    let parts: Vec<PathBuf> = (1..=4).map(|i| file(&format!("part-{i}.json"))).collect();
    for (i, part) in (1..).zip(&parts) {
        let shard = format!("{i}/4");
        // The third is stopped, and goes on.
        if i == 3 {
            let saved = file("part-3.checkpoint");
            let of_part = ["--shard", &shard, "--output", text(part), "--checkpoint", text(&saved)];
            run(check(&[&of_part[..], &["--max-executions", "3000"]].concat()), 3);
            run(check(&[&of_part[..], &["--resume", text(&saved)]].concat()), 0);
        } else {
            let report = run(check(&["--shard", &shard, "--output", text(part)]), 0);
            // A part proves nothing.
            assert_eq!(report["exhausted"], false);
            assert_eq!(report["bounded"], format!("part {shard} of a search"));
        }
    }
    let merge = |which: &[usize], more: &[&str]| {
        let files: Vec<&str> = which.iter().map(|i| text(&parts[*i])).collect();
        selvedge(&[&["merge"][..], &files, more].concat())
    };
    let json = ["--format", "json"];
    assert_eq!(run(merge(&[2, 0, 3, 1], &json), 0), undisturbed());

    let partial = run(merge(&[0, 1, 3], &json), 3);
    assert_eq!(partial["bounded"], "part 3 of 4 is missing");
    assert!(partial["executions"].as_u64() < Some(BEHAVIOURS));
    let output = merge(&[1], &[]).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(3));
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("parts 1, 3, 4 of 4 are missing"), "{table}");

    refused(merge(&[0, 1, 0], &[]), &["part 1", "twice"]);
    let other = file("part-of-another.json");
    let mut command =
        selvedge(&["check", "family/readers-8", "--shard", "2/4", "--output", text(&other)]);
    assert_eq!(command.output().expect("the program starts").status.code(), Some(0));
    refused(selvedge(&["merge", text(&parts[0]), text(&other)]), &["not of the same search"]);
    refused(selvedge(&["merge", text(&file("none.json"))]), &["no file"]);
    refused(selvedge(&["merge"]), &["<FILES>"]);
    refused(check(&["--shard", "5/4", "--output", text(&other)]), &["5/4"]);
    refused(check(&["--shard", "1/4"]), &["--output"]);
}

/// One part meets what teaches it that drops matter, and the other does not: a
/// sum of the two is of no search.
#[test]
fn parts_that_have_learnt_different_things_are_not_put_together() {
    const RARE: &str = "rare/last-drop";
    /// 16 additions of two threads in each order, in one of them one more
    /// behaviour, and each with either thread the last to drop the token.
    const ALL: u64 = 2 * (12_870 + 1);
    let check = |more: &[&str]| selvedge(&[&["check", RARE, "--format", "json"], more].concat());
    let undisturbed = run(check(&["--workers", "1"]), 0);
    assert_eq!(
        (&undisturbed["executions"], &undisturbed["exhausted"]),
        (&ALL.into(), &true.into())
    );

    let files = [1, 2].map(|i| file(&format!("learnt-{i}.json")));
    let saved = file("learnt.checkpoint");
    let [first, second] = files.each_ref().map(|path| text(path));
    let part = |number: usize, more: &[&str]| {
        let shard = format!("{number}/2");
        let of_part = ["--shard", &shard, "--output", [first, second][number - 1]];
        run(check(&[&of_part, more].concat()), 0)["executions"].as_u64().expect("a number")
    };
    let merge = || selvedge(&["merge", second, first, "--format", "json"]);
    let sum = part(1, &[]) + part(2, &["--checkpoint", text(&saved)]);
    assert_ne!(sum, ALL);
    let told = format!("--learnt {first} --learnt {second}");
    refused(merge(), &["explore part 2 again", &told]);

    // As told. A search that was saved before knows no more than it did.
    let told: Vec<&str> = told.split(' ').collect();
    let of_second = ["--shard", "2/2", "--output", second, "--resume", text(&saved)];
    refused(check(&[&of_second, &told[..]].concat()), &[text(&saved), "without --resume"]);
    part(2, &told);
    assert_eq!(run(merge(), 0), undisturbed);
    // What has begun with it goes on with it.
    part(2, &[&told[..], &["--checkpoint", text(&saved)]].concat());
    part(2, &[&told[..], &["--resume", text(&saved)]].concat());
    assert_eq!(run(merge(), 0), undisturbed);
}

/// What is learnt in one behaviour of thousands is used in it.
#[test]
fn the_twin_of_what_is_learnt_breaks() {
    let mut command = selvedge(&["check", "rare/own-drop", "--keep-going", "--format", "json"]);
    let report = report(&command.output().expect("the program starts"), 0);
    // A third behaviour of the helper, which fails; twice, as all others.
    assert_eq!((&report["executions"], &report["failing"]), (&25_744.into(), &2.into()));
}
