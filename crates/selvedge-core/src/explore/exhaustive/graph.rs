//! The execution graph: the events of one execution, what each reads from,
//! and two vector clocks an event.
//!
//! Every location is a sequential object: a list of stores, each with the
//! state that it left. An event that writes also reads the store before it,
//! so that stores are chained by reads-from. The clocks are
//!
//! * *porf*: program order, reads-from, spawn, join and notify, closed: what
//!   must be there for the event to be as it is;
//! * *lin*: the same with the order of stores and from-reads: what comes
//!   before the event in every execution of this behaviour.
//!
//! Happens-before, the third clock, is the world's: it decides about data
//! races and never about the search.

use crate::id::{ObjectId, ThreadId};
use crate::model::ObjectState;
use crate::op::{Access, OpKind, ThreadOp};
use crate::world::{Event as Executed, World};

use super::item::{Flag, Step};

/// The index of an event in the order of this execution.
pub(super) type EventIndex = usize;

/// No event.
const NONE: u32 = u32::MAX;

/// What the search knows of an event, besides what the world records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) thread: u32,
    /// The index within the thread, from 1.
    pub(super) index: u32,
    /// The event of the same thread before it, or the one that spawned the thread.
    before: u32,
    /// The location, and the store that it reads; `NONE` if it is on none.
    location: u32,
    reads: u32,
    /// Whether it adds the store after the one it reads.
    pub(super) writes: bool,
    /// The version that it was not to find ([`World::awaits`]), if any.
    pub(super) awaits: Option<u32>,
    /// The next of the events that read the same store without writing.
    next_reader: u32,
}

/// A state of an object, and how often it had changed by value.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) object: ObjectId,
    pub(super) state: ObjectState,
    pub(super) version: u32,
}

/// A change of a location, and the event that made it.
#[derive(Debug)]
struct Store {
    /// The event; `NONE` for the first store, which stands for the initial state.
    event: u32,
    /// The state that it left; `None` for the first store.
    left: Option<Version>,
    /// The first of the events that read it without writing.
    first_reader: u32,
}

/// A location is one object, but for channels that are received from in one
/// select.
#[derive(Debug, Default)]
struct Location {
    initial: Vec<Version>,
    stores: Vec<Store>,
}

/// The clocks of all events, as rows of one table.
#[derive(Debug, Default)]
struct Clocks {
    rows: Vec<u32>,
}

impl Clocks {
    fn row(&self, stride: usize, event: usize) -> &[u32] {
        &self.rows[event * stride..][..stride]
    }

    /// Adds a row: a copy of that of `before`, if there is such an event.
    fn push(&mut self, stride: usize, before: u32) {
        if before == NONE {
            self.rows.resize(self.rows.len() + stride, 0);
        } else {
            let from = before as usize * stride;
            self.rows.extend_from_within(from..from + stride);
        }
    }

    /// The last row learns of all that the row of `event` knows.
    fn join_last(&mut self, stride: usize, event: u32) {
        let at = self.rows.len() - stride;
        let (rows, last) = self.rows.split_at_mut(at);
        let from = event as usize * stride;
        for (mine, theirs) in last.iter_mut().zip(&rows[from..from + stride]) {
            *mine = (*mine).max(*theirs);
        }
    }

    fn widen(&mut self, from: usize, to: usize) {
        let mut wide = Vec::with_capacity(self.rows.len() / from * to);
        for row in self.rows.chunks_exact(from) {
            wide.extend_from_slice(row);
            wide.resize(wide.len() + to - from, 0);
        }
        self.rows = wide;
    }
}

/// The execution graph.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) events: Vec<Event>,
    /// How to repeat them: thread, choice, flag and stamp of each.
    pub(super) steps: Vec<Step>,
    /// The events in the order in which the search added them.
    pub(super) by_stamp: Vec<u32>,
    stride: usize,
    porf: Clocks,
    lin: Clocks,
    locations: Vec<Location>,
    in_use: usize,
    /// The location of each object of this execution, `NONE` if it has none yet.
    of_object: Vec<u32>,
    touched: Vec<u32>,
    /// The last event of each thread, or the one that spawned it.
    last: Vec<u32>,
}

