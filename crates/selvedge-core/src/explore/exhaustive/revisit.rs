//! Backward revisits: a new store makes an earlier read of its location read it.

use smallvec::{SmallVec, smallvec};

use crate::op::Access;
use crate::world::World;

use super::Search;
use super::consistency::Consistency;
use super::graph::EventIndex;
use super::item::{Child, Flag, Floor, Plan, Step};
use super::options::{Announced, At, Options};

/// A store that could be added to the graph: by an announced operation, right
/// after another store of the location.
#[derive(Clone, Copy, Debug)]
pub(super) struct New<'a> {
    pub(super) announced: &'a Announced<'a>,
    pub(super) location: usize,
    /// The store that it reads.
    pub(super) store: usize,
}

impl<C: Consistency> Search<C> {
    /// Finds the revisits of a store, for each option that writes.
    ///
    /// If the graph contains its event already, that is given as `added`, and
    /// the graph is looked at without it.
    pub(super) fn revisit(
        &mut self,
        world: &World,
        new: &New<'_>,
        options: &Options,
        added: Option<EventIndex>,
    ) {
        if !options.iter().any(|(_, access)| *access == Access::Write) {
            return;
        }
        let readers = self.graph.readers(new.location, new.store);
        let readers: SmallVec<[EventIndex; 4]> = readers.filter(|r| Some(*r) != added).collect();
        if readers.is_empty() {
            return;
        }
        let mut past = std::mem::take(&mut self.past);
        let before = match added {
            Some(event) => self.graph.before(event),
            None => self.graph.last_of(new.announced.thread),
        };
        self.graph.past(before, new.location, new.store, &mut past);
        // The store that would come after the new one must be deleted.
        let next = self.graph.writer(new.location, new.store + 1).filter(|n| Some(*n) != added);
        let mut free = next.is_none();
        let revisitable = readers.into_iter().filter(|r| !self.graph.in_past(&past, *r));
        let earliest = revisitable.map(|r| self.graph.steps[r].stamp as usize).min();
        let newest = self.graph.events.len();
        for stamp in (earliest.unwrap_or(newest)..newest).rev() {
            let event = self.graph.by_stamp[stamp] as usize;
            if Some(event) == added || self.graph.in_past(&past, event) {
                continue;
            }
            if !self.is_deletable(event, stamp, &past) {
                break;
            }
            free |= Some(event) == next;
            if free && self.graph.read(event) == Some((new.location, new.store)) {
                self.revisit_read(world, new, options, event, &past);
            }
        }
        self.past = past;
    }

    /// Emits the items in which the event reads the new store.
    fn revisit_read(
        &mut self,
        world: &World,
        new: &New<'_>,
        options: &Options,
        event: EventIndex,
        past: &[i32],
    ) {
        let read = self.announced(world, event);
        let stamp = self.graph.steps[event].stamp;
        let length = self.graph.events.len();
        for &(choice, _) in options.iter().filter(|(_, access)| *access == Access::Write) {
            let here =
                At { graph: &self.graph, location: new.location, store: new.store, then: None };
            let left = here.after(world, new.announced, choice);
            let choices = At { then: Some(&left), ..here }.options(world, &read);
            let by = new.announced;
            let store = |flag| Step::announced(by.thread, by.op, choice, flag);
            let plan = Plan::Revisit { stamp, past: past.into() };
            let mut floors = self.floors_kept(stamp);
            for (nth, &(choice, _)) in choices.iter().enumerate() {
                let flag = if nth == 0 { Flag::Revisited } else { Flag::Fixed };
                let own = smallvec![
                    store(Flag::Default),
                    Step::announced(read.thread, read.op, choice, flag),
                ];
                let (plan, floors) = (plan.clone(), floors.clone());
                self.children.push(Child { length, plan, own, floors });
            }
            let waits = choices.is_empty() && !self.consistency.is_weak(&self.graph, new.location);
            if waits && self.rules.displacement {
                // It is not enabled there: it was overtaken, and waits.
                if !self.graph.events[event].writes {
                    let wait = (read.thread.index() as u32, read.index);
                    let above = (by.thread.index() as u32, by.index);
                    if !floors.iter().any(|f| (f.wait, f.above) == (wait, above)) {
                        floors.push(Floor { wait, above, stamp: self.kept(stamp, past) });
                    }
                }
                let own = smallvec![store(Flag::Fixed)];
                self.children.push(Child { length, plan, own, floors });
            }
        }
    }

    /// Whether the default rule would add an event again as it is, given what
    /// was there before it and what a revisit keeps.
    fn is_deletable(&self, event: EventIndex, stamp: usize, past: &[i32]) -> bool {
        let (graph, rules) = (&self.graph, &self.rules);
        let read = graph.read(event);
        match graph.steps[event].flag {
            Flag::Fixed if rules.fixed_stay => return false,
            Flag::Revisited if rules.revisited_stay => {
                let source = read.and_then(|(location, store)| graph.writer(location, store));
                let kept = source.is_some_and(|source| graph.in_past(past, source));
                if !(kept && rules.revisited_may_go) {
                    return false;
                }
            }
            _ => {}
        }
        let Some((location, store)) = read.filter(|_| rules.relative_maximality) else {
            return true;
        };
        // A store after that of a write cannot have been there before it, nor
        // be kept without it: stores are chained.
        let there = |writer: EventIndex| {
            (graph.steps[writer].stamp as usize) < stamp || graph.in_past(past, writer)
        };
        graph.events[event].writes || !graph.writer(location, store + 1).is_some_and(there)
    }

    /// The floors that a revisit keeps.
    fn floors_kept(&self, stamp: u32) -> Vec<Floor> {
        self.floors.iter().copied().filter(|floor| floor.stamp < stamp).collect()
    }

    /// How many events a revisit keeps.
    fn kept(&self, stamp: u32, past: &[i32]) -> u32 {
        let later = &self.graph.by_stamp[stamp as usize..self.graph.events.len()];
        stamp + later.iter().filter(|e| self.graph.in_past(past, **e as usize)).count() as u32
    }
}
