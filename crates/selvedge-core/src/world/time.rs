//! Who waits until when, and the clocks.
//!
//! An operation that waits until some time says whether that has come
//! ([`OpKind`]'s `expired`): its rules need no clock. With virtual time that
//! changes when no thread can go on: the clock moves to the next deadline. So
//! all that came before such a tick comes before all that follows it, in every
//! execution of the behaviour.
//!
//! Without, every time may have come at once; each thread has a clock of its
//! own, which counts the sleeps and timeouts that it has seen the end of.

use std::time::Duration;

use super::{Gate, World};
use crate::id::ThreadId;
use crate::op::{OpKind, ThreadOp};
use crate::time::Time;

/// The deadlines of an execution.
#[derive(Debug, Default)]
pub(super) struct Timer {
    time: Time,
    /// Virtual time, in nanoseconds.
    now: u64,
    /// Who waits until when.
    waiting: Vec<(u64, ThreadId)>,
    /// When the virtual clock has moved: after how many events.
    ticks: Vec<usize>,
}

impl Timer {
    pub(super) fn clear(&mut self) {
        self.now = 0;
        self.ticks.clear();
        self.waiting.clear();
    }

    /// `thread` takes a step: it waits no more.
    #[inline]
    pub(super) fn forget(&mut self, thread: ThreadId) {
        if !self.waiting.is_empty() {
            self.waiting.retain(|(_, waits)| *waits != thread);
        }
    }
}

impl World {
    /// What sleeps and timeouts mean in this execution: the machine's to say,
    /// before its first step.
    pub fn set_time(&mut self, time: Time) {
        self.timer.time = time;
    }

    /// What time is.
    pub fn time(&self) -> Time {
        self.timer.time
    }

    /// The time since the execution began, as `thread` sees it.
    pub fn now(&self, thread: ThreadId) -> Duration {
        Duration::from_nanos(match self.timer.time {
            Time::Virtual => self.timer.now,
            Time::Untimed => self.threads[thread.index()].passed,
        })
    }

    /// `thread` is about to announce an operation that waits for at most so
    /// long: whether that time has come already. More than 500 years never pass.
    pub fn wait_at_most(&mut self, thread: ThreadId, timeout: Duration) -> bool {
        let timer = &mut self.timer;
        let deadline =
            u64::try_from(timeout.as_nanos()).ok().and_then(|nanos| timer.now.checked_add(nanos));
        match (timer.time, deadline) {
            (_, None) => false,
            (Time::Untimed, _) => true,
            (Time::Virtual, Some(deadline)) if deadline == timer.now => true,
            (Time::Virtual, Some(deadline)) => {
                timer.waiting.push((deadline, thread));
                false
            }
        }
    }

    /// `thread` has seen the end of a timeout.
    pub fn time_has_passed(&mut self, thread: ThreadId, timeout: Duration) {
        let passed = &mut self.threads[thread.index()].passed;
        *passed = passed.saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How often the virtual clock has moved.
    pub(crate) fn ticks(&self) -> usize {
        self.timer.ticks.len()
    }

    /// After how many events each time.
    pub(super) fn ticked_at(&self) -> &[usize] {
        &self.timer.ticks
    }

    /// True if there is a time for which a thread waits.
    pub(crate) fn has_deadlines(&self) -> bool {
        !self.timer.waiting.is_empty()
    }

    /// No thread can go on: the clock moves to the next deadline.
    pub(crate) fn tick(&mut self) {
        let timer = &mut self.timer;
        let Some(&(next, _)) = timer.waiting.iter().min() else { return };
        timer.now = next;
        timer.ticks.push(self.events.len());
        for &(_, thread) in timer.waiting.iter().filter(|(deadline, _)| *deadline == next) {
            let t = &mut self.threads[thread.index()];
            let Some(op) = &mut t.announced else { continue };
            if let Some(expired) = op.kind.expired() {
                *expired = true;
            }
            if let OpKind::Thread(ThreadOp::Sleep { .. }) = op.kind {
                t.gate = Gate::Any(1);
            }
        }
        timer.waiting.retain(|(deadline, _)| *deadline != next);
        self.enabled.forget();
    }
}
