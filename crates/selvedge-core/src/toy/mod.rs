//! A machine that interprets tiny programs: the search is tested on it without
//! any coroutine, and oracle tables of other tools are run on it.
//!
//! ```
//! use selvedge_core::explore::{Dfs, Limits, explore};
//! use selvedge_core::report::{Engine, Report};
//! use selvedge_core::toy::{Program, Toy};
//!
//! let program = Program::parse("T0: W x 1 sc; a = R y sc | T1: W y 1 sc; a = R x sc").unwrap();
//! let mut report = Report::new(Engine::Native, "dfs", 0);
//! explore(&mut Toy::new(&program), &mut Dfs::new(), &Limits::default(), None, &mut report, &mut |_| true);
//! assert!(report.exhausted());
//! assert_eq!(report.executions, 3);
//! ```

mod parse;

use std::collections::BTreeMap;
use std::panic::Location;
use std::time::Duration;

use crate::failure::Fault;
use crate::id::{ObjectId, ThreadId};
use crate::machine::{Driver, Machine, Turn};
use crate::model::{
    AtomicState, ChannelState, CondvarState, MutexState, ObjectState, OnceState, RwLockState,
    ValueType, channel,
};
use crate::op::{
    AtomicOp, ChannelOp, CondvarOp, MemoryOrder, MutexOp, OnceEnd, OnceOp, Op, OpKind, ParkOp, Rmw,
    RwLockOp, SelectOp, ThreadOp, YieldKind,
};
use crate::time::Time;
use crate::world::World;

pub use parse::ParseError;

/// An expression over registers, plain variables and integers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Expr {
    Int(i64),
    Name(String),
    Not(Box<Expr>),
    Binary(Box<Expr>, BinaryOp, Box<Expr>),
}

/// An operator of [`Expr::Binary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
    Xor,
}

impl BinaryOp {
    /// What the operator makes of two values; truth is 1, and all but 0 is true.
    pub fn apply(self, a: i64, b: i64) -> i64 {
        match self {
            BinaryOp::Add => a + b,
            BinaryOp::Sub => a - b,
            BinaryOp::Mul => a * b,
            BinaryOp::Eq => i64::from(a == b),
            BinaryOp::Ne => i64::from(a != b),
            BinaryOp::Lt => i64::from(a < b),
            BinaryOp::Le => i64::from(a <= b),
            BinaryOp::Gt => i64::from(a > b),
            BinaryOp::Ge => i64::from(a >= b),
            BinaryOp::And => i64::from(a != 0 && b != 0),
            BinaryOp::Or => i64::from(a != 0 || b != 0),
            BinaryOp::Xor => a ^ b,
        }
    }
}

/// A statement. Names of objects are declared by their use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Stmt {
    /// `r = E`, or to plain shared memory if the name was declared as such.
    Assign(String, Expr),
    /// `r = R x m`
    Load(String, String, MemoryOrder),
    /// `W x E m`
    Store(String, Expr, MemoryOrder),
    /// `r = FADD x E m`, `r = XCHG x E m`
    Rmw(String, Rmw, String, Expr, MemoryOrder),
    /// `r = CAS x E1 E2 ms mf`
    Cas(String, String, Expr, Expr, MemoryOrder, MemoryOrder),
    /// `F m`
    Fence(MemoryOrder),
    /// `LOCK m`, `UNLOCK m`
    Lock(String),
    Unlock(String),
    /// `r = TRY m`: 1 if it was taken
    TryLock(String, String),
    /// `RLOCK l`, `RUNLOCK l`, `WLOCK l`, `WUNLOCK l`
    RwLock(RwLockOp, String),
    /// `WAIT c m`: waits on condition variable `c`, giving up mutex `m` meanwhile
    Wait(String, String),
    /// `r = WAITBY c m N`: the same, for `N` nanoseconds at most; 1 if that is all
    WaitBy(String, String, String, u64),
    /// `NOTIFY c`, `NOTIFYALL c`
    Notify(String),
    NotifyAll(String),
    /// `r = ONCE o`, `r = ONCEFORCE o`: begins a `Once`, or begins it although it is poisoned
    Once(String, String, bool),
    /// `ONCEEND o 0`: it is done; `ONCEEND o 1`: it is poisoned
    OnceEnd(String, bool),
    /// `PARK`, `UNPARK Tn`
    Park,
    Unpark(usize),
    /// `r = PARKBY N`
    ParkBy(String, u64),
    /// `SLEEP N`
    Sleep(u64),
    /// `SPIN`, `YIELD`
    Yield(YieldKind),
    /// `SEND q N`: on a channel that holds `N` messages
    Send(String, u64),
    /// `r = RECV q N`, `r = TRYRECV q N`: the answer of the operation, no message
    Recv(String, String, u64),
    TryRecv(String, String, u64),
    /// `r = RECVBY q N D`, `r = SENDBY q N D`: for `D` nanoseconds at most
    RecvBy(String, String, u64, u64),
    SendBy(String, String, u64, u64),
    /// `r = TRYSEND q N`
    TrySend(String, String, u64),
    /// `r = SELECT q N p M`: 0 or 1 for the channel that was ready
    Select(String, [(String, u64); 2]),
    /// `CLOSE q N`
    Close(String, u64),
    /// `PEEK c`, `POKE c`: reads or writes plain memory, checked for data races
    Peek(String),
    Poke(String),
    /// `r = ANY n`
    Any(String, u32),
    /// `SPAWN Tn`, `JOIN Tn`
    Spawn(usize),
    Join(usize),
    /// `assume E`: else the thread is stuck
    Assume(Expr),
    /// `assert E`
    Assert(Expr),
    /// `if E { .. } else { .. }`
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// `while E { .. }`
    While(Expr, Vec<Stmt>),
    /// `rep N { .. }`
    Rep(u32, Vec<Stmt>),
    /// `return`
    Return,
}

