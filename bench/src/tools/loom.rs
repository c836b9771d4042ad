//! loom: `Builder::check` with its defaults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Searched;

pub(super) fn search(body: impl Fn() + Send + Sync + 'static) -> Searched {
    // loom does not tell how many executions there were.
    let executions = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&executions);
    ::loom::model::Builder::new().check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        body();
    });
    Searched { executions: executions.load(Ordering::Relaxed), blocked: 0 }
}
