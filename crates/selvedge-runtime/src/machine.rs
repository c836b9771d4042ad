//! The machine: one coroutine for each thread of the program, on pooled stacks.

use std::rc::Rc;
use std::sync::Arc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};
use selvedge_core::id::ThreadId;
use selvedge_core::machine::{Driver, Machine, Turn};
use selvedge_core::world::World;

use crate::context::{Body, Context, Pause, Resume, Yielder};
use crate::handle::{Epochs, Family};
use crate::hook;

/// The size of a thread's stack in bytes: that of std's threads. Only the
/// pages that are used take memory.
const STACK_SIZE: usize = 2 << 20;

/// A coroutine that runs threads, one after the other.
struct Worker {
    coroutine: Coroutine<(), Pause, (), DefaultStack>,
    /// Null until it has been run.
    yielder: *const Yielder,
}

/// Runs a closure and the threads that it spawns as coroutines on the calling
/// OS thread.
///
/// ```
/// use selvedge_core::explore::{Dfs, Limits, explore};
/// use selvedge_core::report::{Engine, Report};
/// use selvedge_runtime::{Native, sync::atomic::{AtomicU32, Ordering}, thread};
///
/// let mut machine = Native::new(|| {
///     static N: AtomicU32 = AtomicU32::new(0);
///     let t = thread::spawn(|| N.fetch_add(1, Ordering::SeqCst));
///     N.fetch_add(1, Ordering::SeqCst);
///     t.join().unwrap();
/// });
/// let mut report = Report::new(Engine::Native, "dfs", 0);
/// explore(&mut machine, &mut Dfs::new(), &Limits::default(), None, &mut report, &mut |_| true);
/// assert!(report.exhausted());
/// assert_eq!(report.executions, 2);
/// ```
pub struct Native {
    context: Rc<Context>,
    workers: Vec<Option<Box<Worker>>>,
    /// The workers that run no thread.
    #[allow(clippy::vec_box, reason = "workers go to and fro as pointers")]
    idle: Vec<Box<Worker>>,
    /// The threads that have a worker, in order of creation.
    alive: Vec<ThreadId>,
    leaked: u64,
    epochs: Epochs,
}

/// Makes the machines of one search: they run the same program, each on an OS
/// thread of its own.
///
/// A primitive that outlives an execution (a static, or what the closure
/// holds) is the machine's that used it first. An execution of another one
/// ends there ([`Machine::met_sibling`]).
pub struct Siblings {
    body: Arc<dyn Fn() + Send + Sync>,
    family: Family,
}

impl std::fmt::Debug for Siblings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Siblings").field("family", &self.family).finish_non_exhaustive()
    }
}

impl Siblings {
    /// Machines that run `body`.
    pub fn new(body: Arc<dyn Fn() + Send + Sync>) -> Self {
        Siblings { body, family: Family::new() }
    }

    /// One more machine.
    pub fn machine(&self) -> Native {
        Native::of(Arc::clone(&self.body), &self.family)
    }
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").field("alive", &self.alive).finish_non_exhaustive()
    }
}

impl Worker {
    fn new() -> Box<Worker> {
        let stack = DefaultStack::new(STACK_SIZE).expect("memory for the stack of a thread");
        let coroutine =
            Coroutine::with_stack(stack, |yielder: &Yielder, ()| Context::run_threads(yielder));
        Box::new(Worker { coroutine, yielder: std::ptr::null() })
    }
}

impl Native {
    /// A machine that runs `body`.
    pub fn new(body: impl Fn() + Send + Sync + 'static) -> Self {
        Native::from_arc(Arc::new(body))
    }

    /// The same, for a body that is shared already.
    pub fn from_arc(body: Arc<dyn Fn() + Send + Sync>) -> Self {
        Siblings::new(body).machine()
    }

    fn of(body: Arc<dyn Fn() + Send + Sync>, family: &Family) -> Self {
        hook::install();
        Native {
            context: Rc::new(Context::new(body, family.member())),
            workers: Vec::new(),
            idle: Vec::new(),
            alive: Vec::new(),
            leaked: 0,
            epochs: Epochs::default(),
        }
    }

    /// How many threads could not be unwound, because their destructors
    /// blocked or looped for ever; their stacks are lost.
    pub fn leaked(&self) -> u64 {
        self.leaked
    }

