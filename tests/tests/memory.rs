//! A million executions run in constant memory.
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::sync::Mutex;

use common::{explorer, scenario};
use selvedge::Engine;

/// What is measured is the whole process: one exploration at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What may be added by chance: an arena of the allocator, say. A leak of five
/// bytes in each execution would be more.
const SLACK_KIB: u64 = 4 * 1024;

/// The memory of this process that is resident.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// Explores that many random executions. Returns the memory after a tenth of
/// them, and at the end.
fn measure(name: &str, executions: u64) -> (u64, u64) {
    let explorer = explorer(Engine::Native).name(name).strategy("random").keep_going(true);
    let mut early = None;
    let report = explorer.max_executions(executions).run_with_progress(
        scenario(Engine::Native, name).program(),
        &mut |report| {
            if report.executions() >= executions / 10 {
                early.get_or_insert_with(resident_kib);
            }
            true
        },
    );
    let end = resident_kib();
    assert_eq!(report.executions(), executions);
    println!("{name}: {executions} executions in {:.1?}", report.elapsed);
    (early.expect("progress was reported"), end)
}

fn constant(name: &str, executions: u64) {
    let _alone = ALONE.lock();
    let (early, end) = measure(name, executions);
    println!("{name}: {early} KiB, then {end} KiB");
    assert!(end < early + SLACK_KIB, "{name}: {early} KiB, then {end} KiB");
}

#[test]
fn a_million_executions() {
    constant("purchase/mutex", 1_000_000);
}

/// Abandoned coroutines are unwound, and what they hold is dropped.
#[test]
fn executions_that_fail() {
    constant("purchase/unsynchronized", 100_000);
    constant("processor/never-stopped", 50_000);
}
