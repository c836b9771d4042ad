//! The thread-local values of the threads of an execution.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use selvedge_core::id::ThreadId;

use super::Context;

/// The value of a key for the running thread.
pub(crate) enum Slot {
    /// It was not made yet.
    Empty,
    Full(Rc<dyn Any>),
    /// Its destructor runs, or has run.
    Gone,
}

struct Local {
    /// The address of the key.
    key: usize,
    /// `None` when it is gone.
    value: Option<Rc<dyn Any>>,
    /// It has a destructor, which runs when the thread ends.
    ends: bool,
}

/// All of them, by thread and in the order in which they were made.
#[derive(Default)]
pub(super) struct Locals {
    threads: RefCell<Vec<Vec<Local>>>,
    /// There are some.
    some: Cell<bool>,
}

impl Context {
    /// The running thread's value of a key.
    pub(crate) fn local(&self, key: usize) -> Slot {
        let threads = self.locals.threads.borrow();
        let mine = threads.get(self.thread.get().index()).map_or(&[][..], Vec::as_slice);
        match mine.iter().rev().find(|local| local.key == key) {
            None => Slot::Empty,
            Some(local) => local.value.as_ref().map_or(Slot::Gone, |v| Slot::Full(Rc::clone(v))),
        }
    }

    /// Keeps a value that was made until the running thread ends.
    pub(crate) fn keep_local(&self, key: usize, value: Rc<dyn Any>, ends: bool) {
        let mut threads = self.locals.threads.borrow_mut();
        let thread = self.thread.get().index();
        if thread >= threads.len() {
            threads.resize_with(thread + 1, Vec::new);
        }
        threads[thread].push(Local { key, value: Some(value), ends });
        self.locals.some.set(true);
    }

    /// Takes the value whose destructor is the next to run: the one that was made last.
    fn next_to_end(&self, thread: ThreadId) -> Option<Rc<dyn Any>> {
        let mut threads = self.locals.threads.borrow_mut();
        let mine = threads.get_mut(thread.index())?;
        mine.iter_mut().rev().filter(|local| local.ends).find_map(|local| local.value.take())
    }

    /// The threads whose values these are never go on: nothing is dropped.
    pub(super) fn leak_locals(&self) {
        for mut local in self.locals.threads.borrow_mut().iter_mut().flat_map(|l| l.drain(..)) {
            std::mem::forget(local.value.take());
        }
    }
}

/// Drops the values of the running thread: the outermost thing on its stack, so
/// that they go when it returns and when it is unwound.
pub(super) struct LocalsOfThread<'a>(pub(super) &'a Context);

impl Drop for LocalsOfThread<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0.locals.some.get() {
            self.drop_all();
        }
    }
}

impl LocalsOfThread<'_> {
    #[inline(never)]
    fn drop_all(&self) {
        let thread = self.0.thread.get();
        while let Some(value) = self.0.next_to_end(thread) {
            // If a destructor panics the others run all the same.
            let others = LocalsOfThread(self.0);
            drop(value);
            std::mem::forget(others);
        }
        let mut threads = self.0.locals.threads.borrow_mut();
        if let Some(mine) = threads.get_mut(thread.index()) {
            // What is left has no destructor to run, and the room is kept.
            mine.clear();
        }
    }
}
