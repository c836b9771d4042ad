//! `oracle/`: `sc.tsv`, counts under sequential consistency.

use selvedge::invariant;
use selvedge_core::scenario::{Broken, Expectation, Scenario};
use selvedge_core::toy::Program;

use super::program::End;

/// The table.
pub const TABLE: &str = include_str!("sc.tsv");

const SPENT: &str = "no more is spent than there was";
const FREED: &str = "the resource is freed once at most";

/// A program with its counts.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name in the table.
    pub name: &'static str,
    /// Its notation.
    pub text: &'static str,
    /// What the notation means.
    pub program: Program,
    /// Schedules of the operations of the threads.
    pub interleavings: u64,
    /// Classes of equivalent schedules.
    pub behaviours: u64,
    /// Those that fail.
    pub failing: u64,
}

/// The rows of the table.
pub fn rows() -> Vec<Row> {
    let row = |cells: Vec<&'static str>| Row {
        name: cells[0],
        text: cells[1],
        program: super::parse(cells[0], cells[1]),
        interleavings: super::number(cells[2]),
        behaviours: super::number(cells[3]),
        failing: super::number(cells[4]),
    };
    super::cells(TABLE).map(row).collect()
}

/// The rows as scenarios.
pub fn scenarios() -> Vec<Scenario> {
    let scenario = |row: Row| {
        let expect = match row.failing {
            0 => Expectation::Holds,
            _ => Expectation::Breaks(guarded(&row.program).map(Broken::invariant).collect()),
        };
        super::scenario("oracle", row.name, row.text, expect, check)
    };
    rows().into_iter().map(scenario).collect()
}

/// The variables that the table's rule of what fails is about: the most that
/// each may be.
const RULES: [(&str, i64, &str); 2] = [("spent", 50, SPENT), ("freed", 1, FREED)];

/// The invariants of a program.
fn guarded(program: &Program) -> impl Iterator<Item = &'static str> {
    let applies = |variable| program.plain.contains_key(variable);
    RULES.into_iter().filter(move |rule| applies(rule.0)).map(|(_, _, name)| name)
}

/// Judges the end of an execution by the table's rule of what fails.
pub fn check(end: &End) {
    for (variable, most, name) in RULES {
        if let Some(value) = end.plain.get(variable) {
            invariant!(name, *value <= most, "{variable} = {value}");
        }
    }
}
