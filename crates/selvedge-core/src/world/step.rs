//! An operation takes effect.

use std::panic::Location;

use super::{Event, Gate, Life, Logged, Thread, World};
use crate::id::{ObjectId, ThreadId};
use crate::model::{Applied, ObjectState};
use crate::op::{ChannelOp, MutexOp, Op, OpKind, SelectOp, ThreadOp};

/// Operations that are worth a way of their own.
#[inline(always)]
fn is_common(kind: &OpKind) -> bool {
    matches!(kind, OpKind::Atomic(_) | OpKind::Mutex(_))
}

impl World {
    /// Lets the operation announced by `thread` take effect, and gives its
    /// [answer](Self::answer), to be delivered by the machine.
    ///
    /// # Panics
    /// If the thread is not enabled or has no such choice: a mistake of the driver.
    #[inline(never)]
    pub fn step(&mut self, thread: ThreadId, choice: u32) -> u64 {
        let t = &mut self.threads[thread.index()];
        let Some(op) = t.announced.take() else { panic!("{thread:?} has announced nothing") };
        t.events += 1;
        let index = t.events;
        self.timer.forget(thread);
        self.pass_gate(thread);
        if self.keeps_clocks {
            self.threads[thread.index()].hb.set(thread, index);
        }
        // A yield looks at the events so far, itself included.
        let position = self.events.len();
        let (answer, access, changed) = (0, None, false);
        self.events.push(Event { thread, index, op, choice, answer, access, changed });
        if let Some(log) = &mut self.log {
            log.push(Logged::Event(position));
        }
        let applied = match &op.kind {
            OpKind::Thread(kind) => self.step_thread(thread, *kind, choice, op.at),
            OpKind::Select(select) => self.step_select(thread, *select, choice),
            kind => {
                let object = op.object.expect("an operation on an object names it");
                self.step_object(thread, object, kind, choice)
            }
        };
        let event = &mut self.events[position];
        event.answer = applied.answer;
        event.access = applied.access;
        event.changed = applied.changed;
        if self.threads[thread.index()].spin.is_watched() {
            let event = *event;
            self.watch(thread, &event);
        }
        self.answer = applied.answer;
        applied.answer
    }

    /// The same, but the effect is left to the thread if the machine has it
    /// [take its steps itself](Self::let_threads_step) and it is a common one.
    #[inline(always)]
    pub(crate) fn step_or_leave(&mut self, thread: ThreadId, choice: u32) {
        let t = &self.threads[thread.index()];
        let common = t.announced.as_ref().is_some_and(|op| is_common(&op.kind));
        if common && self.plain && self.threads_step && !t.spin.is_watched() {
            self.left_to_thread = true;
            self.enabled.runs(thread);
        } else {
            self.step(thread, choice);
        }
    }

    /// The machine has each thread call [`take_step`](Self::take_step) when it
    /// goes on, where the operation is a constant but for its operands.
    pub fn let_threads_step(&mut self) {
        self.threads_step = true;
    }

    /// `thread`, which has announced `op`, goes on: the answer. If the effect
    /// was left to it, it is now.
    #[inline(always)]
    pub fn take_step(&mut self, thread: ThreadId, op: Op) -> u64 {
        if !is_common(&op.kind) || !self.left_to_thread {
            return self.answer;
        }
        self.left_to_thread = false;
        let t = &mut self.threads[thread.index()];
        t.announced = None;
        t.gate = Gate::Shut;
        if let (OpKind::Mutex(MutexOp::Lock), Some(mutex)) = (op.kind, op.object) {
            self.objects[mutex.index()].waiters -= 1;
        }
        self.take_plainly(thread, op).expect("the driver picks enabled operations")
    }

    /// The next operation of the running thread takes effect at once, if the
    /// driver has decided that the thread goes on: the answer. `None`: it is
    /// to be [announced](Self::announce).
    #[inline(always)]
    pub fn step_at_once(&mut self, thread: ThreadId, op: Op) -> Option<u64> {
        if !is_common(&op.kind) || self.enabled.left() == 0 || !self.plain {
            return None;
        }
        let t = &self.threads[thread.index()];
        debug_assert!(self.enabled.is_running(thread) && t.announced.is_none());
        if t.spin.is_watched() {
            return None;
        }
        // If the thread has to wait, it cannot go on anyway.
        self.enabled.take_one();
        self.take_plainly(thread, op)
    }

