//! Tests that take inputs: proptest draws them and makes a failing one
//! smaller, and each is explored.

use std::fmt::{self, Debug};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use selvedge_core::report::{End, Input, Report, Verdict};
use selvedge_core::settings::Settings;
use selvedge_engines::Explorer;

use super::environment;
use super::program::{Explored, Found, Program, Programs};
use super::test::Test;

/// A failing input is made smaller by so many explorations at the most,
const MOST_ATTEMPTS: usize = 256;

/// and within this time.
const MOST_TIME: Duration = Duration::from_secs(2);

/// Explores `body` with inputs that are drawn from `strategy`: `cases` of
/// them, or as many as the environment says. `show` writes an input down.
#[track_caller]
pub fn test_with_inputs<S, F>(
    test: Test,
    explorer: Explorer,
    cases: Option<u32>,
    strategy: S,
    show: fn(&S::Value) -> String,
    body: F,
) where
    S: Strategy<Value: Clone + Send + Sync + 'static>,
    F: Fn(S::Value) + Send + Sync + 'static,
{
    test.run_programs(explorer, &Inputs { cases, strategy, show, body: Arc::new(body) });
}

struct Inputs<S: Strategy, F> {
    cases: Option<u32>,
    strategy: S,
    show: fn(&S::Value) -> String,
    body: Arc<F>,
}

impl<S, F> Programs for Inputs<S, F>
where
    S: Strategy<Value: Clone + Send + Sync + 'static>,
    F: Fn(S::Value) + Send + Sync + 'static,
{
    fn program(&self, input: Option<&str>) -> Result<Program, String> {
        let input = input.ok_or(
            "the test takes inputs: SELVEDGE_INPUT is needed beside SELVEDGE_REPLAY (--input of \
             `cargo selvedge replay`); the report gives both",
        )?;
        let origin: Origin = input.parse()?;
        let mut tree = self.draw(origin.seed, origin.case)?;
        for turn in &origin.path {
            turn.take(&mut tree);
        }
        Ok(self.with(tree.current(), &origin))
    }

    fn explore(&self, settings: &Settings) -> Result<Found, String> {
        let cases = self.cases.map_or_else(environment::cases, Ok)?;
        if cases == 0 {
            return Err("no inputs are asked for: there is nothing to explore".to_owned());
        }
        let start = Instant::now();
        let mut held = Vec::new();
        for case in 0..cases {
            // The time is that of the test, and not of each input.
            let left = settings.max_duration.map(|most| most.saturating_sub(start.elapsed()));
            if left == Some(Duration::ZERO) {
                break;
            }
            let settings = within(settings, left);
            let origin = Origin { seed: settings.seed, case, path: Vec::new() };
            let tree = self.draw(origin.seed, case)?;
            let found = self.with(tree.current(), &origin).explore(&settings);
            match found.report.verdict() {
                Verdict::Fails => return Ok(self.smallest(tree, origin, found, &settings)),
                Verdict::Error(what) => return Err(what),
                Verdict::HoldsExhausted | Verdict::HoldsBounded(_) => held.push(found.report),
            }
        }
        let explored = Explored::Drawn(held.len() as u32);
        let mut report = Report::merged(held)
            .unwrap_or_else(|| Report::new(settings.engine, "none", settings.seed));
        report.elapsed = start.elapsed();
        if matches!(explored, Explored::Drawn(held) if held < cases) {
            report.end = End::Time;
        }
        Ok(Found { explored, report })
    }
}

impl<S, F> Inputs<S, F>
where
    S: Strategy<Value: Clone + Send + Sync + 'static>,
    F: Fn(S::Value) + Send + Sync + 'static,
{
    /// The input of a seed and number, always the same, to be made smaller.
    fn draw(&self, seed: u64, case: u32) -> Result<S::Tree, String> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..12].copy_from_slice(&case.to_le_bytes());
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), random);
        self.strategy.new_tree(&mut runner).map_err(|why| format!("no input can be drawn: {why}"))
    }

    fn with(&self, value: S::Value, origin: &Origin) -> Program {
        let input = Input { code: origin.to_string(), text: (self.show)(&value) };
        let body = Arc::clone(&self.body);
        Program { body: Arc::new(move || body(value.clone())), input: Some(input) }
    }

    /// The smallest input that is found to fail in the same way.
    fn smallest(
        &self,
        mut tree: S::Tree,
        mut origin: Origin,
        first: Found,
        settings: &Settings,
    ) -> Found {
        let start = Instant::now();
        let mut smallest = first;
        let mut fails = true;
        for _ in 0..MOST_ATTEMPTS {
            let left = MOST_TIME.saturating_sub(start.elapsed());
            let turn = if fails { Turn::Simplify } else { Turn::Complicate };
            if left == Duration::ZERO || !turn.take(&mut tree) {
                break;
            }
            origin.path.push(turn);
            let most = settings.max_duration.map_or(left, |most| most.min(left));
            let settings = within(settings, Some(most));
            let found = self.with(tree.current(), &origin).explore(&settings);
            let wanted = &smallest.report.failures()[0];
            fails = found.report.failures().first().is_some_and(|f| wanted.is_same(&f.fault));
            if fails {
                smallest = found;
            }
        }
        smallest
    }
}