/// A program of a few threads.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Program {
    /// Plain shared variables with their initial values.
    pub plain: BTreeMap<String, i64>,
    /// The threads `T0`, `T1`, ...
    pub threads: Vec<Vec<Stmt>>,
    /// What sleeps and timeouts mean.
    pub time: Time,
}

/// A program's code, flat.
#[derive(Clone, Debug)]
enum Instr {
    Stmt(Stmt),
    /// Second to fourth part of a wait: unlock, wake, lock.
    WaitUnlock(String),
    WaitWake(String),
    /// The third one of a wait that may give up.
    WaitWakeBy(String, String, u64),
    /// Second part of a send on a rendezvous.
    Taken(String),
    JumpUnless(Expr, usize),
    Jump(usize),
}

fn compile(block: &[Stmt], code: &mut Vec<Instr>) {
    for stmt in block {
        match stmt {
            Stmt::If(cond, then, otherwise) => {
                let test = code.len();
                code.push(Instr::Jump(0));
                compile(then, code);
                let skip = code.len();
                code.push(Instr::Jump(0));
                code[test] = Instr::JumpUnless(cond.clone(), code.len());
                compile(otherwise, code);
                code[skip] = Instr::Jump(code.len());
            }
            Stmt::While(cond, body) => {
                let test = code.len();
                code.push(Instr::Jump(0));
                compile(body, code);
                code.push(Instr::Jump(test));
                code[test] = Instr::JumpUnless(cond.clone(), code.len());
            }
            Stmt::Send(q, 0) => code.extend([Instr::Stmt(stmt.clone()), Instr::Taken(q.clone())]),
            Stmt::Rep(n, body) => (0..*n).for_each(|_| compile(body, code)),
            Stmt::Wait(condvar, mutex) => code.extend([
                Instr::Stmt(stmt.clone()),
                Instr::WaitUnlock(mutex.clone()),
                Instr::WaitWake(condvar.clone()),
                Instr::Stmt(Stmt::Lock(mutex.clone())),
            ]),
            Stmt::WaitBy(r, condvar, mutex, nanos) => code.extend([
                Instr::Stmt(stmt.clone()),
                Instr::WaitUnlock(mutex.clone()),
                Instr::WaitWakeBy(r.clone(), condvar.clone(), *nanos),
                Instr::Stmt(Stmt::Lock(mutex.clone())),
            ]),
            Stmt::Return => code.push(Instr::Jump(usize::MAX)),
            _ => code.push(Instr::Stmt(stmt.clone())),
        }
    }
}

#[derive(Debug, Default)]
struct ToyThread {
    id: Option<ThreadId>,
    pc: usize,
    registers: BTreeMap<String, i64>,
    target: Option<String>,
    /// What its last operation was answered.
    answer: u64,
}

