//! The machine: one coroutine for each thread of the program, on pooled stacks.

use std::rc::Rc;
use std::sync::Arc;

use selvedge_core::id::ThreadId;
use selvedge_core::machine::{Driver, Machine, Turn};
use selvedge_core::time::Time;
use selvedge_core::world::World;

use crate::context::{Body, Context, Pause, Resume};
use crate::handle::{Epochs, Family};
use crate::hook;

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
    time: Time,
    context: Rc<Context>,
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
    time: Time,
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
        Siblings { body, time: Time::default(), family: Family::new() }
    }

    /// What sleeps and timeouts mean in their executions.
    pub fn with_time(self, time: Time) -> Self {
        Siblings { time, ..self }
    }

    /// One more machine.
    pub fn machine(&self) -> Native {
        Native::of(Arc::clone(&self.body), &self.family).with_time(self.time)
    }
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").field("parked", &self.context.parked()).finish_non_exhaustive()
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
            time: Time::default(),
            context: Rc::new(Context::new(body, family.member())),
            leaked: 0,
            epochs: Epochs::default(),
        }
    }

    /// What sleeps and timeouts mean in its executions.
    pub fn with_time(mut self, time: Time) -> Self {
        self.time = time;
        self
    }

    /// How many threads could not be unwound, because their destructors
    /// blocked or looped for ever; their stacks are lost.
    pub fn leaked(&self) -> u64 {
        self.leaked
    }
}

impl Machine for Native {
    fn run(&mut self, world: &mut World, driver: &mut dyn Driver) {
        let context = &*self.context;
        context.begin(self.epochs.next());
        world.let_threads_step();
        world.set_time(self.time);
        context.enter(world, Some(driver), || {
            let mut pause = context.start(ThreadId::MAIN, Body::Main);
            loop {
                let next = match pause {
                    Pause::Next(thread) => Turn::Go(thread),
                    Pause::Stop => Turn::Stop,
                    Pause::Parked | Pause::Ended => context.drive(),
                };
                match next {
                    Turn::Go(thread) => pause = context.run(thread, Resume::Answer),
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
        let context = &*self.context;
        context.tear_down();
        if context.parked() > 0 {
            context.enter(world, None, || {
                while context.parked() > 0 {
                    let before = context.parked();
                    context.unwind_parked();
                    if context.parked() >= before {
                        self.leaked += context.leak_parked() as u64;
                    }
                }
            });
        }
        context.end();
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // An exploration that ended by a panic of a strategy leaves threads behind.
        self.context.leak_parked();
        self.context.enter(&mut World::new(), None, || self.context.end_idle());
    }
}
