//! Families of programs, of which the numbers of behaviours are published, as
//! scenarios of the native engine: `family/readers-8`. `README.md` has the sources.
//!
//! | module | holds |
//! |---|---|
//! | [`counters`] | atomic additions |
//! | [`exchanges`] | compare-exchanges that meet |
//! | [`accesses`] | loads and stores of few variables |
//! | [`arrays`] | which variable is accessed depends on what was read |

pub mod accesses;
pub mod arrays;
pub mod counters;
pub mod exchanges;

use selvedge::native::Named;
use selvedge::native::sync::atomic::AtomicI64;
use selvedge::native::thread;
use selvedge_core::scenario::{Body, Expectation, Scenario};
use selvedge_core::time::Time;

/// The published counts.
const TABLE: &str = include_str!("published.tsv");

/// A program of the given size.
pub type Family = fn(usize);

/// All families, by name.
pub const FAMILIES: [(&str, Family, &str); 18] = [
    ("readers", accesses::readers, "a writer, and n readers of the same variable"),
    ("lastzero", arrays::last_zero, "who looks for the last zero, while n threads write others"),
    ("indexer", arrays::indexer, "n threads insert four values each into a table by hash"),
    ("filesystem", arrays::filesystem, "n threads take a block each for an inode of their own"),
    ("eratosthenes", arrays::eratosthenes, "two threads strike out the composites among n numbers"),
    ("fib-bench", arrays::fib_bench, "two threads add each to the other's sum, n times; one looks"),
    ("par-length", accesses::par_length, "two threads with n steps of their own and a common one"),
    ("n-writers-a-reader", accesses::n_writers_a_reader, "n writers and a reader of one variable"),
    ("rw", accesses::rw, "n threads read and then write one variable"),
    ("wrw", accesses::wrw, "a writer, and n threads that read and then write"),
    ("coa", accesses::coa, "two threads that meet in one variable, n - 1 that write two others"),
    ("ainc", counters::ainc, "n threads increment a counter"),
    ("binc", counters::binc, "n threads increment two counters"),
    ("cinc", counters::cinc, "n threads increment three counters"),
    ("cas", exchanges::cas, "n threads want to be the first"),
    ("casrot", exchanges::casrot, "n threads pass a token on, each its own way"),
    ("casw", exchanges::casw, "n threads try to replace a zero, and then store"),
    ("wcas", exchanges::wcas, "a store, and n threads that replace it"),
];

/// A size of a family, and its published count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The family's name.
    pub family: &'static str,
    /// How large a program of the family.
    pub size: usize,
    /// Complete executions, one for each behaviour.
    pub executions: u64,
    /// Who published it: a key of the README's list.
    pub source: &'static str,
}

impl Row {
    /// The name of its scenario.
    pub fn name(&self) -> String {
        format!("family/{}-{}", self.family, self.size)
    }
}

/// All published counts.
///
/// # Panics
/// If the table cannot be read. It is part of the binary, and tests read it.
pub fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let row = (|| {
            Some(Row {
                family: cells.next()?,
                size: cells.next()?.parse().ok()?,
                executions: cells.next()?.parse().ok()?,
                source: cells.next()?,
            })
        })();
        row.unwrap_or_else(|| panic!("not a row of the table: {line}"))
    };
    TABLE.lines().skip(1).map(row).collect()
}

/// The rows as scenarios.
///
/// # Panics
/// If a row is of no family, as in [`rows`].
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |row: Row| {
        let family = FAMILIES.iter().find(|(name, ..)| *name == row.family);
        let Some((_, program, about)) = family else {
            panic!("no family {}", row.family);
        };
        Scenario {
            name: row.name().into(),
            about: format!(
                " {about}.\n {} executions are published ({}).\n",
                row.executions, row.source
            )
            .into(),
            expect: Expectation::Holds,
            fixes: &[],
            sampled: None,
            time: Time::default(),
            body: Body::new(move || program(row.size)),
        }
    };
    rows().into_iter().map(scenario).collect()
}

/// Runs `body` on threads that are numbered from 0 to `threads - 1`.
fn together(threads: usize, body: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for number in 0..threads {
            let body = &body;
            scope.spawn(move || body(number));
        }
    });
}

/// An atomic that starts at 0.
fn zero(name: &'static str) -> AtomicI64 {
    AtomicI64::new(0).named(name)
}

/// As many atomics that start at 0.
fn zeros(many: usize, name: &'static str) -> Vec<AtomicI64> {
    (0..many).map(|_| zero(name)).collect()
}

/// A thread's number as a value.
fn value(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
