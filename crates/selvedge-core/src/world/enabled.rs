//! Which threads are enabled.
//!
//! The list is kept from one step to the next. It changes only when the thread
//! that took the step cannot go on at once, when another thread is new or
//! ends, or when the step changed something that a parked thread waits for:
//! each object counts the threads at operations on it that it may block.

use std::panic::Location;

use super::{Choices, Life, World};
use crate::failure::{FailureKind, Fault, Place};
use crate::id::{ObjectId, ThreadId};
use crate::model::{MutexState, ObjectState};
use crate::op::{MutexOp, Op, OpKind, ThreadOp};

/// When the announced operation is enabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Gate {
    /// Never, or nothing is announced.
    #[default]
    Shut,
    /// Always.
    Open,
    /// If there is one of that many values.
    Any(u32),
    /// While the mutex is free.
    Mutex(ObjectId),
    /// When the rules of the object say so.
    Object(ObjectId),
    /// When the thread has ended.
    Ended(ThreadId),
    /// When the rules of one of several objects say so.
    Select,
    /// When what a loop looks at has changed, and the object's rules say so.
    Asleep,
}

impl Gate {
    #[inline(always)]
    pub(super) fn of(kind: OpKind, object: Option<ObjectId>) -> Gate {
        match (kind, object) {
            (OpKind::Mutex(MutexOp::Lock), Some(mutex)) => Gate::Mutex(mutex),
            (OpKind::Atomic(_) | OpKind::Mutex(_) | OpKind::Refs(_), _) => Gate::Open,
            (OpKind::Thread(ThreadOp::Join(child)), _) => Gate::Ended(child),
            (OpKind::Thread(ThreadOp::Any(most)), _) => Gate::Any(most),
            (OpKind::Thread(ThreadOp::Sleep { expired, .. }), _) => Gate::Any(u32::from(expired)),
            (OpKind::Thread(_), _) => Gate::Open,
            (OpKind::Select(_), _) => Gate::Select,
            (_, Some(object)) => Gate::Object(object),
            (_, None) => unreachable!("an operation on an object names it"),
        }
    }
}

/// The enabled threads, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Enabled {
    /// In order of creation.
    list: Vec<ThreadId>,
    /// The list has to be made anew.
    stale: bool,
    /// The thread that took the last step, until it announces its next
    /// operation: it is in the list.
    running: Option<ThreadId>,
    /// How many threads wait for one of several objects.
    watchful: u32,
    /// How many threads wait for another one to end.
    joining: u32,
    /// The same threads are enabled as when the driver decided last.
    same: bool,
    /// How many more steps it lets the thread of the last one take unasked.
    left: u32,
}

impl Enabled {
    /// A new execution.
    pub(super) fn clear(&mut self) {
        self.forget();
        self.running = None;
        self.watchful = 0;
        self.joining = 0;
    }

    /// Other threads are enabled, or may be.
    #[inline]
    pub(super) fn changes(&mut self) {
        self.same = false;
        self.left = 0;
    }

    /// The driver decides: a step, and that many more of the same thread.
    #[inline]
    fn decide(&mut self, more: u32) {
        self.same = true;
        self.left = more;
    }

    /// How many more steps the running thread may take unasked.
    #[inline]
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// It takes one of them.
    #[inline]
    pub(super) fn take_one(&mut self) {
        self.left -= 1;
    }

    /// More than is kept track of has changed.
    #[inline]
    pub(super) fn forget(&mut self) {
        self.stale = true;
        self.changes();
    }

    /// True if the thread took the last step and has announced nothing since.
    #[inline]
    pub(super) fn is_running(&self, thread: ThreadId) -> bool {
        self.running == Some(thread)
    }

    /// The thread takes a step.
    #[inline]
    pub(super) fn runs(&mut self, thread: ThreadId) {
        // If the one before it has announced nothing, it is not enabled.
        if self.running.is_some() {
            self.forget();
        }
        self.running = Some(thread);
    }

