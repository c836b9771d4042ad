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

use super::item::{Flag, Item, Step};

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

/// The two clocks of all events: for each event a row of porf, and then of
/// lin, for as many threads as there is room for.
///
/// Indices are signed because baseline x86-64 has a vector comparison for
/// them; there are far fewer than 2^31.
#[derive(Debug)]
struct Clocks {
    threads: usize,
    rows: Vec<i32>,
}

impl Clocks {
    fn of(&self, event: usize) -> &[i32] {
        &self.rows[event * 2 * self.threads..][..2 * self.threads]
    }

    fn porf(&self, event: usize) -> &[i32] {
        &self.of(event)[..self.threads]
    }

    fn lin(&self, event: usize) -> &[i32] {
        &self.of(event)[self.threads..]
    }

    /// Writes the row of a new event: that of `before`, joined with that of `cause`.
    #[inline]
    fn write(&mut self, event: usize, thread: usize, index: u32, before: u32, cause: u32) {
        let length = 2 * self.threads;
        let at = event * length;
        if self.rows.len() < at + length {
            self.rows.resize(2 * (at + length), 0);
        }
        let (rows, new) = self.rows.split_at_mut(at);
        let new = &mut new[..length];
        match before {
            NONE => new.fill(0),
            _ => new.copy_from_slice(&rows[before as usize * length..][..length]),
        }
        if cause != NONE {
            join(new, &rows[cause as usize * length..][..length]);
        }
        new[thread] = index as i32;
        new[self.threads + thread] = index as i32;
    }

    /// The lin row of an event learns of all that another's knows.
    fn join_lin(&mut self, event: usize, other: u32) {
        let length = 2 * self.threads;
        let (rows, row) = self.rows.split_at_mut(event * length);
        let theirs = &rows[other as usize * length + self.threads..][..self.threads];
        join(&mut row[self.threads..length], theirs);
    }

    /// Both rows of an event learn of all that a clock knows.
    fn join_both(&mut self, event: usize, clock: &[i32]) {
        let length = 2 * self.threads;
        let (porf, lin) = self.rows[event * length..][..length].split_at_mut(self.threads);
        join(&mut porf[..clock.len()], clock);
        join(&mut lin[..clock.len()], clock);
    }

    fn widen(&mut self, threads: usize) {
        let mut wide = Vec::with_capacity(self.rows.len() / self.threads * threads);
        self.rows.truncate(self.rows.len() / self.threads * self.threads);
        for row in self.rows.chunks_exact(self.threads) {
            wide.extend_from_slice(row);
            wide.resize(wide.len() + threads - self.threads, 0);
        }
        self.rows = wide;
        self.threads = threads;
    }
}

/// Rows are multiples of four long.
#[inline]
fn join(mine: &mut [i32], theirs: &[i32]) {
    for (mine, theirs) in mine.chunks_exact_mut(4).zip(theirs.chunks_exact(4)) {
        for i in 0..4 {
            mine[i] = mine[i].max(theirs[i]);
        }
    }
}

/// The execution graph.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) events: Vec<Event>,
    /// How to repeat them: thread, choice, flag and stamp of each. While an
    /// item is repeated, also of those that are yet to come.
    pub(super) steps: Vec<Step>,
    /// The events in the order in which the search added them.
    pub(super) by_stamp: Vec<u32>,
    clocks: Clocks,
    locations: Vec<Location>,
    in_use: usize,
    /// The location of each object of this execution, `NONE` if it has none yet.
    of_object: Vec<u32>,
    /// The same for the object by which [`World::location`] knows the location.
    known_by: Vec<u32>,
    touched: Vec<ObjectId>,
    /// The last event of each thread, or the one that spawned it.
    last: Vec<u32>,
    /// What came before the clock moved last, in both clocks; empty if it did not.
    before_tick: Vec<i32>,
    /// How many events that were.
    ticked: usize,
}

