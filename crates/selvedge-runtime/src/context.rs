//! How code of the program under test finds the exploration that it is part
//! of, and how an operation is announced.
//!
//! One thread-local pointer to the machine's context is set while a coroutine
//! runs, and only then. Everything else goes through the context.

mod coroutines;
mod locals;
mod panics;
mod turns;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::hash::Hasher;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHasher};
use selvedge_core::failure::{FailureKind, Fault};
use selvedge_core::id::{ObjectId, ThreadId};
use selvedge_core::machine::{Driver, Turn};
use selvedge_core::op::{
    ChannelOp, MutexOp, OnceOp, Op, OpKind, RefsOp, RwLockOp, ThreadOp, YieldKind,
};
use selvedge_core::time::Time;
use selvedge_core::world::World;

use crate::thread::Work;
use coroutines::Workers;
use locals::Locals;
pub(crate) use locals::Slot;
use panics::Panicked;

/// Why a parked coroutine is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// To go on with the answer of its operation ([`World::answer`]).
    Answer,
    /// The execution is over: unwind.
    Cancel,
}

/// Why a coroutine gives back control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Its thread has parked, and the driver is still to be asked.
    Parked,
    /// Its thread has parked; the driver has picked another one.
    Next(ThreadId),
    /// Its thread has parked; the driver has stopped.
    Stop,
    /// Its thread has ended; it can run another one.
    Ended,
}

/// What a coroutine gives back control with.
pub(crate) type Yielder = corosensei::Yielder<(), Pause>;

/// The payload with which the threads of an execution that is over are
/// unwound.
pub(crate) struct Cancelled;

/// The code of a thread.
pub(crate) enum Body {
    /// Of the main thread.
    Main,
    /// Of another one.
    Spawned(Box<dyn Work>),
}

/// Operations that a thread may carry out while its execution is torn down,
/// before it is taken for one that never ends.
const PATIENCE: u32 = 1_000;

/// The state of the exploration that running coroutines share with the machine.
pub(crate) struct Context {
    /// Distinguishes this exploration from all others in this process.
    id: u64,
    /// A primitive of a sibling was met in this execution.
    met_sibling: Cell<bool>,
    /// The siblings are gone.
    inherited: Cell<bool>,
    /// The code of the main thread.
    main: Arc<dyn Fn() + Send + Sync>,
    world: Cell<*mut World>,
    /// Who decides how the execution goes on, while it does.
    driver: Cell<Option<NonNull<dyn Driver>>>,
    /// The context that was the current one when the machine was started.
    outer: Cell<*const Context>,
    thread: Cell<ThreadId>,
    yielder: Cell<*const Yielder>,
    /// The code of the thread that the next coroutine is to start.
    body: Cell<Option<Body>>,
    /// What the running coroutine was resumed with.
    resume: Cell<Resume>,
    /// The panic with which the driver left it.
    driver_panic: Cell<Option<Box<dyn Any + Send>>>,
    /// Distinguishes this execution from all others in this process.
    epoch: Cell<u64>,
    /// The execution is over and is being unwound.
    tearing: Cell<bool>,
    /// Operations carried out since tearing began and the thread was last resumed.
    impatience: Cell<u32>,
    /// The running coroutine is unwinding, as far as we know.
    unwinding: Cell<bool>,
    /// How many other coroutines are parked in the middle of unwinding.
    parked_unwinding: Cell<u32>,
    /// The panics of this execution, the latest last.
    panicked: RefCell<Vec<Panicked>>,
    /// The objects of primitives whose handle another exploration owns.
    borrowed: RefCell<FxHashMap<usize, ObjectId>>,
    /// Tearing down, or within a destructor that is watched.
    attentive: Cell<bool>,
    /// The types whose last `Arc` is being dropped by the running thread.
    dropping: RefCell<Vec<&'static str>>,
    /// The types whose `Arc`s are visible objects: hashes of their names.
    visible: RefCell<Vec<u32>>,
    /// True if there are any.
    sees_some: Cell<bool>,
    /// Those that were learnt in this execution, and will be visible in the next.
    learning: RefCell<Vec<u32>>,
    workers: Workers,
    /// The running thread is new, and runs on top of its parent.
    on_top: Cell<bool>,
    /// The code of threads that have ended, with their results.
    results: RefCell<Vec<Option<Box<dyn Work>>>>,
    /// How many of them there are.
    unfetched: Cell<usize>,
    locals: Locals,
}

