//! `litmus/`: `litmus.tsv`, small programs with a condition on their end.

use selvedge_core::scenario::{Expectation, Scenario};
use selvedge_core::toy::Program;

use super::program::End;

/// The table.
pub const TABLE: &str = include_str!("litmus.tsv");

/// A program with its counts under sequential consistency.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name in the table.
    pub name: &'static str,
    /// Its notation.
    pub text: &'static str,
    /// What the notation means.
    pub program: Program,
    /// Executions in which all threads end.
    pub complete: u64,
    /// Executions in which a thread is stuck at an `assume`.
    pub stuck: u64,
    /// The condition, and how many complete executions satisfy it.
    pub query: Option<(Query, u64)>,
}

/// The rows of the table.
///
/// # Panics
/// If it cannot be read; tests read it.
pub fn rows() -> Vec<Row> {
    let row = |cells: Vec<&'static str>| {
        let [name, text, complete, _, stuck, _, query, satisfy, ..] = cells[..] else {
            panic!("a line of {} cells", cells.len());
        };
        Row {
            name,
            text,
            program: super::parse(name, text),
            complete: super::number(complete),
            stuck: super::number(stuck),
            query: (!query.is_empty()).then(|| (Query::parse(query), super::number(satisfy))),
        }
    };
    super::cells(TABLE).map(row).collect()
}

/// The rows as scenarios. Of each only its own assertions are checked, and
/// under sequential consistency all of them hold.
pub fn scenarios() -> Vec<Scenario> {
    let scenario =
        |row: Row| super::scenario("litmus", row.name, row.text, Expectation::Holds, |_| ());
    rows().into_iter().map(scenario).collect()
}

/// A condition on the end of an execution: `T1.a=0 & x=2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(Vec<(Place, i64)>);

/// Where a value is found.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Register(usize, String),
    Location(String),
}

impl Query {
    /// Reads a condition.
    ///
    /// # Panics
    /// If it is none.
    pub fn parse(text: &str) -> Self {
        let term = |term: &str| {
            let (place, value) = term.split_once('=')?;
            let place = match place.trim().split_once('.') {
                Some((thread, register)) => {
                    let thread = thread.strip_prefix('T')?.parse().ok()?;
                    Place::Register(thread, register.to_owned())
                }
                None => Place::Location(place.trim().to_owned()),
            };
            Some((place, value.trim().parse().ok()?))
        };
        match text.split('&').map(term).collect() {
            Some(terms) => Query(terms),
            None => panic!("'{text}' is no condition"),
        }
    }

    /// Whether an end satisfies it. What was never assigned is 0.
    pub fn holds(&self, end: &End) -> bool {
        self.0.iter().all(|(place, expected)| {
            let found = match place {
                Place::Register(thread, name) => {
                    end.registers.get(*thread).and_then(|registers| registers.get(name))
                }
                Place::Location(name) => end.atomics.get(name),
            };
            found.copied().unwrap_or(0) == *expected
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracles::program::Variables;

    #[test]
    fn a_condition_is_on_registers_and_locations() {
        let values = |list: &[(&str, i64)]| -> Variables {
            list.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
        };
        let end = End {
            registers: vec![values(&[("a", 1)]), values(&[("a", 2)])],
            atomics: values(&[("x", 3)]),
            plain: values(&[]),
            stuck: false,
        };
        let holds = |text: &str| Query::parse(text).holds(&end);
        assert!(holds("T0.a=1 & T1.a=2 & x=3 & T1.never=0 & T7.a=0"));
        assert!(!holds("T0.a=2"));
        assert!(!holds("T0.a=1 & x=0"));
        assert!(!holds("a=1"));
    }
}