/// The same settings with another limit of time.
fn within(settings: &Settings, most: Option<Duration>) -> Settings {
    let mut settings = settings.clone();
    settings.max_duration = most;
    settings
}

/// Where an input comes from: `in1:0:3:ssc`, the seed (hexadecimal), its
/// number among those of the seed, and how it was made smaller.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    seed: u64,
    case: u32,
    path: Vec<Turn>,
}

/// A step on the way to a smaller input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Simplify,
    Complicate,
}

impl Turn {
    /// False if this way ends here.
    fn take(self, tree: &mut impl ValueTree) -> bool {
        match self {
            Turn::Simplify => tree.simplify(),
            Turn::Complicate => tree.complicate(),
        }
    }
}

const VERSION: &str = "in1";

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:{:x}:{}:", self.seed, self.case)?;
        self.path.iter().try_for_each(|turn| {
            f.write_str(match turn {
                Turn::Simplify => "s",
                Turn::Complicate => "c",
            })
        })
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let mut parts = text.trim().split(':');
            let (version, seed, case) = (parts.next()?, parts.next()?, parts.next()?);
            let turns = parts.next()?.chars().map(|turn| match turn {
                's' => Some(Turn::Simplify),
                'c' => Some(Turn::Complicate),
                _ => None,
            });
            let origin = Origin {
                seed: u64::from_str_radix(seed, 16).ok()?,
                case: case.parse().ok()?,
                path: turns.collect::<Option<_>>()?,
            };
            (version == VERSION && parts.next().is_none()).then_some(origin)
        };
        read().ok_or_else(|| {
            format!("'{text}' is no input: it is written as '{VERSION}:<seed>:<number>:<path>'")
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        for text in ["in1:0:0:", "in1:ffffffffffffffff:4294967295:sscsc"] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
        }
        for text in ["", "in2:0:0:", "in1:x:0:", "in1:0:0", "in1:0:0:sx", "in1:0:0:s:s"] {
            let error = text.parse::<Origin>().unwrap_err();
            assert_eq!(
                error,
                format!("'{text}' is no input: it is written as 'in1:<seed>:<number>:<path>'")
            );
        }
    }

    type Number = (std::ops::Range<i64>,);

    fn inputs(body: fn((i64,))) -> Inputs<Number, fn((i64,))> {
        let show = |(n,): &(i64,)| format!("n = {n}");
        Inputs { cases: Some(32), strategy: (0..1000,), show, body: Arc::new(body) }
    }

    /// The native engine, on one worker: what the environment says is left out.
    fn settings() -> Settings {
        let mut settings = Settings::default();
        settings.workers = Some(1);
        settings
    }

    #[test]
    fn a_failing_input_is_made_as_small_as_it_can_be_and_made_again() {
        let inputs = inputs(|(n,)| assert!(n < 12));
        let found = inputs.explore(&settings()).unwrap();
        let input = found.input().expect("an input that fails");
        assert_eq!(input.text, "n = 12");
        let again = inputs.program(Some(&input.code)).unwrap();
        assert_eq!(again.input.as_ref().unwrap().text, "n = 12");
        assert_eq!(again.explore(&settings()).report.verdict(), Verdict::Fails);
    }

    /// 500 fails, too, but with another panic.
    #[test]
    fn another_failure_is_no_smaller_form_of_it() {
        let inputs = inputs(|(n,)| {
            assert!(n < 700, "large");
            if (300..600).contains(&n) {
                panic!("middling");
            }
        });
        let found = inputs.explore(&settings()).unwrap();
        let input = found.input().expect("an input that fails");
        let smallest = match found.report.failures()[0].message() {
            "large" => "n = 700",
            "middling" => "n = 300",
            other => panic!("{other}"),
        };
        assert_eq!(input.text, smallest);
    }

    #[test]
    fn inputs_that_hold_are_no_proof_for_others() {
        let found = inputs(|_| {}).explore(&settings()).unwrap();
        assert!(matches!(found.explored, Explored::Drawn(32)));
        assert!(found.report.exhausted() && !found.is_proof());
    }

    #[test]
    fn the_time_is_that_of_all_inputs() {
        let mut settings = settings();
        settings.max_duration = Some(Duration::from_millis(20));
        let slow = inputs(|_| std::thread::sleep(Duration::from_millis(5)));
        let found = slow.explore(&settings).unwrap();
        assert!(matches!(found.explored, Explored::Drawn(n) if n < 32));
        assert_eq!(found.report.end, End::Time);
    }

    proptest! {
        #[test]
        fn a_seed_gives_the_same_inputs(seed: u64, case: u32) {
            let inputs = inputs(|_| {});
            let draw = || inputs.draw(seed, case).unwrap().current();
            prop_assert_eq!(draw(), draw());
        }
    }
}