    /// The state of an object has changed, for which so many threads wait.
    #[inline]
    pub(super) fn notice(&mut self, waiters: u32) {
        if waiters > 0 || self.watchful > 0 {
            self.forget();
        }
    }

    /// The thread that took the last step is enabled again.
    #[inline]
    pub(super) fn goes_on(&mut self) {
        self.running = None;
    }

    /// The thread that took the last step is not enabled.
    #[inline]
    fn is_left_out(&mut self, thread: ThreadId) {
        self.running = None;
        self.changes();
        if let Some(at) = self.list.iter().position(|t| *t == thread) {
            self.list.remove(at);
        }
    }

    /// A thread has ended, for which another one may wait.
    #[inline]
    pub(super) fn ends(&mut self, thread: ThreadId, is_awaited: impl FnOnce() -> bool) {
        if self.running == Some(thread) && !(self.joining > 0 && is_awaited()) {
            self.is_left_out(thread);
        } else {
            self.forget();
        }
    }
}

impl World {
    /// `thread` has announced an operation that may not be enabled, or is not
    /// the one that took the last step.
    #[inline(never)]
    pub(super) fn shut_gate(&mut self, thread: ThreadId) {
        let t = &self.threads[thread.index()];
        if t.spin.is_watched()
            && let Some(op) = t.announced
            && self.falls_asleep(thread, &op)
        {
            self.threads[thread.index()].gate = Gate::Asleep;
        }
        let enabled = match self.threads[thread.index()].gate {
            Gate::Open => true,
            Gate::Mutex(mutex) => {
                let object = &mut self.objects[mutex.index()];
                object.waiters += 1;
                match &object.state {
                    ObjectState::Mutex(MutexState { owner: None }) => true,
                    _ => {
                        self.check_double_lock(thread, mutex);
                        false
                    }
                }
            }
            Gate::Object(object) => {
                self.objects[object.index()].waiters += 1;
                self.could_go_on(thread)
            }
            Gate::Select => {
                self.enabled.watchful += 1;
                self.could_go_on(thread)
            }
            Gate::Ended(child) => {
                self.enabled.joining += 1;
                self.is_finished(child)
            }
            Gate::Asleep => {
                self.enabled.watchful += 1;
                if let Some(Op {
                    kind: OpKind::Mutex(MutexOp::Lock), object: Some(mutex), ..
                }) = self.threads[thread.index()].announced
                {
                    self.check_double_lock(thread, mutex);
                }
                self.enabled(thread)
            }
            Gate::Any(most) => most > 0,
            Gate::Shut => false,
        };
        let all = &mut self.enabled;
        if all.is_running(thread) {
            if enabled {
                all.goes_on();
            } else {
                all.is_left_out(thread);
            }
        } else if self.unfinished.last() == Some(&thread) {
            // The youngest one is new, or else it comes again: not twice.
            if enabled && all.list.last() != Some(&thread) {
                all.list.push(thread);
                all.changes();
            }
        } else {
            all.forget();
        }
    }

    /// `thread`, which is enabled, takes a step.
    #[inline]
    pub(super) fn pass_gate(&mut self, thread: ThreadId) {
        match std::mem::take(&mut self.threads[thread.index()].gate) {
            Gate::Open => {}
            Gate::Mutex(object) | Gate::Object(object) => self.objects[object.index()].waiters -= 1,
            Gate::Select | Gate::Asleep => self.enabled.watchful -= 1,
            Gate::Ended(_) => self.enabled.joining -= 1,
            Gate::Shut | Gate::Any(_) => {}
        }
        self.enabled.runs(thread);
    }

    /// Brings [`enabled_threads`](Self::enabled_threads) up to date.
    #[inline]
    pub fn update_enabled(&mut self) {
        if self.enabled.stale || self.enabled.running.is_some() {
            self.find_enabled();
        }
        debug_assert!(
            self.unfinished.iter().copied().filter(|&t| self.enabled(t)).eq(self
                .enabled
                .list
                .iter()
                .copied()),
            "the list of enabled threads is kept up to date"
        );
    }

