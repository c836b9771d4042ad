//! The programs, for each tool: one source (`shared.rs`), stamped four times.

#![allow(clippy::duplicate_mod, reason = "the source is stamped once for each tool")]

mod loom;
mod selvedge;
mod shuttle;
mod traceforge;

use crate::tools::Tool;

/// A program, as each tool runs it.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What tables call it.
    pub name: &'static str,
    /// Its threads, the main one included.
    pub threads: usize,
    selvedge: fn(),
    loom: fn(),
    shuttle: fn(),
    traceforge: fn(),
}

/// The same call of each tool's copy of a program.
macro_rules! program {
    ($name:literal, $threads:expr, $($call:tt)+) => {
        Program {
            name: $name,
            threads: $threads,
            selvedge: || selvedge::$($call)+,
            loom: || loom::$($call)+,
            shuttle: || shuttle::$($call)+,
            traceforge: || traceforge::$($call)+,
        }
    };
}

/// All programs, in the order of the tables.
pub const PROGRAMS: &[Program] = &[
    program!("purchase", 3, purchase(false)),
    program!("purchase, held", 3, purchase(true)),
    program!("counter 2x5", 3, counter(2, 5)),
    program!("counter 3x2", 4, counter(3, 2)),
    program!("lock counter 3x2", 4, lock_counter(3, 2)),
    program!("readers 5", 7, readers(5)),
    program!("lastzero 5", 7, last_zero::<6>()),
    program!("philosophers 3", 4, philosophers::<3>()),
    program!("MP", 3, message_passing()),
    program!("SB", 3, store_buffering()),
    program!("IRIW", 5, iriw()),
];

/// The program of that name.
pub fn find(name: &str) -> Option<&'static Program> {
    PROGRAMS.iter().find(|program| program.name == name)
}

impl Program {
    /// The program as `tool` runs it.
    ///
    /// # Errors
    /// Why it cannot be expressed there.
    pub fn body(&self, tool: Tool) -> Result<fn(), String> {
        match tool {
            Tool::Selvedge => Ok(self.selvedge),
            Tool::Loom if self.threads > ::loom::MAX_THREADS => Err(format!(
                "{} threads, and loom has at most {}",
                self.threads,
                ::loom::MAX_THREADS
            )),
            Tool::Loom => Ok(self.loom),
            Tool::Shuttle => Ok(self.shuttle),
            Tool::TraceForge => Ok(self.traceforge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the programs have by other tools' brute force, or by counting: n
    /// operations on one object in k equal threads are n! / ((n/k)!)^k; each
    /// reader comes before or after the write.
    const BEHAVIOURS: [(&str, u64); 9] = [
        ("purchase", 6),
        ("purchase, held", 2),
        ("counter 2x5", 252),
        ("counter 3x2", 90),
        ("lock counter 3x2", 90),
        ("readers 5", 32),
        ("MP", 3),
        ("SB", 3),
        ("IRIW", 15),
    ];

    #[test]
    fn selvedge_sees_each_behaviour_once() {
        for (name, behaviours) in BEHAVIOURS {
            let body = find(name).unwrap().body(Tool::Selvedge).unwrap();
            assert_eq!(Tool::Selvedge.search(body).unwrap().executions, behaviours, "{name}");
        }
    }

    #[test]
    fn traceforge_runs_the_same_programs() {
        // With `readers` and `IRIW` it tells two reads in another order apart.
        let same = BEHAVIOURS.iter().filter(|(name, _)| !["readers 5", "IRIW"].contains(name));
        for (name, behaviours) in same {
            let body = find(name).unwrap().body(Tool::TraceForge).unwrap();
            assert_eq!(Tool::TraceForge.search(body).unwrap().executions, *behaviours, "{name}");
        }
    }

    #[test]
    fn a_program_that_a_tool_cannot_run_is_said_to_be_one() {
        let why = find("readers 5").unwrap().body(Tool::Loom).unwrap_err();
        assert!(why.contains("7 threads"), "{why}");
    }
}
