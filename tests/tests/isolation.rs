//! What other threads of this process do at the moment at which an exploration
//! is given a process of its own has no influence on it.

mod common;

use std::io;
use std::panic::{self, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use common::{explorer, scenario};
use selvedge::{Engine, Report};

fn explore(engine: Engine) -> Report {
    let explorer = explorer(engine).max_duration(Duration::from_secs(1)).max_executions(5);
    explorer.run(scenario(engine, "spot/locked").program())
}

/// While a panic is reported, its thread holds the lock of the panic hook, and
/// perhaps that of stderr. An exploration neither inherits them nor waits for
/// them for ever.
#[test]
fn panics_of_other_threads_hang_no_exploration() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| match thread::current().name() {
        Some("panics") => drop(io::stderr().lock()),
        _ => previous(info),
    }));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let panics = thread::Builder::new().name("panics".to_owned()).spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            let _ = catch_unwind(|| panic!("again"));
        }
    });
    let (done, ends) = mpsc::channel();
    thread::spawn(move || {
        for engine in [Engine::Loom, Engine::Shuttle, Engine::Std] {
            for _ in 0..100 {
                // The other end is gone if the test has failed.
                let _ = done.send(explore(engine));
            }
        }
    });
    for number in 1..=300 {
        let patience = Duration::from_secs(60);
        let report = ends.recv_timeout(patience).expect("an exploration ends");
        assert_eq!(
            (report.executions(), report.failures()),
            (5, [].as_slice()),
            "{number}: {report:?}"
        );
    }
    stop.store(true, Ordering::Relaxed);
    panics.expect("a thread").join().expect("its panics are caught");
}
