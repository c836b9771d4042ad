//! The code of a thread, and its result on its way to whoever joins it.
//!
//! A result whose destruction nobody can notice stays where the code was,
//! with the exploration, until it is fetched or the execution ends. Who drops
//! another one that nobody joined is explored, as for any `Arc`: it is in one.

use std::mem::needs_drop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use selvedge_core::id::ThreadId;

use super::Result;
use crate::context::{Cancelled, Context};
use crate::sync::Arc;

/// The code of a thread, whatever it is.
pub(crate) trait Work {
    /// Runs it and keeps its result, if it does not panic.
    fn run(&mut self);

    /// True if the result is to be fetched from here.
    fn is_awaited(&self) -> bool;

    /// Moves the result to `to`, an `Option<T>`.
    ///
    /// # Safety
    /// `T` must be the type of the result, and `to` valid for writes.
    unsafe fn fetch(&mut self, to: *mut ());
}

struct Task<F, T> {
    code: Option<F>,
    result: Option<T>,
    awaited: bool,
}

impl<F: FnOnce() -> T, T> Work for Task<F, T> {
    fn run(&mut self) {
        self.result = self.code.take().map(|code| code());
    }

    fn is_awaited(&self) -> bool {
        self.awaited
    }

    unsafe fn fetch(&mut self, to: *mut ()) {
        // SAFETY: the caller vouches for type and place.
        unsafe { *to.cast::<Option<T>>() = self.result.take() }
    }
}

/// A result that both sides hold.
pub(super) struct Packet<T>(Arc<Mutex<Option<Result<T>>>>);

impl<T> Clone for Packet<T> {
    fn clone(&self) -> Self {
        Packet(Arc::clone(&self.0))
    }
}

impl<T> Packet<T> {
    pub(super) fn new() -> Self {
        Packet(Arc::new(Mutex::new(None)))
    }

    /// Runs the code of a real thread and keeps its result.
    pub(super) fn run(&self, f: impl FnOnce() -> T) {
        self.keep(catch_unwind(AssertUnwindSafe(f)));
    }

    fn keep(&self, result: Result<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }

    fn take(&self) -> Option<Result<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Where a thread's result will be.
pub(super) enum Outcome<T> {
    /// With the exploration.
    Apart,
    /// Here.
    Shared(Packet<T>),
}

impl<T> Outcome<T> {
    /// The result of a thread that has ended; `thread` says which one it is,
    /// and in which exploration, if that still goes on.
    ///
    /// # Safety
    /// It must be the thread for whose code [`work`] gave this.
    pub(super) unsafe fn take(self, thread: Option<(&Context, ThreadId)>) -> Result<T> {
        let result = match (self, thread) {
            (Outcome::Shared(packet), _) => packet.take(),
            (Outcome::Apart, Some((context, id))) => {
                let mut result: Option<T> = None;
                if let Some(mut work) = context.take_result(id) {
                    // SAFETY: `work` made both, for the same `T`.
                    unsafe { work.fetch((&raw mut result).cast()) };
                }
                result.map(Ok)
            }
            (Outcome::Apart, None) => None,
        };
        result.unwrap_or_else(|| Err(Box::new(Cancelled)))
    }
}

/// The code of a thread that runs `f`, and where its result will be.
pub(super) fn work<'a, F, T>(f: F) -> (Box<dyn Work + 'a>, Outcome<T>)
where
    F: FnOnce() -> T + 'a,
    T: 'a,
{
    if needs_drop::<T>() {
        let packet = Packet::new();
        let theirs = packet.clone();
        let code = Some(move || theirs.keep(Ok(f())));
        (Box::new(Task { code, result: None, awaited: false }), Outcome::Shared(packet))
    } else {
        (Box::new(Task { code: Some(f), result: None, awaited: true }), Outcome::Apart)
    }
}