thread_local! {
    static CURRENT: Cell<*const Context> = const { Cell::new(std::ptr::null()) };
}

/// The context of the coroutine that runs on this OS thread, if one does.
#[inline]
pub(crate) fn current<'a>() -> Option<&'a Context> {
    let context = CURRENT.get();
    // SAFETY: the pointer is set only by `Context::enter`, whose caller (the
    // machine) keeps the context alive until it is reset. Code that runs in a
    // coroutine uses the reference only while the coroutine is run, and that
    // is never done by another machine or on another OS thread (machines are
    // not `Send`).
    unsafe { context.as_ref() }
}

impl Context {
    pub(crate) fn new(main: Arc<dyn Fn() + Send + Sync>, id: u64) -> Self {
        Context {
            id,
            met_sibling: Cell::new(false),
            inherited: Cell::new(false),
            main,
            world: Cell::new(std::ptr::null_mut()),
            driver: Cell::new(None),
            outer: Cell::new(std::ptr::null()),
            thread: Cell::new(ThreadId::MAIN),
            yielder: Cell::new(std::ptr::null()),
            body: Cell::new(None),
            resume: Cell::new(Resume::Cancel),
            driver_panic: Cell::new(None),
            epoch: Cell::new(0),
            tearing: Cell::new(false),
            impatience: Cell::new(0),
            unwinding: Cell::new(false),
            parked_unwinding: Cell::new(0),
            panicked: RefCell::new(Vec::new()),
            borrowed: RefCell::new(FxHashMap::default()),
            attentive: Cell::new(false),
            dropping: RefCell::new(Vec::new()),
            visible: RefCell::new(Vec::new()),
            sees_some: Cell::new(false),
            learning: RefCell::new(Vec::new()),
            workers: Workers::default(),
            on_top: Cell::new(false),
            results: RefCell::new(Vec::new()),
            unfetched: Cell::new(0),
            locals: Locals::default(),
        }
    }

    /// The number of this exploration.
    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// The object of a primitive whose handle another exploration owns.
    pub(crate) fn borrowed_handle(&self, address: usize) -> Option<ObjectId> {
        self.borrowed.borrow().get(&address).copied()
    }

    pub(crate) fn borrow_handle(&self, address: usize, object: ObjectId) {
        self.borrowed.borrow_mut().insert(address, object);
    }

