//! Families of programs (`models/src/families`), of which the numbers of
//! executions are published: the search finds exactly as many.

mod common;

use std::collections::BTreeSet;

use common::{explore, explorer};
use selvedge::Engine;
use selvedge_models::families::{FAMILIES, rows, scenarios};

/// With sleep sets these take too long for a test: executions of many threads
/// that are independent of each other are abandoned late. They are run as soon
/// as the default is another strategy.
const EXHAUSTIVE_ONLY: [(&str, usize); 10] = [
    ("fib-bench", 5),
    ("readers", 13),
    ("lastzero", 10),
    ("lastzero", 15),
    ("indexer", 12),
    ("indexer", 15),
    ("filesystem", 14),
    ("filesystem", 16),
    ("filesystem", 18),
    ("filesystem", 19),
];

/// The name of the strategy that is used when none is named.
fn default_strategy() -> String {
    explorer(Engine::Native).max_executions(1).run(|| {}).strategy
}

#[test]
fn the_search_finds_as_many_executions_as_are_published() {
    let sleep_sets = default_strategy() == "dfs";
    let mut skipped: BTreeSet<_> = EXHAUSTIVE_ONLY.into();
    for (row, scenario) in rows().iter().zip(scenarios()) {
        assert_eq!(row.name(), scenario.name);
        if skipped.remove(&(row.family, row.size)) && sleep_sets {
            continue;
        }
        let report = explore(Engine::Native, &scenario);
        assert!(report.exhausted(), "{}: {:?}", scenario.name, report.end);
        assert_eq!(report.failures(), [], "{}", scenario.name);
        assert_eq!(report.executions(), row.executions, "{}", scenario.name);
        println!("{}: {} in {:?}", scenario.name, report.executions(), report.elapsed);
    }
    assert!(skipped.is_empty(), "not in the table: {skipped:?}");
}

/// The closed form of a family's count, where it has one.
fn closed_form(family: &str, n: u32) -> Option<u64> {
    let factorial = |n: u32| (1..=u64::from(n)).product::<u64>();
    let two = |exponent: u32| 2_u64.pow(exponent);
    Some(match family {
        "readers" => two(n),
        "lastzero" => u64::from(n + 3) * two(n - 2),
        "filesystem" => two(n - 13),
        "indexer" => 8_u64.pow(n - 11),
        "n-writers-a-reader" => factorial(n + 1),
        "rw" | "binc" => factorial(n).pow(2),
        "ainc" => factorial(n),
        "cinc" => factorial(n).pow(3),
        "cas" => n.into(),
        "wcas" => u64::from(n) * two(n - 1) + 1,
        _ => return None,
    })
}

#[test]
fn the_published_counts_are_those_of_the_closed_forms() {
    let mut with_a_form = BTreeSet::new();
    for row in rows() {
        let size = u32::try_from(row.size).expect("a small size");
        if let Some(count) = closed_form(row.family, size) {
            assert_eq!(row.executions, count, "{}", row.name());
            with_a_form.insert(row.family);
        }
    }
    assert!(with_a_form.contains("lastzero"), "{with_a_form:?}");
}

/// `models/src/families/README.md` has the sources.
#[test]
fn each_count_has_a_family_and_a_source() {
    let (mut names, mut families) = (BTreeSet::new(), BTreeSet::new());
    for row in rows() {
        assert!(names.insert(row.name()), "{} is there twice", row.name());
        families.insert(row.family);
        let known = row.source == "popl14" || row.source.starts_with("genmc/");
        assert!(known, "{}: the source of {}", row.source, row.name());
    }
    assert_eq!(families, FAMILIES.iter().map(|(name, ..)| *name).collect());
}
