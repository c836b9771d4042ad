//! The engines that are crates of others, and the stress test on real threads.
//!
//! ```text
//! run  -> an engine's module     what to run, and what its panics mean
//!      -> isolate                a child process, so that nothing kills ours
//!          child:  Watch         notes what happens, sends it as events
//!          parent: Assembly      makes a Report of the events
//! ```
//!
//! A double panic aborts the process, loom and shuttle can run into one while
//! they report a failure, and the threads of a stress test that hangs cannot
//! be stopped. So each exploration is run by a forked child, which sends an
//! event for whatever it meets as soon as it meets it; what it has sent
//! survives its end.

#![cfg_attr(
    not(all(any(feature = "loom", loom), any(feature = "shuttle", shuttle))),
    allow(dead_code, reason = "what only one of the engines uses")
)]

mod assemble;
mod isolate;
#[cfg(any(feature = "loom", loom))]
mod loom;
#[cfg(any(feature = "shuttle", shuttle))]
mod shuttle;
mod stress;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use selvedge_core::failure::Fault;
use selvedge_core::report::{Engine, Report};
use selvedge_core::settings::Settings;

/// How much longer than asked for an exploration may take before it is killed:
/// the engines look at their clocks between executions only.
const GRACE: Duration = Duration::from_secs(10);

/// The program under test.
pub type Body = Arc<dyn Fn() + Send + Sync + 'static>;

/// Explores `body` with the engine that the settings name, which must be one
/// of loom, shuttle and std. Whatever the program does comes back as a report.
pub fn run(settings: &Settings, body: Body) -> Report {
    let strategy = settings.strategy.clone().unwrap_or_default();
    if isolate::watch().is_some() {
        let what = "an exploration cannot be started inside another one";
        return Report::error(settings.engine, strategy, what);
    }
    let report = match settings.engine {
        Engine::Native => Err("the native engine is not a foreign one".to_owned()),
        #[cfg(any(feature = "loom", loom))]
        Engine::Loom => loom::run(settings, body),
        #[cfg(not(any(feature = "loom", loom)))]
        Engine::Loom => Err(left_out("loom")),
        #[cfg(any(feature = "shuttle", shuttle))]
        Engine::Shuttle => shuttle::run(settings, body),
        #[cfg(not(any(feature = "shuttle", shuttle)))]
        Engine::Shuttle => Err(left_out("shuttle")),
        Engine::Std => stress::run(settings, body),
    };
    report.unwrap_or_else(|what| Report::error(settings.engine, strategy, what))
}

#[cfg(not(all(any(feature = "loom", loom), any(feature = "shuttle", shuttle))))]
fn left_out(engine: &str) -> String {
    format!("the engine {engine} is not in this build: enable the feature `{engine}`")
}

/// Ends the execution because of broken invariants: for `invariant!`, when no
/// native exploration is active.
///
/// In an exploration of this module the faults are recorded, and the thread
/// unwinds without a panic message. Anywhere else it is an ordinary panic.
#[track_caller]
pub fn violated(faults: Vec<Fault>) -> ! {
    if let Some(watch) = isolate::watch() {
        watch.violated(faults);
    }
    let broken = |fault: &Fault| match fault.message.as_str() {
        "" => format!("invariant broken: {}", fault.name),
        message => format!("invariant broken: {}: {message}", fault.name),
    };
    let lines: Vec<String> = faults.iter().map(broken).collect();
    panic!("{}", lines.join("\n"));
}