    /// The effect of a common operation and its event, when nothing else is
    /// asked for. `None` if it is not enabled, or another one.
    #[inline(always)]
    fn take_plainly(&mut self, thread: ThreadId, op: Op) -> Option<u64> {
        let object = self.objects.get_mut(op.object?.index())?;
        let Applied { answer, access, changed } = match (op.kind, &mut object.state) {
            (OpKind::Atomic(kind), ObjectState::Atomic(state)) => state.apply(&kind),
            (OpKind::Mutex(kind), ObjectState::Mutex(state)) => state.apply(kind, thread)?,
            _ => return None,
        };
        if changed {
            object.version = object.version.wrapping_add(1);
            self.enabled.notice(object.waiters);
        }
        let t = &mut self.threads[thread.index()];
        t.events += 1;
        let (index, choice) = (t.events, 0);
        self.events.push(Event { thread, index, op, choice, answer, access, changed });
        Some(answer)
    }

    /// Carries out an operation at once if it does not block: for what
    /// destructors do while an execution is torn down. Leaves no event.
    pub fn apply_unscheduled(&mut self, thread: ThreadId, op: Op) -> Option<u64> {
        match op.kind {
            OpKind::Thread(ThreadOp::Spawn) => None,
            OpKind::Thread(ThreadOp::Join(child)) => self.is_finished(child).then_some(0),
            OpKind::Thread(_) => Some(0),
            OpKind::Select(select) => match self.ready_cases(select) {
                0 => None,
                ready => Some(self.step_select(thread, select, ready.trailing_zeros()).answer),
            },
            kind => {
                let object = op.object?;
                let applied = self.objects[object.index()].state.apply(&kind, thread, 0)?;
                Some(applied.answer)
            }
        }
    }

    fn step_object(
        &mut self,
        thread: ThreadId,
        id: ObjectId,
        kind: &OpKind,
        choice: u32,
    ) -> Applied {
        let object = &mut self.objects[id.index()];
        let applied =
            object.state.apply(kind, thread, choice).expect("the driver picks enabled operations");
        if applied.changed {
            object.version = object.version.wrapping_add(1);
            self.enabled.notice(object.waiters);
        }
        if self.keeps_clocks {
            self.synchronise(thread, id, kind, applied.answer, applied.access);
        }
        applied
    }

    fn step_select(&mut self, thread: ThreadId, select: SelectOp, case: u32) -> Applied {
        let channel = self.case_channels(select)[case as usize];
        let recv = OpKind::Channel(ChannelOp::Recv);
        let received = self.step_object(thread, channel, &recv, 0);
        Applied { answer: SelectOp::answer(case, received.answer), ..received }
    }

    fn step_thread(
        &mut self,
        thread: ThreadId,
        kind: ThreadOp,
        choice: u32,
        at: &'static Location<'static>,
    ) -> Applied {
        let answer = match kind {
            ThreadOp::Spawn => {
                let child = self.new_thread(thread);
                self.threads[child.index()].passed = self.threads[thread.index()].passed;
                child.index() as u64
            }
            ThreadOp::Yield(kind) => {
                self.next_turn(thread, kind, at);
                0
            }
            ThreadOp::Any(n) => {
                assert!(choice < n, "any() has {n} choices");
                u64::from(choice)
            }
            ThreadOp::Join(child) => {
                let [me, other] = self.two(thread, child);
                me.passed = me.passed.max(other.passed);
                0
            }
            ThreadOp::Fence(_) | ThreadOp::Sleep { .. } => 0,
        };
        if self.keeps_clocks {
            self.synchronise_thread(thread, kind, answer);
        }
        Applied { answer, access: None, changed: false }
    }

    #[inline(never)]
    pub(super) fn new_thread(&mut self, parent: ThreadId) -> ThreadId {
        let p = &mut self.threads[parent.index()];
        p.spawned += 1;
        let nth = p.spawned;
        let child = match p.children.get(nth as usize - 1) {
            Some(&child) => child,
            None => self.meet(parent, nth),
        };
        self.threads[child.index()].life = Life::Alive;
        self.live.push(child);
        self.unfinished.push(child);
        self.enabled.changes();
        child
    }

    pub(super) fn two(&mut self, a: ThreadId, b: ThreadId) -> [&mut Thread; 2] {
        self.threads.get_disjoint_mut([a.index(), b.index()]).expect("two threads that exist")
    }
}
