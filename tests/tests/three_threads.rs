//! Two threads hide mistakes that three show: what holds with two threads is
//! proved with three as well, what breaks with two breaks with three, and the
//! one scenario that is too large for a proof says so.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{assert_all_seen, broken, expected, explore, explorer, scenario, scenarios};
use selvedge::{Engine, FailureKind, Report};
use selvedge_core::explore::{Decision, Random, Strategy, View};
use selvedge_core::id::ThreadId;
use selvedge_core::report::{End, Verdict};
use selvedge_core::scenario::{Agreement, Body, Expectation, Scenario};
use selvedge_core::world::World;
use selvedge_models::native::{close, coupon, external, list, map, processor, purchase, spot};

/// A random walk that notes the names of the threads.
struct Census {
    walk: Random,
    names: Arc<Mutex<BTreeSet<String>>>,
}

impl Strategy for Census {
    fn name(&self) -> String {
        "census".to_owned()
    }

    fn begin(&mut self) -> bool {
        self.walk.begin()
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        self.walk.next(view)
    }

    fn end(&mut self, world: &World) {
        let spawned = world.threads().iter().filter(|thread| **thread != ThreadId::MAIN);
        self.names.lock().unwrap().extend(spawned.map(|thread| world.thread_name(*thread)));
        self.walk.end(world);
    }
}

/// How many threads of a scenario contend: neither the main thread, which
/// starts the others and waits, nor a processor, which serves them.
///
/// A failure may cut an execution short before all threads are started, so
/// several are looked at.
fn contenders(scenario: &Scenario) -> usize {
    let names = Arc::new(Mutex::new(BTreeSet::new()));
    let census = Census { walk: Random::new(0), names: Arc::clone(&names) };
    let explorer = explorer(Engine::Native).custom_strategy(census).max_executions(20);
    let report = explorer.keep_going(true).run(scenario.program());
    assert_eq!(report.executions(), 20, "{}", scenario.name);
    let names = names.lock().unwrap();
    names.iter().filter(|name| !name.starts_with("processor")).count()
}

/// What a scenario is called with three threads.
fn with_three(name: &str) -> String {
    match (name.strip_suffix("-2x2"), name.starts_with("list/")) {
        (Some(list), _) => format!("{list}-3x2"),
        (None, true) => format!("{name}-3x1"),
        (None, false) => format!("{name}-3"),
    }
}

/// A proof of what is expected, within ten seconds.
fn proves(scenario: &Scenario) -> Report {
    let report = explore(Engine::Native, scenario);
    assert_all_seen(&scenario.name, &report);
    assert_eq!(
        scenario.expect.agreement(&report, true),
        Agreement::AsExpected,
        "{}",
        scenario.name
    );
    assert!(report.elapsed < Duration::from_secs(10), "{}: {:?}", scenario.name, report.elapsed);
    report
}

#[test]
fn what_holds_with_two_threads_is_proved_with_three() {
    let (mut pairs, mut larger) = (0, 0);
    for two in scenarios(Engine::Native).iter().filter(|s| s.expect == Expectation::Holds) {
        match contenders(two) {
            // It has no threads: there is nothing to have three of.
            0 => assert_eq!(two.name, "list/no-lock"),
            2 => {
                let three = scenario(Engine::Native, &with_three(&two.name));
                assert_eq!(three.expect, Expectation::Holds, "{}", three.name);
                assert_eq!(contenders(&three), 3, "{}", three.name);
                let (less, more) = (proves(two).executions(), proves(&three).executions());
                assert!(less < more, "{}: {less}, {}: {more}", two.name, three.name);
                pairs += 1;
            }
            1 => panic!("{} has one thread, which cannot contend", two.name),
            _ => larger += 1,
        }
    }
    assert!(pairs > 0 && larger > pairs, "{pairs} with two threads, {larger} with more");
}

