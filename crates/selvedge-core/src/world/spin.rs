//! Threads that spin.
//!
//! `hint::spin_loop` says: I cannot go on until someone else writes. So once
//! a turn of such a loop has been run, a turn that would find nothing new is
//! of no interest: the thread sleeps at the last thing that the turn looks
//! at, until that, or something that the turn looked at before, has changed.
//! `thread::yield_now` and `sleep` may be mere politeness; they are taken for
//! a loop once a whole turn repeated itself.
//!
//! In this way a loop that waits for one location is a single blocking read,
//! of which the exhaustive search knows how to explore every outcome.
//!
//! That a loop waits in this sense is an assumption about the program: it may
//! count its turns and give up. So each loop that was put to sleep is named in
//! the report; and when nobody else can go on, sleepers are woken for some
//! more turns before they are taken to spin for ever. A loop that then gives
//! up by itself breaks the assumption: the search is not called exhausted.

use std::panic::Location;

use smallvec::SmallVec;

use super::{Event, World};
use crate::id::{ObjectId, ThreadId};
use crate::op::{AtomicOp, MutexOp, Op, OpKind, ParkOp, ThreadOp, YieldKind};

/// A turn that looks at more objects than this is not taken for a spin loop,
/// unless it says that it is one.
const MOST_LOOKS: usize = 32;

/// So often a sleeper is woken in vain before it is taken to spin for ever.
const MOST_WAKES: u32 = 200;

/// An operation of a turn that depends on the state of its object.
#[derive(Clone, Copy, Debug)]
struct Look {
    object: ObjectId,
    at: &'static Location<'static>,
    /// The object's version if nobody else has changed it since.
    version: u32,
}

/// What a thread that yields looked at between its last two yields, and how
/// far it has repeated that since.
#[derive(Debug, Default)]
pub(super) struct Spin {
    last_turn: SmallVec<[Look; 2]>,
    /// The next look of `last_turn` if all before it were repeated in this
    /// turn and found nothing new; where this turn began if it has not looked
    /// at anything yet.
    repeated: Option<Repeated>,
    /// The loop is known to wait: a turn that finds nothing new is not run.
    waits: bool,
    /// The announced operation is the last of a turn that found nothing new
    /// so far: where the turn began.
    asleep: Option<usize>,
    /// It was woken there though nothing had changed.
    awake: bool,
    /// The yield of the loop.
    place: Option<&'static Location<'static>>,
    /// How often it was woken though nothing had changed.
    woken: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeated {
    Nothing,
    /// From the first to before the second.
    Looks(usize, usize),
}

impl Spin {
    pub(super) fn clear(&mut self) {
        self.last_turn.clear();
        self.repeated = None;
        self.waits = false;
        self.asleep = None;
        self.awake = false;
        self.place = None;
        self.woken = 0;
    }

    /// True if the thread has yielded, and its operations are to be watched.
    pub(super) fn is_watched(&self) -> bool {
        self.repeated.is_some()
    }

    /// What the look at `object` at this place would be in a repeated turn:
    /// where that began, and the look's index.
    fn aligned(&self, object: ObjectId, at: &'static Location<'static>) -> Option<(usize, usize)> {
        let is_it = |look: &Look| look.object == object && std::ptr::eq(look.at, at);
        match self.repeated? {
            // What came before the loop is in its first turn, too.
            Repeated::Nothing => {
                let at = self.last_turn.iter().rposition(is_it)?;
                Some((at, at))
            }
            Repeated::Looks(from, next) => {
                self.last_turn.get(next).is_some_and(is_it).then_some((from, next))
            }
        }
    }
}

impl World {
    /// `thread` announces an operation: is it one at which the thread sleeps?
    pub(super) fn falls_asleep(&mut self, thread: ThreadId, op: &Op) -> bool {
        let spin = &self.threads[thread.index()].spin;
        let is_last = |(_, index): &(usize, usize)| index + 1 == spin.last_turn.len();
        let aligned = looks(op).and_then(|object| spin.aligned(object, op.at));
        let asleep = aligned.filter(is_last).filter(|_| spin.waits).map(|(from, _)| from);
        let spin = &mut self.threads[thread.index()].spin;
        spin.asleep = asleep;
        spin.awake = false;
        if let Some(at) = spin.place
            && asleep.is_some()
            && !self.assumed.contains(&at)
        {
            self.assumed.push(at);
        }
        asleep.is_some()
    }

    /// True if the thread sleeps and nothing that its turn looks at has changed.
    pub(super) fn sleeps(&self, thread: ThreadId) -> bool {
        let spin = &self.threads[thread.index()].spin;
        let unchanged = |look: &Look| self.objects[look.object.index()].version == look.version;
        spin.asleep.is_some_and(|from| !spin.awake && spin.last_turn[from..].iter().all(unchanged))
    }

    /// If the announced operation is the last of a turn of a loop that found
    /// nothing new so far: the version of its object that it must not find
    /// again ([`World::version`]).
    pub fn awaits(&self, thread: ThreadId) -> Option<u32> {
        let spin = &self.threads[thread.index()].spin;
        spin.asleep.and_then(|_| spin.last_turn.last()).map(|look| look.version)
    }

    /// How often the state of an object has become another one.
    pub fn version(&self, object: ObjectId) -> u32 {
        self.objects[object.index()].version
    }