    #[inline(never)]
    fn find_enabled(&mut self) {
        let mut list = std::mem::take(&mut self.enabled.list);
        list.clear();
        list.extend(self.unfinished.iter().copied().filter(|&t| self.enabled(t)));
        self.enabled.list = list;
        self.enabled.stale = false;
        self.enabled.running = None;
        self.enabled.changes();
    }

    /// A decision of the driver: a thread takes a step now, and up to that
    /// many more unasked, as long as the same threads are enabled.
    #[inline]
    pub(crate) fn decide(&mut self, more: u32) {
        self.enabled.decide(more);
    }

    /// The thread of the last step, if it was decided that it takes one more,
    /// and that has a single outcome. To be asked once for each step.
    #[inline]
    pub(crate) fn goes_on(&mut self) -> Option<ThreadId> {
        if self.enabled.left == 0 {
            return None;
        }
        let thread = self.events.last()?.thread;
        if self.choices(thread) != Choices::Below(1) {
            return None;
        }
        self.enabled.take_one();
        Some(thread)
    }

    /// True if the same threads are enabled as when the driver decided last.
    #[inline]
    pub(crate) fn is_unchanged(&self) -> bool {
        self.enabled.same
    }

    /// The threads that can go on, in order of creation, as of the last call
    /// of [`update_enabled`](Self::update_enabled).
    #[inline]
    pub fn enabled_threads(&self) -> &[ThreadId] {
        &self.enabled.list
    }

    /// True if the operation announced by `thread` could take effect now.
    #[inline]
    pub fn enabled(&self, thread: ThreadId) -> bool {
        match self.threads[thread.index()].gate {
            Gate::Shut => false,
            Gate::Open => true,
            Gate::Any(most) => most > 0,
            Gate::Mutex(mutex) => {
                matches!(self.state(mutex), ObjectState::Mutex(s) if s.owner.is_none())
            }
            Gate::Ended(child) => self.is_finished(child),
            Gate::Asleep => !self.sleeps(thread) && self.could_go_on(thread),
            Gate::Object(_) | Gate::Select => self.could_go_on(thread),
        }
    }

    /// Whether the announced operation is enabled, but for the sleep of a loop.
    pub(super) fn could_go_on(&self, thread: ThreadId) -> bool {
        let Some(op) = &self.threads[thread.index()].announced else { return false };
        match op.kind {
            OpKind::Thread(ThreadOp::Join(child)) => self.is_finished(child),
            OpKind::Thread(ThreadOp::Any(n)) => n > 0,
            OpKind::Thread(ThreadOp::Sleep { expired, .. }) => expired,
            OpKind::Thread(ThreadOp::Spawn | ThreadOp::Yield(_) | ThreadOp::Fence(_)) => true,
            OpKind::Select(select) => self.ready_cases(select) != 0,
            kind => self.object_of(op).eval(&kind, thread, 0).is_some(),
        }
    }

    /// True if the thread has ended.
    #[inline]
    pub fn is_finished(&self, thread: ThreadId) -> bool {
        self.threads[thread.index()].life == Life::Finished
    }

    fn check_double_lock(&mut self, thread: ThreadId, object: ObjectId) {
        if let ObjectState::Mutex(mutex) = self.state(object)
            && mutex.owner == Some(thread)
            && let Some(op) = self.announced(thread)
        {
            self.double_lock(thread, object, op.at);
        }
    }

    #[cold]
    fn double_lock(&mut self, thread: ThreadId, object: ObjectId, at: &'static Location<'static>) {
        let name = self.object_name(object);
        let who = self.thread_name(thread);
        let mut fault = Fault::new(
            FailureKind::DoubleLock,
            format!("{who} locks {name}, which it holds already"),
        )
        .at(at);
        if let Some(at) = self.acquired_at(object, thread) {
            fault = fault.detail(format!("{who} locked {name} before"), Some(Place::from(at)));
        }
        self.fail(fault);
    }
}
