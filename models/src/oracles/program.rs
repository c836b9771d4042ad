//! A program of the tables' notation, run by real threads on objects of the
//! native engine.
//!
//! The main thread starts the threads and joins them. A thread that is stuck at
//! an `assume` ends there, so that the others go on as they would. What it has
//! locked then, or at its end, stays locked.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::{
    Arc, Mutex as StdMutex, MutexGuard as StdGuard, PoisonError as StdPoisonError, atomic::Ordering,
};

use selvedge::native::cell::UnsafeCell;
use selvedge::native::channel::{Receiver, Sender, TryRecvError, bounded};
use selvedge::native::sync::atomic::{AtomicI64, fence};
use selvedge::native::sync::{
    self, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
    TryLockError,
};
use selvedge::native::thread::{self, Builder, JoinHandle};
use selvedge::native::{Named, any, hint};
use selvedge::{invariant, select};
use selvedge_core::model::channel::{DISCONNECTED, EMPTY, OK};
use selvedge_core::op::{MemoryOrder, Rmw, RwLockOp, YieldKind};
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
#[derive(Debug, Default)]
pub struct NativeProgram {
    program: Program,
    atomics: BTreeSet<&'static str>,
    mutexes: BTreeSet<&'static str>,
    rwlocks: BTreeSet<&'static str>,
    condvars: BTreeSet<&'static str>,
    cells: BTreeSet<&'static str>,
    /// Channels with their capacities.
    channels: BTreeMap<&'static str, u64>,
    /// Threads that other threads start.
    spawned: BTreeSet<usize>,
}

