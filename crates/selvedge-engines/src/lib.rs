//! One [`Explorer`] for all engines: our own, the loom and shuttle crates, and
//! real threads.
//!
//! | module | holds |
//! |---|---|
//! | [`explorer`] | what users call: settings, and which engine runs them |
//! | `native` | the native engine: strategy, simpler schedule, drawing, replay |
//! | `search` | its exhaustive search: workers, checkpoints, parts |
//! | [`mod@file`], [`merge()`] | what is saved, and how parts of a search are put together |
//! | [`mod@test`] | what `cargo selvedge` and a test tell each other |
//! | [`foreign`] | the other engines, each in a process of its own |

pub mod explorer;
pub mod file;
pub mod foreign;
mod merge;
mod native;
mod search;
mod source;
pub mod test;

use selvedge_core::failure::Fault;

pub use explorer::{Explorer, Replayed};
pub use file::replace_file;
pub use merge::{Merged, merge};
pub use native::STRATEGIES;

/// Reports broken invariants to whichever engine runs the caller, and ends the
/// execution; outside an exploration, panics.
#[track_caller]
pub fn violated(faults: Vec<Fault>) {
    if let Some(faults) = selvedge_runtime::violated(faults) {
        foreign::violated(faults)
    }
}
