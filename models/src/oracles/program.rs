//! A program of the tables' notation, run by real threads on objects of the
//! native engine.
//!
//! The main thread starts the threads and joins them. A thread that is stuck at
//! an `assume` ends there, so that the others go on as they would.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::{
    Arc, Mutex as StdMutex, MutexGuard as StdGuard, PoisonError as StdPoisonError, atomic::Ordering,
};

use selvedge::invariant;
use selvedge::native::Named;
use selvedge::native::sync::atomic::{AtomicI64, fence};
use selvedge::native::sync::{Mutex, MutexGuard, PoisonError};
use selvedge::native::thread::{Builder, JoinHandle};
use selvedge_core::op::{MemoryOrder, Rmw};
use selvedge_core::toy::{Expr, Program, Stmt};

/// Values by name.
pub type Variables = BTreeMap<String, i64>;

/// The end of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// The registers of each thread.
    pub registers: Vec<Variables>,
    /// The atomics.
    pub atomics: Variables,
    /// The plain variables.
    pub plain: Variables,
    /// True if a thread was stuck at an `assume`.
    pub stuck: bool,
}

/// A program with what it declares by using it.
#[derive(Debug)]
pub struct NativeProgram {
    program: Program,
    atomics: BTreeSet<&'static str>,
    mutexes: BTreeSet<&'static str>,
    /// Threads that other threads start.
    spawned: BTreeSet<usize>,
}

impl NativeProgram {
    /// Prepares a program.
    pub fn new(program: Program) -> Self {
        let mut native = NativeProgram {
            program: Program::default(),
            atomics: BTreeSet::new(),
            mutexes: BTreeSet::new(),
            spawned: BTreeSet::new(),
        };
        program.threads.iter().for_each(|block| native.declare(block));
        native.program = program;
        native
    }

    fn declare(&mut self, block: &[Stmt]) {
        for stmt in block {
            match stmt {
                Stmt::Load(_, x, _)
                | Stmt::Store(x, ..)
                | Stmt::Rmw(_, _, x, ..)
                | Stmt::Cas(_, x, ..) => {
                    self.atomics.insert(interned(x));
                }
                Stmt::Lock(m) => {
                    self.mutexes.insert(interned(m));
                }
                Stmt::Spawn(thread) => {
                    self.spawned.insert(*thread);
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

    /// Runs the program: one execution, on threads of the native engine.
    ///
    /// # Panics
    /// If the program has a statement that no table has: read-write locks,
    /// condition variables, channels, `TRY` and `ANY`.
    pub fn run(self: &Arc<Self>) -> End {
        let shared = Arc::new(Shared::new(self));
        let from_the_start = |thread: &usize| !self.spawned.contains(thread);
        let threads: Vec<_> = (0..self.program.threads.len())
            .filter(from_the_start)
            .map(|thread| start(self, &shared, thread))
            .collect();
        threads.into_iter().for_each(join);
        while let Some((_, handle)) = open(&shared.started).pop_first() {
            join(handle);
        }
        // After the joins, these loads are ordered with everything: no further behaviour.
        let value =
            |(x, atomic): (&&str, &AtomicI64)| ((*x).to_owned(), atomic.load(Ordering::SeqCst));
        let atomics = shared.atomics.iter().map(value).collect();
        let ends = std::mem::take(&mut *open(&shared.ends));
        End {
            stuck: ends.iter().any(|end| end.stuck),
            registers: ends.into_iter().map(|end| end.registers).collect(),
            atomics,
            plain: open(&shared.plain).clone(),
        }
    }
}

/// Reports name objects by static strings: each name is leaked once.
fn interned(name: &str) -> &'static str {
    static NAMES: StdMutex<BTreeSet<&'static str>> = StdMutex::new(BTreeSet::new());
    let mut names = open(&NAMES);
    match names.get(name) {
        Some(known) => known,
        None => {
            let leaked: &'static str = name.to_owned().leak();
            names.insert(leaked);
            leaked
        }
    }
}

/// What the threads share. All of them run on one thread of the system and give
/// it up at operations only, so that a lock of std's is never contended.
struct Shared {
    atomics: BTreeMap<&'static str, AtomicI64>,
    mutexes: BTreeMap<&'static str, Mutex<()>>,
    plain: StdMutex<Variables>,
    /// Threads that another thread has started and none has joined.
    started: StdMutex<BTreeMap<usize, JoinHandle<()>>>,
    ends: StdMutex<Vec<ThreadEnd>>,
}

#[derive(Clone, Default)]
struct ThreadEnd {
    registers: Variables,
    stuck: bool,
}

impl Shared {
    fn new(of: &NativeProgram) -> Self {
        let atomic = |name: &&'static str| (*name, AtomicI64::new(0).named(name));
        let mutex = |name: &&'static str| (*name, Mutex::new(()).named(name));
        Shared {
            atomics: of.atomics.iter().map(atomic).collect(),
            mutexes: of.mutexes.iter().map(mutex).collect(),
            plain: StdMutex::new(of.program.plain.clone()),
            started: StdMutex::default(),
            ends: StdMutex::new(vec![ThreadEnd::default(); of.program.threads.len()]),
        }
    }
}

fn open<T>(mutex: &StdMutex<T>) -> StdGuard<'_, T> {
    mutex.lock().unwrap_or_else(StdPoisonError::into_inner)
}

fn start(program: &Arc<NativeProgram>, shared: &Arc<Shared>, number: usize) -> JoinHandle<()> {
    let (program, shared) = (Arc::clone(program), Arc::clone(shared));
    let body = move || {
        let mut thread = Thread {
            program: &program,
            shared: &shared,
            number,
            registers: Variables::new(),
            held: BTreeMap::new(),
        };
        let block = &program.program.threads[number];
        let stuck = thread.run(block) == Some(Leave::Stuck);
        assert!(thread.held.is_empty(), "T{number} keeps a lock");
        let registers = std::mem::take(&mut thread.registers);
        open(&shared.ends)[number] = ThreadEnd { registers, stuck };
    };
    match Builder::new().name(format!("T{number}")).spawn(body) {
        Ok(handle) => handle,
        Err(error) => panic!("cannot start a thread: {error}"),
    }
}

/// Waits for a thread. Its panic, if it ended so, goes on in the caller.
fn join(handle: JoinHandle<()>) {
    if let Err(panic) = handle.join() {
        resume_unwind(panic);
    }
}

/// Why a thread ends before its last statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    Return,
    Stuck,
}

/// A thread of a program.
struct Thread<'a> {
    program: &'a Arc<NativeProgram>,
    shared: &'a Arc<Shared>,
    number: usize,
    registers: Variables,
    held: BTreeMap<&'a str, MutexGuard<'a, ()>>,
}

