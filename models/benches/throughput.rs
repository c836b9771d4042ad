//! Executions a second of the native engine, shuttle and loom, on the same
//! programs, in alternating rounds of one run: what disturbs one engine
//! disturbs them all.
//!
//! ```text
//! cargo bench -p selvedge-models --bench throughput
//! ```
//!
//! The programs check nothing, so that no execution fails. Native and shuttle
//! draw at random; loom can only search, from the start again when it has come
//! to the end.

use std::time::Duration;

use selvedge::{Engine, Explorer};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(400);

/// The same program for each engine.
struct Program {
    name: &'static str,
    native: fn(),
    shuttle: fn(),
    loom: fn(),
}

/// Two threads add one to a counter, five times each.
macro_rules! counter {
    ($rt:ident) => {{
        fn counter() {
            use selvedge::$rt::sync::Arc;
            use selvedge::$rt::sync::atomic::{AtomicU32, Ordering};
            use selvedge::$rt::thread;
            let counter = Arc::new(AtomicU32::new(0));
            let threads = [(); 2].map(|()| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    for _ in 0..5 {
                        counter.fetch_add(1, Ordering::SeqCst);
                    }
                })
            });
            for thread in threads {
                // A panic has been reported already.
                let _ = thread.join();
            }
        }
        counter
    }};
}

/// The same call of each engine's copy of a scenario.
macro_rules! program {
    ($name:literal, $module:ident :: $function:ident ($($argument:literal),+)) => {
        Program {
            name: $name,
            native: || { selvedge_models::native::$module::$function($($argument),+); },
            shuttle: || { selvedge_models::shuttle::$module::$function($($argument),+); },
            loom: || { selvedge_models::loom::$module::$function($($argument),+); },
        }
    };
}

/// Executions a second, over whole explorations of about the given time.
fn rate(engine: Engine, body: fn(), time: Duration) -> f64 {
    let (mut executions, mut elapsed) = (0, Duration::ZERO);
    while elapsed < time {
        let explorer = match engine {
            Engine::Loom => Explorer::new(),
            _ => Explorer::new().strategy("random").max_executions(u64::MAX),
        };
        let report = explorer.engine(engine).max_duration(time - elapsed).run(body);
        assert!(report.failures().is_empty() && report.executions() > 0, "{report:?}");
        executions += report.executions();
        elapsed += report.elapsed;
    }
    executions as f64 / elapsed.as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn main() {
    // `cargo test --benches` and `--all-targets` run this to see that it works.
    let (rounds, time) = match std::env::args().any(|argument| argument == "--bench") {
        true => (ROUNDS, ROUND),
        false => (1, Duration::from_millis(20)),
    };
    let programs = [
        program!("purchase, 2 buyers", purchase::unsynchronized(50, 40, 20)),
        program!("purchase, 3 buyers", purchase::compare_and_set_retry_bounded(70, 40, 20, 10)),
        Program {
            name: "counter 2x5",
            native: counter!(native),
            shuttle: counter!(shuttle),
            loom: counter!(loom),
        },
    ];
    println!("executions a second, median of {rounds} rounds of {time:?} for each engine\n");
    println!(
        "{:20}{:>12}{:>12}{:>12}{:>16}{:>14}",
        "program", "native", "shuttle", "loom", "native/shuttle", "native/loom"
    );
    for program in programs {
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..rounds {
            rates[0].push(rate(Engine::Native, program.native, time));
            rates[1].push(rate(Engine::Shuttle, program.shuttle, time));
            rates[2].push(rate(Engine::Loom, program.loom, time));
        }
        let [native, shuttle, loom] = rates.map(median);
        println!(
            "{:20}{native:>12.0}{shuttle:>12.0}{loom:>12.0}{:>16.2}{:>14.2}",
            program.name,
            native / shuttle,
            native / loom
        );
    }
}
