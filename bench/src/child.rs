//! Each measurement in a process of its own: no tool inherits what another
//! one has left behind, one that aborts takes nothing with it, and a search
//! that has no end can be ended.

use std::env;
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::tools::Tool;
use crate::{measure, programs, scaling};

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Task {
    /// How long a whole search takes: a [`measure::Proof`].
    Prove { tool: Tool, program: String, cap: f64 },
    /// Executions a second: a number.
    Rate { tool: Tool, program: String, time: f64 },
    /// What a step costs: a [`scaling::steps::Steps`].
    Steps { shape: scaling::steps::Shape, length: usize, time: f64 },
    /// What a large search needs: a [`scaling::memory::Memory`].
    Memory { executions: u64 },
}

/// Variables that the tools read.
const VARIABLES: [&str; 4] = ["SELVEDGE_", "LOOM_", "SHUTTLE_", "MUST_"];

/// The line with the result starts with this; tools print lines of their own.
const MARK: &str = "selvedge-bench answers: ";

/// Has a child measure.
///
/// # Errors
/// What the child complained about.
pub fn measured<R: DeserializeOwned>(task: &Task) -> Result<R, String> {
    let program = env::current_exe().map_err(|e| format!("who am I? {e}"))?;
    let task = serde_json::to_string(task).map_err(|e| e.to_string())?;
    let mut command = Command::new(program);
    command.args(["child", &task]).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if VARIABLES.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }
    let output = command.output().map_err(|e| format!("cannot start a child: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().rev().find_map(|line| line.strip_prefix(MARK)) {
        Some(answer) => serde_json::from_str(answer).map_err(|e| format!("{e} in {answer}")),
        None => {
            let complaints = String::from_utf8_lossy(&output.stderr);
            Err(format!("{}: {}", output.status, complaints.lines().last().unwrap_or("no answer")))
        }
    }
}

/// The child's part: prints the result.
///
/// # Errors
/// What cannot be measured.
pub fn main(task: &str) -> Result<(), String> {
    let task: Task = serde_json::from_str(task).map_err(|e| e.to_string())?;
    let body = |tool: Tool, program: &str| {
        programs::find(program).ok_or(format!("no program '{program}'"))?.body(tool)
    };
    match task {
        Task::Prove { tool, program, cap } => {
            answer(&measure::prove(tool, body(tool, &program)?, cap)?)
        }
        Task::Rate { tool, program, time } => measure::rate(tool, body(tool, &program)?, time),
        Task::Steps { shape, length, time } => {
            answer(&scaling::steps::measure(shape, length, time)?)
        }
        Task::Memory { executions } => answer(&scaling::memory::measure(executions)?),
    }
}

/// Prints the child's result.
///
/// # Errors
/// If it cannot be written down.
pub fn answer(result: &impl Serialize) -> Result<(), String> {
    let result = serde_json::to_string(result).map_err(|e| e.to_string())?;
    // On a line of its own, whatever a tool has begun to print.
    println!("\n{MARK}{result}");
    Ok(())
}
