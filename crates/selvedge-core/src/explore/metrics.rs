//! What executions look like, counted around any strategy.

use crate::world::World;

use super::{Decision, Strategy, View};

/// Counts over all executions of a strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Executions, complete or abandoned.
    pub executions: u64,
    /// Steps.
    pub steps: u64,
    /// Steps taken by another thread than the step before.
    pub switches: u64,
    /// Switches away from a thread that could have gone on.
    pub preemptions: u64,
    /// The most threads that took part in an execution.
    pub most_threads: usize,
    /// The most steps of an execution.
    pub most_steps: u64,
}

/// Counts what another strategy does.
#[derive(Debug)]
pub struct Metered<S> {
    inner: S,
    metrics: Metrics,
}

impl<S: Strategy> Metered<S> {
    /// Counts what `inner` does.
    pub fn new(inner: S) -> Self {
        Metered { inner, metrics: Metrics::default() }
    }

    /// The counts so far.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl<S: Strategy> Strategy for Metered<S> {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn begin(&mut self) -> bool {
        self.inner.begin()
    }

    fn next(&mut self, view: &View<'_>) -> Decision {
        let decision = self.inner.next(view);
        if let (Decision::Step(step) | Decision::Run(step, _), Some(last)) =
            (&decision, view.last())
            && step.thread != last
        {
            self.metrics.switches += 1;
            self.metrics.preemptions += u64::from(view.enabled().contains(&last));
        }
        decision
    }

    fn tick(&mut self, world: &World) {
        self.inner.tick(world);
    }

    fn end(&mut self, world: &World) {
        let steps = world.events().len() as u64;
        let metrics = &mut self.metrics;
        metrics.executions += 1;
        metrics.steps += steps;
        metrics.most_steps = metrics.most_steps.max(steps);
        metrics.most_threads = metrics.most_threads.max(world.threads().len());
        self.inner.end(world);
    }

    fn start_again(&mut self) -> bool {
        self.inner.start_again()
    }

    fn left_out(&self) -> Option<String> {
        self.inner.left_out()
    }
}
