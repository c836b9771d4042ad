//! Random programs: the searches see exactly the behaviours that a brute
//! force over all interleavings sees, each once.
//!
//! `SELVEDGE_FUZZ=20000` runs that many programs in place of 500.

mod common;

use common::programs::{calling_once, program, selecting, spinning, spinning_on_two, waiting};
use common::{BruteForce, all_interleavings, brute_force, outcomes, search};
use proptest::prelude::*;
use selvedge_core::explore::{Dfs, Exhaustive, Preference, Strategy as Search};
use selvedge_core::toy::Program;

fn cases() -> u32 {
    std::env::var("SELVEDGE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(500)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, max_global_rejects: 1 << 20, ..ProptestConfig::default() }
}

/// How many executions were abandoned by a search that completes exactly one
/// of each behaviour.
fn each_once(
    program: &Program,
    brute: &BruteForce,
    strategy: &mut dyn Search,
) -> Result<u64, TestCaseError> {
    let name = strategy.name();
    let (seen, abandoned) = search(program, strategy);
    for behaviour in brute.behaviours.keys() {
        prop_assert!(seen.contains_key(behaviour), "{} missed: {:#?}", name, behaviour);
    }
    for (behaviour, times) in &seen {
        prop_assert!(
            brute.behaviours.contains_key(behaviour),
            "{} invented: {:#?}",
            name,
            behaviour
        );
        prop_assert_eq!(*times, 1, "{} has seen more than once: {:#?}", name, behaviour);
    }
    Ok(abandoned)
}

/// The exhaustive search sees each behaviour once and abandons nothing,
/// whichever thread it prefers. Programs of more than `most` interleavings
/// are passed over.
fn wastes_nothing(text: &str, most: u64, preferences: &[Preference]) -> Result<(), TestCaseError> {
    let program = Program::parse(text).unwrap();
    let brute = brute_force(&program, most);
    prop_assume!(brute.is_some());
    let brute = brute.unwrap();
    for &preference in preferences {
        let mut strategy = Exhaustive::new().with_preference(preference);
        let abandoned = each_once(&program, &brute, &mut strategy)?;
        prop_assert_eq!(abandoned, 0, "{:?}", preference);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(cases()))]

    /// Whichever thread is preferred where it does not matter, nothing is wasted.
    #[test]
    fn exhaustive_sees_each_behaviour_once(text in program(), seed: u64) {
        let preferences = [
            Preference::Last,
            Preference::Leftmost,
            Preference::Rightmost,
            Preference::RoundRobin,
            Preference::Scattered(seed),
        ];
        wastes_nothing(&text, 2_000, &preferences)?;
    }

    #[test]
    fn a_wait_that_is_overtaken_wastes_nothing(text in calling_once()) {
        wastes_nothing(&text, 2_000, &[Preference::Last])?;
    }

    #[test]
    fn a_select_wastes_nothing(text in selecting()) {
        wastes_nothing(&text, 2_000, &[Preference::Last])?;
    }

    #[test]
    fn a_timeout_wastes_nothing(text in waiting(false), seed: u64) {
        wastes_nothing(&text, 2_000, &[Preference::Last, Preference::Scattered(seed)])?;
    }

    #[test]
    fn a_virtual_clock_wastes_nothing(text in waiting(true), seed: u64) {
        let preferences =
            [Preference::Last, Preference::Rightmost, Preference::RoundRobin, Preference::Scattered(seed)];
        wastes_nothing(&text, 2_000, &preferences)?;
    }

    #[test]
    fn sleep_sets_complete_each_behaviour_once_by_a_virtual_clock(text in waiting(true)) {
        let program = Program::parse(&text).unwrap();
        let brute = brute_force(&program, 2_000);
        prop_assume!(brute.is_some());
        each_once(&program, &brute.unwrap(), &mut Dfs::new())?;
    }

    #[test]
    fn sleep_sets_complete_each_behaviour_once(text in program()) {
        let program = Program::parse(&text).unwrap();
        let brute = brute_force(&program, 2_000);
        prop_assume!(brute.is_some());
        each_once(&program, &brute.unwrap(), &mut Dfs::new())?;
    }
}

// A loop that waits for ever is run for many turns before it is given up:
// these take longer.
proptest! {
    #![proptest_config(config(cases() / 5))]

    /// A loop that waits for one location is a read that blocks.
    #[test]
    fn a_loop_that_waits_for_one_location_wastes_nothing(text in spinning()) {
        wastes_nothing(&text, 300, &[Preference::Last])?;
    }

    /// A loop that waits for several locations may be begun in vain: no
    /// outcome is missed, and little is wasted.
    #[test]
    fn a_loop_that_waits_for_two_locations_misses_nothing(text in spinning_on_two()) {
        let program = Program::parse(&text).unwrap();
        let all = outcomes(&program, &mut all_interleavings(), 500);
        prop_assume!(all.is_some());
        let (expected, _, _) = all.unwrap();
        let (seen, complete, abandoned) =
            outcomes(&program, &mut Exhaustive::new(), 2_000).expect("fewer than all interleavings");
        prop_assert_eq!(seen, expected);
        prop_assert!(abandoned <= 2 * complete, "{} complete, {} abandoned", complete, abandoned);
    }
}

/// Programs on which the search was wrong once.
#[test]
fn what_went_wrong_once() {
    for text in [
        // What is pending was not looked at when a loop waits for ever.
        "T0: r0 = R x sc; while r0 != 1 { SPIN; r0 = R x sc } | T1: LOCK m; W y 1 sc | T2: LOCK m; W y 2 sc",
        // What came before a loop woke it.
        "T0: W y 1 sc | T1: r0 = R y sc; r0 = R x sc; while r0 != 1 { SPIN; r0 = R x sc }",
        // Who is stuck in a select was overtaken on one channel or on the other.
        "T0: SEND p 1; r2 = SELECT q 1 p 1; if r2 == 1 { W x 1 sc } | T1: SEND q 1 | T2: r2 = RECV q 1; r2 = SELECT q 1 p 1; if r2 == 1 { W x 1 sc }",
        "T0: SEND p 1 | T1: SEND q 1; r2 = SELECT q 1 p 1; if r2 == 1 { W x 1 sc } | T2: r2 = RECV q 1; r2 = SELECT q 1 p 1; if r2 == 1 { W x 1 sc }",
        "T0: SEND p 1; r2 = SELECT q 1 p 1; if r2 == 1 { W x 1 sc } | T1: SEND q 1; r2 = SELECT q 1 p 1; if r2 == 1 { W x 1 sc } | T2: r2 = SELECT q 1 p 1; if r2 == 1 { W x 1 sc }",
    ] {
        let program = Program::parse(text).unwrap();
        let brute = brute_force(&program, u64::MAX).unwrap();
        let abandoned = each_once(&program, &brute, &mut Exhaustive::new());
        assert!(matches!(abandoned, Ok(0)), "{text}: {abandoned:?}");
    }
}
