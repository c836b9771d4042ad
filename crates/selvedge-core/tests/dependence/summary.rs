//! What all pairs of moves in all places have shown.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use selvedge_core::dependence::{Access, Entry, TABLE};

use super::pairs::for_each_pair;
use super::space::spaces;

/// What was seen of two kinds of operations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// A program can have both, in either order.
    pub(crate) both: bool,
    /// How often they were dependent, by the accesses that the rules report.
    pub(crate) dependent: u64,
    /// How often they were not, and both orders were run.
    pub(crate) commuted: u64,
    /// Independent, and yet the order matters.
    pub(crate) unsound: Option<String>,
    /// Independent, and the order matters only to what threads know of each other.
    pub(crate) learns: Option<String>,
    /// The order matters to the program.
    pub(crate) witness: Option<String>,
}

/// Two lines of the table, as indices, the first not greater.
pub(crate) type Lines = (usize, usize);

/// Everything that was seen.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) pairs: BTreeMap<Lines, Seen>,
    /// How each kind of operation touched its object.
    pub(crate) accesses: BTreeMap<usize, Vec<Option<Access>>>,
}

/// Looked at once for all tests.
pub(crate) static SUMMARY: LazyLock<Summary> = LazyLock::new(|| {
    let mut summary = Summary::default();
    for space in spaces() {
        let places = space.places();
        for place in &places {
            for mv in (0..space.threads).flat_map(|t| space.moves(place, t)) {
                if let Some(done) = mv.done(&place.state) {
                    let seen = summary.accesses.entry(line(mv.action.entry())).or_default();
                    if !seen.contains(&done.access) {
                        seen.push(done.access);
                    }
                }
            }
        }
        for_each_pair(&space, &places, |pair| {
            let (a, b) = (line(pair.a.action.entry()), line(pair.b.action.entry()));
            let seen = summary.pairs.entry((a.min(b), a.max(b))).or_default();
            seen.both = true;
            if pair.dependent() {
                seen.dependent += 1;
            } else {
                seen.commuted += u64::from(pair.both);
                let explain = |why: &String| format!("{why}: {}", pair.describe());
                if seen.unsound.is_none() && !pair.may_cause() {
                    seen.unsound = pair.differ.as_ref().map(explain);
                }
                if seen.learns.is_none() {
                    seen.learns = pair.known.as_ref().map(explain);
                }
            }
            if seen.witness.is_none() {
                seen.witness.clone_from(&pair.witness);
            }
        });
    }
    summary
});

fn line(entry: &Entry) -> usize {
    TABLE.iter().position(|e| e == entry).expect("every operation has a line")
}

/// All pairs of lines about one modelled object, with what was seen of them.
pub(crate) fn all_pairs() -> impl Iterator<Item = (&'static Entry, &'static Entry, Seen)> {
    let lines = || TABLE.iter().enumerate().filter(|(_, e)| e.object != "thread");
    lines().flat_map(move |(i, a)| {
        lines()
            .filter(move |(j, b)| i <= *j && a.object == b.object)
            .map(move |(j, b)| (a, b, SUMMARY.pairs.get(&(i, j)).cloned().unwrap_or_default()))
    })
}
