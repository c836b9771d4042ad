//! Each rule of the exhaustive search is needed: without it, the comparison
//! with the brute force fails. So that comparison would notice its loss.

mod common;

use common::programs::{calling_once, program, waiting};
use common::{brute_force, search};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use selvedge_core::explore::{Exhaustive, Rules};
use selvedge_core::toy::Program;

/// How many programs are tried.
const PROGRAMS: u32 = 1_000;

/// What is wrong with a search of these rules: the first of the random
/// programs, always the same ones, for which it does not see each behaviour once.
fn first_failure(rules: Rules) -> Option<(String, &'static str)> {
    let mut runner = TestRunner::deterministic();
    let programs = (program(), calling_once(), waiting(true));
    (0..PROGRAMS).find_map(|n| {
        let (any, once, timed) = programs.new_tree(&mut runner).unwrap().current();
        let text = match n % 4 {
            0 => once,
            1 => timed,
            _ => any,
        };
        let program = Program::parse(&text).unwrap();
        let brute = brute_force(&program, 500)?;
        let mut strategy = Exhaustive::new().with_rules(rules);
        let most = 10 * brute.behaviours.len() as u64 + 100;
        let (seen, abandoned) = search(&program, &mut Capped { inner: &mut strategy, most });
        let wrong = if !brute.behaviours.keys().all(|b| seen.contains_key(b)) {
            "missed"
        } else if seen.values().any(|n| *n > 1) {
            "seen twice"
        } else if abandoned > 0 {
            "abandoned"
        } else {
            return None;
        };
        Some((text, wrong))
    })
}

/// A search without one of its rules may never end.
struct Capped<'a> {
    inner: &'a mut Exhaustive,
    most: u64,
}

impl selvedge_core::explore::Strategy for Capped<'_> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn begin(&mut self) -> bool {
        self.most = self.most.saturating_sub(1);
        self.most > 0 && self.inner.begin()
    }

    fn next(
        &mut self,
        view: &selvedge_core::explore::View<'_>,
    ) -> selvedge_core::explore::Decision {
        self.inner.next(view)
    }

    fn tick(&mut self, world: &selvedge_core::world::World) {
        self.inner.tick(world);
    }

    fn end(&mut self, world: &selvedge_core::world::World) {
        self.inner.end(world);
    }
}

#[test]
fn with_all_rules_nothing_is_wrong() {
    assert_eq!(first_failure(Rules::default()), None);
}

macro_rules! without {
    ($($rule:ident)+) => {$(
        #[test]
        fn $rule() {
            let rules = Rules { $rule: false, ..Rules::default() };
            let failure = first_failure(rules);
            println!("without {}: {failure:?}", stringify!($rule));
            assert!(failure.is_some(), "nothing goes wrong without it");
        }
    )+};
}

without! {
    fixed_stay
    revisited_stay
    revisited_may_go
    relative_maximality
    displacement
    virtual_options
    pending_revisit
    floors
    ticks_order
    pending_at_ticks
}
