//! What the machine asks of the context: to begin and end executions, to run
//! the code of a thread, and to let the driver decide on the stack of the
//! thread that has parked.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;

use selvedge_core::id::ThreadId;
use selvedge_core::machine::{Driver, Turn};
use selvedge_core::world::World;

use super::locals::LocalsOfThread;
use super::{Body, CURRENT, Context};
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

    /// Runs the code of a thread. Inlined, as all that a thread returns from
    /// once it has been resumed: see `suspend`.
    #[inline(always)]
    pub(super) fn run_thread(&self, body: Body) {
        let work = || {
            let _locals = LocalsOfThread(self);
            match body {
                Body::Main => (self.main)(),
                Body::Spawned(mut work) => {
                    work.run();
                    if work.is_awaited() {
                        self.keep_result(self.thread.get(), work);
                    }
                }
            }
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