/// The depth-first search with sleep sets has nothing in common with the
/// default one but the table of dependence.
#[test]
fn the_default_search_and_sleep_sets_count_the_same_behaviours() {
    for three in scenarios(Engine::Native).iter().filter(|s| s.expect == Expectation::Holds) {
        if three.sampled.is_some() || contenders(three) < 3 {
            continue;
        }
        let dfs = explorer(Engine::Native).strategy("dfs").run(three.program());
        assert!(dfs.exhausted(), "{}: {:?}", three.name, dfs.end);
        assert_eq!(dfs.executions(), proves(three).executions(), "{}", three.name);
    }
}

/// What breaks with two threads, as the same program with three.
fn twins() -> BTreeMap<&'static str, Body> {
    const PRICES: &[i64] = &[40, 20, 10];
    fn twin(name: &'static str, run: fn()) -> (&'static str, Body) {
        (name, Body::new(run))
    }
    BTreeMap::from([
        twin("purchase/unsynchronized", || purchase::unsynchronized(50, PRICES).check_money()),
        twin("purchase/deduct", || purchase::deduct(50, PRICES).check_balance()),
        twin("purchase/compare-and-set-gives-up", || {
            purchase::compare_and_set(70, PRICES).check_all();
        }),
        twin("purchase/swap-in-two-steps", || {
            purchase::swap_in_two_steps(50, PRICES).check_money();
        }),
        twin("coupon/check-then-delete", || _ = coupon::check_then_delete(3)),
        twin("close/flag", || close::flag(3)),
        twin("close/plain-flag", || close::plain_flag(3)),
        twin("close/select", || close::channel_select(3)),
        twin("close/select-without-free", || close::channel_select_without_free(3)),
        twin("list/unlocked", || _ = list::append_all::<list::Unlocked>(3, 1)),
        twin("external/no-lock", || _ = external::unguarded(3)),
        twin("external/busy-wait-never-released", || external::spinning_never_released(2)),
        twin("processor/shared-replies", || _ = processor::shared_replies(50, PRICES)),
        twin("processor/never-stopped", || _ = processor::never_stopped(50, PRICES)),
        twin("processor/two", || _ = processor::two(50, PRICES)),
        twin("map/check-then-insert", || _ = map::check_then_insert(3)),
        twin("spot/data-race", || spot::data_race(3)),
        twin("spot/race-condition", || _ = spot::race_condition(3)),
    ])
}

/// A search that proves must also be able to refute, in the same size.
#[test]
fn what_breaks_with_two_threads_breaks_with_three() {
    let mut twins = twins();
    for two in scenarios(Engine::Native).iter().filter(|s| s.expect != Expectation::Holds) {
        // Without threads the third changes nothing; more than two are there already.
        if contenders(two) != 2 {
            continue;
        }
        let body = twins.remove(&*two.name).unwrap_or_else(|| panic!("no twin of {}", two.name));
        let three =
            Scenario { name: format!("{} with three", two.name).into(), body, ..two.clone() };
        // A data race ends each execution before the third thread is started.
        let races = expected(two).iter().any(|(kind, _)| *kind == FailureKind::DataRace);
        assert_eq!(contenders(&three), if races { 2 } else { 3 }, "{}", three.name);
        let report = proves(&three);
        assert_eq!(broken(&report), expected(two), "{}", three.name);
        println!("{}: {} of {} fail", three.name, report.failing, report.executions());
    }
    assert!(twins.is_empty(), "twins of what does not break with two threads: {:?}", twins.keys());
}

/// The size of the chapter, four threads that append a hundred elements each:
/// every search of it ends at a limit, and none is called a proof.
#[test]
fn the_size_of_the_chapter_is_bounded() {
    let large = scenario(Engine::Native, "list/mutex-4x100");
    assert_eq!(contenders(&large), 4);
    let sampled = large.sampled.expect("too large for a proof, so it is sampled");
    for (strategy, executions) in [("random", sampled), ("exhaustive", 100), ("dfs", 100)] {
        let explorer = explorer(Engine::Native).strategy(strategy).max_executions(executions);
        let report = explorer.run(large.program());
        assert_eq!(report.failures(), [], "{strategy}");
        assert_eq!(report.executions(), executions, "{strategy}");
        assert_eq!(report.end, End::Executions, "{strategy}");
        assert!(matches!(report.verdict(), Verdict::HoldsBounded(_)), "{strategy}");
        assert!(!report.exhausted(), "{strategy}");
        // Where a proof was asked for, this is none.
        assert_eq!(large.expect.agreement(&report, true), Agreement::Undecided, "{strategy}");
    }
}

