//! The clock and the counter: the same for all tools, and not theirs.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::child;
use crate::tools::{Searched, Tool};

/// How a search went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Executions that ran to their end; if it was stopped, those begun before the last one.
    pub executions: u64,
    /// Executions abandoned as redundant, where the tool tells.
    pub blocked: u64,
    /// True if it came to its end.
    pub exhausted: bool,
    /// How long one search took.
    pub seconds: f64,
}

/// A search that is shorter than this is repeated until so much has passed;
/// its time is the mean.
const LONG_ENOUGH: Duration = Duration::from_millis(200);

/// This part of a rate's time is spent before the counting begins.
const WARM_UP: f64 = 0.2;

/// Executions begun in this process.
static BEGUN: AtomicU64 = AtomicU64::new(0);

fn count() {
    BEGUN.fetch_add(1, Ordering::Relaxed);
}

/// Measures a whole search, or what part of it can be done in `cap` seconds.
///
/// # Errors
/// What kept the tool from it.
pub fn prove(tool: Tool, body: fn(), cap: f64) -> Result<Proof, String> {
    let counted = move || {
        count();
        body();
    };
    let over = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    thread::spawn({
        let over = Arc::clone(&over);
        move || {
            thread::sleep(Duration::from_secs_f64(cap));
            if !over.swap(true, Ordering::AcqRel) {
                let executions = BEGUN.load(Ordering::Relaxed).saturating_sub(1);
                let seconds = start.elapsed().as_secs_f64();
                answer_and_exit(&Proof { executions, blocked: 0, exhausted: false, seconds });
            }
        }
    });
    let Searched { executions, blocked } = tool.search(counted)?;
    if over.swap(true, Ordering::AcqRel) {
        // Too late: the other thread is about to end the process.
        loop {
            thread::park();
        }
    }
    let mut searches = 1;
    while start.elapsed() < LONG_ENOUGH {
        tool.search(counted)?;
        searches += 1;
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(searches);
    Ok(Proof { executions, blocked, exhausted: true, seconds })
}

/// Measures executions a second, over `time` seconds; answers and ends the
/// process, as the tools would go on for ever.
///
/// # Errors
/// What ended the tool.
pub fn rate(tool: Tool, body: fn(), time: f64) -> Result<(), String> {
    thread::spawn(move || {
        thread::sleep(Duration::from_secs_f64(time * WARM_UP));
        let (before, start) = (BEGUN.load(Ordering::Relaxed), Instant::now());
        thread::sleep(Duration::from_secs_f64(time * (1.0 - WARM_UP)));
        let executions = BEGUN.load(Ordering::Relaxed) - before;
        answer_and_exit(&(executions as f64 / start.elapsed().as_secs_f64()));
    });
    tool.run_forever(body, count)
}

fn answer_and_exit(result: &impl Serialize) -> ! {
    let code = match child::answer(result) {
        Ok(()) => 0,
        Err(what) => {
            eprintln!("{what}");
            1
        }
    };
    process::exit(code)
}