/// Interprets a [`Program`].
#[derive(Debug)]
pub struct Toy {
    code: Vec<Vec<Instr>>,
    plain: BTreeMap<String, i64>,
    time: Time,
    spawned: Vec<bool>,
    // One execution.
    threads: Vec<ToyThread>,
    memory: BTreeMap<String, i64>,
    objects: BTreeMap<String, ObjectId>,
}

impl Toy {
    /// A machine that runs `program`. Threads that no `SPAWN` names exist from the start.
    pub fn new(program: &Program) -> Self {
        let code: Vec<Vec<Instr>> = program
            .threads
            .iter()
            .map(|block| {
                let mut code = Vec::new();
                compile(block, &mut code);
                code
            })
            .collect();
        let mut spawned = vec![false; code.len()];
        for instr in code.iter().flatten() {
            if let Instr::Stmt(Stmt::Spawn(n)) = instr {
                spawned[*n] = true;
            }
        }
        Toy {
            code,
            plain: program.plain.clone(),
            time: program.time,
            spawned,
            threads: Vec::new(),
            memory: BTreeMap::new(),
            objects: BTreeMap::new(),
        }
    }

    /// The registers of a thread, after an execution.
    pub fn registers(&self, thread: usize) -> &BTreeMap<String, i64> {
        &self.threads[thread].registers
    }

    /// The plain variables, after an execution.
    pub fn plain_variables(&self) -> &BTreeMap<String, i64> {
        &self.memory
    }

    /// The value of an atomic, after an execution.
    pub fn atomic(&self, world: &World, name: &str) -> i64 {
        match self.objects.get(name).map(|o| world.state(*o)) {
            Some(ObjectState::Atomic(s)) => s.value as i64,
            _ => 0,
        }
    }

    fn value(&self, thread: usize, expr: &Expr) -> i64 {
        match expr {
            Expr::Int(n) => *n,
            Expr::Name(name) => match self.memory.get(name) {
                Some(value) => *value,
                None => self.threads[thread].registers.get(name).copied().unwrap_or(0),
            },
            Expr::Not(e) => i64::from(self.value(thread, e) == 0),
            Expr::Binary(a, op, b) => op.apply(self.value(thread, a), self.value(thread, b)),
        }
    }

    fn assign(&mut self, thread: usize, name: &str, value: i64) {
        match self.memory.get_mut(name) {
            Some(plain) => *plain = value,
            None => {
                self.threads[thread].registers.insert(name.to_owned(), value);
            }
        }
    }

    /// The object of that name; all are registered by the main thread before
    /// the first step, so that their numbers are the same in all executions.
    fn object(&self, name: &str) -> Option<ObjectId> {
        self.objects.get(name).copied()
    }

    fn register_all(&mut self, world: &mut World) {
        let mut declared: BTreeMap<&String, ObjectState> = BTreeMap::new();
        let atomic = || ObjectState::Atomic(AtomicState { value: 0, ty: ValueType::Signed(64) });
        let new_channel = |n: u64| ObjectState::Channel(ChannelState::new(Some(n)));
        for instr in self.code.iter().flatten() {
            let Instr::Stmt(stmt) = instr else { continue };
            let (name, state) = match stmt {
                Stmt::Load(_, x, _) | Stmt::Store(x, ..) => (x, atomic()),
                Stmt::Rmw(_, _, x, ..) | Stmt::Cas(_, x, ..) => (x, atomic()),
                Stmt::Lock(m) | Stmt::Unlock(m) | Stmt::TryLock(_, m) => {
                    (m, ObjectState::Mutex(MutexState::default()))
                }
                Stmt::RwLock(_, l) => (l, ObjectState::RwLock(RwLockState::default())),
                Stmt::Wait(c, _)
                | Stmt::WaitBy(_, c, ..)
                | Stmt::Notify(c)
                | Stmt::NotifyAll(c) => (c, ObjectState::Condvar(CondvarState::default())),
                Stmt::Once(_, o, _) | Stmt::OnceEnd(o, _) => {
                    (o, ObjectState::Once(OnceState::default()))
                }
                Stmt::Select(_, cases) => {
                    for (q, n) in cases {
                        declared.insert(q, new_channel(*n));
                    }
                    continue;
                }
                Stmt::Send(q, n) | Stmt::Close(q, n) => (q, new_channel(*n)),
                Stmt::Recv(_, q, n)
                | Stmt::TryRecv(_, q, n)
                | Stmt::TrySend(_, q, n)
                | Stmt::RecvBy(_, q, n, _)
                | Stmt::SendBy(_, q, n, _) => (q, new_channel(*n)),
                Stmt::Peek(c) | Stmt::Poke(c) => (c, ObjectState::Cell),
                _ => continue,
            };
            declared.insert(name, state);
        }
        let objects = declared
            .into_iter()
            .map(|(name, state)| {
                let object = match state {
                    ObjectState::Channel(s) => world.register_channel(ThreadId::MAIN, s.capacity),
                    state => world.register(ThreadId::MAIN, state, None),
                };
                (name.clone(), object)
            })
            .collect();
        self.objects = objects;
        // Which channels are selected among is known from the start.
        for instr in self.code.iter().flatten() {
            if let Instr::Stmt(Stmt::Select(_, cases)) = instr {
                world.select(&cases.each_ref().map(|(q, _)| self.objects[q]));
            }
        }
    }

