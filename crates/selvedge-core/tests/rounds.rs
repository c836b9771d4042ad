//! The search on many workers, stopped and gone on with, and in shards: it is
//! always the same search.

#[allow(dead_code, reason = "not every test draws all kinds of programs")]
#[path = "common/programs.rs"]
mod programs;

use std::time::Duration;

use programs::{program, selecting, spinning};
use proptest::prelude::*;
use selvedge_core::explore::{
    Exhaustive, Frontier, Knowledge, Limits, Observer, Rounds, Saved, Shard, explore,
    explore_in_rounds,
};
use selvedge_core::report::{End, Engine, Report};
use selvedge_core::toy::{Program, Toy};

fn rounds(workers: usize, keep_going: bool) -> Rounds {
    Rounds { limits: Limits { keep_going, ..Limits::default() }, workers, program: None }
}

fn empty() -> Report {
    Report::new(Engine::Native, "exhaustive", 0)
}

/// Without what may differ: the time, and the last bits of a sum.
fn timeless(mut report: Report) -> Report {
    report.elapsed = Duration::ZERO;
    report.explored = (report.explored * 1e9).round() / 1e9;
    report
}

fn run(program: &Program, rounds: &Rounds) -> Report {
    let (mut frontier, mut report) = (Frontier::new(None, Knowledge::default()), empty());
    let make = || Toy::new(program);
    explore_in_rounds(&make, rounds, &mut frontier, &mut report, &mut |_: &Report| true);
    timeless(report)
}

/// The search on one stack of items.
fn run_plainly(program: &Program, keep_going: bool) -> Report {
    let limits = Limits { keep_going, ..Limits::default() };
    let (mut strategy, mut report) = (Exhaustive::new(), empty());
    explore(&mut Toy::new(program), &mut strategy, &limits, None, &mut report, &mut |_| true);
    report
}

/// Three threads that count to `n` each: as many behaviours as orders of 3n
/// things of three kinds, for each addition gives another value.
fn counting(n: usize) -> Program {
    let thread = vec!["a = FADD x 1 sc"; n].join("; ");
    Program::parse(&format!("T0: {thread} | T1: {thread} | T2: {thread}")).expect("a program")
}

/// (3n)! / (n!)^3.
fn orders(n: u64) -> u64 {
    let factorial = |n: u64| (1..=n).product::<u64>();
    factorial(3 * n) / factorial(n).pow(3)
}

/// One of them fails in one behaviour out of many, at the end.
fn counting_and_failing() -> Program {
    let add = |n| vec!["a = FADD x 1 sc"; n].join("; ");
    let text = format!("T0: {0} | T1: {0} | T2: {0}; assert a != 2", add(3));
    Program::parse(&text).expect("a program")
}

#[test]
fn any_number_of_workers_counts_what_the_formula_says() {
    for workers in [1, 2, 3, 8] {
        let report = run(&counting(4), &rounds(workers, false));
        assert!(report.exhausted());
        assert_eq!((report.executions, report.blocked), (orders(4), 0));
        assert_eq!(report.pending, 0);
        assert!(report.most_pending > 64, "{}", report.most_pending);
    }
}

#[test]
fn the_same_failure_is_reported_by_any_number_of_workers() {
    let program = counting_and_failing();
    for keep_going in [false, true] {
        let one = run(&program, &rounds(1, keep_going));
        assert_eq!(one.failures.len(), 1);
        assert_eq!(one.end == End::Failure, !keep_going);
        for workers in [2, 3, 8] {
            assert_eq!(run(&program, &rounds(workers, keep_going)), one);
        }
    }
    // The other search agrees about what is counted.
    let (plain, one) = (run_plainly(&program, true), run(&program, &rounds(2, true)));
    assert_eq!((plain.executions, plain.failing), (one.executions, one.failing));
}

#[test]
fn a_bound_on_executions_is_met_exactly() {
    for most in [0, 1, 1_023, 1_024, 1_025, 5_000, 34_649, 34_650, 40_000] {
        let of = |workers| {
            let mut rounds = rounds(workers, false);
            rounds.limits.max_executions = Some(most);
            run(&counting(4), &rounds)
        };
        let one = of(1);
        assert_eq!(one.executions, most.min(orders(4)));
        assert_eq!(one.exhausted(), most > orders(4));
        assert_eq!(one, of(3));
    }
}

#[test]
fn no_time_is_enough_for_nothing() {
    let mut rounds = rounds(2, false);
    rounds.limits.max_duration = Some(Duration::ZERO);
    let report = run(&counting(2), &rounds);
    assert_eq!((report.executions, report.pending, &report.end), (0, 1, &End::Time));
}

