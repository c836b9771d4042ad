//! Tests as users run them: crates outside of the workspace, explored by real
//! `cargo test` processes.

mod cargo;

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;

use cargo::{Project, here};

/// A package of its own.
struct Crate(Project);

impl Deref for Crate {
    type Target = Project;

    fn deref(&self) -> &Project {
        &self.0
    }
}

impl Crate {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let new = Crate(Project::new(name, files));
        new.write("Cargo.toml", &(cargo::manifest(name) + cargo::ROOT));
        new
    }

    fn kept(&self, test: &str) -> PathBuf {
        self.path(&format!("selvedge-regressions/{test}.txt"))
    }

    /// `cargo test` with these arguments and variables.
    fn test(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = self.command(env!("CARGO"));
        command.args(["test", "--offline", "--quiet"]).args(arguments);
        let output = command.envs(variables.iter().copied()).output().expect("cargo starts");
        let text = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
        Run { passed: output.status.success(), text: timeless(&text.concat()) }
    }
}

/// What a `cargo test` did.
struct Run {
    passed: bool,
    text: String,
}

impl Run {
    #[track_caller]
    fn passes(self) -> Self {
        assert!(self.passed, "{}", self.text);
        self
    }

    #[track_caller]
    fn fails(self) -> Self {
        assert!(!self.passed, "{}", self.text);
        self
    }

    #[track_caller]
    fn says(self, what: &str) -> Self {
        assert!(self.text.contains(&timeless(what)), "'{what}' is not in: {}", self.text);
        self
    }

    #[track_caller]
    fn keeps_quiet_on(self, what: &str) -> Self {
        assert!(!self.text.contains(what), "'{what}' is in: {}", self.text);
        self
    }
}

/// The same text without the time that an exploration took: `(..., sc, 1.3 ms)`.
fn timeless(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(", sc, ") {
        Some((before, _)) => format!("{before}, sc, ...)"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The first block of a page after these words.
#[track_caller]
fn block<'a>(page: &'a str, after: &str) -> &'a str {
    let (_, rest) = page.split_once(after).unwrap_or_else(|| panic!("'{after}' is not there"));
    let (_, rest) = rest.split_once("\n```").expect("a block");
    let (_, rest) = rest.split_once('\n').expect("its first line");
    rest.split_once("```").expect("its end").0
}

#[test]
fn the_first_chapter_tells_what_happens() {
    let page = fs::read_to_string(here().join("docs/src/first-test.md")).expect("the chapter");
    let example = |file: &str| {
        fs::read_to_string(here().join("examples/first-test").join(file)).expect("the example")
    };
    let broken = block(&page, "`src/lib.rs`:");
    let test = block(&page, "`tests/items.rs`:");
    let story = Crate::new("first-test", &[("src/lib.rs", broken), ("tests/items.rs", test)]);

    story.test(&[], &[]).fails().says(block(&page, "has this in it:"));
    let file = "selvedge-regressions/items-every_item_arrives.txt";
    assert_eq!(story.read(file), block(&page, "is such a file:"));
    story.test(&[], &[]).fails().says(block(&page, "starts with where it comes from:"));
    let replay = block(&page, "repeats exactly this execution:");
    let (variables, command) = replay.trim_start_matches("$ ").split_once(" cargo test ").unwrap();
    let mut variables: Vec<_> = variables.split(' ').filter_map(|v| v.split_once('=')).collect();
    variables.push(("SELVEDGE_TRACE", "1"));
    let arguments: Vec<_> = command.trim().split(' ').collect();
    story.test(&arguments, &variables).fails().says(block(&page, "it begins like this:"));
    assert_eq!(story.read(file), block(&page, "is such a file:"));

    story.write("src/lib.rs", &broken.replace("notify_one", "notify_all"));
    assert_eq!(story.read("src/lib.rs"), example("src/lib.rs"));
    assert_eq!(test, example("tests/items.rs"));
    story.test(&[], &[]).passes().says(block(&page, "is said, too:"));
    fs::remove_file(story.path(file)).expect("it is there");
    story.test(&["--", "--nocapture"], &[]).passes().says(block(&page, "shows it:"));
    let bounded = [("SELVEDGE_MAX_EXECUTIONS", "1")];
    story.test(&[], &bounded).passes().says(block(&page, "`SELVEDGE_MAX_EXECUTIONS=1`):"));
    assert!(!story.path(file).exists());
}

/// A crate with a test for each way in which a test can be set. `FIXED` mends
/// the ones that can be mended, without another build.
const WAYS: &str = r##"
use selvedge::sync::atomic::{AtomicI64, Ordering::SeqCst};
use selvedge::{invariant, thread};

fn fixed() -> bool {
    std::env::var_os("FIXED").is_some()
}

fn lose(fixed: bool) {
    let n = AtomicI64::new(0).named("n");
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| match fixed {
                true => drop(n.fetch_add(1, SeqCst)),
                false => n.store(n.load(SeqCst) + 1, SeqCst),
            });
        }
    });
    invariant!("nothing is lost", n.load(SeqCst) == 2);
}