    /// Runs a thread to its next operation.
    fn run(&mut self, thread: usize, world: &mut World) {
        let id = self.threads[thread].id.expect("a thread that runs has started");
        loop {
            let pc = self.threads[thread].pc;
            let Some(instr) = self.code[thread].get(pc).cloned() else {
                world.finish(id);
                return;
            };
            self.threads[thread].pc = pc + 1;
            let faults = world.faults().len();
            let announced = match instr {
                Instr::Jump(to) => {
                    self.threads[thread].pc = to;
                    None
                }
                Instr::JumpUnless(cond, to) => {
                    if self.value(thread, &cond) == 0 {
                        self.threads[thread].pc = to;
                    }
                    None
                }
                Instr::WaitUnlock(m) => Some((OpKind::Mutex(MutexOp::Unlock), self.object(&m))),
                Instr::Taken(q) => {
                    // A channel that is disconnected took no offer.
                    let ticket = self.threads[thread].answer.checked_sub(channel::TICKET);
                    let Some(ticket) = ticket else { continue };
                    Some((OpKind::Channel(ChannelOp::Taken { ticket }), self.object(&q)))
                }
                Instr::WaitWakeBy(r, c, nanos) => {
                    self.threads[thread].target = Some(r);
                    let expired = world.wait_at_most(id, Duration::from_nanos(nanos));
                    Some((OpKind::Condvar(CondvarOp::WakeBy { expired }), self.object(&c)))
                }
                Instr::WaitWake(c) => Some((OpKind::Condvar(CondvarOp::Wake), self.object(&c))),
                Instr::Stmt(stmt) => self.announce(thread, &stmt, world),
            };
            if world.faults().len() > faults {
                return;
            }
            if let Some((kind, object)) = announced {
                world.announce(id, Op { kind, object, at: Location::caller() });
                return;
            }
        }
    }

