//! A random walk: each step is taken by a thread drawn uniformly from those
//! that are enabled.

use rand::{Rng, RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::id::ThreadId;
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
    run: Run,
}

/// Steps that are drawn at once, by indices of the enabled threads.
#[derive(Debug, Default)]
struct Run {
    /// Who takes them.
    now: u32,
    /// How many steps the execution has when they are done.
    until: usize,
    /// Who takes the next one: another thread.
    after: u32,
}

impl Random {
    /// A walk with this seed. It never ends by itself.
    pub fn new(seed: u64) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Random { seed, execution: 0, rng, run: Run::default() }
    }

    /// The thread that goes on, and how many more steps it takes before
    /// another one is drawn: what independent draws before each step would
    /// say. As long as the same threads are enabled these draws are kept to;
    /// else those that are left are of no consequence.
    #[inline(always)]
    fn draw(&mut self, enabled: &[ThreadId], unchanged: bool, done: usize) -> (ThreadId, u32) {
        if unchanged && done < self.run.until {
            return (enabled[self.run.now as usize], (self.run.until - done - 1) as u32);
        }
        let n = enabled.len() as u32;
        let now = match unchanged && done == self.run.until {
            true => self.run.after,
            false => self.rng.random_range(0..n),
        };
        let (more, others) = match n {
            // So many coins show the same side before one shows the other.
            2 => (self.rng.next_u64().trailing_zeros(), 0),
            _ => (self.repeats(n), self.rng.random_range(0..n - 1)),
        };
        let after = others + u32::from(others >= now);
        self.run = Run { now, until: done + 1 + more as usize, after };
        (enabled[now as usize], more)
    }

    /// How often the same one of `n` is drawn again before another one is.
    fn repeats(&mut self, n: u32) -> u32 {
        let mut repeats = 0;
        while self.rng.random_range(0..n) == 0 {
            repeats += 1;
        }
        repeats
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
        let (thread, more) = match view.enabled() {
            [only] => (*only, u32::MAX),
            enabled => self.draw(enabled, view.is_unchanged(), view.events().len()),
        };
        let choice = match view.choices(thread) {
            Choices::Below(1) => 0,
            choices => self.choose(choices),
        };
        Decision::Run(Step { thread, choice }, more)
    }

    fn end(&mut self, _world: &World) {}
}
