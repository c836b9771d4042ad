//! The exhaustive search: one execution for each behaviour.
//!
//! A search over execution graphs in the manner of TruSt (Kokologiannakis,
//! Marmanis, Gladstein, Vafeiadis, *Truly Stateless, Optimal Dynamic Partial
//! Order Reduction*, POPL 2022), on programs that block, and with sequential
//! objects as locations.
//!
//! Executions are repeated from [`Item`]s: a prefix, as a linearisation of an
//! execution graph. From there each thread goes on by the default rule (a
//! read reads the last store, the first choice is taken), in any order, to the
//! end. What could have been otherwise becomes an item of its own:
//!
//! * *forward*: before an event is added, for each other store that is there
//!   and that it may read, and for each other choice;
//! * *backward*: before a store is added, for each earlier read of its
//!   location that it may *revisit*: events that were added since, and are not
//!   in the store's past, are deleted, and the read reads the new store.
//!
//! The same revisit could be made from many executions. It is made from the
//! one in which everything that it deletes is as the default rule would make
//! it again: so there are no sleep sets, no tree of wakeups, no execution that
//! turns out to have been seen, and items know nothing of each other.
//!
//! The book's chapter on the search says why this visits each behaviour once.

mod chunk;
mod consistency;
mod frontier;
mod graph;
mod item;
mod knowledge;
mod options;
mod pool;
mod revisit;
mod rounds;
mod rules;
mod saved;
mod totals;

use std::sync::Arc;

use smallvec::smallvec;

use crate::id::ThreadId;
use crate::op::{Access, OpKind, ThreadOp};
use crate::world::World;

use super::{Decision, Step as Taken, Strategy, View, divergence};
use consistency::{Consistency, SequentialConsistency};
use graph::{EventIndex, Graph};
use item::{Child, Flag, Floor, Plan, Step};
use options::{Announced, At};
use revisit::New;

pub use frontier::{Frontier, Shard};
pub use item::Item;
pub use knowledge::Knowledge;
pub use rounds::{Observer, Rounds, explore_in_rounds, first_execution};
pub use rules::Rules;
pub use saved::Saved;
pub use totals::Totals;

/// Which thread goes on where the search does not care. The behaviours that
/// it visits are the same for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// The one that took the last step: the fewest switches.
    #[default]
    Last,
    /// The oldest.
    Leftmost,
    /// The youngest.
    Rightmost,
    /// The next after the one that took the last step.
    RoundRobin,
    /// Any, by a hash of the seed and the step.
    Scattered(u64),
}

/// One execution of the search: repeats an item and finds what else there is.
#[derive(Debug)]
struct Search<C> {
    consistency: C,
    rules: Rules,
    preference: Preference,
    graph: Graph,
    /// How many of the graph's steps are repeated.
    repeated: usize,
    /// An event is about to take effect: the version that it is not to find,
    /// if there is one ([`World::awaits`]).
    coming: Option<Option<u32>>,
    /// The event that the item is about was looked at.
    seated: bool,
    /// How often the clock has moved.
    ticks: usize,
    /// What is pending was looked at: nothing more belongs to the behaviour.
    finished: bool,
    floors: Vec<Floor>,
    children: Vec<Child>,
    /// A clock to be filled.
    past: Vec<i32>,
    share: f64,
}

impl<C: Consistency> Search<C> {
    fn new(consistency: C) -> Self {
        Search {
            consistency,
            rules: Rules::default(),
            preference: Preference::default(),
            graph: Graph::new(),
            repeated: 0,
            coming: None,
            seated: false,
            ticks: 0,
            finished: false,
            floors: Vec::new(),
            children: Vec::new(),
            past: Vec::new(),
            share: 0.0,
        }
    }

    /// Starts the execution of an item.
    fn begin(&mut self, item: &Item) {
        self.graph.begin(item);
        self.repeated = self.graph.steps.len();
        self.coming = None;
        self.seated = false;
        self.ticks = 0;
        self.finished = false;
        self.floors.clear();
        self.floors.extend_from_slice(item.floors());
        self.children.clear();
        self.share = item.share;
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        let world = view.world();
        if world.woke_in_vain() {
            self.finish(world);
            // No behaviour of a loop that waits: it is run to see what becomes
            // of it, and nothing is concluded from it.
            let thread = view.enabled()[0];
            return Decision::Step(Taken { thread, choice: view.choices(thread).nth(0) });
        }
        assert_eq!(world.ticks(), self.ticks, "a strategy around another one passes on tick()");
        self.catch_up(world);
        if self.is_outdated(world) {
            return Decision::Abandon;
        }
        let at = self.graph.events.len();
        if at < self.repeated {
            return self.repeat_step(view, at);
        }
        self.seat(world);
        let Some(thread) = self.choose(view) else {
            return Decision::Abandon;
        };
        let choice = self.extend(view, thread);
        self.take(world, Taken { thread, choice })
    }