    fn announce(
        &mut self,
        thread: usize,
        stmt: &Stmt,
        world: &mut World,
    ) -> Option<(OpKind, Option<ObjectId>)> {
        let bits = |e: &Expr| self.value(thread, e) as u64;
        let on = |name: &String| self.object(name);
        let me = self.threads[thread].id.expect("a thread that runs has started");
        let wait = |world: &mut World, nanos| world.wait_at_most(me, Duration::from_nanos(nanos));
        let mut target = None;
        let op = match stmt {
            Stmt::Assign(name, e) => {
                let value = self.value(thread, e);
                self.assign(thread, name, value);
                return None;
            }
            Stmt::Assert(e) => {
                if self.value(thread, e) == 0 {
                    world.fail(Fault::invariant("assert", format!("T{thread}: {e:?}")));
                }
                return None;
            }
            Stmt::Peek(c) | Stmt::Poke(c) => {
                let me = self.threads[thread].id.expect("a thread that runs has started");
                let cell = on(c).expect("it is declared");
                let writes = matches!(stmt, Stmt::Poke(_));
                world.access(me, cell, writes, Location::caller());
                return None;
            }
            Stmt::Assume(e) => {
                if self.value(thread, e) != 0 {
                    return None;
                }
                // A thread that never goes on: no value is below 0.
                (OpKind::Thread(ThreadOp::Any(0)), None)
            }
            Stmt::Load(r, x, order) => {
                target = Some(r);
                (OpKind::Atomic(AtomicOp::Load { order: *order }), on(x))
            }
            Stmt::Store(x, e, order) => {
                (OpKind::Atomic(AtomicOp::Store { value: bits(e), order: *order }), on(x))
            }
            Stmt::Rmw(r, rmw, x, e, order) => {
                target = Some(r);
                let op = AtomicOp::Rmw { rmw: *rmw, operand: bits(e), order: *order };
                (OpKind::Atomic(op), on(x))
            }
            Stmt::Cas(r, x, expected, new, success, failure) => {
                target = Some(r);
                let op = AtomicOp::CompareExchange {
                    expected: bits(expected),
                    new: bits(new),
                    success: *success,
                    failure: *failure,
                };
                (OpKind::Atomic(op), on(x))
            }
            Stmt::Fence(order) => (OpKind::Thread(ThreadOp::Fence(*order)), None),
            Stmt::Lock(m) => (OpKind::Mutex(MutexOp::Lock), on(m)),
            Stmt::Unlock(m) => (OpKind::Mutex(MutexOp::Unlock), on(m)),
            Stmt::TryLock(r, m) => {
                target = Some(r);
                (OpKind::Mutex(MutexOp::TryLock), on(m))
            }
            Stmt::RwLock(op, l) => (OpKind::RwLock(*op), on(l)),
            Stmt::Wait(c, _) | Stmt::WaitBy(_, c, ..) => {
                (OpKind::Condvar(CondvarOp::Enqueue), on(c))
            }
            Stmt::Notify(c) => (OpKind::Condvar(CondvarOp::NotifyOne), on(c)),
            Stmt::NotifyAll(c) => (OpKind::Condvar(CondvarOp::NotifyAll), on(c)),
            Stmt::Once(r, o, force) => {
                target = Some(r);
                (OpKind::Once(OnceOp::Begin { ignore_poison: *force }), on(o))
            }
            Stmt::OnceEnd(o, panicked) => {
                let end = if *panicked { OnceEnd::Panicked } else { OnceEnd::Done };
                (OpKind::Once(OnceOp::End(end)), on(o))
            }
            Stmt::Park => (OpKind::Park(ParkOp::Park), Some(world.park_token(me))),
            Stmt::Unpark(n) => {
                let other = self.threads[*n].id.expect("a thread that exists from the start");
                (OpKind::Park(ParkOp::Unpark), Some(world.park_token(other)))
            }
            Stmt::ParkBy(r, nanos) => {
                target = Some(r);
                let expired = wait(world, *nanos);
                (OpKind::Park(ParkOp::ParkBy { expired }), Some(world.park_token(me)))
            }
            Stmt::Sleep(nanos) => {
                let until = world.now(me).as_nanos() as u64 + nanos;
                (OpKind::Thread(ThreadOp::Sleep { expired: wait(world, *nanos), until }), None)
            }
            Stmt::RecvBy(r, q, _, nanos) => {
                target = Some(r);
                let expired = wait(world, *nanos);
                (OpKind::Channel(ChannelOp::RecvBy { expired }), on(q))
            }
            Stmt::SendBy(r, q, _, nanos) => {
                target = Some(r);
                let expired = wait(world, *nanos);
                (OpKind::Channel(ChannelOp::SendBy { expired }), on(q))
            }
            Stmt::TrySend(r, q, _) => {
                target = Some(r);
                (OpKind::Channel(ChannelOp::TrySend), on(q))
            }
            Stmt::Yield(kind) => (OpKind::Thread(ThreadOp::Yield(*kind)), None),
            Stmt::Select(r, cases) => {
                target = Some(r);
                let channels = cases.each_ref().map(|(q, _)| on(q).expect("it is declared"));
                (world.select(&channels), None)
            }
            Stmt::Send(q, 0) => (OpKind::Channel(ChannelOp::Offer), on(q)),
            Stmt::Send(q, _) => (OpKind::Channel(ChannelOp::Send), on(q)),
            Stmt::Recv(r, q, _) => {
                target = Some(r);
                (OpKind::Channel(ChannelOp::Recv), on(q))
            }
            Stmt::TryRecv(r, q, _) => {
                target = Some(r);
                (OpKind::Channel(ChannelOp::TryRecv), on(q))
            }
            Stmt::Close(q, _) => (OpKind::Channel(ChannelOp::Close), on(q)),
            Stmt::Any(r, n) => {
                target = Some(r);
                (OpKind::Thread(ThreadOp::Any(*n)), None)
            }
            Stmt::Spawn(_) => (OpKind::Thread(ThreadOp::Spawn), None),
            // Joining a thread that was never started never ends.
            Stmt::Join(n) => match self.threads[*n].id {
                Some(id) => (OpKind::Thread(ThreadOp::Join(id)), None),
                None => (OpKind::Thread(ThreadOp::Any(0)), None),
            },
            Stmt::If(..) | Stmt::While(..) | Stmt::Rep(..) | Stmt::Return => {
                unreachable!("compiled away")
            }
        };
        self.threads[thread].target = target.cloned();
        Some(op)
    }
}