    #[inline]
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.get()
    }

    pub(crate) fn thread(&self) -> ThreadId {
        self.thread.get()
    }

    /// True while the execution is torn down.
    pub(crate) fn is_tearing_down(&self) -> bool {
        self.tearing.get()
    }

    /// Works on the execution's record. `f` must not run code of the program.
    #[inline]
    pub(crate) fn world<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        // SAFETY: `enter` set the pointer from a `&mut World` that it holds
        // exclusively. Only this function and `drive` make references of it,
        // and `f`, being ours, calls neither, nor does it park: the references
        // never overlap.
        f(unsafe { &mut *self.world.get() })
    }

    /// Announces an operation and waits for its answer.
    ///
    /// Unwinds the thread if the execution is over.
    #[track_caller]
    #[inline(always)]
    pub(crate) fn perform(&self, kind: OpKind, object: Option<ObjectId>) -> u64 {
        self.perform_at(kind, object, Location::caller())
    }

    /// The same for an operation whose place is not the caller's.
    #[inline(always)]
    pub(crate) fn perform_at(
        &self,
        kind: OpKind,
        object: Option<ObjectId>,
        at: &'static Location<'static>,
    ) -> u64 {
        self.perform_made(|| kind, object, at)
    }

    /// The same for one that gives up after a time, with the answer
    /// `timed_out`: `kind` is told whether that has come already.
    ///
    /// Without virtual time it may always have come. Whoever gives up lets
    /// others go first then, as they would have had the time to.
    pub(crate) fn perform_within(
        &self,
        timeout: Duration,
        kind: impl FnOnce(bool) -> OpKind,
        object: Option<ObjectId>,
        timed_out: u64,
        at: &'static Location<'static>,
    ) -> u64 {
        let thread = self.thread();
        let expired = self.world(|w| w.wait_at_most(thread, timeout));
        let answer = self.perform_at(kind(expired), object, at);
        if answer == timed_out && self.world(|w| w.time()) == Time::Untimed {
            self.let_time_pass(timeout, at);
        }
        answer
    }

    /// Without virtual time: the thread has seen the end of a sleep or a timeout.
    pub(crate) fn let_time_pass(&self, timeout: Duration, at: &'static Location<'static>) {
        let thread = self.thread();
        self.world(|w| w.time_has_passed(thread, timeout));
        self.perform_at(OpKind::Thread(ThreadOp::Yield(YieldKind::Polite)), None, at);
    }

    /// The same for an operation that `kind` makes.
    ///
    /// Inlined, and made anew for each that reads it: copying an operation just
    /// after it was written would stall.
    #[inline(always)]
    pub(crate) fn perform_made(
        &self,
        kind: impl Fn() -> OpKind,
        object: Option<ObjectId>,
        at: &'static Location<'static>,
    ) -> u64 {
        if self.attentive.get() {
            return self.perform_attentively(kind(), object, at);
        }
        let thread = self.thread.get();
        if let Some(answer) =
            self.world(|w| w.step_at_once(thread, Op { kind: kind(), object, at }))
        {
            return answer;
        }
        self.world(|w| w.announce(thread, Op { kind: kind(), object, at }));
        match self.wait() {
            Resume::Answer => self.world(|w| w.take_step(thread, Op { kind: kind(), object, at })),
            Resume::Cancel => self.perform_announced_torn(),
        }
    }

    #[cold]
    #[inline(never)]
    fn perform_attentively(
        &self,
        kind: OpKind,
        object: Option<ObjectId>,
        at: &'static Location<'static>,
    ) -> u64 {
        if self.tearing.get() {
            return self.perform_torn(Op { kind, object, at });
        }
        // A destructor that is watched does something visible.
        self.teach();
        self.perform_at(kind, object, at)
    }

    /// The execution was over before the announced operation took effect.
    #[cold]
    #[inline(never)]
    fn perform_announced_torn(&self) -> u64 {
        let thread = self.thread.get();
        match self.world(|w| w.announced(thread).copied()) {
            Some(op) => self.perform_torn(op),
            None => unreachable!("it has announced the operation"),
        }
    }

    /// If a destructor that is watched is running: it can be told who runs it.
    pub(crate) fn teach(&self) {
        if self.attentive.get() && !self.tearing.get() {
            for kind in self.dropping.take() {
                self.learn(kind);
            }
            self.attentive.set(false);
        }
    }

    /// True if the `Arc`s of the type are visible objects.
    #[inline]
    pub(crate) fn is_visible(&self, kind: &'static str) -> bool {
        self.sees_some.get() && self.visible.borrow().contains(&name_hash(kind))
    }

    /// From the next execution on, the `Arc`s of the type are visible objects.
    pub(crate) fn learn(&self, kind: &'static str) {
        let kind = name_hash(kind);
        let mut learning = self.learning.borrow_mut();
        if !learning.contains(&kind) && !self.visible.borrow().contains(&kind) {
            learning.push(kind);
        }
    }

    /// Runs the destructor of what the last `Arc` of the type holds, and
    /// learns whether it does anything visible.
    pub(crate) fn watch_drop(&self, kind: &'static str, destroy: impl FnOnce()) {
        if self.tearing.get() {
            return destroy();
        }
        self.dropping.borrow_mut().push(kind);
        self.attentive.set(true);
        if let Err(payload) = catch_unwind(AssertUnwindSafe(destroy)) {
            self.teach();
            resume_unwind(payload);
        }
        let outermost = {
            let mut dropping = self.dropping.borrow_mut();
            dropping.pop();
            dropping.is_empty()
        };
        self.attentive.set(self.tearing.get() || !outermost);
    }

    /// An operation while the execution is torn down: nothing is scheduled.
    ///
    /// A thread that is not unwinding yet (or caught the unwinding and went
    /// on) is unwound. Destructors get what they ask for at once; if that
    /// would block, they wait until other threads have been unwound.
    fn perform_torn(&self, op: Op) -> u64 {
        let thread = self.thread.get();
        loop {
            self.lose_patience();
            // What guards and handles do when they are dropped never unwinds:
            // they may be dropped by an unwinding that we do not know of.
            if !self.panicking() && !is_release(&op.kind) {
                self.unwind();
            }
            if let Some(answer) = self.world(|w| w.apply_unscheduled(thread, op)) {
                return answer;
            }
            self.park();
        }
    }

    /// Never goes on: for a thread that is unwinding already and cannot have
    /// what it needs.
    pub(crate) fn give_up(&self) -> ! {
        loop {
            self.park();
        }
    }

    /// Waits until `thread` has ended, come what may: its code borrows from
    /// the caller's stack.
    pub(crate) fn outlive(&self, thread: ThreadId) {
        while !self.world(|w| w.is_finished(thread)) {
            debug_assert!(self.tearing.get());
            self.park();
        }
    }

    /// Parks for ever if the thread keeps on carrying out operations.
    fn lose_patience(&self) {
        self.impatience.set(self.impatience.get() + 1);
        if self.impatience.get() > PATIENCE {
            self.give_up();
        }
    }

    /// An operation is announced: waits for its turn.
    #[inline(always)]
    fn wait(&self) -> Resume {
        // An unwinding that the program caught is over: `park` looks whether it is.
        if self.unwinding.get() || std::thread::panicking() {
            return self.park();
        }
        let pause = if self.on_top.get() {
            Pause::Parked
        } else {
            match self.drive() {
                Turn::Go(thread) if thread == self.thread.get() => return Resume::Answer,
                Turn::Go(thread) => Pause::Next(thread),
                Turn::Stop => Pause::Stop,
            }
        };
        self.suspend(pause)
    }

    #[inline(never)]
    fn park(&self) -> Resume {
        let unwinding = u32::from(self.panicking());
        self.parked_unwinding.set(self.parked_unwinding.get() + unwinding);
        let resume = self.suspend(Pause::Parked);
        self.parked_unwinding.set(self.parked_unwinding.get() - unwinding);
        self.unwinding.set(unwinding == 1);
        resume
    }

    /// Inlined into each operation, as what calls it: whoever is resumed returns
    /// from them, and each of these returns is one that the processor has
    /// predicted wrongly, for the calls were those of another coroutine.
    #[inline(always)]
    fn suspend(&self, pause: Pause) -> Resume {
        // SAFETY: the pointer is that of the running coroutine's yielder, which
        // lives on its stack as long as the coroutine: `prepare` and
        // `run_threads` set it whenever a coroutine is resumed or started.
        unsafe { &*self.yielder.get() }.suspend(pause);
        self.resume.get()
    }

    fn unwind(&self) -> ! {
        self.unwinding.set(true);
        resume_unwind(Box::new(Cancelled))
    }

    /// True if the running thread is unwinding.
    ///
    /// std's own answer counts all coroutines of the OS thread.
    pub(crate) fn panicking(&self) -> bool {
        let some = std::thread::panicking();
        if !some {
            self.unwinding.set(false);
        }
        some && (self.unwinding.get() || self.parked_unwinding.get() == 0)
    }

    /// Ends the execution with these failures, and unwinds the thread unless
    /// it is unwinding already.
    pub(crate) fn fail(&self, faults: Vec<Fault>) {
        self.teach();
        if self.outlives_failure() && !faults.is_empty() {
            self.world(|w| faults.into_iter().for_each(|fault| w.fail(fault)));
            self.rest();
            if !self.panicking() {
                self.unwind();
            }
            return;
        }
        self.attentive.set(true);
        if !self.tearing.replace(true) {
            self.world(|w| faults.into_iter().for_each(|fault| w.fail(fault)));
        }
        if !self.panicking() {
            self.unwind();
        }
    }

    /// The running thread is about to use a primitive that a sibling owns: the
    /// execution ends here.
    #[cold]
    pub(crate) fn meet_sibling(&self) -> ! {
        self.met_sibling.set(true);
        self.attentive.set(true);
        if !self.tearing.replace(true) {
            // A failure that no thread survives; nobody is told of it.
            let what = "a primitive of another worker";
            self.world(|w| w.fail(Fault::new(FailureKind::Nondeterminism, what)));
        }
        if self.panicking() {
            // It cannot be unwound twice.
            self.give_up()
        }
        self.unwind()
    }

    /// True if the execution ended because of it.
    pub(crate) fn has_met_sibling(&self) -> bool {
        self.met_sibling.get()
    }

    /// The siblings are gone: what they own is this exploration's.
    pub(crate) fn inherit(&self) {
        self.inherited.set(true);
    }

    pub(crate) fn has_inherited(&self) -> bool {
        self.inherited.get()
    }

    /// True if the other threads go on after one has failed.
    fn outlives_failure(&self) -> bool {
        !self.tearing.get() && self.world(|w| w.runs_on())
    }

    /// The running thread has failed and does nothing more in this execution,
    /// nor does it end.
    fn rest(&self) {
        while let Resume::Answer = self.park() {}
    }

    /// An access to plain memory.
    pub(crate) fn access(&self, cell: ObjectId, write: bool, at: &'static Location<'static>) {
        if self.tearing.get() {
            return;
        }
        self.teach();
        let thread = self.thread.get();
        let raced = self.world(|w| {
            let before = w.faults().len();
            w.access(thread, cell, write, at);
            w.faults().len() > before
        });
        if raced {
            self.fail(Vec::new());
        }
    }

    /// A new thread of the program. `None` if the execution is being torn
    /// down: the code is dropped.
    pub(crate) fn spawn(
        &self,
        name: Option<&str>,
        work: Box<dyn Work>,
        at: &'static Location<'static>,
    ) -> Option<ThreadId> {
        use selvedge_core::op::ThreadOp;
        if self.tearing.get() && self.panicking() {
            return None;
        }
        let child = self.perform_at(OpKind::Thread(ThreadOp::Spawn), None, at);
        let child = ThreadId::from_index(child as usize);
        if let Some(name) = name {
            self.world(|w| w.name_thread(child, name));
        }
        self.start_on_top(child, work);
        Some(child)
    }

    pub(crate) fn is_recording(&self) -> bool {
        !self.tearing.get() && self.world(|w| w.is_recording())
    }

    /// What a lock guards is looked at or changed by the running thread.
    pub(crate) fn guarded(&self, lock: ObjectId, write: bool) {
        let thread = self.thread.get();
        self.world(|w| w.guarded(thread, lock, write));
    }

    pub(crate) fn note(&self, text: String, at: &'static Location<'static>) {
        let thread = self.thread.get();
        self.world(|w| w.note(thread, text, at));
    }
}

/// A type's name as a number: the same in every process.
fn name_hash(name: &str) -> u32 {
    let mut hash = FxHasher::default();
    hash.write(name.as_bytes());
    let hash = hash.finish();
    (hash >> 32) as u32 ^ hash as u32
}

/// Operations of destructors: what others may wait for is given up.
fn is_release(kind: &OpKind) -> bool {
    matches!(
        kind,
        OpKind::Mutex(MutexOp::Unlock)
            | OpKind::RwLock(RwLockOp::UnlockRead | RwLockOp::UnlockWrite)
            | OpKind::Refs(RefsOp::Release | RefsOp::ReleaseWeak)
            | OpKind::Channel(ChannelOp::SendersGone | ChannelOp::ReceiversGone)
            | OpKind::Once(OnceOp::End(_))
    )
}
