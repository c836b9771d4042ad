//! Exploring in a test.
//!
//! | module | holds |
//! |---|---|
//! | `environment` | the variables that tests read |
//! | `test` | how a test runs: kept failures, the exploration, or one execution |
//! | `program` | what a test explores: a program, and what was found |
//! | `inputs` | programs that take inputs (feature `proptest`) |
//! | `verdict` | whether a test passes, and what it says |
//! | `ended` | how that is told: to people, or to `cargo selvedge` |
//! | `regressions` | the file of failures that were met before |

mod ended;
mod environment;
#[cfg(feature = "proptest")]
mod inputs;
mod program;
mod regressions;
mod test;
mod verdict;

use std::panic::Location;
use std::sync::Arc;

use selvedge_core::schedule::Schedule;
use selvedge_engines::Explorer;

use environment::Environment;
use program::Single;
use verdict::Subject;

#[cfg(feature = "proptest")]
pub use inputs::test_with_inputs;
pub use test::{Ends, Test};

/// Explores every behaviour of a program, and panics with the report if one
/// fails (loom's name). Settings come from the `SELVEDGE_*` variables.
///
/// If a bound ended the search before everything was seen, that is said on
/// stderr, even if the test harness captures output: it is no proof.
/// `SELVEDGE_REQUIRE_PROOF=1` makes it a failure.
/// `SELVEDGE_REPLAY=<schedule>` repeats one execution, and with
/// `SELVEDGE_TRACE=1` tells each step of it on stderr as it is taken.
///
/// ```should_panic
/// use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
/// use selvedge::{invariant, thread};
///
/// selvedge::model(|| {
///     let n = AtomicU32::new(0);
///     thread::scope(|s| {
///         for _ in 0..2 {
///             s.spawn(|| n.store(n.load(SeqCst) + 1, SeqCst));
///         }
///     });
///     invariant!("no addition is lost", n.load(SeqCst) == 2);
/// });
/// ```
///
/// # Panics
/// If the program fails, a setting can't be read, or the schedule to be
/// repeated is malformed.
#[track_caller]
pub fn model<F>(f: F)
where
    F: Fn() + Send + Sync + 'static,
{
    let subject = Subject::program_at(Location::caller());
    let name = subject.name.clone();
    let program = Single(Arc::new(f));
    test::run(subject, Explorer::new(), &program, None, &Environment::read()).tell(&name);
}

/// Repeats the execution of a schedule, as printed in a report, on the native
/// engine, and panics with the report if it fails.
///
/// # Panics
/// If the execution fails, or the schedule is malformed or does not fit the program.
#[track_caller]
pub fn replay<F>(schedule: &str, f: F)
where
    F: Fn() + Send + Sync + 'static,
{
    let subject = Subject::program_at(Location::caller());
    match schedule.parse::<Schedule>() {
        Ok(schedule) => {
            let replayed = Explorer::new().replay(schedule, f);
            subject.repeated(replayed.report, replayed.trace, None).tell(&subject.name);
        }
        Err(error) => panic!("{error}"),
    }
}
