//! The native engine against counts that other tools found by brute force
//! (`crates/selvedge-core/tests/data/sc.tsv`): the programs of the table, as
//! real threads.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex as StdMutex};

use common::explorer;
use selvedge::native::sync::atomic::AtomicI64;
use selvedge::native::sync::{Mutex, MutexGuard};
use selvedge::native::thread;
use selvedge::{Engine, Report, invariant};
use selvedge_core::explore::{Dfs, Outcome, Strategy, execute};
use selvedge_core::op::{MemoryOrder, Rmw};
use selvedge_core::toy::{BinaryOp, Expr, Program, Stmt, Toy};
use selvedge_core::world::World;

type Variables = BTreeMap<String, i64>;

/// The end of an execution: the registers of each thread, the atomics, and the
/// plain variables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    registers: Vec<Variables>,
    atomics: Variables,
    plain: Variables,
}

impl End {
    /// The table's rule of what fails.
    fn fails(&self) -> bool {
        let more_than = |name, most| self.plain.get(name).is_some_and(|value| *value > most);
        more_than("spent", 50) || more_than("freed", 1)
    }
}

/// What the threads share. All of them run on one thread of the system and
/// give it up at operations only, so that a lock of std's is never contended.
struct Shared {
    atomics: BTreeMap<String, AtomicI64>,
    mutexes: BTreeMap<String, Mutex<()>>,
    plain: StdMutex<Variables>,
}

impl Shared {
    fn new(program: &Program) -> Self {
        let mut shared = Shared {
            atomics: BTreeMap::new(),
            mutexes: BTreeMap::new(),
            plain: StdMutex::new(program.plain.clone()),
        };
        program.threads.iter().for_each(|block| shared.declare(block));
        shared
    }

    fn declare(&mut self, block: &[Stmt]) {
        for stmt in block {
            match stmt {
                Stmt::Load(_, x, _)
                | Stmt::Store(x, ..)
                | Stmt::Rmw(_, _, x, ..)
                | Stmt::Cas(_, x, ..) => {
                    self.atomics.entry(x.clone()).or_insert_with(|| AtomicI64::new(0));
                }
                Stmt::Lock(m) => {
                    self.mutexes.entry(m.clone()).or_insert_with(|| Mutex::new(()));
                }
                Stmt::If(_, then, otherwise) => {
                    self.declare(then);
                    self.declare(otherwise);
                }
                Stmt::Rep(_, body) => self.declare(body),
                _ => {}
            }
        }
    }
}

/// A thread of a program.
struct Thread<'a> {
    shared: &'a Shared,
    registers: Variables,
    held: BTreeMap<&'a str, MutexGuard<'a, ()>>,
}

impl<'a> Thread<'a> {
    fn new(shared: &'a Shared) -> Self {
        Thread { shared, registers: Variables::new(), held: BTreeMap::new() }
    }

    fn value(&self, expr: &Expr) -> i64 {
        match expr {
            Expr::Int(n) => *n,
            Expr::Name(name) => {
                let plain = self.shared.plain.lock().unwrap();
                plain.get(name).or_else(|| self.registers.get(name)).copied().unwrap_or(0)
            }
            Expr::Not(e) => i64::from(self.value(e) == 0),
            Expr::Binary(a, op, b) => {
                let (a, b) = (self.value(a), self.value(b));
                match op {
                    BinaryOp::Add => a + b,
                    BinaryOp::Sub => a - b,
                    BinaryOp::Ge => i64::from(a >= b),
                    other => panic!("no program of the table has {other:?}"),
                }
            }
        }
    }

    fn assign(&mut self, name: &str, value: i64) {
        match self.shared.plain.lock().unwrap().get_mut(name) {
            Some(plain) => *plain = value,
            None => {
                self.registers.insert(name.to_owned(), value);
            }
        }
    }

    fn run(&mut self, program: &'a [Stmt]) {
        let shared = self.shared;
        for stmt in program {
            match stmt {
                Stmt::Assign(name, e) => self.assign(name, self.value(e)),
                Stmt::Load(r, x, order) => self.assign(r, shared.atomics[x].load(std(*order))),
                Stmt::Store(x, e, order) => shared.atomics[x].store(self.value(e), std(*order)),
                Stmt::Rmw(r, Rmw::Add, x, e, order) => {
                    self.assign(r, shared.atomics[x].fetch_add(self.value(e), std(*order)));
                }
                Stmt::Cas(r, x, expected, new, success, failure) => {
                    let (expected, new) = (self.value(expected), self.value(new));
                    let (success, failure) = (std(*success), std(*failure));
                    let result =
                        shared.atomics[x].compare_exchange(expected, new, success, failure);
                    self.assign(r, result.unwrap_or_else(|found| found));
                }
                Stmt::Lock(m) => {
                    self.held.insert(m, shared.mutexes[m].lock().unwrap());
                }
                Stmt::Unlock(m) => drop(self.held.remove(m.as_str()).expect("it was locked")),
                Stmt::If(cond, then, otherwise) => {
                    let branch = if self.value(cond) != 0 { then } else { otherwise };
                    self.run(branch);
                }
                Stmt::Rep(n, body) => (0..*n).for_each(|_| self.run(body)),
                other => panic!("no program of the table has {other:?}"),
            }
        }
    }
}

