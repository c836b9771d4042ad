//! Exploring in a test.

use selvedge_core::report::{Report, Verdict};
use selvedge_core::schedule::Schedule;
use selvedge_engines::Explorer;
use selvedge_report::Style;
use selvedge_report::failure::{conclusion, failure, report as render};

/// Explores every behaviour of a program, and panics with the report if one
/// fails (loom's name). Settings come from the `SELVEDGE_*` variables.
///
/// If a bound ended the search before everything was seen, that is said on
/// stderr: it is no proof. `SELVEDGE_REPLAY=<schedule>` repeats one execution.
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
    check(Explorer::new(), f);
}

/// What `model` does, with an explorer that was set up further: for
/// `#[selvedge::test]`.
#[track_caller]
pub fn check<F>(explorer: Explorer, f: F)
where
    F: Fn() + Send + Sync + 'static,
{
    match std::env::var("SELVEDGE_REPLAY") {
        Ok(text) => replay(&text, f),
        Err(_) => judge(&explorer.run(f)),
    }
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
    match schedule.parse::<Schedule>() {
        Ok(schedule) => judge(&Explorer::new().replay(schedule, f).report),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn judge(report: &Report) {
    let style = Style::plain(100);
    match report.verdict() {
        // Seen with --nocapture.
        Verdict::HoldsExhausted => {
            eprintln!("selvedge: holds, exhausted: {} behaviours", report.executions());
            for assumption in &report.assumptions {
                eprintln!("selvedge: assumed: {assumption}");
            }
        }
        Verdict::HoldsBounded(why) => {
            eprintln!("selvedge: holds, bounded ({why}): this is no proof");
        }
        Verdict::Fails => {
            let mut text = String::from("the program fails\n\n");
            for f in report.failures() {
                let replay = f.schedule().map(|s| format!("SELVEDGE_REPLAY={s}"));
                text.push_str(&failure(f, "", replay.as_deref(), &style));
                text.push('\n');
            }
            text.push_str(&conclusion(report, &style));
            panic!("{text}");
        }
        Verdict::Error(_) => panic!("{}", render(report, &style)),
    }
}