/// Stops a search after each few looks at the clock.
struct Impatient {
    looks: u32,
    stops: bool,
    saved: Option<Saved>,
}

impl Observer for Impatient {
    fn progress(&mut self, _report: &Report) -> bool {
        self.looks = self.looks.saturating_sub(1);
        self.looks > 0 || !self.stops
    }

    fn is_save_due(&self) -> bool {
        self.looks == 0 && !self.stops
    }

    fn save(&mut self, frontier: &Frontier) -> Result<(), String> {
        self.looks = 3;
        self.saved = Some(Saved::of(frontier));
        Ok(())
    }
}

/// Goes on with a search from what was saved, as often as it takes.
fn run_with_stops(program: &Program, rounds: &Rounds, shard: Option<Shard>) -> (Report, u32) {
    let mut frontier = Frontier::new(shard, Knowledge::default());
    let make = || Toy::new(program);
    let mut stops = 0;
    loop {
        let mut report = empty();
        let mut observer = Impatient { looks: 2 + stops % 7, stops: true, saved: None };
        explore_in_rounds(&make, rounds, &mut frontier, &mut report, &mut observer);
        if report.end != End::Bounded("interrupted".to_owned()) {
            return (timeless(report), stops);
        }
        stops += 1;
        let saved = observer.saved.expect("it is saved at the end");
        let text = serde_json::to_string(&saved).expect("it is data");
        let saved: Saved = serde_json::from_str(&text).expect("it is read back");
        frontier = saved.restore().expect("it hangs together");
    }
}

#[test]
fn a_search_that_is_stopped_and_gone_on_with_is_the_same_search() {
    for (program, keep_going) in
        [(counting(4), false), (counting_and_failing(), false), (counting_and_failing(), true)]
    {
        let undisturbed = run(&program, &rounds(1, keep_going));
        for workers in [1, 3] {
            let (report, stops) = run_with_stops(&program, &rounds(workers, keep_going), None);
            assert_eq!(stops > 2, undisturbed.executions > 500);
            assert_eq!(report, undisturbed);
        }
    }
}

#[test]
fn saving_on_the_way_changes_nothing() {
    let (program, rounds) = (counting(4), rounds(2, false));
    let mut frontier = Frontier::new(None, Knowledge::default());
    let mut report = empty();
    let mut observer = Impatient { looks: 3, stops: false, saved: None };
    explore_in_rounds(&|| Toy::new(&program), &rounds, &mut frontier, &mut report, &mut observer);
    assert!(observer.saved.is_some_and(|saved| saved.is_finished()));
    assert_eq!(timeless(report), run(&program, &rounds));
}

#[test]
fn what_was_saved_and_does_not_hang_together_is_refused() {
    let mut rounds = rounds(1, false);
    rounds.limits.max_executions = Some(2_000);
    let mut frontier = Frontier::new(None, Knowledge::default());
    let program = counting(4);
    let make = || Toy::new(&program);
    explore_in_rounds(&make, &rounds, &mut frontier, &mut empty(), &mut |_: &Report| true);
    let good = serde_json::to_value(Saved::of(&frontier)).expect("it is data");
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        let saved: Saved = serde_json::from_value(bad).expect("the form is right");
        saved.restore().is_err()
    };
    assert!(!refused(&|_| ()));
    assert!(refused(&|bad| bad["threads"] = serde_json::json!([[0, 2]])));
    assert!(refused(&|bad| bad["threads"] = serde_json::json!([])));
    assert!(refused(&|bad| bad["items"][0]["base"] = 1_000_000.into()));
    assert!(refused(&|bad| bad["items"][0]["length"] = 1_000_000.into()));
    assert!(refused(&|bad| bad["bases"][0] = serde_json::json!([1, 2, 3])));
    assert!(refused(&|bad| bad["items"][0]["own"] = serde_json::json!([1, 0, 0, 7])));
}

/// The parts of a search, put together.
fn in_shards(program: &Program, count: u32, keep_going: bool) -> (Report, Vec<Report>) {
    let part = |number| {
        let shard = Some(Shard { number, count });
        let (mut frontier, mut report) = (Frontier::new(shard, Knowledge::default()), empty());
        let (make, rounds) = (|| Toy::new(program), rounds(1 + number as usize % 2, keep_going));
        explore_in_rounds(&make, &rounds, &mut frontier, &mut report, &mut |_: &Report| true);
        timeless(report)
    };
    let parts: Vec<Report> = (1..=count).map(part).collect();
    (Report::merged(parts.iter().cloned()).expect("there are parts"), parts)
}