    /// The execution has ended, or nobody can go on in a way that is not
    /// explored elsewhere, or not without waking a loop in vain.
    fn finish(&mut self, world: &World) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.catch_up(world);
        if self.is_outdated(world) || self.graph.events.len() < self.repeated {
            return;
        }
        self.seat(world);
        self.look_at_all_pending(world);
    }

    /// Nobody can go on before the clock moves: what waits now could have gone
    /// on earlier, but not after what follows.
    fn tick(&mut self, world: &World) {
        if world.woke_in_vain() {
            return;
        }
        self.catch_up(world);
        self.ticks += 1;
        if self.is_outdated(world) {
            return;
        }
        if self.rules.pending_at_ticks && self.graph.events.len() >= self.repeated {
            self.seat(world);
            self.look_at_all_pending(world);
        }
        if self.rules.ticks_order {
            self.graph.tick();
        }
    }

    /// What is left to explore because of this execution.
    fn harvest(&mut self, items: &mut Vec<Item>) {
        if self.children.is_empty() {
            return;
        }
        let base: Arc<[Step]> = self.graph.steps.as_slice().into();
        let share = self.share / (self.children.len() + 1) as f64;
        let new = self.children.drain(..).map(|child| Item::new(Arc::clone(&base), child, share));
        items.extend(new);
    }

    // ---- one step ----------------------------------------------------------

    /// The event that took effect last becomes part of the graph.
    fn catch_up(&mut self, world: &World) {
        if let Some(awaits) = self.coming.take() {
            let executed = &world.events()[self.graph.events.len()];
            self.graph.append(world, executed, awaits);
        }
    }

    fn take(&mut self, world: &World, step: Taken) -> Decision {
        // The first event on an object finds it in its initial state.
        match world.announced(step.thread).map(|op| (op.object, op.kind)) {
            Some((Some(object), _)) => {
                self.graph.location(world, object);
            }
            Some((None, OpKind::Select(select))) => {
                for &object in world.case_channels(select) {
                    self.graph.location(world, object);
                }
            }
            _ => {}
        }
        self.coming = Some(world.awaits(step.thread));
        Decision::Step(step)
    }

    fn repeat_step(&mut self, view: &View<'_>, at: usize) -> Decision {
        let step = &self.graph.steps[at];
        let (world, thread) = (view.world(), step.thread);
        let possible = view.enabled().contains(&thread)
            && world.announced(thread).is_some_and(|op| !step.differs(op))
            && (step.choice == 0
                || view.choices(thread).at_least(step.choice) == Some(step.choice));
        if !possible {
            let before = step.place().map(|at| ("go on from here".to_owned(), at));
            return Decision::Diverged(Box::new(divergence(before, world, thread)));
        }
        let taken = Taken { thread, choice: step.choice };
        self.take(world, taken)
    }

    /// The thread that goes on by default.
    fn choose(&self, view: &View<'_>) -> Option<ThreadId> {
        let world = view.world();
        let mut able = view.enabled().iter().copied().filter(|&t| self.goes_on(world, t));
        let last = view.last();
        match self.preference {
            Preference::Last => {
                let first = able.next()?;
                Some(last.filter(|&l| l == first || able.any(|t| t == l)).unwrap_or(first))
            }
            Preference::Leftmost => able.next(),
            Preference::Rightmost => able.last(),
            Preference::RoundRobin => {
                let first = able.next()?;
                let next = |t: &ThreadId| last.is_some_and(|l| *t > l);
                Some(if next(&first) { first } else { able.find(next).unwrap_or(first) })
            }
            Preference::Scattered(seed) => {
                let able: Vec<ThreadId> = able.collect();
                let at = (seed ^ self.graph.events.len() as u64)
                    .wrapping_add(1)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15);
                (!able.is_empty()).then(|| able[(at >> 33) as usize % able.len()])
            }
        }
    }

    /// Whether an enabled thread has something to do that is explored here:
    /// a loop that waits looks only for what is new at its last look.
    fn goes_on(&self, world: &World, thread: ThreadId) -> bool {
        world.awaits(thread).is_none_or(|version| {
            let object = world.announced(thread).and_then(|op| op.object);
            object.is_some_and(|object| world.version(object) != version)
        })
    }

    /// Finds what else the next event of an enabled thread could be, or could
    /// do to earlier events, and gives the choice that is taken by default.
    fn extend(&mut self, view: &View<'_>, thread: ThreadId) -> u32 {
        let world = view.world();
        let announced = Announced::by(world, thread).expect("an enabled thread is parked");
        if !world.is_local(thread) {
            return self.explore(world, &announced).expect("an enabled thread has a choice");
        }
        let choices = view.choices(thread);
        if let OpKind::Thread(ThreadOp::Any(_)) = announced.op.kind {
            for k in 1..choices.len() {
                self.forward(&announced, choices.nth(k), Plan::Last);
            }
        }
        choices.nth(0)
    }

    /// The same for an operation on a location; `None` if it is not enabled.
    fn explore(&mut self, world: &World, announced: &Announced<'_>) -> Option<u32> {
        let location = self.location(world, announced);
        let last = self.graph.last_store(location);
        let mut default = None;
        for store in (0..=last).rev() {
            let (model, graph, thread) = (&self.consistency, &self.graph, announced.thread);
            let fits = [
                model.can_read(graph, thread, location, store),
                model.can_place(graph, thread, location, store),
            ];
            match fits {
                [false, false] if model.is_weak(graph, location) => continue,
                // Nor can it be put where it would be even earlier.
                [false, false] => break,
                _ => {}
            }
            let here = At { graph, location, store, then: None };
            let mut options = here.options(world, announced);
            options.retain(|(_, access)| fits[usize::from(*access == Access::Write)]);
            let free = store == last
                || self.is_above_floors(announced, location, store)
                    && model.is_consistent(graph, thread, location, store);
            for &(choice, access) in &options {
                if store == last && default.is_none() {
                    default = Some(choice);
                } else if store == last {
                    self.forward(announced, choice, Plan::Last);
                } else if access == Access::Read && free {
                    self.read_earlier(announced, choice, location, store);
                }
            }
            if store == last || self.rules.virtual_options {
                self.revisit(world, &New { announced, location, store }, &options, None);
            }
        }
        default
    }

    /// The event that the item is about was given by a revisit: if it writes,
    /// that store may revisit others.
    fn seat(&mut self, world: &World) {
        if std::mem::replace(&mut self.seated, true) {
            return;
        }
        let Some(newest) = self.repeated.checked_sub(1) else { return };
        let step = &self.graph.steps[newest];
        if step.flag != Flag::Revisited || step.stamp as usize != newest {
            return;
        }
        let Some((location, store)) = self.graph.read(newest) else { return };
        let announced = self.announced(world, newest);
        let here = At { graph: &self.graph, location, store, then: None };
        let options = here.options(world, &announced);
        let new = New { announced: &announced, location, store };
        self.revisit(world, &new, &options, Some(newest));
    }

    fn look_at_all_pending(&mut self, world: &World) {
        if self.rules.pending_revisit {
            for &thread in world.threads() {
                self.look_at_pending(world, thread);
            }
        }
    }

    /// A thread that cannot go on: could it have gone on earlier, and what
    /// would that have done to others?
    fn look_at_pending(&mut self, world: &World, thread: ThreadId) {
        let Some(announced) = Announced::by(world, thread) else { return };
        if world.is_local(thread) {
            return;
        }
        let before = self.children.len();
        self.explore(world, &announced);
        // Those that are looked at next need not find again what it missed.
        let missed =
            self.children[before..].iter().any(|child| matches!(child.plan, Plan::Early(_)));
        let location = self.location(world, &announced);
        let last = self.graph.last_store(location);
        if let Some(writer) = self.graph.writer(location, last).filter(|_| missed) {
            let event = &self.graph.events[writer];
            self.floors.push(Floor {
                wait: (thread.index() as u32, announced.index),
                above: (event.thread, event.index),
                stamp: self.graph.events.len() as u32,
            });
        }
    }

    // ---- forward -----------------------------------------------------------

    fn forward(&mut self, announced: &Announced<'_>, choice: u32, plan: Plan) {
        let own = Step::announced(announced.thread, announced.op, choice, Flag::Fixed);
        self.children.push(Child {
            length: self.graph.events.len(),
            plan,
            own: smallvec![own],
            floors: self.floors.clone(),
        });
    }

    /// The next event of the thread reads a store that is not the last.
    fn read_earlier(
        &mut self,
        announced: &Announced<'_>,
        choice: u32,
        location: usize,
        store: usize,
    ) {
        self.graph.linear_past(announced.thread, location, store, &mut self.past);
        let plan = Plan::Early(self.past.as_slice().into());
        self.forward(announced, choice, plan);
    }

    // ---- questions ---------------------------------------------------------

    /// True if the graph has for two locations what is one, as was learnt since:
    /// the search will start again.
    fn is_outdated(&self, world: &World) -> bool {
        world.has_united() && !self.graph.has_locations_of(world)
    }

    /// The location that an operation is on.
    fn location(&mut self, world: &World, announced: &Announced<'_>) -> usize {
        let objects = announced.objects(world);
        let mut locations = objects.iter().map(|&object| self.graph.location(world, object));
        let first = locations.next().expect("the operation is on an object");
        // The others are the same location, and have their initial states kept.
        locations.for_each(|other| debug_assert_eq!(other, first));
        first
    }

    /// What the thread of an event had announced.
    fn announced<'a>(&self, world: &'a World, event: EventIndex) -> Announced<'a> {
        let executed = &world.events()[event];
        Announced {
            thread: executed.thread,
            index: executed.index,
            op: &executed.op,
            awaits: self.graph.events[event].awaits,
        }
    }

    /// Whether the floors let an operation read that store.
    fn is_above_floors(&self, announced: &Announced<'_>, location: usize, store: usize) -> bool {
        let wait = (announced.thread.index() as u32, announced.index);
        let mut floors = self.floors.iter().filter(|f| f.wait == wait && self.rules.floors);
        floors.all(|floor| {
            let (thread, index) = floor.above;
            let writer = self.graph.writer(location, store);
            writer.is_some_and(|writer| self.graph.prefix_knows(writer, thread, index))
        })
    }
}

