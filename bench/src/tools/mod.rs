//! The tools, each called as its own users call it, without adapters.

mod loom;
mod selvedge;
mod shuttle;
mod traceforge;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use self::selvedge::explorer;

/// A tool that explores programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// Ours.
    Selvedge,
    /// loom's search.
    Loom,
    /// shuttle's depth-first search, or its random walk.
    Shuttle,
    /// TraceForge's search.
    TraceForge,
}

/// What an exhaustive search has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Searched {
    /// Executions that ran to their end.
    pub executions: u64,
    /// Executions abandoned as redundant, where the tool tells.
    pub blocked: u64,
}

impl Tool {
    /// All tools, in the order of the tables.
    pub const ALL: [Tool; 4] = [Tool::Selvedge, Tool::Loom, Tool::Shuttle, Tool::TraceForge];

    /// The name that tables and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Selvedge => "selvedge",
            Tool::Loom => "loom",
            Tool::Shuttle => "shuttle",
            Tool::TraceForge => "traceforge",
        }
    }

    /// Explores every behaviour that the tool knows of.
    ///
    /// # Errors
    /// What kept it from that.
    pub fn search(self, body: impl Fn() + Send + Sync + 'static) -> Result<Searched, String> {
        match self {
            Tool::Selvedge => selvedge::search(body),
            Tool::Loom => Ok(loom::search(body)),
            Tool::Shuttle => Ok(shuttle::search(body)),
            Tool::TraceForge => Ok(traceforge::search(body)),
        }
    }

    /// Runs executions for as long as the process lives: drawn at random
    /// where the tool can draw, otherwise its search, again and again.
    ///
    /// # Errors
    /// What ended it.
    pub fn run_forever(self, body: fn(), count: fn()) -> Result<(), String> {
        let counted = move || {
            count();
            body();
        };
        match self {
            Tool::Selvedge => selvedge::sample(counted),
            Tool::Shuttle => {
                shuttle::sample(counted);
                Err("shuttle has ended by itself".to_owned())
            }
            Tool::Loom | Tool::TraceForge => loop {
                self.search(counted)?;
            },
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
