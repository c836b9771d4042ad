//! `std::sync::Once`.

use std::panic::Location;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{self, ObjectState, once};
use selvedge_core::op::{OnceEnd, OnceOp, OpKind};

use crate::context::{Context, current};
use crate::handle::Handle;
use crate::named::named;

/// `std::sync::Once`, on announced operations.
#[derive(Debug)]
pub struct Once {
    handle: Handle,
    name: Option<&'static str>,
    /// Called outside an exploration.
    raw: std::sync::Once,
}

/// `std::sync::OnceState`.
#[derive(Debug)]
pub struct OnceState {
    poisoned: bool,
}

impl OnceState {
    /// True if an earlier closure panicked.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

/// Says how the closure ended, also when it panics.
struct Running<'a> {
    context: &'a Context,
    object: ObjectId,
    at: &'static Location<'static>,
    end: OnceEnd,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let end = match self.end {
            // It was cut short: a destructor that needs it may call it again.
            OnceEnd::Panicked if self.context.is_tearing_down() => OnceEnd::Failed,
            end => end,
        };
        self.context.perform_at(OpKind::Once(OnceOp::End(end)), Some(self.object), self.at);
    }
}

impl Once {
    /// A `Once` that has not been called.
    pub const fn new() -> Self {
        Once { handle: Handle::new(), name: None, raw: std::sync::Once::new() }
    }

    fn object(&self, context: &Context) -> ObjectId {
        self.handle.object(context, self.name, || {
            ObjectState::Once(if self.raw.is_completed() {
                model::OnceState::Done
            } else {
                model::OnceState::New
            })
        })
    }

    /// One that has been called.
    pub(super) fn completed() -> Self {
        let once = Once::new();
        once.raw.call_once(|| ());
        once
    }

    /// Nobody has called it.
    pub(super) fn forget(&mut self) {
        *self = Once { name: self.name, ..Once::new() };
    }

    pub(super) fn call(
        &self,
        ignore_poison: bool,
        at: &'static Location<'static>,
        f: impl FnOnce(&OnceState),
    ) {
        let Some(context) = current() else {
            if ignore_poison {
                self.raw.call_once_force(|s| f(&OnceState { poisoned: s.is_poisoned() }));
            } else {
                self.raw.call_once(|| f(&OnceState { poisoned: false }));
            }
            return;
        };
        let object = self.object(context);
        let begin = OpKind::Once(OnceOp::Begin { ignore_poison });
        match context.perform_at(begin, Some(object), at) {
            once::DONE => {}
            once::POISONED if !ignore_poison => {
                panic!("Once instance has previously been poisoned")
            }
            answer => {
                let mut running = Running { context, object, at, end: OnceEnd::Panicked };
                f(&OnceState { poisoned: answer == once::POISONED });
                running.end = OnceEnd::Done;
            }
        }
    }

    /// Runs the closure if no call has run one; waits while one runs.
    ///
    /// # Panics
    /// If an earlier closure panicked.
    #[track_caller]
    pub fn call_once(&self, f: impl FnOnce()) {
        self.call(false, Location::caller(), |_| f());
    }

    /// The same, also if an earlier closure panicked.
    #[track_caller]
    pub fn call_once_force(&self, f: impl FnOnce(&OnceState)) {
        self.call(true, Location::caller(), f);
    }

    /// Waits until a closure has run to its end.
    ///
    /// # Panics
    /// If a closure has panicked, unless a later call of [`call_once_force`] has
    /// succeeded.
    ///
    /// [`call_once_force`]: Self::call_once_force
    #[track_caller]
    pub fn wait(&self) {
        if self.wait_for(false) == once::POISONED {
            panic!("Once instance has previously been poisoned");
        }
    }

    /// The same, but goes on waiting if a closure has panicked.
    #[track_caller]
    pub fn wait_force(&self) {
        self.wait_for(true);
    }

    #[track_caller]
    fn wait_for(&self, ignore_poison: bool) -> u64 {
        match current() {
            Some(context) => {
                let object = self.object(context);
                context.perform(OpKind::Once(OnceOp::Wait { ignore_poison }), Some(object))
            }
            None => {
                if ignore_poison {
                    self.raw.wait_force();
                } else {
                    self.raw.wait();
                }
                once::DONE
            }
        }
    }

    /// True if a closure has run to its end.
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        match current() {
            Some(context) => {
                let object = self.object(context);
                context.perform(OpKind::Once(OnceOp::Get), Some(object)) == once::DONE
            }
            None => self.raw.is_completed(),
        }
    }
}

impl Default for Once {
    fn default() -> Self {
        Once::new()
    }
}

named!(: Once);
