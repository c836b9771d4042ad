//! An execution told step by step, while it happens.

use crate::world::World;

use super::{Decision, Step, Strategy, View};

/// Tells each step of another strategy before it is taken: what is told last
/// is where a program is that hangs or aborts.
pub struct Narrated<'a, S> {
    inner: &'a mut S,
    tell: &'a mut dyn FnMut(&str),
}

impl<'a, S: Strategy> Narrated<'a, S> {
    /// Gives each step of `inner` to `tell`: its number, the thread, what it
    /// is about to do, and where.
    pub fn new(inner: &'a mut S, tell: &'a mut dyn FnMut(&str)) -> Self {
        Narrated { inner, tell }
    }

    fn tell(&mut self, view: &View<'_>, step: Step) {
        let Some(op) = view.announced(step.thread) else { return };
        let number = view.events().len() + 1;
        let who = view.world().thread_name(step.thread);
        let what = view.world().intention(op);
        let at = crate::place::Place::from(op.at).short();
        (self.tell)(&format!("{number:>3} {who:<8} {what:<24} {at}"));
    }
}

impl<S: Strategy> Strategy for Narrated<'_, S> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn begin(&mut self) -> bool {
        self.inner.begin()
    }

    /// Decides on one step at a time: each is told.
    fn next(&mut self, view: &View<'_>) -> Decision {
        match self.inner.next(view) {
            Decision::Step(step) | Decision::Run(step, _) => {
                self.tell(view, step);
                Decision::Step(step)
            }
            other => other,
        }
    }

    fn tick(&mut self, world: &World) {
        self.inner.tick(world);
    }

    fn end(&mut self, world: &World) {
        self.inner.end(world);
    }

    fn start_again(&mut self) -> bool {
        self.inner.start_again()
    }

    fn left_out(&self) -> Option<String> {
        self.inner.left_out()
    }
}
