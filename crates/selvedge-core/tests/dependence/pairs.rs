//! Two moves of different threads, made in both orders.

use std::fmt::Debug;

use selvedge_core::dependence::{Access, Footprint, depend};
use selvedge_core::model::ObjectState;
use selvedge_core::world::World;

use super::action::Move;
use super::run::run;
use super::space::{Place, Space};

/// Two moves that a program may have to order in one place.
pub(crate) struct Pair<'a> {
    pub(crate) place: &'a Place,
    pub(crate) a: Move,
    pub(crate) b: Move,
    /// Both are enabled.
    pub(crate) both: bool,
    /// Why they do not commute to the letter: an answer, a state, memory, the
    /// outcomes to choose from, or whether one is enabled.
    pub(crate) differ: Option<String>,
    /// The order changes what threads know of each other (happens-before).
    pub(crate) known: Option<String>,
    /// Why the order matters to the program: as `differ`, but without answers
    /// that it does not get to see and without the order of lists.
    pub(crate) witness: Option<String>,
}

impl Pair<'_> {
    /// True if the accesses that the rules report make them dependent.
    pub(crate) fn dependent(&self) -> bool {
        let access = |mv: Move| match mv.done(&self.place.state) {
            Some(done) => done.access,
            None => match mv.action.entry().footprint {
                Footprint::Local => None,
                Footprint::Reads => Some(Access::Read),
                // What it will do is open, as in the search.
                _ => Some(Access::Write),
            },
        };
        match (access(self.a), access(self.b)) {
            (Some(a), Some(b)) => depend(a, b),
            _ => false,
        }
    }

    /// True if the one that is not enabled belongs to its own thread only: the
    /// other may be its cause.
    pub(crate) fn may_cause(&self) -> bool {
        [self.a, self.b].iter().any(|mv| {
            mv.done(&self.place.state).is_none() && mv.action.entry().footprint == Footprint::Local
        })
    }

    pub(crate) fn describe(&self) -> String {
        let Pair { place, a, b, .. } = self;
        format!("{a:?} and {b:?} in {:?} {:?}, by {:#?}", place.state, place.memory, place.path)
    }
}

/// All pairs in these places of which at least one is enabled and that a
/// program can make in either order.
pub(crate) fn for_each_pair(space: &Space, places: &[Place], mut visit: impl FnMut(&Pair<'_>)) {
    let mut world = World::new();
    for place in places {
        let moves: Vec<Vec<Move>> = (0..space.threads).map(|t| space.moves(place, t)).collect();
        for first in 0..space.threads {
            for second in first + 1..space.threads {
                for &a in &moves[first] {
                    for &b in &moves[second] {
                        if let Some(pair) = compare(space, place, a, b, &mut world) {
                            visit(&pair);
                        }
                    }
                }
            }
        }
    }
}

fn compare<'a>(
    space: &Space,
    place: &'a Place,
    a: Move,
    b: Move,
    world: &mut World,
) -> Option<Pair<'a>> {
    let pair = |both, differ: Option<&str>| {
        let differ = differ.map(str::to_owned);
        Some(Pair { place, a, b, both, witness: differ.clone(), differ, known: None })
    };
    let (after_a, after_b) = (place.after(a), place.after(b));
    let possible = |after: &Option<Place>, other| match after {
        Some(after) => after.memory.possible(&after.state, other),
        None => true,
    };
    if !possible(&after_a, b) || !possible(&after_b, a) {
        return None;
    }
    let (mut ab, mut ba) = match (after_a, after_b) {
        (Some(after_a), Some(after_b)) => match (after_a.after(b), after_b.after(a)) {
            (Some(ab), Some(ba)) => {
                let choices = |p: &Place, mv: Move| mv.action.choices(&p.state);
                if choices(place, a) != choices(&after_b, a)
                    || choices(place, b) != choices(&after_a, b)
                {
                    return pair(true, Some("one changes the choices of the other"));
                }
                (ab, ba)
            }
            _ => return pair(true, Some("one disables the other")),
        },
        (Some(after), None) | (None, Some(after)) => {
            let other = if a.done(&place.state).is_some() { b } else { a };
            let enables = other.done(&after.state).is_some();
            return pair(false, enables.then_some("one enables the other"));
        }
        (None, None) => return None,
    };

    let last = place.path.len();
    let mut outcome = |end: &Place| {
        let ran = run(world, space, &end.path);
        assert_eq!(ran.state, end.state, "the world and the rules agree on {:#?}", end.path);
        let after_one = place.after(end.path[last]).expect("it is enabled");
        for (i, at) in [(last, place), (last + 1, &after_one)] {
            let done = end.path[i].done(&at.state).expect("it is enabled");
            assert_eq!((done.answer, done.access), ran.moves[i], "{:#?}", end.path);
        }
        let mut memory = place.memory.clone();
        let learnt = [last, last + 1].map(|i| memory.learn(end.path[i], ran.moves[i].0));
        (ran, learnt)
    };
    let (ran_ab, [a_first, b_second]) = outcome(&ab);
    let (ran_ba, [b_first, a_second]) = outcome(&ba);

    let (mut differ, mut witness) = (Difference::default(), Difference::default());
    differ.between(&ran_ab.moves[last], &ran_ba.moves[last + 1]);
    differ.between(&ran_ab.moves[last + 1], &ran_ba.moves[last]);
    differ.between(&ab.state, &ba.state);
    differ.between(&ab.memory, &ba.memory);
    witness.between(&[a_first, b_second], &[a_second, b_first]);
    witness.between(&ab.memory, &ba.memory);
    witness.between(&ran_ab.known, &ran_ba.known);
    normalise(&mut ab.state);
    normalise(&mut ba.state);
    witness.between(&ab.state, &ba.state);
    let mut known = Difference::default();
    known.between(&ran_ab.known, &ran_ba.known);
    let (differ, known, witness) = (differ.0, known.0, witness.0);
    Some(Pair { place, a, b, both: true, differ, known, witness })
}

/// The first difference, in words.
#[derive(Default)]
struct Difference(Option<String>);

impl Difference {
    fn between<T: PartialEq + Debug>(&mut self, ab: &T, ba: &T) {
        if self.0.is_none() && ab != ba {
            self.0 = Some(format!("{ab:?} or {ba:?}"));
        }
    }
}

/// Forgets in which order threads are listed that are all treated alike.
fn normalise(state: &mut ObjectState) {
    match state {
        ObjectState::RwLock(s) => s.readers.sort(),
        ObjectState::Condvar(s) => {
            s.waiting.sort();
            s.notified.sort();
        }
        _ => {}
    }
}