use selvedge::Named;

/// The fix changes the steps.
#[selvedge::test]
fn other_steps() {
    lose(fixed());
}

/// The fix changes what is said of the same steps.
#[selvedge::test]
fn same_steps() {
    let n = AtomicI64::new(0).named("n");
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| invariant!("enough", n.fetch_add(1, SeqCst) < if fixed() { 2 } else { 1 }));
        }
    });
}

mod inside {
    /// Breaks only if the price is high enough, and in one order.
    #[selvedge::test]
    fn drawn(#[strategy(1..60)] price: i64, members: bool) {
        super::lose(price < 12 || super::fixed());
        let _ = members;
    }
}

#[selvedge::test(max_executions = 1)]
fn bounded() {
    lose(true);
}

#[selvedge::test]
#[ignore = "takes long"]
fn ignored() {
    lose(false);
}

#[selvedge::test]
#[should_panic(expected = "nothing is lost")]
fn panics() {
    lose(false);
}

#[selvedge::test(breaks = "nothing is lost")]
fn breaks() {
    lose(fixed());
}

#[selvedge::test]
fn proved() {
    lose(true);
}

#[selvedge::test]
#[ignore = "ends the process"]
fn dies() {
    thread::scope(|s| {
        let n = AtomicI64::new(0).named("n");
        s.spawn(move || {
            n.store(1, SeqCst);
            std::process::abort();
        });
    });
}
"##;