impl Toy {
    fn start(&mut self, world: &mut World) {
        self.threads = self.code.iter().map(|_| ToyThread::default()).collect();
        self.memory = self.plain.clone();
        world.set_time(self.time);
        self.register_all(world);
        for thread in 0..self.code.len() {
            if !self.spawned[thread] {
                self.threads[thread].id = Some(world.adopt());
            }
        }
        // Park tokens are numbered before the first step, as all objects are.
        let parks =
            |i: &Instr| matches!(i, Instr::Stmt(Stmt::Park | Stmt::ParkBy(..) | Stmt::Unpark(_)));
        if self.code.iter().flatten().any(parks) {
            for id in self.threads.iter().filter_map(|t| t.id) {
                world.park_token(id);
            }
        }
        for thread in 0..self.code.len() {
            if !self.spawned[thread] {
                self.run(thread, world);
            }
        }
    }

    fn resume(&mut self, thread: ThreadId, answer: u64, world: &mut World) {
        let index = self.threads.iter().position(|t| t.id == Some(thread)).expect("a toy thread");
        self.threads[index].answer = answer;
        if let Some(target) = self.threads[index].target.take() {
            let done = self.threads[index].pc.checked_sub(1).map(|pc| &self.code[index][pc]);
            let value = match done {
                Some(Instr::Stmt(Stmt::Select(..))) => SelectOp::case(answer) as i64,
                _ => answer as i64,
            };
            self.assign(index, &target, value);
        }
        let done = self.threads[index].pc.checked_sub(1).map(|pc| &self.code[index][pc]);
        let child = match done {
            Some(Instr::Stmt(Stmt::Spawn(n))) => Some(*n),
            _ => None,
        };
        if let Some(child) = child {
            self.threads[child].id = Some(ThreadId::from_index(answer as usize));
        }
        self.run(index, world);
        if let Some(child) = child {
            self.run(child, world);
        }
    }
}

impl Machine for Toy {
    fn run(&mut self, world: &mut World, driver: &mut dyn Driver) {
        self.start(world);
        while let Turn::Go(thread) = driver.turn(world) {
            self.resume(thread, world.answer(), world);
        }
    }

    fn finish(&mut self, _world: &mut World) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::{Exhaustive, Limits, explore};
    use crate::failure::FailureKind;
    use crate::report::{Engine, Report};

    #[test]
    fn plain_memory_is_checked_for_data_races() {
        let kinds = |text: &str| -> Vec<FailureKind> {
            let program = Program::parse(text).unwrap();
            let mut report = Report::new(Engine::Native, "exhaustive", 0);
            let (mut toy, limits) = (Toy::new(&program), Limits::default());
            explore(&mut toy, &mut Exhaustive::new(), &limits, None, &mut report, &mut |_| true);
            report.failures.iter().map(|f| f.kind()).collect()
        };
        assert_eq!(kinds("T0: W x 1 rlx; POKE c | T1: PEEK c"), [FailureKind::DataRace]);
        assert_eq!(kinds("T0: W x 1 rlx; PEEK c | T1: PEEK c"), []);
        let locked = "LOCK m; POKE c; UNLOCK m";
        assert_eq!(kinds(&format!("T0: {locked} | T1: {locked}")), []);
    }
}
