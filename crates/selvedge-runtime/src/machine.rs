//! The machine: one coroutine for each thread of the program, on pooled stacks.

use std::sync::Arc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use selvedge_core::id::ThreadId;
use selvedge_core::machine::Machine;
use selvedge_core::world::World;

use crate::context::{Context, Resume, current};
use crate::{handle, hook};

/// The size of a thread's stack in bytes: that of std's threads. Only the
/// pages that are used take memory.
const STACK_SIZE: usize = 2 << 20;

struct Slot {
    coroutine: Option<Coroutine<Resume, (), (), DefaultStack>>,
    yielder: *const Yielder<Resume, ()>,
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
    body: Arc<dyn Fn() + Send + Sync>,
    context: Box<Context>,
    slots: Vec<Slot>,
    /// The slots that hold an unfinished coroutine, in order of creation.
    alive: Vec<ThreadId>,
    stacks: Vec<DefaultStack>,
    leaked: u64,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Native").field("alive", &self.alive).finish_non_exhaustive()
    }
}

impl Native {
    /// A machine that runs `body`.
    pub fn new(body: impl Fn() + Send + Sync + 'static) -> Self {
        Native::from_arc(Arc::new(body))
    }

    /// The same, for a body that is shared already.
    pub fn from_arc(body: Arc<dyn Fn() + Send + Sync>) -> Self {
        hook::install();
        Native {
            body,
            context: Box::new(Context::new()),
            slots: Vec::new(),
            alive: Vec::new(),
            stacks: Vec::new(),
            leaked: 0,
        }
    }

    /// How many threads could not be unwound, because their destructors
    /// blocked or looped for ever; their stacks are lost.
    pub fn leaked(&self) -> u64 {
        self.leaked
    }

    fn launch(
        &mut self,
        thread: ThreadId,
        body: impl FnOnce() + 'static,
        first: Resume,
        world: &mut World,
    ) {
        let stack = self.stacks.pop().unwrap_or_else(|| {
            DefaultStack::new(STACK_SIZE).expect("memory for the stack of a thread")
        });
        let coroutine =
            Coroutine::with_stack(stack, move |yielder: &Yielder<Resume, ()>, first| {
                let context = current().expect("a coroutine runs within its machine's context");
                context.set_yielder(yielder);
                context.run_thread(first, body);
            });
        let index = thread.index();
        if index >= self.slots.len() {
            self.slots
                .resize_with(index + 1, || Slot { coroutine: None, yielder: std::ptr::null() });
        }
        self.slots[index].coroutine = Some(coroutine);
        self.alive.push(thread);
        self.run(thread, first, world);
    }

    /// Runs a thread until it parks or ends; true if it has ended.
    fn run(&mut self, thread: ThreadId, resume: Resume, world: &mut World) -> bool {
        let slot = &mut self.slots[thread.index()];
        let coroutine = slot.coroutine.as_mut().expect("a thread that has not ended");
        let result = self.context.enter(world, thread, slot.yielder, || {
            let result = coroutine.resume(resume);
            slot.yielder = self.context.yielder();
            result
        });
        match result {
            CoroutineResult::Yield(()) => false,
            CoroutineResult::Return(()) => {
                let ended = slot.coroutine.take().expect("it has just run");
                self.stacks.push(ended.into_stack());
                let at = self.alive.iter().position(|t| *t == thread).expect("it was alive");
                self.alive.remove(at);
                world.finish(thread);
                true
            }
        }
    }

    fn start_spawned(&mut self, first: Resume, world: &mut World) {
        while let Some((thread, body)) = self.context.take_start() {
            // A failure while another thread started: the rest need not run.
            let first = if world.is_cut() { Resume::Cancel } else { first };
            self.launch(thread, body, first, world);
        }
    }
}

impl Machine for Native {
    fn start(&mut self, world: &mut World) {
        self.context.begin(handle::next_epoch());
        let body = Arc::clone(&self.body);
        self.launch(ThreadId::MAIN, move || body(), Resume::Answer(0), world);
        self.start_spawned(Resume::Answer(0), world);
    }

    fn resume(&mut self, thread: ThreadId, answer: u64, world: &mut World) {
        self.run(thread, Resume::Answer(answer), world);
        self.start_spawned(Resume::Answer(0), world);
    }

    fn learnt(&mut self) -> bool {
        self.context.has_learnt()
    }

    fn visible(&self) -> Vec<u32> {
        self.context.visible()
    }

    fn presume(&mut self, visible: &[u32]) {
        self.context.presume(visible);
    }

    fn finish(&mut self, world: &mut World) {
        self.context.tear_down();
        self.start_spawned(Resume::Cancel, world);
        // Children before parents, on whose stacks they may borrow. A thread
        // whose destructors wait for another one is tried again after that one.
        while !self.alive.is_empty() {
            let before = self.alive.len();
            for thread in self.alive.clone().into_iter().rev() {
                self.run(thread, Resume::Cancel, world);
                self.start_spawned(Resume::Cancel, world);
            }
            if self.alive.len() >= before {
                self.leak();
            }
        }
    }
}

impl Native {
    /// Gives up on threads that cannot be unwound: their code never runs
    /// again, and what it borrows or owns stays where it is.
    fn leak(&mut self) {
        for thread in self.alive.drain(..) {
            let coroutine = self.slots[thread.index()].coroutine.take();
            std::mem::forget(coroutine);
            self.leaked += 1;
        }
        self.context.lost_unwinding();
    }
}

impl Drop for Native {
    /// An exploration that ended by a panic of a strategy leaves threads behind.
    fn drop(&mut self) {
        if !self.alive.is_empty() {
            self.leak();
        }
    }
}