#[test]
fn shards_add_up_to_the_whole() {
    for count in [1, 2, 4, 7] {
        let (merged, parts) = in_shards(&counting(4), count, false);
        assert!(merged.exhausted());
        assert_eq!(merged.executions, orders(4));
        assert!((merged.explored - 1.0).abs() < 1e-6, "{}", merged.explored);
        // They are of similar size.
        let sizes = || parts.iter().map(|part| part.executions);
        let (most, mean) = (sizes().max().unwrap_or(0), orders(4) / u64::from(count));
        assert!(most <= 2 * mean, "{:?}", sizes().collect::<Vec<_>>());
    }
    // A search that is too small to be split is all in the first.
    let (merged, parts) = in_shards(&counting(1), 4, false);
    assert_eq!((merged.executions, parts[0].executions), (orders(1), orders(1)));
    assert!(merged.exhausted());
}

#[test]
fn a_shard_that_is_stopped_and_gone_on_with_is_the_same_shard() {
    let shard = Shard { number: 2, count: 3 };
    let (_, parts) = in_shards(&counting(4), 3, false);
    let (report, stops) = run_with_stops(&counting(4), &rounds(2, false), Some(shard));
    assert!(stops > 0);
    assert_eq!(report, parts[1]);
}

#[test]
fn failures_of_shards_add_up() {
    let program = counting_and_failing();
    let whole = run(&program, &rounds(1, true));
    let (merged, _) = in_shards(&program, 4, true);
    assert_eq!((merged.executions, merged.failing), (whole.executions, whole.failing));
    let count = |report: &Report| report.failures.iter().map(|f| f.count).collect::<Vec<_>>();
    assert_eq!(count(&merged), count(&whole));
}

/// While a search goes on, what it is estimated to be in all: about so much or
/// more. At first it may be far more.
#[test]
fn the_estimate_is_never_much_too_large() {
    let locking = "LOCK m; a = R x sc; W x 1 sc; UNLOCK m";
    let locking = format!("T0: {0} | T1: {0} | T2: {0} | T3: {0}", format!("{locking}; {locking}"));
    // Four threads that enter twice each: 8! / 2^4 orders.
    let locking = (Program::parse(&locking).expect("a program"), 40_320 / 16);
    for (program, total) in [(counting(4), orders(4)), locking] {
        let mut estimates = Vec::new();
        let (mut frontier, mut report) = (Frontier::new(None, Knowledge::default()), empty());
        let mut progress = |report: &Report| {
            estimates.extend(report.estimate().map(|estimate| (report.executions, estimate)));
            true
        };
        let (make, rounds) = (|| Toy::new(&program), rounds(1, false));
        explore_in_rounds(&make, &rounds, &mut frontier, &mut report, &mut progress);
        assert_eq!(report.estimate(), Some(total));
        assert!(estimates.len() > 10);
        for (executions, estimate) in estimates {
            assert!((executions..=2 * total).contains(&estimate), "{estimate} of {total}");
        }
    }
}

fn cases() -> u32 {
    std::env::var("SELVEDGE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(40)
}

fn all_the_same(text: &str) -> Result<(), TestCaseError> {
    let program = Program::parse(text).expect("a program");
    for keep_going in [false, true] {
        let mut bounded = rounds(1, keep_going);
        bounded.limits.max_executions = Some(2_500);
        bounded.limits.max_steps = 100;
        let one = run(&program, &bounded);
        for workers in [2, 3, 8] {
            prop_assert_eq!(&run(&program, &Rounds { workers, ..bounded.clone() }), &one);
        }
        let (stopped, _) =
            run_with_stops(&program, &Rounds { workers: 2, ..bounded.clone() }, None);
        prop_assert_eq!(&stopped, &one);
        if one.exhausted() {
            let (merged, _) = in_shards(&program, 3, keep_going);
            prop_assert_eq!(merged.executions, one.executions);
            prop_assert_eq!(merged.failing, one.failing);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn random_programs_do_not_notice(text in program()) {
        all_the_same(&text)?;
    }

    #[test]
    fn programs_with_loops_that_wait_do_not_notice(text in spinning()) {
        all_the_same(&text)?;
    }

    #[test]
    fn programs_with_selects_do_not_notice(text in selecting()) {
        all_the_same(&text)?;
    }
}