/// How a buyer goes on who was overtaken.
#[derive(Clone, Copy)]
enum Overtaken {
    GivesUp,
    LooksAgain,
    GoesOn,
}

/// What a buyer does next.
#[derive(Clone, Copy)]
enum Next {
    Get,
    Set { checked: i64 },
    Nothing,
}

/// The orders of the buyers' locked steps, counted one by one. The accounts are
/// one object, so each order is a behaviour of its own.
fn orders(balance: i64, prices: &[i64], buyers: &[Next], overtaken: Overtaken) -> u64 {
    let check =
        |price, found| if found < price { Next::Nothing } else { Next::Set { checked: found } };
    let mut orders = 0;
    for (i, &price) in prices.iter().enumerate() {
        let mut balance_after = balance;
        let next = match (buyers[i], overtaken) {
            (Next::Nothing, _) => continue,
            (Next::Get, _) => check(price, balance),
            (Next::Set { checked }, _) if checked == balance => {
                balance_after -= price;
                Next::Nothing
            }
            (Next::Set { .. }, Overtaken::GivesUp) => Next::Nothing,
            (Next::Set { .. }, Overtaken::LooksAgain) => Next::Get,
            (Next::Set { .. }, Overtaken::GoesOn) => check(price, balance),
        };
        let mut after = buyers.to_vec();
        after[i] = next;
        orders += self::orders(balance_after, prices, &after, overtaken);
    }
    // All are done: this order is complete.
    if buyers.iter().all(|next| matches!(next, Next::Nothing)) { 1 } else { orders }
}

#[test]
fn each_order_of_the_locked_steps_is_a_behaviour() {
    let programs: [(&str, i64, &[i64], Overtaken); 6] = [
        ("purchase/compare-and-set", 50, &[40, 20], Overtaken::GivesUp),
        ("purchase/compare-and-set-3", 50, &[40, 20, 35], Overtaken::GivesUp),
        ("purchase/compare-and-set-retry", 60, &[40, 20], Overtaken::LooksAgain),
        ("purchase/compare-and-set-retry-3", 70, &[40, 20, 10], Overtaken::LooksAgain),
        ("purchase/compare-and-swap", 60, &[40, 20], Overtaken::GoesOn),
        ("purchase/compare-and-swap-3", 70, &[40, 20, 10], Overtaken::GoesOn),
    ];
    for (name, balance, prices, overtaken) in programs {
        let orders = orders(balance, prices, &vec![Next::Get; prices.len()], overtaken);
        assert_eq!(proves(&scenario(Engine::Native, name)).executions(), orders, "{name}");
    }
}

/// Under one lock that is held for a whole turn, a behaviour is an order of the
/// turns: (threads × turns)! / (turns!)^threads.
#[test]
fn each_order_of_the_turns_is_a_behaviour() {
    let factorial = |n: u64| (1..=n).product::<u64>();
    let orders = |threads, turns| {
        factorial(threads * turns) / (0..threads).map(|_| factorial(turns)).product::<u64>()
    };
    let turns = [
        ("purchase/mutex-3", 3, 1),
        ("coupon/compare-and-delete-3", 3, 1),
        ("close/mutex-3", 3, 1),
        ("list/mutex-3x1", 3, 1),
        ("list/mutex-3x2", 3, 2),
        ("list/rwlock-3x2", 3, 2),
        ("map/entry-3", 3, 1),
        ("spot/locked-3", 3, 1),
    ];
    for (name, threads, each) in turns {
        let behaviours = proves(&scenario(Engine::Native, name)).executions();
        assert_eq!(behaviours, orders(threads, each), "{name}");
    }
}