#[test]
fn tests_are_set_filtered_mended_and_proved() {
    let ways = Crate::new("all-ways", &[("src/lib.rs", ""), ("tests/ways.rs", WAYS)]);
    let broken = ways.test(&[], &[]).fails();
    for failing in ["other_steps", "same_steps", "inside::drawn"] {
        assert!(broken.text.contains(&format!("---- {failing} stdout ----")), "{}", broken.text);
    }
    let broken = broken
        .says("test result: FAILED. 4 passed; 3 failed; 2 ignored")
        .says("input: price = 12, members = false")
        .says(" cargo test -p all-ways inside::drawn -- --exact")
        .says("selvedge: ways::bounded: holds, bounded (1 execution): this is no proof")
        .keeps_quiet_on("selvedge: ways::proved");
    let mut kept: Vec<_> = fs::read_dir(ways.path("selvedge-regressions"))
        .expect("failures are kept")
        .map(|file| file.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    kept.sort();
    assert_eq!(kept, ["ways-inside-drawn.txt", "ways-other_steps.txt", "ways-same_steps.txt"]);

    // The line of the report repeats the failure, with its input.
    let line = broken.text.lines().find(|line| line.contains("SELVEDGE_INPUT")).expect("a line");
    let variables: Vec<_> = line.split(' ').filter_map(|word| word.split_once('=')).collect();
    let only = ["inside::drawn", "--", "--exact"];
    ways.test(&only, &variables).fails().says("input: price = 12").keeps_quiet_on("kept ");
    let without = [variables[1]];
    ways.test(&only, &without).fails().says("SELVEDGE_INPUT is needed beside SELVEDGE_REPLAY");
    ways.test(&["same_steps"], &without).fails().says("the schedule is of another test than ways");
    ways.test(&only, &[("SELVEDGE_INPUT", "in1:0:0:")]).says("price = ");

    // Tried first, unless that is switched off.
    let file = "selvedge-regressions/ways-inside-drawn.txt";
    ways.test(&only, &[]).fails().says(&format!("kept from an earlier run: {file}:2"));
    let off = [("SELVEDGE_REGRESSIONS", "0")];
    ways.test(&only, &off).fails().says("the program fails").keeps_quiet_on("kept ");

    let fixed = [("FIXED", "1")];
    ways.test(&["steps"], &fixed)
        .passes()
        .says("test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out")
        .says("selvedge: ways::same_steps: selvedge-regressions/ways-same_steps.txt:2 does not fail any more: it is fixed, and the line may be deleted")
        .says("selvedge: ways::other_steps: selvedge-regressions/ways-other_steps.txt:2 is stale (")
        .says("all behaviours were explored: it is fixed, and the line may be deleted");
    // Inputs are no proof, so nothing says that it is fixed.
    ways.test(&only, &fixed).passes().says(&format!("{file}:2 is stale, and was not tried: "));

    // A test that has to break says what it did in place of that.
    let breaks = ["breaks", "--", "--exact"];
    ways.test(&breaks, &fixed)
        .fails()
        .says("expected to break `nothing is lost`, but holds, exhausted: 2 behaviours");
    assert!(!ways.kept("ways-breaks").exists());

    let required = [("SELVEDGE_REQUIRE_PROOF", "1"), ("FIXED", "1")];
    ways.test(&["proved"], &required).passes();
    ways.test(&["breaks"], &required[..1]).passes();
    ways.test(&["bounded"], &required).fails().says(
        "a proof is required, and there is none: holds, bounded (1 execution): this is no proof",
    );
    ways.test(&["drawn"], &required).fails().says("there is none: holds for 32 inputs, each");
    let many = [("SELVEDGE_CASES", "many"), ("SELVEDGE_REGRESSIONS", "0")];
    ways.test(&["drawn"], &many).fails().says("SELVEDGE_CASES='many' is not a whole number");

    // What cannot be read is said, and loses nothing.
    let (name, other) = ("selvedge-regressions/ways-proved.txt", "# selvedge regressions 9: new\n");
    ways.write(name, other);
    ways.test(&["proved"], &[]).passes().says(&format!("{name} does not start with"));
    assert_eq!(ways.read(name), other);
    ways.write(
        name,
        "# selvedge regressions 1: by hand\nsv9:0:0:0\nsv1:1:0:0\nsv1:0:0:0 in1:0:0:\n",
    );
    ways.test(&["proved"], &[])
        .passes()
        .says(&format!("{name}:2 is stale (a schedule of format 'sv9'"))
        .says(&format!("{name}:3 is stale (the schedule is of another test than ways::proved)"))
        .says(&format!("{name}:4 is stale (it takes no input"));

    // The ignored ones, by name.
    ways.test(&["ignored", "--", "--ignored"], &[]).fails().says("kept in selvedge-regressions/");
    let trace = [("SELVEDGE_REPLAY", "sv1:0:0:0,1x9"), ("SELVEDGE_TRACE", "1")];
    let dead = ways.test(&["dies", "--", "--ignored"], &trace).fails();
    let told: Vec<_> = dead.text.lines().filter(|line| line.contains("tests/ways.rs:")).collect();
    let last = told.last().expect("steps").split_whitespace().collect::<Vec<_>>();
    assert_eq!(last[..6], ["2", "t1", "store", "n", "=", "1"], "{}", dead.text);

    // Without a schedule there is nothing to be told step by step.
    ways.test(&["proved"], &[("SELVEDGE_TRACE", "1")])
        .passes()
        .says("ways::proved: SELVEDGE_TRACE=1 tells the steps that SELVEDGE_REPLAY repeats");
}
