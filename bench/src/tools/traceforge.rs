//! TraceForge: `verify` on one worker.

use ::traceforge::{Config, verify};

use super::Searched;

pub(super) fn search(body: impl Fn() + Send + Sync + 'static) -> Searched {
    // Otherwise it prints a line for each of the first executions.
    let config = Config::builder().with_progress_report(usize::MAX).build();
    let stats = verify(config, body);
    Searched { executions: stats.execs as u64, blocked: stats.block as u64 }
}