    fn launch(&mut self, thread: ThreadId, body: Body, first: Resume) -> Pause {
        let worker = match self.idle.pop() {
            Some(worker) => worker,
            None => self.context.outside(Worker::new),
        };
        let index = thread.index();
        if index >= self.workers.len() {
            self.workers.resize_with(index + 1, || None);
        }
        self.workers[index] = Some(worker);
        self.alive.push(thread);
        self.context.set_body(body);
        let pause = self.run_thread(thread, first);
        if let Some(worker) = &mut self.workers[index] {
            worker.yielder = self.context.yielder();
        }
        pause
    }

    /// Runs a thread until it parks or ends.
    #[inline]
    fn run_thread(&mut self, thread: ThreadId, resume: Resume) -> Pause {
        let slot = &mut self.workers[thread.index()];
        let worker = slot.as_mut().expect("a thread that has not ended");
        self.context.prepare(thread, worker.yielder, resume);
        match worker.coroutine.resume(()) {
            CoroutineResult::Yield(Pause::Ended) => self.thread_ended(thread),
            CoroutineResult::Yield(pause) => pause,
            CoroutineResult::Return(()) => unreachable!("a worker ends with its machine"),
        }
    }

    #[inline(never)]
    fn thread_ended(&mut self, thread: ThreadId) -> Pause {
        if let Some(mut worker) = self.workers[thread.index()].take() {
            worker.yielder = self.context.yielder();
            self.idle.push(worker);
        }
        self.alive.retain(|t| *t != thread);
        self.context.world(|world| world.finish(thread));
        Pause::Ended
    }

    #[inline(never)]
    fn start_spawned(&mut self, first: Resume) -> Pause {
        let mut pause = Pause::Parked;
        while let Some((thread, work)) = self.context.take_start() {
            // A failure while another thread started: the rest need not run.
            let cut = self.context.world(|world| world.is_cut());
            let first = if cut { Resume::Cancel } else { first };
            pause = self.launch(thread, Body::Spawned(work), first);
        }
        pause
    }
}

impl Machine for Native {
    fn run(&mut self, world: &mut World, driver: &mut dyn Driver) {
        let context = Rc::clone(&self.context);
        context.begin(self.epochs.next());
        context.enter(world, Some(driver), || {
            let mut pause = self.launch(ThreadId::MAIN, Body::Main, Resume::Answer);
            loop {
                if context.has_starts() {
                    pause = self.start_spawned(Resume::Answer);
                }
                let next = match pause {
                    Pause::Next(thread) => Turn::Go(thread),
                    Pause::Stop => Turn::Stop,
                    Pause::Parked | Pause::Ended => context.drive(),
                };
                match next {
                    Turn::Go(thread) => pause = self.run_thread(thread, Resume::Answer),
                    Turn::Stop => break,
                }
            }
        });
        context.rethrow();
    }

    fn learnt(&mut self) -> bool {
        self.context.has_learnt()
    }

    fn knows(&self) -> Vec<u32> {
        self.context.knows()
    }

    fn met_sibling(&self) -> bool {
        self.context.has_met_sibling()
    }

    fn inherit(&mut self) {
        self.context.inherit();
    }

    fn visible(&self) -> Vec<u32> {
        self.context.visible()
    }

    fn presume(&mut self, visible: &[u32]) {
        self.context.presume(visible);
    }

    fn finish(&mut self, world: &mut World) {
        self.context.tear_down();
        if self.alive.is_empty() && !self.context.has_starts() {
            return self.context.end();
        }
        let context = Rc::clone(&self.context);
        context.enter(world, None, || {
            self.start_spawned(Resume::Cancel);
            // Children before parents, on whose stacks they may borrow. A thread
            // whose destructors wait for another one is tried again after that one.
            while !self.alive.is_empty() {
                let before = self.alive.len();
                for thread in self.alive.clone().into_iter().rev() {
                    self.run_thread(thread, Resume::Cancel);
                    self.start_spawned(Resume::Cancel);
                }
                if self.alive.len() >= before {
                    self.leak();
                }
            }
        });
        context.end();
    }
}

impl Native {
    /// Gives up on threads that cannot be unwound: their code never runs
    /// again, and what it borrows or owns stays where it is.
    fn leak(&mut self) {
        for thread in self.alive.drain(..) {
            std::mem::forget(self.workers[thread.index()].take());
            self.leaked += 1;
        }
        self.context.lost_unwinding();
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // An exploration that ended by a panic of a strategy leaves threads behind.
        if !self.alive.is_empty() {
            self.leak();
        }
        let context = Rc::clone(&self.context);
        context.enter(&mut World::new(), None, || {
            for mut worker in self.idle.drain(..) {
                // Without a thread to run it returns.
                let result = worker.coroutine.resume(());
                debug_assert_eq!(result, CoroutineResult::Return(()));
            }
        });
    }
}
