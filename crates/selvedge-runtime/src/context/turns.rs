//! What the machine asks of the context: to begin and end executions, to run
//! a coroutine, and to let the driver decide on the stack of the thread that
//! has parked.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;

use selvedge_core::id::ThreadId;
use selvedge_core::machine::{Driver, Turn};
use selvedge_core::world::World;

use super::{Body, CURRENT, Context, Pause, Resume, Yielder, current};
use crate::thread::Work;

impl Context {
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
}
