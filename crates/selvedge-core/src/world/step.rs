//! An operation takes effect.

use std::panic::Location;

use super::{Event, Gate, Life, Logged, Thread, World};
use crate::id::{ObjectId, ThreadId};
use crate::model::{Applied, ObjectState};
use crate::op::{ChannelOp, Op, OpKind, SelectOp, ThreadOp};

impl World {
    /// Lets the operation announced by `thread` take effect, and gives its
    /// [answer](Self::answer), to be delivered by the machine.
    ///
    /// # Panics
    /// If the thread is not enabled or has no such choice: a mistake of the driver.
    #[inline(always)]
    pub fn step(&mut self, thread: ThreadId, choice: u32) -> u64 {
        let applied = match self.step_plainly(thread) {
            Some(answer) => answer,
            None => self.step_in_full(thread, choice),
        };
        self.answer = applied;
        applied
    }

    /// The commonest operations, when nothing but their effect is asked for.
    /// `None`: it is another one, or there is more to do.
    ///
    /// The operation was written a moment ago: it is looked at where it is,
    /// and copied as a whole, for a copy in parts would wait for the writes.
    #[inline(always)]
    fn step_plainly(&mut self, thread: ThreadId) -> Option<u64> {
        if self.keeps_clocks || self.log.is_some() {
            return None;
        }
        let t = self.threads.get(thread.index())?;
        let op = t.announced.as_ref()?;
        if t.spin.is_watched() {
            return None;
        }
        let applied = match &op.kind {
            OpKind::Atomic(op_kind) => {
                let object = self.objects.get_mut(op.object?.index())?;
                let ObjectState::Atomic(state) = &mut object.state else { return None };
                let applied = state.apply(op_kind);
                if applied.changed {
                    object.version = object.version.wrapping_add(1);
                    self.enabled.notice(object.waiters);
                }
                applied
            }
            OpKind::Mutex(op_kind) => {
                let object = self.objects.get_mut(op.object?.index())?;
                let ObjectState::Mutex(state) = &mut object.state else { return None };
                let applied = state.apply(*op_kind, thread)?;
                object.waiters -= u32::from(matches!(t.gate, Gate::Mutex(_)));
                if applied.changed {
                    object.version = object.version.wrapping_add(1);
                    self.enabled.notice(object.waiters);
                }
                applied
            }
            OpKind::Thread(ThreadOp::Spawn) => {
                let answer = self.new_thread(thread).index() as u64;
                Applied { answer, access: None, changed: false }
            }
            OpKind::Thread(ThreadOp::Join(_)) => {
                self.enabled.joined();
                Applied { answer: 0, access: None, changed: false }
            }
            _ => return None,
        };
        let Applied { answer, access, changed } = applied;
        let t = self.threads.get_mut(thread.index())?;
        t.events += 1;
        let index = t.events;
        if let Some(op) = &t.announced {
            let op = *op;
            self.events.push(Event { thread, index, op, choice: 0, answer, access, changed });
        }
        t.announced = None;
        t.gate = Gate::Shut;
        self.enabled.runs(thread);
        Some(answer)
    }

    #[inline(never)]
    fn step_in_full(&mut self, thread: ThreadId, choice: u32) -> u64 {
        let t = &mut self.threads[thread.index()];
        let Some(op) = t.announced.take() else { panic!("{thread:?} has announced nothing") };
        t.events += 1;
        let index = t.events;
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
        applied.answer
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
            ThreadOp::Join(_) | ThreadOp::Fence(_) => 0,
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
        child
    }

    pub(super) fn two(&mut self, a: ThreadId, b: ThreadId) -> [&mut Thread; 2] {
        self.threads.get_disjoint_mut([a.index(), b.index()]).expect("two threads that exist")
    }
}