    /// The operation of a thread that has yielded before took effect: does
    /// its turn still repeat the last one?
    pub(super) fn watch(&mut self, thread: ThreadId, event: &Event) {
        let version = |object: ObjectId| self.objects[object.index()].version;
        let Some((now, object)) = event.op.object.map(|object| (version(object), object)) else {
            return;
        };
        let spin = &mut self.threads[thread.index()].spin;
        spin.asleep = None;
        if looks(&event.op).is_some() && event.access.is_some() {
            let before = now.wrapping_sub(u32::from(event.changed));
            spin.repeated = spin
                .aligned(object, event.op.at)
                .filter(|(_, index)| spin.last_turn[*index].version == before)
                .map(|(from, index)| Repeated::Looks(from, index + 1));
        }
        if event.changed {
            // Its own changes are nothing new.
            for look in spin.last_turn.iter_mut().filter(|look| look.object == object) {
                look.version = look.version.wrapping_add(1);
            }
        }
    }

    /// A yield of `thread` takes effect: another turn begins.
    pub(super) fn next_turn(
        &mut self,
        thread: ThreadId,
        kind: YieldKind,
        at: &'static Location<'static>,
    ) {
        let turn = self.last_turn(thread);
        let spin = &mut self.threads[thread.index()].spin;
        let all = Repeated::Looks(0, spin.last_turn.len());
        let repeated = spin.repeated == Some(all) && turn.len() == spin.last_turn.len();
        spin.waits = !turn.is_empty()
            && match kind {
                YieldKind::Spin => true,
                YieldKind::Polite => repeated && turn.len() <= MOST_LOOKS,
            };
        spin.last_turn = turn;
        spin.repeated = Some(Repeated::Nothing);
        spin.place = Some(at);
    }

    /// What `thread` has looked at since its last yield. It is looked up in
    /// the events, so that programs that never yield pay nothing.
    fn last_turn(&self, thread: ThreadId) -> SmallVec<[Look; 2]> {
        let mut turn: SmallVec<[Look; 2]> = SmallVec::new();
        // How often others changed each object after the thread's last
        // operation on it, looking back from the present version.
        let mut known: SmallVec<[(ObjectId, u32); 8]> = SmallVec::new();
        let mut changes: SmallVec<[(ObjectId, u32); 8]> = SmallVec::new();
        // The last event is the yield itself.
        for event in self.events.iter().rev().skip(1) {
            let mine = event.thread == thread;
            if mine && matches!(event.op.kind, OpKind::Thread(ThreadOp::Yield(_))) {
                break;
            }
            let Some(object) = event.op.object else { continue };
            if mine {
                let version = match known.iter().find(|(o, _)| *o == object) {
                    Some((_, version)) => *version,
                    None => {
                        let since = changes.iter().find(|(o, _)| *o == object);
                        let now = self.objects[object.index()].version;
                        let version = now.wrapping_sub(since.map_or(0, |(_, n)| *n));
                        known.push((object, version));
                        version
                    }
                };
                if looks(&event.op).is_some() && event.access.is_some() {
                    turn.push(Look { object, at: event.op.at, version });
                }
            } else if event.changed {
                match changes.iter_mut().find(|(o, _)| *o == object) {
                    Some((_, n)) => *n += 1,
                    None => changes.push((object, 1)),
                }
            }
        }
        turn.reverse();
        turn
    }

    /// The objects whose change would let a sleeping thread go on.
    pub(super) fn waits_for(&self, thread: ThreadId) -> Vec<ObjectId> {
        let spin = &self.threads[thread.index()].spin;
        let mut objects: Vec<ObjectId> = Vec::new();
        for look in spin.asleep.map_or(&[][..], |from| &spin.last_turn[from..]) {
            if !objects.contains(&look.object) {
                objects.push(look.object);
            }
        }
        objects
    }

    /// Nobody can go on: wakes a thread that sleeps in a loop though nothing has
    /// changed, in case the loop gives up by itself after some turns. False if
    /// there is none, or it has had its turns.
    pub(crate) fn wake_sleeper(&mut self) -> bool {
        for at in 0..self.live.len() {
            let thread = self.live[at];
            let spin = &self.threads[thread.index()].spin;
            if spin.asleep.is_some()
                && !spin.awake
                && spin.woken < MOST_WAKES
                && self.could_go_on(thread)
            {
                let spin = &mut self.threads[thread.index()].spin;
                spin.awake = true;
                spin.woken += 1;
                self.enabled.forget();
                let logged = self.log.as_ref().map_or(0, Vec::len);
                self.first_wake.get_or_insert((self.events.len(), logged));
                return true;
            }
        }
        false
    }

    /// True if a sleeping thread was woken in this execution though nothing
    /// had changed: from then on it is no behaviour of a loop that waits.
    pub fn woke_in_vain(&self) -> bool {
        self.first_wake.is_some()
    }

    /// Forgets the turns for which sleepers were woken in vain.
    pub(crate) fn forget_wakes(&mut self) {
        if let Some((events, logged)) = self.first_wake.take() {
            self.forgotten += self.events.len() - events;
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
                if let Some(at) = spin.place
                    && spin.woken > 0
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

    /// Forgets the loops that were taken to wait, and those that gave up, and
    /// gives both.
    pub(crate) fn take_loops(&mut self) -> [Vec<&'static Location<'static>>; 2] {
        [std::mem::take(&mut self.assumed), std::mem::take(&mut self.gave_up)]
    }

    /// The loops of which that turned out to be wrong: they gave up by themselves.
    pub fn impatient_loops(&self) -> &[&'static Location<'static>] {
        &self.gave_up
    }
}

/// The object whose state an operation depends on, if it is on one.
fn looks(op: &Op) -> Option<ObjectId> {
    match op.kind {
        OpKind::Atomic(AtomicOp::Store { .. })
        | OpKind::Mutex(MutexOp::Unlock)
        | OpKind::Park(ParkOp::Unpark) => None,
        _ => op.object,
    }
}
