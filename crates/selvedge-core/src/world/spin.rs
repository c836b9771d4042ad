//! Threads that spin.
//!
//! `hint::spin_loop` says: I cannot go on until someone else writes. Such a
//! thread sleeps until something that it read since its last turn has
//! changed. `thread::yield_now` and `sleep` may be mere politeness; they are
//! taken for a loop once a whole turn repeated itself: the same operations at
//! the same places with the same answers as in the turn before.
//!
//! That a loop waits in this sense is an assumption about the program: it may
//! count its turns and give up. So each loop that was put to sleep is named in
//! the report; and when nobody else can go on, sleepers are woken for some
//! more turns before they are taken to spin for ever. A loop that then gives
//! up by itself breaks the assumption: the search is not called exhausted.

use std::hash::{Hash, Hasher};
use std::panic::Location;

use rustc_hash::FxHasher;
use smallvec::SmallVec;

use super::{Event, World};
use crate::id::{ObjectId, ThreadId};
use crate::op::{AtomicOp, MutexOp, OpKind, ParkOp, ThreadOp, YieldKind};

/// A turn that read more objects than this is not taken for a spin loop,
/// unless it says that it is one.
const MOST_READS: usize = 32;

/// So often a sleeper is woken in vain before it is taken to spin for ever.
const MOST_WAKES: u32 = 200;

/// What a thread that yields did since its last yield. It is looked up in the
/// events when the yield is announced, so that programs that never yield pay
/// nothing.
#[derive(Debug, Default)]
pub(super) struct Spin {
    /// The objects read in this turn, with the version seen.
    reads: SmallVec<[(ObjectId, u32); 4]>,
    this_turn: u64,
    last_turn: Option<u64>,
    asleep: bool,
    /// How often it was woken though nothing had changed.
    woken: u32,
}

impl Spin {
    pub(super) fn clear(&mut self) {
        self.reads.clear();
        self.last_turn = None;
        self.asleep = false;
        self.woken = 0;
    }

    /// True if the announced yield may be executed.
    pub(super) fn may_go_on(&self, version: impl Fn(ObjectId) -> u32) -> bool {
        !self.asleep || self.reads.iter().any(|(o, seen)| version(*o) != *seen)
    }

    /// The yield was executed.
    pub(super) fn next_turn(&mut self) {
        self.last_turn = Some(self.this_turn);
        self.asleep = false;
    }

    /// The objects whose change would let the thread go on.
    pub(super) fn waits_for(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.reads.iter().map(|(o, _)| *o)
    }
}

impl World {
    /// `thread` announces a yield: is it to sleep, and until what changes?
    pub(super) fn announce_yield(&mut self, thread: ThreadId, kind: YieldKind) {
        let mut spin = std::mem::take(&mut self.threads[thread.index()].spin);
        spin.reads.clear();
        let mut too_many = false;
        let mut turn = FxHasher::default();
        // How often each object changed after the event that is looked at.
        let mut changes: SmallVec<[(ObjectId, u32); 8]> = SmallVec::new();
        for event in self.events.iter().rev() {
            if event.thread == thread {
                if matches!(event.op.kind, OpKind::Thread(ThreadOp::Yield(_))) {
                    break;
                }
                (std::ptr::from_ref(event.op.at) as usize, event.answer).hash(&mut turn);
                for &object in self.read_by(event) {
                    if spin.reads.iter().any(|(o, _)| *o == object) {
                        continue;
                    }
                    let since = changes.iter().find(|(o, _)| *o == object).map_or(0, |(_, n)| *n);
                    let now = self.objects[object.index()].version;
                    spin.reads.push((object, now.wrapping_sub(since)));
                    too_many |= kind == YieldKind::Polite && spin.reads.len() > MOST_READS;
                }
            }
            if event.changed {
                for (object, _) in self.accesses(event) {
                    match changes.iter_mut().find(|(o, _)| *o == object) {
                        Some((_, n)) => *n += 1,
                        None => changes.push((object, 1)),
                    }
                }
            }
        }
        spin.this_turn = turn.finish();
        let spins = kind == YieldKind::Spin || spin.last_turn == Some(spin.this_turn);
        spin.asleep = spins && !spin.reads.is_empty() && !too_many;
        if let Some(op) = &self.threads[thread.index()].announced
            && spin.asleep
            && !self.assumed.contains(&op.at)
        {
            self.assumed.push(op.at);
        }
        self.threads[thread.index()].spin = spin;
    }

    /// Nobody can go on: wakes a thread that sleeps in a loop though nothing has
    /// changed, in case the loop gives up by itself after some turns. False if
    /// there is none, or it has had its turns.
    pub(crate) fn wake_sleeper(&mut self) -> bool {
        for &thread in &self.live {
            let t = &mut self.threads[thread.index()];
            if t.spin.asleep && t.announced.is_some() && t.spin.woken < MOST_WAKES {
                t.spin.asleep = false;
                t.spin.woken += 1;
                let logged = self.log.as_ref().map_or(0, Vec::len);
                self.first_wake.get_or_insert((self.events.len(), logged));
                return true;
            }
        }
        false
    }

    /// Forgets the turns for which sleepers were woken in vain.
    pub(crate) fn forget_wakes(&mut self) {
        if let Some((events, logged)) = self.first_wake.take() {
            self.events.truncate(events);
            if let Some(log) = &mut self.log {
                log.truncate(logged);
            }
        }
    }

    /// The execution has ended; if sleepers were woken, some loop has given up
    /// by itself, and what it does earlier was not explored.
    pub(crate) fn end_wakes(&mut self) {
        if self.first_wake.take().is_some() {
            for &thread in &self.live {
                let spin = &self.threads[thread.index()].spin;
                let place = (spin.woken > 0).then(|| {
                    let is_yield = |e: &&Event| {
                        e.thread == thread
                            && matches!(e.op.kind, OpKind::Thread(ThreadOp::Yield(_)))
                    };
                    self.events.iter().rev().find(is_yield).map(|e| e.op.at)
                });
                if let Some(at) = place.flatten()
                    && !self.gave_up.contains(&at)
                {
                    self.gave_up.push(at);
                }
            }
        }
    }

    /// The loops that were taken to wait for other threads: while they sleep,
    /// turns in which nothing has changed are not explored.
    pub fn assumed_loops(&self) -> &[&'static Location<'static>] {
        &self.assumed
    }

    /// The loops of which that turned out to be wrong: they gave up by themselves.
    pub fn impatient_loops(&self) -> &[&'static Location<'static>] {
        &self.gave_up
    }

    /// The objects whose state an event depends on.
    fn read_by<'a>(&'a self, event: &'a Event) -> &'a [ObjectId] {
        match event.op.kind {
            OpKind::Select(select) => self.case_channels(select),
            OpKind::Atomic(AtomicOp::Store { .. })
            | OpKind::Mutex(MutexOp::Unlock)
            | OpKind::Park(ParkOp::Unpark) => &[],
            _ => event.op.object.as_slice(),
        }
    }
}
