//! shuttle: its depth-first search for proofs, its random walk for sampling.

use ::shuttle::scheduler::{DfsScheduler, RandomScheduler, Scheduler};
use ::shuttle::{Config, FailurePersistence, Runner};

use super::Searched;

/// The draws are the same in each run of the bench.
const SEED: u64 = 0;

fn runner<S: Scheduler + 'static>(scheduler: S) -> Runner<S> {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    Runner::new(scheduler, config)
}

pub(super) fn search(body: impl Fn() + Send + Sync + 'static) -> Searched {
    let executions = runner(DfsScheduler::new(None, false)).run(body);
    Searched { executions: executions as u64, blocked: 0 }
}

pub(super) fn sample(body: impl Fn() + Send + Sync + 'static) {
    runner(RandomScheduler::new_from_seed(SEED, usize::MAX)).run(body);
}
