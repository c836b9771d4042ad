//! A bound on preemptions: switches away from a thread that could have gone
//! on (Musuvathi, Qadeer, PLDI 2007).

use crate::world::World;

use super::{Decision, Strategy, View};

/// Lets another strategy see only what stays within a bound on preemptions.
#[derive(Debug)]
pub struct PreemptionBound<S> {
    inner: S,
    most: u32,
    used: u32,
    hid_something: bool,
}

impl<S: Strategy> PreemptionBound<S> {
    /// At most `most` preemptions in each execution of `inner`.
    ///
    /// The inner strategy must not leave out executions because equivalent
    /// ones were seen ([`Dfs::unreduced`](super::Dfs::unreduced), not
    /// [`Dfs::new`](super::Dfs::new)): those may be beyond the bound.
    pub fn new(inner: S, most: u32) -> Self {
        PreemptionBound { inner, most, used: 0, hid_something: false }
    }

    /// The strategy that is bounded.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The preemptions of the last execution.
    pub fn used(&self) -> u32 {
        self.used
    }
}

impl<S: Strategy> Strategy for PreemptionBound<S> {
    fn name(&self) -> String {
        format!("{} with {}", self.inner.name(), bound(self.most))
    }

    fn begin(&mut self) -> bool {
        self.used = 0;
        self.inner.begin()
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        // A thread that yields asks for a switch: that is no preemption.
        let running = view.last().filter(|t| {
            view.enabled().contains(t)
                && !view.announced(*t).is_some_and(|op| {
                    use crate::op::{OpKind, ThreadOp};
                    matches!(op.kind, OpKind::Thread(ThreadOp::Yield(_)))
                })
        });
        let Some(running) = running else {
            return self.inner.next(view);
        };
        if self.used >= self.most {
            self.hid_something |= view.enabled().len() > 1;
            return self.inner.next(&view.narrowed(&[running]));
        }
        let decision = self.inner.next(view);
        if let Decision::Step(step) | Decision::Run(step, _) = &decision {
            self.used += u32::from(step.thread != running);
        }
        decision
    }

    fn tick(&mut self, world: &World) {
        self.inner.tick(world);
    }

    fn end(&mut self, world: &World) {
        self.inner.end(world);
    }

    fn start_again(&mut self) -> bool {
        self.hid_something = false;
        self.inner.start_again()
    }

    fn left_out(&self) -> Option<String> {
        self.inner.left_out().or_else(|| self.hid_something.then(|| bound(self.most)))
    }
}

fn bound(most: u32) -> String {
    format!("at most {most} preemption{}", if most == 1 { "" } else { "s" })
}
