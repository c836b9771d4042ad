//! The coroutines on which threads run, each with a stack that is kept.
//!
//! A spawned thread is run to its first operation at once, on top of its
//! parent; from then on the machine runs it.

use std::cell::{Cell, RefCell};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};
use selvedge_core::id::ThreadId;

use super::{Body, CURRENT, Context, Pause, Resume, Yielder, current};
use crate::thread::Work;

/// The size of a thread's stack in bytes: that of std's threads. Only the
/// pages that are used take memory.
const STACK_SIZE: usize = 2 << 20;

/// So many stacks are kept for the next exploration of this OS thread: to map
/// one takes longer than many a proof.
const MOST_SPARE: usize = 16;

thread_local! {
    static SPARE: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

/// A coroutine that runs threads, one after the other.
struct Worker {
    coroutine: Coroutine<(), Pause, (), DefaultStack>,
    /// Null until it has been run.
    yielder: *const Yielder,
}

impl Worker {
    fn new() -> Box<Worker> {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
        let new = || DefaultStack::new(STACK_SIZE).expect("memory for the stack of a thread");
        let stack = spare.unwrap_or_else(new);
        let coroutine =
            Coroutine::with_stack(stack, |yielder: &Yielder, ()| Context::run_threads(yielder));
        Box::new(Worker { coroutine, yielder: std::ptr::null() })
    }

    /// Ends a coroutine that runs no thread.
    fn end(mut self) {
        // Without a thread to run it returns.
        let result = self.coroutine.resume(());
        debug_assert_eq!(result, CoroutineResult::Return(()));
        // At the end of the OS thread there is nobody to keep it for.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < MOST_SPARE {
                spare.push(self.coroutine.into_stack());
            }
        });
    }
}

/// The coroutines of a machine.
#[derive(Default)]
pub(super) struct Workers {
    /// Those of parked threads, by thread.
    parked: RefCell<Vec<Option<Box<Worker>>>>,
    /// Those that run no thread.
    #[allow(clippy::vec_box, reason = "workers go to and fro as pointers")]
    idle: RefCell<Vec<Box<Worker>>>,
    /// How many threads have one.
    busy: Cell<usize>,
}

impl Context {
    /// Runs a new thread until it parks or ends.
    pub(crate) fn start(&self, thread: ThreadId, body: Body) -> Pause {
        let idle = self.workers.idle.borrow_mut().pop();
        let worker = idle.unwrap_or_else(|| self.outside(Worker::new));
        {
            let mut parked = self.workers.parked.borrow_mut();
            if thread.index() >= parked.len() {
                parked.resize_with(thread.index() + 1, || None);
            }
        }
        self.workers.busy.set(self.workers.busy.get() + 1);
        self.body.set(Some(body));
        self.run_worker(worker, thread, Resume::Answer)
    }

    /// The running thread has spawned another one: runs that to its first
    /// operation, or its end.
    pub(super) fn start_on_top(&self, child: ThreadId, work: Box<dyn Work>) {
        let (thread, yielder) = (self.thread.get(), self.yielder.get());
        let (unwinding, attentive) = (self.panicking(), self.attentive.get());
        let parked_unwinding = self.parked_unwinding.get();
        self.parked_unwinding.set(parked_unwinding + u32::from(unwinding));
        self.on_top.set(true);
        self.start(child, Body::Spawned(work));
        self.on_top.set(false);
        self.parked_unwinding.set(parked_unwinding);
        self.prepare(thread, yielder, Resume::Answer);
        self.unwinding.set(unwinding);
        self.attentive.set(attentive || self.tearing.get());
    }

    /// Runs a parked thread until it parks again or ends.
    #[inline]
    pub(crate) fn run(&self, thread: ThreadId, resume: Resume) -> Pause {
        let worker = self.workers.parked.borrow_mut()[thread.index()].take();
        self.run_worker(worker.expect("a thread that has not ended"), thread, resume)
    }

    #[inline]
    fn run_worker(&self, mut worker: Box<Worker>, thread: ThreadId, resume: Resume) -> Pause {
        self.prepare(thread, worker.yielder, resume);
        let pause = match worker.coroutine.resume(()) {
            CoroutineResult::Yield(pause) => pause,
            CoroutineResult::Return(()) => unreachable!("a worker ends with its machine"),
        };
        worker.yielder = self.yielder.get();
        if pause == Pause::Ended {
            self.workers.busy.set(self.workers.busy.get() - 1);
            self.workers.idle.borrow_mut().push(worker);
            self.world(|world| world.finish(thread));
        } else {
            self.workers.parked.borrow_mut()[thread.index()] = Some(worker);
        }
        pause
    }

    /// How many threads are parked.
    pub(crate) fn parked(&self) -> usize {
        self.workers.busy.get()
    }

    /// Unwinds the threads that are parked, as far as they can be: one whose
    /// destructors wait for another one parks again.
    pub(crate) fn unwind_parked(&self) {
        // Children before parents, on whose stacks they may borrow: a thread's
        // number is above that of its parent.
        let most = self.workers.parked.borrow().len();
        for index in (0..most).rev() {
            let is_parked = self.workers.parked.borrow()[index].is_some();
            if is_parked {
                self.run(ThreadId::from_index(index), Resume::Cancel);
            }
        }
    }

    /// Gives up on the threads that are parked: their code never runs again,
    /// and what it borrows or owns stays where it is. Gives how many there are.
    pub(crate) fn leak_parked(&self) -> usize {
        for worker in self.workers.parked.borrow_mut().iter_mut() {
            std::mem::forget(worker.take());
        }
        self.leak_locals();
        // Of those that were unwinding none goes on.
        self.parked_unwinding.set(0);
        self.workers.busy.replace(0)
    }

    /// Ends the coroutines that run no thread.
    pub(crate) fn end_idle(&self) {
        for worker in self.workers.idle.take() {
            worker.end();
        }
    }

    /// What a coroutine runs: the threads that it is given, one after the
    /// other, until it is resumed without one.
    fn run_threads(yielder: &Yielder) {
        loop {
            let context = current().expect("a coroutine runs within its machine's context");
            context.yielder.set(yielder);
            let Some(body) = context.body.take() else { return };
            context.run_thread(body);
            yielder.suspend(Pause::Ended);
        }
    }

    /// Prepares for a coroutine to be run, as `thread`.
    #[inline]
    fn prepare(&self, thread: ThreadId, yielder: *const Yielder, resume: Resume) {
        self.thread.set(thread);
        self.yielder.set(yielder);
        self.resume.set(resume);
        self.impatience.set(0);
        self.unwinding.set(false);
        // What another thread's destructor was doing when it parked was learnt.
        self.attentive.set(self.tearing.get());
    }

    /// Runs `f` as the code outside the exploration that it is.
    pub(super) fn outside<R>(&self, f: impl FnOnce() -> R) -> R {
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
}
