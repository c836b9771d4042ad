//! How code of the program under test finds the exploration that it is part
//! of, and how an operation is announced.
//!
//! One thread-local pointer to the machine's context is set while a coroutine
//! runs, and only then. Everything else goes through the context.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::hash::Hasher;
use std::io::Write;
use std::panic::{AssertUnwindSafe, Location, PanicHookInfo, catch_unwind, resume_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};
use selvedge_core::failure::{FailureKind, Fault, Place};
use selvedge_core::id::{ObjectId, ThreadId};
use selvedge_core::machine::{Driver, Turn};
use selvedge_core::op::{ChannelOp, MutexOp, OnceOp, Op, OpKind, RefsOp, RwLockOp};
use selvedge_core::schedule::Schedule;
use selvedge_core::world::World;

use crate::thread::Work;

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

struct Panicked {
    thread: ThreadId,
    message: String,
    place: Option<Place>,
}

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
    starts: RefCell<VecDeque<(ThreadId, Box<dyn Work>)>>,
    /// How many of them there are.
    spawned: Cell<usize>,
    /// The code of threads that have ended, with their results.
    results: RefCell<Vec<Option<Box<dyn Work>>>>,
    /// How many of them there are.
    unfetched: Cell<usize>,
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
            starts: RefCell::new(VecDeque::new()),
            spawned: Cell::new(0),
            results: RefCell::new(Vec::new()),
            unfetched: Cell::new(0),
        }
    }

    // ---- for the machine ---------------------------------------------------

    /// Prepares for an execution.
    pub(crate) fn begin(&self, epoch: u64) {
        self.epoch.set(epoch);
        self.tearing.set(false);
        self.met_sibling.set(false);
        self.attentive.set(false);
        self.panicked.borrow_mut().clear();
        self.borrowed.borrow_mut().clear();
        if self.has_learnt() {
            self.visible.borrow_mut().append(&mut self.learning.borrow_mut());
            self.sees_some.set(true);
        }
    }

    /// The execution has ended, and so have its threads.
    pub(crate) fn end(&self) {
        if self.unfetched.get() > 0 {
            self.drop_results();
        }
    }

    /// From now on every thread is to be unwound.
    pub(crate) fn tear_down(&self) {
        self.tearing.set(true);
        self.attentive.set(true);
    }

    /// True if more will be visible in the next execution than was in this.
    pub(crate) fn has_learnt(&self) -> bool {
        !self.learning.borrow().is_empty()
    }

    /// The types whose `Arc`s will be visible in the next execution.
    pub(crate) fn knows(&self) -> Vec<u32> {
        let (visible, learning) = (self.visible.borrow(), self.learning.borrow());
        visible.iter().chain(&*learning).copied().collect()
    }

    /// The types whose `Arc`s are visible in this execution.
    pub(crate) fn visible(&self) -> Vec<u32> {
        self.visible.borrow().clone()
    }

    /// Makes the `Arc`s of exactly these types visible.
    pub(crate) fn presume(&self, visible: &[u32]) {
        self.learning.borrow_mut().clear();
        visible.clone_into(&mut self.visible.borrow_mut());
        self.sees_some.set(!visible.is_empty());
    }

    /// A thread that was unwinding will never run again.
    pub(crate) fn lost_unwinding(&self) {
        self.parked_unwinding.set(0);
    }

    /// True if threads were spawned that have not been started.
    pub(crate) fn has_starts(&self) -> bool {
        self.spawned.get() > 0
    }

    /// A thread that was spawned and has not been started.
    pub(crate) fn take_start(&self) -> Option<(ThreadId, Box<dyn Work>)> {
        let start = self.starts.borrow_mut().pop_front()?;
        self.spawned.set(self.spawned.get() - 1);
        Some(start)
    }

    /// Runs `f`, which runs coroutines, with this context as the current one.
    /// Meanwhile world and driver are reached through the context only.
    pub(crate) fn enter<R>(
        &self,
        world: &mut World,
        driver: Option<&mut (dyn Driver + '_)>,
        f: impl FnOnce() -> R,
    ) -> R {
        /// Puts back what was there, also if `f` unwinds.
        struct Leave<'a>(&'a Context);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                CURRENT.set(self.0.outer.get());
                self.0.world.set(std::ptr::null_mut());
                self.0.driver.set(None);
            }
        }
        self.world.set(world);
        self.driver.set(driver.map(|driver| {
            let driver: NonNull<dyn Driver + '_> = driver.into();
            // SAFETY: only the lifetime is changed. `drive` uses the pointer
            // while it is set, that is until `f` has returned or unwound.
            unsafe {
                std::mem::transmute::<NonNull<dyn Driver + '_>, NonNull<dyn Driver + 'static>>(
                    driver,
                )
            }
        }));
        self.outer.set(CURRENT.replace(self));
        let _leave = Leave(self);
        f()
    }

    /// Prepares for a coroutine to be run, as `thread`.
    #[inline]
    pub(crate) fn prepare(&self, thread: ThreadId, yielder: *const Yielder, resume: Resume) {
        self.thread.set(thread);
        self.yielder.set(yielder);
        self.resume.set(resume);
        self.impatience.set(0);
        self.unwinding.set(false);
        // What another thread's destructor was doing when it parked was learnt.
        self.attentive.set(self.tearing.get());
    }

    /// Runs `f` as the code outside the exploration that it is.
    pub(crate) fn outside<R>(&self, f: impl FnOnce() -> R) -> R {
        /// Goes back in, also if `f` unwinds.
        struct Back(*const Context);
        impl Drop for Back {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _back = Back(CURRENT.replace(self.outer.get()));
        f()
    }

    /// Asks the driver. If it panics the execution stops, see
    /// [`rethrow`](Self::rethrow).
    #[inline(never)]
    pub(crate) fn drive(&self) -> Turn {
        let Some(mut driver) = self.driver.get() else { return Turn::Stop };
        let world = self.world.get();
        let decide = || {
            self.outside(|| {
                // SAFETY: `enter` set both pointers from exclusive references
                // that it holds. The other places that make a reference of
                // one of them (`world`, here) are not reached meanwhile: the
                // context is not the current one.
                let (driver, world) = unsafe { (driver.as_mut(), &mut *world) };
                driver.turn(world)
            })
        };
        match catch_unwind(AssertUnwindSafe(decide)) {
            Ok(turn) => turn,
            Err(payload) => {
                self.driver_panic.set(Some(payload));
                Turn::Stop
            }
        }
    }

    /// Goes on with the panic of the driver, if it did.
    pub(crate) fn rethrow(&self) {
        if let Some(payload) = self.driver_panic.take() {
            resume_unwind(payload);
        }
    }

    /// What a coroutine runs: the threads that it is given, one after the
    /// other, until it is resumed without one.
    pub(crate) fn run_threads(yielder: &Yielder) {
        loop {
            let context = current().expect("a coroutine runs within its machine's context");
            context.yielder.set(yielder);
            let Some(body) = context.body.take() else { return };
            context.run_thread(body);
            yielder.suspend(Pause::Ended);
        }
    }

    /// The next coroutine to be resumed starts a thread with this code.
    pub(crate) fn set_body(&self, body: Body) {
        self.body.set(Some(body));
    }

    pub(crate) fn yielder(&self) -> *const Yielder {
        self.yielder.get()
    }

    /// Runs the code of a thread, or drops it if the execution is over.
    fn run_thread(&self, body: Body) {
        let first = self.resume.get();
        let work = || match (body, first) {
            (Body::Main, Resume::Answer) => (self.main)(),
            (Body::Main, Resume::Cancel) => {}
            (Body::Spawned(mut work), Resume::Answer) => {
                work.run();
                if work.is_awaited() {
                    self.keep_result(self.thread.get(), work);
                }
            }
            (Body::Spawned(mut work), Resume::Cancel) => work.discard(),
        };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
            self.thread_panicked(&*payload);
            // A payload whose destructor panics must not take the machine with it.
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(second);
            }
        }
    }

    fn keep_result(&self, thread: ThreadId, work: Box<dyn Work>) {
        let mut results = self.results.borrow_mut();
        let index = thread.index();
        if index >= results.len() {
            results.resize_with(index + 1, || None);
        }
        results[index] = Some(work);
        self.unfetched.set(self.unfetched.get() + 1);
    }

    /// The code of a thread that has ended, with its result.
    pub(crate) fn take_result(&self, thread: ThreadId) -> Option<Box<dyn Work>> {
        let work = self.results.borrow_mut().get_mut(thread.index())?.take()?;
        self.unfetched.set(self.unfetched.get() - 1);
        Some(work)
    }

    /// Drops the results that nobody has fetched.
    fn drop_results(&self) {
        let results = self.results.take();
        self.unfetched.set(0);
        for work in results.into_iter().flatten() {
            // The payload of a panic may panic when it is dropped.
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(work))) {
                std::mem::forget(second);
            }
        }
    }

    // ---- for the primitives ------------------------------------------------

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

    /// The same for an operation that `kind` makes.
    ///
    /// Inlined, and made twice, so that the operation is written once, to
    /// where it is read: copying it just after it was written would stall.
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
        self.world(|w| w.announce(thread, Op { kind: kind(), object, at }));
        match self.wait() {
            Resume::Answer => self.world(|w| w.answer()),
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
        // Threads that were spawned must announce something first.
        let pause = if self.has_starts() {
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

    /// A new thread of the program, which starts once the caller has parked.
    ///
    /// `None` if the execution is being torn down: the code is dropped.
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
        self.starts.borrow_mut().push_back((child, work));
        self.spawned.set(self.spawned.get() + 1);
        Some(child)
    }

    pub(crate) fn is_recording(&self) -> bool {
        !self.tearing.get() && self.world(|w| w.is_recording())
    }

    pub(crate) fn note(&self, text: String, at: &'static Location<'static>) {
        let thread = self.thread.get();
        self.world(|w| w.note(thread, text, at));
    }

    // ---- panics ------------------------------------------------------------

    /// A panic has left the running thread.
    pub(crate) fn thread_panicked(&self, payload: &(dyn Any + Send)) {
        self.unwinding.set(false);
        if self.tearing.get() || payload.is::<Cancelled>() {
            return;
        }
        let message = payload_message(payload);
        // The hook has noted it, unless it was raised by `resume_unwind`.
        let me = self.thread.get();
        let noted = |p: &&Panicked| p.message == message;
        let place = {
            let panics = self.panicked.borrow();
            let mine = panics.iter().rev().filter(|p| p.thread == me).find(noted);
            mine.or_else(|| panics.iter().rev().find(noted)).and_then(|p| p.place.clone())
        };
        let thread = self.thread.get();
        self.world(|w| {
            let mut fault = Fault::new(FailureKind::Panic, message);
            fault.place = place;
            let fault = fault.detail(format!("in thread {}", w.thread_name(thread)), None);
            w.fail(fault);
        });
        if self.outlives_failure() {
            self.rest();
        } else {
            self.tear_down();
        }
    }

    /// The panic hook was called in the running thread.
    pub(crate) fn note_panic(&self, info: &PanicHookInfo<'_>) {
        let message = payload_message(info.payload());
        let place = info.location().map(Place::from);
        if message == IN_CLEANUP || message == CANNOT_UNWIND {
            // std's own last panic before it aborts the process.
            self.last_words();
            return;
        }
        self.unwinding.set(true);
        let thread = self.thread.get();
        self.panicked.borrow_mut().push(Panicked { thread, message, place });
    }

    /// What is known of an execution that is about to abort the process.
    /// Straight to stderr: what a test harness captures would be lost.
    #[cold]
    fn last_words(&self) {
        let mut text = String::from(
            "\nselvedge: the process is about to abort: a destructor panicked while its thread \
             was unwinding",
        );
        self.world(|w| {
            for fault in w.faults() {
                text.push_str(&format!(
                    "\nselvedge: failed before: {}: {}",
                    fault.name, fault.message
                ));
            }
            for panic in &*self.panicked.borrow() {
                let who = w.thread_name(panic.thread);
                let at = panic.place.as_ref().map_or_else(String::new, |p| format!(" (at {p})"));
                text.push_str(&format!("\nselvedge: {who} panicked: {}{at}", panic.message));
            }
            let schedule = Schedule { visible: self.visible(), ..Schedule::of(w, None) };
            text.push_str(&format!("\nselvedge: schedule: {schedule}\n"));
        });
        // If stderr is gone there is nobody to tell.
        drop(std::io::stderr().write_all(text.as_bytes()));
    }
}

/// The panics with which std announces that it aborts.
const IN_CLEANUP: &str = "panic in a destructor during cleanup";
const CANNOT_UNWIND: &str = "panic in a function that cannot unwind";

/// A type's name as a number: the same in every process.
fn name_hash(name: &str) -> u32 {
    let mut hash = FxHasher::default();
    hash.write(name.as_bytes());
    let hash = hash.finish();
    (hash >> 32) as u32 ^ hash as u32
}

fn payload_message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic with a payload that is no text".to_owned()
    }
}

/// Operations of destructors: what others may wait for is given up.
fn is_release(kind: &OpKind) -> bool {
    matches!(
        kind,
        OpKind::Mutex(MutexOp::Unlock)
            | OpKind::RwLock(RwLockOp::UnlockRead | RwLockOp::UnlockWrite)
            | OpKind::Refs(RefsOp::Release)
            | OpKind::Channel(ChannelOp::SendersGone | ChannelOp::ReceiversGone)
            | OpKind::Once(OnceOp::End(_))
    )
}