fn std(order: MemoryOrder) -> Ordering {
    match order {
        MemoryOrder::Relaxed => Ordering::Relaxed,
        MemoryOrder::Acquire => Ordering::Acquire,
        MemoryOrder::Release => Ordering::Release,
        MemoryOrder::AcqRel => Ordering::AcqRel,
        MemoryOrder::SeqCst => Ordering::SeqCst,
    }
}

/// Runs the program on threads of the native engine.
fn run(program: &Arc<Program>) -> End {
    let shared = Arc::new(Shared::new(program));
    let threads: Vec<_> = (0..program.threads.len())
        .map(|number| {
            let (program, shared) = (Arc::clone(program), Arc::clone(&shared));
            thread::spawn(move || {
                let mut thread = Thread::new(&shared);
                thread.run(&program.threads[number]);
                assert!(thread.held.is_empty(), "the programs unlock what they lock");
                thread.registers
            })
        })
        .collect();
    let registers = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    // After the joins, these loads are ordered with everything: no further behaviour.
    let value = |(name, x): (&String, &AtomicI64)| (name.clone(), x.load(Ordering::SeqCst));
    let atomics = shared.atomics.iter().map(value).collect();
    let plain = shared.plain.lock().unwrap().clone();
    End { registers, atomics, plain }
}

fn native(program: &Program, strategy: &str) -> (Report, BTreeSet<End>) {
    let seen = Arc::new(StdMutex::new(BTreeSet::new()));
    let (program, notes) = (Arc::new(program.clone()), Arc::clone(&seen));
    let report = explorer(Engine::Native).strategy(strategy).keep_going(true).run(move || {
        let end = run(&program);
        let fails = end.fails();
        notes.lock().unwrap().insert(end);
        invariant!("the table's", !fails);
    });
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (report, seen)
}

/// The ends of the same program on the interpreted machine.
fn toy(program: &Program) -> BTreeSet<End> {
    let names = Shared::new(program).atomics;
    let mut machine = Toy::new(program);
    let (mut world, mut strategy) = (World::new(), Dfs::unreduced());
    let mut ends = BTreeSet::new();
    while strategy.begin() {
        let outcome = execute(&mut machine, &mut world, &mut strategy, 10_000);
        assert_eq!((outcome, world.faults()), (Outcome::Complete, [].as_slice()));
        let threads = 0..program.threads.len();
        ends.insert(End {
            registers: threads.map(|thread| machine.registers(thread).clone()).collect(),
            atomics: names.keys().map(|x| (x.clone(), machine.atomic(&world, x))).collect(),
            plain: machine.plain_variables().clone(),
        });
    }
    ends
}

struct Row {
    name: &'static str,
    program: Program,
    behaviours: u64,
    failing: u64,
}

fn rows() -> Vec<Row> {
    let table = include_str!("../../crates/selvedge-core/tests/data/sc.tsv");
    let mut lines = table.lines();
    let head = "name\tprogram\tinterleavings\tbehaviours\tfailing";
    assert_eq!(lines.next(), Some(head));
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('\t').collect();
        Row {
            name: cells[0],
            program: Program::parse(cells[1]).unwrap(),
            behaviours: cells[3].parse().unwrap(),
            failing: cells[4].parse().unwrap(),
        }
    };
    lines.map(row).collect()
}

#[test]
fn real_threads_show_each_behaviour_of_the_table_once() {
    let rows = rows();
    assert!(!rows.is_empty());
    for Row { name, program, behaviours, failing } in rows {
        let (report, ends) = native(&program, "dfs");
        assert!(report.exhausted(), "{name}");
        assert_eq!(report.executions(), behaviours, "{name}");
        assert_eq!(report.failing, failing, "{name}");
        assert_eq!(ends, toy(&program), "{name}");
    }
}

#[test]
fn the_reduction_loses_no_end() {
    for Row { name, program, .. } in rows() {
        // Spawns and joins multiply the interleavings.
        let (report, ends) = native(&program, "dfs:unreduced");
        assert!(report.exhausted(), "{name}");
        assert_eq!(ends, toy(&program), "{name}");
        println!("{name}: {} interleavings", report.executions());
    }
}
