//! Depth-first search over all schedules, with sleep sets.
//!
//! Without reduction it enumerates every interleaving. With sleep sets
//! (Godefroid, *Partial-Order Methods for the Verification of Concurrent
//! Systems*, LNCS 1032, 1996) it completes exactly one execution of each
//! behaviour; others are abandoned once it is clear that every continuation
//! was seen, and are counted as blocked. A thread whose next operation
//! commutes with everything is taken at once: a persistent set of one.
//!
//! Every execution starts from the beginning; that the program announces the
//! same operations as before is checked at each step of the common prefix.

use smallvec::SmallVec;

use crate::id::ThreadId;
use crate::op::Op;
use crate::world::{Choices, World};

use super::{Decision, Step, Strategy, View, divergence};

type Set = SmallVec<[ThreadId; 4]>;

#[derive(Debug)]
struct Node {
    /// The thread that is explored from here now.
    thread: ThreadId,
    /// What it announced and which outcome is explored: unknown until an
    /// execution first comes here with this thread.
    pick: Option<Pick>,
    /// What each enabled thread announced when this state was first met.
    announced: SmallVec<[(ThreadId, Op); 3]>,
    /// Enabled threads that are still to be explored from here.
    todo: Set,
    /// Threads whose next step from here leads only to what was seen.
    sleep: Set,
}

#[derive(Clone, Copy, Debug)]
struct Pick {
    op: Op,
    choices: Choices,
    choice: u32,
}

/// Depth-first search over all schedules.
#[derive(Debug)]
pub struct Dfs {
    reduce: bool,
    path: Vec<Node>,
    depth: usize,
    started: bool,
}

impl Dfs {
    /// One execution for each behaviour.
    pub fn new() -> Self {
        Dfs { reduce: true, path: Vec::new(), depth: 0, started: false }
    }

    /// Every interleaving: for tests, and for bounds, which do not go with sleep sets.
    pub fn unreduced() -> Self {
        Dfs { reduce: false, ..Dfs::new() }
    }

    /// The node for a state that was not met before; `None` if all that could
    /// be done from here was seen.
    fn discover(&self, view: &View<'_>) -> Option<Node> {
        let world = view.world();
        let mut sleep = Set::new();
        if self.reduce
            && let (Some(parent), Some(event)) = (self.path.last(), view.events().last())
        {
            let stays = |t: &ThreadId| !world.depends_on(*t, event);
            sleep.extend(parent.sleep.iter().copied().filter(stays));
        }
        let mut todo: Set = view.enabled().iter().copied().filter(|t| !sleep.contains(t)).collect();
        // Prefer the thread that ran last: fewer switches, easier to read.
        if let Some(at) = todo.iter().position(|t| Some(*t) == view.last()) {
            todo[..=at].rotate_right(1);
        }
        if self.reduce
            && let Some(&local) = todo.iter().find(|t| world.is_local(**t))
        {
            todo.clear();
            todo.push(local);
        }
        todo.reverse();
        let thread = todo.pop()?;
        let announced =
            view.enabled().iter().filter_map(|&t| Some((t, *view.announced(t)?))).collect();
        Some(Node { thread, pick: None, announced, todo, sleep })
    }
}

impl Default for Dfs {
    fn default() -> Self {
        Dfs::new()
    }
}

impl Strategy for Dfs {
    fn name(&self) -> String {
        if self.reduce { "dfs" } else { "dfs:unreduced" }.to_owned()
    }

    fn begin(&mut self) -> bool {
        self.depth = 0;
        !std::mem::replace(&mut self.started, true) || !self.path.is_empty()
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        if self.depth == self.path.len() {
            match self.discover(view) {
                Some(node) => self.path.push(node),
                None => return Decision::Abandon,
            }
        }
        let node = &mut self.path[self.depth];
        let thread = node.thread;
        if node.pick.is_none()
            && let Some((t, op)) = node.changed(view)
        {
            return diverged(Some(op), t, view.world());
        }
        let op = view.announced(thread).filter(|_| view.enabled().contains(&thread));
        let choice = match (&node.pick, op) {
            (Some(pick), Some(op)) if view.world().is_same(&pick.op, op) => pick.choice,
            (None, Some(op)) => {
                let choices = view.choices(thread);
                let choice = choices.nth(0);
                node.pick = Some(Pick { op: *op, choices, choice });
                choice
            }
            (pick, _) => {
                return diverged(pick.as_ref().map(|p| &p.op), thread, view.world());
            }
        };
        self.depth += 1;
        Decision::Step(Step { thread, choice })
    }

    fn left_out(&self) -> Option<String> {
        None
    }

    fn start_again(&mut self) -> bool {
        self.path.clear();
        self.started = false;
        true
    }

    fn end(&mut self, _world: &World) {
        // Advance the deepest step that has an alternative.
        self.path.truncate(self.depth);
        while let Some(node) = self.path.last_mut() {
            if let Some(pick) = &mut node.pick
                && let Some(choice) = pick.choices.at_least(pick.choice + 1)
            {
                pick.choice = choice;
                return;
            }
            node.sleep.push(node.thread);
            node.pick = None;
            if let Some(thread) = node.todo.pop() {
                node.thread = thread;
                return;
            }
            self.path.pop();
        }
    }
}

impl Node {
    /// A thread that does not announce what it did when this state was first met.
    fn changed(&self, view: &View<'_>) -> Option<(ThreadId, &Op)> {
        let same = |now: &Op, op: &Op| view.world().is_same(now, op);
        let differs = |t: ThreadId, op: &Op| !view.announced(t).is_some_and(|now| same(now, op));
        self.announced.iter().find(|(t, op)| differs(*t, op)).map(|(t, op)| (*t, op))
    }
}

fn diverged(before: Option<&Op>, thread: ThreadId, world: &World) -> Decision {
    let before = before.map(|op| (world.intention(op), op.at));
    Decision::Diverged(Box::new(divergence(before, world, thread)))
}
