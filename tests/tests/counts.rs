//! The native engine against counts that other tools found by brute force
//! (`models/src/oracles/sc.tsv`): the programs of the table, as real threads.

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use common::explorer;
use selvedge::{Engine, Report};
use selvedge_core::explore::{Dfs, Outcome, Strategy, execute};
use selvedge_core::toy::{Program, Toy};
use selvedge_core::world::World;
use selvedge_models::oracles::program::{End, NativeProgram};
use selvedge_models::oracles::sc;

fn native(program: &Program, strategy: &str) -> (Report, BTreeSet<End>) {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let (program, notes) = (Arc::new(NativeProgram::new(program.clone())), Arc::clone(&seen));
    let report = explorer(Engine::Native).strategy(strategy).keep_going(true).run(move || {
        let end = program.run();
        notes.lock().unwrap().insert(end.clone());
        sc::check(&end);
    });
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (report, seen)
}

/// The ends of the same program on the interpreted machine.
fn toy(program: &Program, like: &End) -> BTreeSet<End> {
    let mut machine = Toy::new(program);
    let (mut world, mut strategy) = (World::new(), Dfs::unreduced());
    let mut ends = BTreeSet::new();
    while strategy.begin() {
        let outcome = execute(&mut machine, &mut world, &mut strategy, 10_000);
        assert_eq!((outcome, world.faults()), (Outcome::Complete, [].as_slice()));
        let threads = 0..program.threads.len();
        let names = like.atomics.keys();
        ends.insert(End {
            registers: threads.map(|thread| machine.registers(thread).clone()).collect(),
            atomics: names.map(|x| (x.clone(), machine.atomic(&world, x))).collect(),
            plain: machine.plain_variables().clone(),
            stuck: false,
        });
    }
    ends
}

/// The same ends as on the interpreted machine.
#[track_caller]
fn same_ends(row: &sc::Row, ends: &BTreeSet<End>) {
    let one = ends.first().expect("an execution");
    assert_eq!(*ends, toy(&row.program, one), "{}", row.name);
}

#[test]
fn the_table_is_the_one_that_the_search_is_tested_with() {
    assert_eq!(sc::TABLE, include_str!("../../crates/selvedge-core/tests/data/sc.tsv"));
    assert_eq!(sc::TABLE.lines().next(), Some("name\tprogram\tinterleavings\tbehaviours\tfailing"));
}

#[test]
fn real_threads_show_each_behaviour_of_the_table_once() {
    let rows = sc::rows();
    assert!(!rows.is_empty());
    for row in rows {
        for strategy in ["exhaustive", "dfs"] {
            let (report, ends) = native(&row.program, strategy);
            assert!(report.exhausted(), "{}: {strategy}", row.name);
            assert_eq!(report.executions(), row.behaviours, "{}: {strategy}", row.name);
            assert_eq!(report.failing, row.failing, "{}: {strategy}", row.name);
            same_ends(&row, &ends);
        }
    }
}

#[test]
fn the_reduction_loses_no_end() {
    for row in sc::rows() {
        // Spawns and joins multiply the interleavings.
        let (report, ends) = native(&row.program, "dfs:unreduced");
        assert!(report.exhausted(), "{}", row.name);
        assert!(report.executions() >= row.interleavings, "{}", row.name);
        same_ends(&row, &ends);
    }
}
