//! A random walk: each step is taken by a thread drawn uniformly from those
//! that are enabled.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::world::{Choices, World};

use super::{Decision, Step, Strategy, View};

/// A random walk.
///
/// Each execution has its own generator, seeded by the exploration's seed and
/// the execution's number: executions do not depend on each other, and the
/// same seed gives the same executions in any process.
#[derive(Debug)]
pub struct Random {
    seed: u64,
    execution: u64,
    rng: Xoshiro256PlusPlus,
}

impl Random {
    /// A walk with this seed. It never ends by itself.
    pub fn new(seed: u64) -> Self {
        Random { seed, execution: 0, rng: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    #[inline(never)]
    fn choose(&mut self, choices: Choices) -> u32 {
        match choices.len() {
            1 => choices.nth(0),
            n => choices.nth(self.rng.random_range(0..n)),
        }
    }
}

impl Strategy for Random {
    fn name(&self) -> String {
        "random".to_owned()
    }

    fn begin(&mut self) -> bool {
        // An odd multiplier keeps the seeds of all executions apart.
        let seed = self.seed ^ self.execution.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        self.execution += 1;
        true
    }

    #[inline(always)]
    fn next(&mut self, view: &View<'_>) -> Decision {
        let enabled = view.enabled();
        let thread = match enabled {
            [only] => *only,
            _ => enabled[self.rng.random_range(0..enabled.len() as u32) as usize],
        };
        let choice = match view.choices(thread) {
            Choices::Below(1) => 0,
            choices => self.choose(choices),
        };
        Decision::Step(Step { thread, choice })
    }

    fn end(&mut self, _world: &World) {}
}