impl Graph {
    pub(super) fn new() -> Self {
        Graph {
            events: Vec::new(),
            steps: Vec::new(),
            by_stamp: Vec::new(),
            clocks: Clocks { threads: 4, rows: Vec::new() },
            locations: Vec::new(),
            in_use: 0,
            of_object: Vec::new(),
            known_by: Vec::new(),
            touched: Vec::new(),
            last: Vec::new(),
            before_tick: Vec::new(),
            ticked: 0,
        }
    }

    /// Forgets the last execution and is about to repeat the steps of an
    /// item; keeps the memory.
    pub(super) fn begin(&mut self, item: &Item) {
        self.events.clear();
        item.steps_into(&mut self.steps);
        self.by_stamp.clear();
        self.by_stamp.resize(self.steps.len(), NONE);
        for (at, step) in (0..).zip(&self.steps) {
            self.by_stamp[step.stamp as usize] = at;
        }
        self.in_use = 0;
        for object in self.touched.drain(..) {
            self.of_object[object.index()] = NONE;
            self.known_by[object.index()] = NONE;
        }
        self.last.fill(NONE);
        self.before_tick.clear();
        self.ticked = 0;
    }

    // ---- locations ---------------------------------------------------------

    /// The location of an object; its present state is the initial one if no
    /// event has been on it.
    #[inline]
    pub(super) fn location(&mut self, world: &World, object: ObjectId) -> usize {
        match self.of_object.get(object.index()) {
            Some(&location) if location != NONE => location as usize,
            _ => self.new_object(world, object),
        }
    }

    #[inline(never)]
    fn new_object(&mut self, world: &World, object: ObjectId) -> usize {
        let one = world.location(object);
        let most = object.index().max(one.index()) + 1;
        if most > self.of_object.len() {
            self.of_object.resize(most, NONE);
            self.known_by.resize(most, NONE);
        }
        let location = match self.known_by[one.index()] {
            NONE => self.new_location(),
            known => known as usize,
        };
        self.known_by[one.index()] = location as u32;
        self.of_object[object.index()] = location as u32;
        self.touched.extend([one, object]);
        let (state, version) = (world.state(object).clone(), world.version(object));
        self.locations[location].initial.push(Version { object, state, version });
        location
    }

    /// True if objects that are one location for the world are one here.
    pub(super) fn has_locations_of(&self, world: &World) -> bool {
        self.touched.iter().all(|&object| {
            let location = self.of_object[object.index()];
            location == NONE || location == self.known_by[world.location(object).index()]
        })
    }