impl<'a> Thread<'a> {
    fn value(&self, expr: &Expr) -> i64 {
        match expr {
            Expr::Int(n) => *n,
            Expr::Name(name) => {
                let plain = open(&self.shared.plain);
                plain.get(name).or_else(|| self.registers.get(name)).copied().unwrap_or(0)
            }
            Expr::Not(e) => i64::from(self.value(e) == 0),
            Expr::Binary(a, op, b) => op.apply(self.value(a), self.value(b)),
        }
    }

    fn assign(&mut self, name: &str, value: i64) {
        match open(&self.shared.plain).get_mut(name) {
            Some(plain) => *plain = value,
            None => {
                self.registers.insert(name.to_owned(), value);
            }
        }
    }

    /// Runs a block; says why the thread ends, if it does.
    fn run(&mut self, block: &'a [Stmt]) -> Option<Leave> {
        for stmt in block {
            let leave = match stmt {
                Stmt::If(cond, then, _) if self.value(cond) != 0 => self.run(then),
                Stmt::If(_, _, otherwise) => self.run(otherwise),
                Stmt::Rep(n, body) => (0..*n).find_map(|_| self.run(body)),
                Stmt::Return => Some(Leave::Return),
                Stmt::Assume(e) => (self.value(e) == 0).then_some(Leave::Stuck),
                other => {
                    self.execute(other);
                    None
                }
            };
            if leave.is_some() {
                return leave;
            }
        }
        None
    }

    fn execute(&mut self, stmt: &'a Stmt) {
        let shared = self.shared;
        let atomic = |x: &String| &shared.atomics[x.as_str()];
        match stmt {
            Stmt::Assign(name, e) => self.assign(name, self.value(e)),
            Stmt::Load(r, x, order) => self.assign(r, atomic(x).load(std(*order))),
            Stmt::Store(x, e, order) => atomic(x).store(self.value(e), std(*order)),
            Stmt::Rmw(r, Rmw::Add, x, e, order) => {
                self.assign(r, atomic(x).fetch_add(self.value(e), std(*order)));
            }
            Stmt::Rmw(r, Rmw::Swap, x, e, order) => {
                self.assign(r, atomic(x).swap(self.value(e), std(*order)));
            }
            Stmt::Cas(r, x, expected, new, success, failure) => {
                let (expected, new) = (self.value(expected), self.value(new));
                let (success, failure) = (std(*success), std(*failure));
                let result = atomic(x).compare_exchange(expected, new, success, failure);
                self.assign(r, result.unwrap_or_else(|found| found));
            }
            Stmt::Fence(order) => fence(std(*order)),
            Stmt::Lock(m) => {
                let guard = shared.mutexes[m.as_str()].lock();
                self.held.insert(m, guard.unwrap_or_else(PoisonError::into_inner));
            }
            Stmt::Unlock(m) => match self.held.remove(m.as_str()) {
                Some(guard) => drop(guard),
                None => panic!("T{} unlocks {m} and has not locked it", self.number),
            },
            Stmt::Spawn(thread) => {
                let handle = start(self.program, shared, *thread);
                open(&shared.started).insert(*thread, handle);
            }
            Stmt::Join(thread) => {
                let handle = open(&shared.started).remove(thread);
                match handle {
                    Some(handle) => join(handle),
                    None => panic!("T{} joins T{thread}, which is not there", self.number),
                }
            }
            Stmt::Assert(e) => {
                invariant!("assertion", self.value(e) != 0, "T{}: {e:?}", self.number);
            }
            other => panic!("no program of the tables has {other:?}"),
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
