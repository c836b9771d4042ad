//! Programs with known counts of behaviours, as scenarios of the native engine.
//! `README.md` says where the tables come from, and explains their notation.
//!
//! | module | holds |
//! |---|---|
//! | [`program`] | a program of the notation, run by real threads |
//! | [`sc`] | `oracle/`: counts under sequential consistency |
//! | [`litmus`] | `litmus/`: litmus tests, with conditions on the end |

pub mod litmus;
pub mod program;
pub mod sc;

use std::sync::Arc;

use selvedge_core::scenario::{Body, Expectation, Scenario};
use selvedge_core::time::Time;
use selvedge_core::toy::Program;

use program::{End, NativeProgram};

/// The scenarios of both tables.
pub fn scenarios() -> Vec<Scenario> {
    let mut all = sc::scenarios();
    all.extend(litmus::scenarios());
    all
}

/// The scenario of a row. `check` judges the end of each execution.
fn scenario(
    section: &str,
    row: &str,
    text: &str,
    expect: Expectation,
    check: fn(&End),
) -> Scenario {
    let program = Arc::new(NativeProgram::new(parse(row, text)));
    Scenario {
        name: name(section, row).into(),
        about: text.split('|').map(|part| format!(" {}\n", part.trim())).collect(),
        expect,
        fixes: &[],
        sampled: None,
        time: Time::default(),
        body: Body::new(move || check(&program.run())),
    }
}

/// The name of a row's scenario.
pub fn name(section: &str, row: &str) -> String {
    format!("{section}/{}", row.replace(' ', "-"))
}

/// Reads a program of a table.
///
/// # Panics
/// If it cannot be read. The tables are part of the binary, and all of their
/// rows are read by tests.
fn parse(row: &str, text: &str) -> Program {
    match Program::parse(text) {
        Ok(program) => program,
        Err(error) => panic!("{row}: {error}"),
    }
}

/// The cells of a table's lines, without its head.
fn cells(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}

/// A cell that is a number.
///
/// # Panics
/// If it is none, as in [`parse`].
fn number(cell: &str) -> u64 {
    match cell.parse() {
        Ok(number) => number,
        Err(error) => panic!("'{cell}' is no number: {error}"),
    }
}