/// The exhaustive search, on one worker and one stack of items. For many
/// workers, and to stop and go on: [`explore_in_rounds`].
#[derive(Debug)]
pub struct Exhaustive {
    search: Search<SequentialConsistency>,
    items: Vec<Item>,
    most_items: usize,
    started: bool,
    explored: f64,
}

impl Exhaustive {
    /// A search for all behaviours.
    pub fn new() -> Self {
        Exhaustive {
            search: Search::new(SequentialConsistency),
            items: Vec::new(),
            most_items: 0,
            started: false,
            explored: 0.0,
        }
    }

    /// The same behaviours, each in another linearisation.
    pub fn with_preference(mut self, preference: Preference) -> Self {
        self.search.preference = preference;
        self
    }

    /// A search that keeps only these rules: it is not exhaustive without all
    /// of them. For tests of the tests.
    #[cfg(any(test, feature = "toy"))]
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.search.rules = rules;
        self
    }

    /// Explores these items next, the last one first, and nothing else.
    fn load(&mut self, items: Vec<Item>) {
        self.most_items = items.len();
        self.items = items;
        self.started = true;
        self.explored = 0.0;
    }

    /// What is left of them.
    fn unload(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.items)
    }

    /// How many items are left to explore.
    pub fn pending(&self) -> usize {
        self.items.len()
    }

    /// The most items that were ever left to explore at a time.
    pub fn most_pending(&self) -> usize {
        self.most_items
    }

    /// An estimate of the part of the search that is done, from 0 to 1: at
    /// each execution, what is below it is taken to be divided evenly among
    /// its items (Kilby, Slaney, Thiébaux, Walsh, *Estimating Search Tree
    /// Size*, AAAI 2006).
    pub fn explored(&self) -> f64 {
        self.explored
    }
}

impl Default for Exhaustive {
    fn default() -> Self {
        Exhaustive::new()
    }
}

impl Strategy for Exhaustive {
    fn name(&self) -> String {
        "exhaustive".to_owned()
    }

    fn begin(&mut self) -> bool {
        let item = match std::mem::replace(&mut self.started, true) {
            true => self.items.pop(),
            false => Some(Item::root()),
        };
        if let Some(item) = &item {
            self.search.begin(item);
        }
        item.is_some()
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        self.search.next(view)
    }

    fn tick(&mut self, world: &World) {
        self.search.tick(world);
    }

    fn end(&mut self, world: &World) {
        self.search.finish(world);
        self.explored += self.search.share / (self.search.children.len() + 1) as f64;
        self.search.harvest(&mut self.items);
        self.most_items = self.most_items.max(self.items.len());
    }

    fn start_again(&mut self) -> bool {
        self.items.clear();
        self.most_items = 0;
        self.started = false;
        self.explored = 0.0;
        true
    }

    fn runs_on(&self) -> bool {
        true
    }

    fn left_out(&self) -> Option<String> {
        None
    }
}