    fn new_location(&mut self) -> usize {
        let location = self.in_use;
        self.in_use += 1;
        if location == self.locations.len() {
            self.locations.push(Location::default());
        }
        let Location { initial, stores } = &mut self.locations[location];
        initial.clear();
        stores.clear();
        stores.push(Store { event: NONE, left: None, first_reader: NONE });
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

    /// The events that read a store: those that do not write, and the one
    /// that makes the next store.
    pub(super) fn readers(
        &self,
        location: usize,
        store: usize,
    ) -> impl Iterator<Item = EventIndex> + '_ {
        let some = |event: u32| (event != NONE).then_some(event as usize);
        let first = some(self.stores(location)[store].first_reader);
        std::iter::successors(first, move |&event| some(self.events[event].next_reader))
            .chain(self.writer(location, store + 1))
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
    pub(super) fn in_past(&self, past: &[i32], event: EventIndex) -> bool {
        let e = &self.events[event];
        past[e.thread as usize] >= e.index as i32
    }

    /// True if `event` comes before the next event of `thread`, whatever that is.
    pub(super) fn is_before(&self, event: EventIndex, thread: ThreadId) -> bool {
        event < self.ticked
            || self.last_of(thread).is_some_and(|last| self.in_past(self.clocks.lin(last), event))
    }

    /// The porf-prefix of an event that comes after `before` in its thread and
    /// reads that store.
    pub(super) fn past(
        &self,
        before: Option<EventIndex>,
        location: usize,
        store: usize,
        past: &mut Vec<i32>,
    ) {
        let writer = self.writer(location, store);
        self.join(Clocks::porf, before, writer, past);
    }

    /// What comes before the next event of `thread` if it reads that store.
    pub(super) fn linear_past(
        &self,
        thread: ThreadId,
        location: usize,
        store: usize,
        past: &mut Vec<i32>,
    ) {
        let writer = self.writer(location, store);
        self.join(Clocks::lin, self.last_of(thread), writer, past);
    }

    fn join(
        &self,
        row: impl Fn(&Clocks, usize) -> &[i32],
        a: Option<EventIndex>,
        b: Option<EventIndex>,
        past: &mut Vec<i32>,
    ) {
        past.clear();
        past.extend_from_slice(&self.before_tick);
        past.resize(self.clocks.threads, 0);
        for event in [a, b].into_iter().flatten() {
            for (mine, theirs) in past.iter_mut().zip(row(&self.clocks, event)) {
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
        self.clocks.porf(event)[thread as usize] >= index as i32
    }

    // ---- growth ------------------------------------------------------------

    /// Adds the event that has just taken effect.
    pub(super) fn append(&mut self, world: &World, executed: &Executed, awaits: Option<u32>) {
        let at = self.events.len() as u32;
        let thread = executed.thread.index();
        self.make_room(world.most_threads());
        let before = self.last[thread];
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
        let object = world.touched(executed).zip(executed.access);
        match object {
            Some((object, access)) => self.touch(world, object, access, at, &mut event),
            None => {
                let cause = self.cause(world, executed, at);
                self.clocks.write(at as usize, thread, executed.index, before, cause);
            }
        }
        if self.ticked > 0 {
            self.clocks.join_both(at as usize, &self.before_tick);
        }
        self.last[thread] = at;
        self.events.push(event);
        if self.steps.len() < self.events.len() {
            self.steps.push(Step::of(executed, Flag::Default, at));
            self.by_stamp.push(at);
        }
    }

    /// The event is on a location: it reads the last store, and may add one.
    #[inline]
    fn touch(
        &mut self,
        world: &World,
        object: ObjectId,
        access: Access,
        at: u32,
        event: &mut Event,
    ) {
        let location = self.location(world, object);
        let stores = &mut self.locations[location].stores;
        let reads = stores.len() - 1;
        event.location = location as u32;
        event.reads = reads as u32;
        event.writes = access == Access::Write;
        let read = &mut stores[reads];
        let thread = event.thread as usize;
        self.clocks.write(at as usize, thread, event.index, event.before, read.event);
        if event.writes {
            let mut reader = read.first_reader;
            while reader != NONE {
                self.clocks.join_lin(at as usize, reader);
                reader = self.events[reader as usize].next_reader;
            }
            let (state, version) = (world.state(object).clone(), world.version(object));
            let left = Some(Version { object, state, version });
            stores.push(Store { event: at, left, first_reader: NONE });
        } else {
            event.next_reader = std::mem::replace(&mut read.first_reader, at);
        }
    }

    /// The event of another thread that one on no location comes after.
    #[inline]
    fn cause(&mut self, world: &World, executed: &Executed, at: u32) -> u32 {
        match executed.op.kind {
            OpKind::Thread(ThreadOp::Join(child)) => self.last[child.index()],
            OpKind::Thread(ThreadOp::Spawn) => {
                self.last[executed.answer as usize] = at;
                NONE
            }
            OpKind::Condvar(_) | OpKind::Channel(_) => {
                let object = executed.op.object.expect("an operation on an object names it");
                let location = self.location(world, object);
                self.enabler(location, object, executed)
            }
            _ => NONE,
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

    /// The clock moves: all events so far come before all that follow.
    pub(super) fn tick(&mut self) {
        self.before_tick.resize(self.clocks.threads, 0);
        for event in &self.events[self.ticked..] {
            self.before_tick[event.thread as usize] = event.index as i32;
        }
        self.ticked = self.events.len();
    }

    fn make_room(&mut self, threads: usize) {
        if threads > self.last.len() {
            self.last.resize(threads, NONE);
        }
        if threads > self.clocks.threads {
            self.clocks.widen(threads.next_power_of_two());
        }
    }
}