impl Graph {
    pub(super) fn new() -> Self {
        Graph {
            events: Vec::new(),
            steps: Vec::new(),
            by_stamp: Vec::new(),
            stride: 4,
            porf: Clocks::default(),
            lin: Clocks::default(),
            locations: Vec::new(),
            in_use: 0,
            of_object: Vec::new(),
            touched: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Forgets the last execution; keeps the memory.
    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.steps.clear();
        self.by_stamp.clear();
        self.porf.rows.clear();
        self.lin.rows.clear();
        self.in_use = 0;
        for object in self.touched.drain(..) {
            self.of_object[object as usize] = NONE;
        }
        self.last.fill(NONE);
    }

    // ---- locations ---------------------------------------------------------

    /// The location of an object; its present state is the initial one if no
    /// event has been on it.
    pub(super) fn location(&mut self, world: &World, object: ObjectId) -> usize {
        let location = self.location_of(world.location(object));
        let Location { initial, .. } = &mut self.locations[location];
        if !initial.iter().any(|v| v.object == object) {
            let (state, version) = (world.state(object).clone(), world.version(object));
            initial.push(Version { object, state, version });
        }
        location
    }

    /// The location that is known by this object.
    fn location_of(&mut self, object: ObjectId) -> usize {
        let index = object.index();
        if index >= self.of_object.len() {
            self.of_object.resize(index + 1, NONE);
        }
        if self.of_object[index] != NONE {
            return self.of_object[index] as usize;
        }
        let location = self.in_use;
        self.in_use += 1;
        if location == self.locations.len() {
            self.locations.push(Location::default());
        }
        let Location { initial, stores } = &mut self.locations[location];
        initial.clear();
        stores.clear();
        stores.push(Store { event: NONE, left: None, first_reader: NONE });
        self.of_object[index] = location as u32;
        self.touched.push(index as u32);
        location
    }

    fn stores(&self, location: usize) -> &[Store] {
        &self.locations[location].stores
    }

    /// The index of the last store of a location.
    pub(super) fn last_store(&self, location: usize) -> usize {
        self.stores(location).len() - 1
    }

    /// The state of an object after a store of its location.
    pub(super) fn state_at(&self, location: usize, store: usize, object: ObjectId) -> &Version {
        let stores = self.stores(location)[..=store].iter().rev();
        let left = stores.filter_map(|s| s.left.as_ref()).find(|v| v.object == object);
        let initial = || self.locations[location].initial.iter().find(|v| v.object == object);
        left.or_else(initial).expect("a location knows the initial states of its objects")
    }

    /// The event that left a store; `None` for the initial state.
    pub(super) fn writer(&self, location: usize, store: usize) -> Option<EventIndex> {
        let event = self.stores(location).get(store)?.event;
        (event != NONE).then_some(event as usize)
    }

    /// The location that an event is on, and the store that it reads.
    pub(super) fn read(&self, event: EventIndex) -> Option<(usize, usize)> {
        let e = &self.events[event];
        (e.location != NONE).then_some((e.location as usize, e.reads as usize))
    }

    // ---- clocks ------------------------------------------------------------

    /// The last event of a thread, or the one that spawned it.
    pub(super) fn last_of(&self, thread: ThreadId) -> Option<EventIndex> {
        let last = self.last.get(thread.index()).copied().unwrap_or(NONE);
        (last != NONE).then_some(last as usize)
    }

    /// True if `event` is in the porf-prefix that the clock describes.
    pub(super) fn in_past(&self, past: &[u32], event: EventIndex) -> bool {
        let e = &self.events[event];
        past[e.thread as usize] >= e.index
    }

    /// True if `event` comes before the next event of `thread`, whatever that is.
    pub(super) fn is_before(&self, event: EventIndex, thread: ThreadId) -> bool {
        match self.last_of(thread) {
            Some(last) => self.in_past(self.lin.row(self.stride, last), event),
            None => false,
        }
    }

    /// The porf-prefix of an event that comes after `before` in its thread and
    /// reads that store.
    pub(super) fn past(
        &self,
        before: Option<EventIndex>,
        location: usize,
        store: usize,
        past: &mut Vec<u32>,
    ) {
        self.clock(&self.porf, before, self.writer(location, store), past);
    }

    /// What comes before the next event of `thread` if it reads that store.
    pub(super) fn linear_past(
        &self,
        thread: ThreadId,
        location: usize,
        store: usize,
        past: &mut Vec<u32>,
    ) {
        self.clock(&self.lin, self.last_of(thread), self.writer(location, store), past);
    }

    fn clock(
        &self,
        clocks: &Clocks,
        a: Option<EventIndex>,
        b: Option<EventIndex>,
        past: &mut Vec<u32>,
    ) {
        past.clear();
        past.resize(self.stride, 0);
        for event in [a, b].into_iter().flatten() {
            for (mine, theirs) in past.iter_mut().zip(clocks.row(self.stride, event)) {
                *mine = (*mine).max(*theirs);
            }
        }
    }

    /// The event of the same thread before `event`, or the one that spawned it.
    pub(super) fn before(&self, event: EventIndex) -> Option<EventIndex> {
        let before = self.events[event].before;
        (before != NONE).then_some(before as usize)
    }

    /// True if an event of that thread and index is in the prefix of `event`.
    pub(super) fn prefix_knows(&self, event: EventIndex, thread: u32, index: u32) -> bool {
        self.porf.row(self.stride, event)[thread as usize] >= index
    }

    // ---- growth ------------------------------------------------------------

    /// Adds the event that has just taken effect.
    pub(super) fn append(
        &mut self,
        world: &World,
        executed: &Executed,
        flag: Flag,
        stamp: u32,
        awaits: Option<u32>,
    ) {
        let at = self.events.len();
        let thread = executed.thread.index();
        self.make_room(world.most_threads());
        let before = self.last[thread];
        self.porf.push(self.stride, before);
        self.lin.push(self.stride, before);
        let mut event = Event {
            thread: thread as u32,
            index: executed.index,
            before,
            location: NONE,
            reads: NONE,
            writes: false,
            awaits,
            next_reader: NONE,
        };
        match (executed.op.kind, world.access_of(executed)) {
            (OpKind::Thread(ThreadOp::Join(child)), _) => {
                let end = self.last[child.index()];
                self.comes_after(end);
            }
            (OpKind::Thread(ThreadOp::Spawn), _) => {
                self.last[executed.answer as usize] = at as u32;
            }
            (_, Some((object, access))) => {
                let location = self.location(world, object);
                let reads = self.last_store(location);
                event.location = location as u32;
                event.reads = reads as u32;
                event.writes = access == Access::Write;
                let writer = self.stores(location)[reads].event;
                self.comes_after(writer);
                if event.writes {
                    let mut reader = self.stores(location)[reads].first_reader;
                    while reader != NONE {
                        self.lin.join_last(self.stride, reader);
                        reader = self.events[reader as usize].next_reader;
                    }
                    let (state, version) = (world.state(object).clone(), world.version(object));
                    let left = Some(Version { object, state, version });
                    let event = at as u32;
                    self.locations[location].stores.push(Store { event, left, first_reader: NONE });
                } else {
                    let read = &mut self.locations[location].stores[reads];
                    event.next_reader = std::mem::replace(&mut read.first_reader, at as u32);
                }
            }
            (OpKind::Condvar(_) | OpKind::Channel(_), None) => {
                let object = executed.op.object.expect("an operation on an object names it");
                let location = self.location(world, object);
                let enabler = self.enabler(location, object, executed);
                self.comes_after(enabler);
            }
            _ => {}
        }
        let own = at * self.stride + thread;
        self.porf.rows[own] = executed.index;
        self.lin.rows[own] = executed.index;
        self.last[thread] = at as u32;
        self.events.push(event);
        self.steps.push(Step::of(executed, flag, stamp));
        if stamp as usize >= self.by_stamp.len() {
            self.by_stamp.resize(stamp as usize + 1, NONE);
        }
        self.by_stamp[stamp as usize] = at as u32;
    }

    fn comes_after(&mut self, event: u32) {
        if event != NONE {
            self.porf.join_last(self.stride, event);
            self.lin.join_last(self.stride, event);
        }
    }

    /// The event that enabled an operation which commutes with those of all
    /// other threads once it is enabled: the notification of a waiter, the
    /// receive of an offer.
    fn enabler(&self, location: usize, object: ObjectId, executed: &Executed) -> u32 {
        let enables = |store: &usize| {
            let before = &self.state_at(location, *store, object).state;
            before.eval(&executed.op.kind, executed.thread, executed.choice).is_some()
        };
        let stores = (0..=self.last_store(location)).rev();
        let first = stores.take_while(enables).last();
        first.map_or(NONE, |store| self.stores(location)[store].event)
    }

    fn make_room(&mut self, threads: usize) {
        if threads > self.last.len() {
            self.last.resize(threads, NONE);
        }
        if threads > self.stride {
            let stride = threads.next_power_of_two();
            self.porf.widen(self.stride, stride);
            self.lin.widen(self.stride, stride);
            self.stride = stride;
        }
    }
}