impl NativeProgram {
    /// Prepares a program.
    pub fn new(program: Program) -> Self {
        let mut native = NativeProgram::default();
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
                Stmt::Lock(m) | Stmt::TryLock(_, m) => {
                    self.mutexes.insert(interned(m));
                }
                Stmt::RwLock(_, l) => {
                    self.rwlocks.insert(interned(l));
                }
                Stmt::Wait(c, _) | Stmt::Notify(c) | Stmt::NotifyAll(c) => {
                    self.condvars.insert(interned(c));
                }
                Stmt::Send(q, n) | Stmt::Close(q, n) => self.declare_channel(q, *n),
                Stmt::Recv(_, q, n) | Stmt::TryRecv(_, q, n) => self.declare_channel(q, *n),
                Stmt::Select(_, cases) => {
                    cases.iter().for_each(|(q, n)| self.declare_channel(q, *n));
                }
                Stmt::Peek(c) | Stmt::Poke(c) => {
                    self.cells.insert(interned(c));
                }
                Stmt::Spawn(thread) => {
                    self.spawned.insert(*thread);
                }
                Stmt::If(_, then, otherwise) => {
                    self.declare(then);
                    self.declare(otherwise);
                }
                Stmt::While(_, body) | Stmt::Rep(_, body) => self.declare(body),
                _ => {}
            }
        }
    }

    fn declare_channel(&mut self, name: &str, capacity: u64) {
        self.channels.insert(interned(name), capacity);
    }

    /// Runs the program: one execution, on threads of the native engine.
    ///
    /// # Panics
    /// If a thread does: by `UNLOCK` of what it has not locked, or by a
    /// statement that is not run here (`PARK`, `UNPARK`, `ONCE`).
    pub fn run(self: &Arc<Self>) -> End {
        let (shared, threads) = self.start();
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

    /// Runs the program without waiting for its threads: those that are stuck
    /// are left behind.
    pub fn run_and_leave(self: &Arc<Self>) {
        self.start();
    }

    fn start(self: &Arc<Self>) -> (sync::Arc<Shared>, Vec<JoinHandle<()>>) {
        let shared = sync::Arc::new(Shared::new(self));
        let from_the_start = |thread: &usize| !self.spawned.contains(thread);
        let threads = (0..self.program.threads.len()).filter(from_the_start);
        let threads = threads.map(|thread| start(self, &shared, thread)).collect();
        (shared, threads)
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

/// What the threads share, in an `Arc` of ours: who drops it last closes the
/// channels. All of them run on one thread of the system and give
/// it up at operations only, so that a lock of std's is never contended.
struct Shared {
    atomics: BTreeMap<&'static str, AtomicI64>,
    mutexes: BTreeMap<&'static str, Mutex<()>>,
    rwlocks: BTreeMap<&'static str, RwLock<()>>,
    condvars: BTreeMap<&'static str, Condvar>,
    cells: BTreeMap<&'static str, Cell>,
    channels: BTreeMap<&'static str, (Sender<()>, Receiver<()>)>,
    plain: StdMutex<Variables>,
    /// Threads that another thread has started and none has joined.
    started: StdMutex<BTreeMap<usize, JoinHandle<()>>>,
    ends: StdMutex<Vec<ThreadEnd>>,
}

/// Plain memory of which only the accesses count.
struct Cell(UnsafeCell<()>);

// SAFETY: there is nothing in it that could be read or written.
unsafe impl Sync for Cell {}

#[derive(Clone, Default)]
struct ThreadEnd {
    registers: Variables,
    stuck: bool,
}

impl Shared {
    fn new(of: &NativeProgram) -> Self {
        let atomic = |name: &&'static str| (*name, AtomicI64::new(0).named(name));
        let mutex = |name: &&'static str| (*name, Mutex::new(()).named(name));
        let rwlock = |name: &&'static str| (*name, RwLock::new(()).named(name));
        let condvar = |name: &&'static str| (*name, Condvar::new().named(name));
        let cell = |name: &&'static str| (*name, Cell(UnsafeCell::new(()).named(name)));
        let channel = |(name, capacity): (&&'static str, &u64)| {
            let (sender, receiver) = bounded(*capacity as usize);
            (*name, (sender.named(name), receiver))
        };
        Shared {
            atomics: of.atomics.iter().map(atomic).collect(),
            mutexes: of.mutexes.iter().map(mutex).collect(),
            rwlocks: of.rwlocks.iter().map(rwlock).collect(),
            condvars: of.condvars.iter().map(condvar).collect(),
            cells: of.cells.iter().map(cell).collect(),
            channels: of.channels.iter().map(channel).collect(),
            plain: StdMutex::new(of.program.plain.clone()),
            started: StdMutex::default(),
            ends: StdMutex::new(vec![ThreadEnd::default(); of.program.threads.len()]),
        }
    }
}

fn open<T>(mutex: &StdMutex<T>) -> StdGuard<'_, T> {
    mutex.lock().unwrap_or_else(StdPoisonError::into_inner)
}

fn start(
    program: &Arc<NativeProgram>,
    shared: &sync::Arc<Shared>,
    number: usize,
) -> JoinHandle<()> {
    let (program, shared) = (Arc::clone(program), sync::Arc::clone(shared));
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
        std::mem::take(&mut thread.held).into_values().for_each(std::mem::forget);
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
    shared: &'a sync::Arc<Shared>,
    number: usize,
    registers: Variables,
    held: BTreeMap<&'a str, Held<'a>>,
}

/// What a thread has locked.
#[expect(dead_code, reason = "they are kept to be dropped")]
enum Held<'a> {
    Mutex(MutexGuard<'a, ()>),
    Read(RwLockReadGuard<'a, ()>),
    Write(RwLockWriteGuard<'a, ()>),
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
                Stmt::While(cond, body) => loop {
                    if self.value(cond) == 0 {
                        break None;
                    }
                    let leave = self.run(body);
                    if leave.is_some() {
                        break leave;
                    }
                },
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
                self.hold(m, Held::Mutex(guard.unwrap_or_else(PoisonError::into_inner)));
            }
            Stmt::TryLock(r, m) => {
                let guard = match shared.mutexes[m.as_str()].try_lock() {
                    Ok(guard) => Some(guard),
                    Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
                    Err(TryLockError::WouldBlock) => None,
                };
                self.assign(r, i64::from(guard.is_some()));
                guard.into_iter().for_each(|guard| self.hold(m, Held::Mutex(guard)));
            }
            Stmt::RwLock(RwLockOp::Read, l) => {
                let guard = shared.rwlocks[l.as_str()].read();
                self.hold(l, Held::Read(guard.unwrap_or_else(PoisonError::into_inner)));
            }
            Stmt::RwLock(RwLockOp::Write, l) => {
                let guard = shared.rwlocks[l.as_str()].write();
                self.hold(l, Held::Write(guard.unwrap_or_else(PoisonError::into_inner)));
            }
            Stmt::Unlock(m) => drop(self.release(m)),
            Stmt::RwLock(RwLockOp::UnlockRead | RwLockOp::UnlockWrite, l) => drop(self.release(l)),
            Stmt::Wait(c, m) => {
                let Held::Mutex(guard) = self.release(m) else { panic!("{m} is no mutex") };
                let guard = shared.condvars[c.as_str()].wait(guard);
                self.hold(m, Held::Mutex(guard.unwrap_or_else(PoisonError::into_inner)));
            }
            Stmt::Notify(c) => shared.condvars[c.as_str()].notify_one(),
            Stmt::NotifyAll(c) => shared.condvars[c.as_str()].notify_all(),
            // What is closed is no failure here.
            Stmt::Send(q, _) => drop(shared.channels[q.as_str()].0.send(())),
            Stmt::Close(q, _) => drop(shared.channels[q.as_str()].0.close()),
            Stmt::Recv(r, q, _) => {
                let received = shared.channels[q.as_str()].1.recv();
                self.assign(r, received.map_or(DISCONNECTED, |()| OK) as i64);
            }
            Stmt::TryRecv(r, q, _) => {
                let answer = match shared.channels[q.as_str()].1.try_recv() {
                    Ok(()) => OK,
                    Err(TryRecvError::Empty) => EMPTY,
                    Err(TryRecvError::Disconnected) => DISCONNECTED,
                };
                self.assign(r, answer as i64);
            }
            Stmt::Select(r, cases) => {
                let [first, second] = cases.each_ref().map(|(q, _)| &shared.channels[q.as_str()].1);
                let ready = select! {
                    recv(first) -> _message => 0,
                    recv(second) -> _message => 1,
                };
                self.assign(r, ready);
            }
            Stmt::Peek(c) => shared.cells[c.as_str()].0.with(|_| ()),
            Stmt::Poke(c) => shared.cells[c.as_str()].0.with_mut(|_| ()),
            Stmt::Any(r, n) => self.assign(r, any(0..=i64::from(*n) - 1)),
            Stmt::Yield(YieldKind::Spin) => hint::spin_loop(),
            Stmt::Yield(YieldKind::Polite) => thread::yield_now(),
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
            other => panic!("{other:?} is not run here"),
        }
    }

    fn hold(&mut self, name: &'a str, guard: Held<'a>) {
        self.held.insert(name, guard);
    }

    fn release(&mut self, name: &str) -> Held<'a> {
        let held = self.held.remove(name);
        held.unwrap_or_else(|| panic!("T{} unlocks {name} and has not locked it", self.number))
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
