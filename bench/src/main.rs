//! Selvedge beside loom, shuttle and TraceForge, on the same programs, in one
//! run: how many executions each needs to have seen everything, how fast they
//! are, and how long the proof takes; and how the cost of a step and the
//! memory of Selvedge grow.
//!
//! ```text
//! compare, scaling     what is measured, in which order, and the tables
//!   -> child           each measurement in a process of its own
//!     -> measure       the clock and the counter, the same for all tools
//!       -> tools       how each tool is called
//!         -> programs  what it runs
//! ```

mod args;
mod child;
mod compare;
mod machine;
mod measure;
mod programs;
mod scaling;
mod spread;
mod table;
mod targets;
mod tools;
mod units;

use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        None => show(args.compare.common.json, compare::run(&args.compare)),
        Some(Command::Scaling(scaling)) => show(scaling.common.json, scaling::run(&scaling)),
        Some(Command::Child { task }) => child::main(&task),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("error: {what}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a result, for people or for programs.
fn show<R: std::fmt::Display + Serialize>(
    json: bool,
    result: Result<R, String>,
) -> Result<(), String> {
    let result = result?;
    if json {
        println!("{}", serde_json::to_string_pretty(&result).map_err(|e| e.to_string())?);
    } else {
        print!("{result}");
    }
    Ok(())
}
