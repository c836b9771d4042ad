//! How Selvedge's costs grow: a step of longer executions, and the memory of
//! a longer search.

pub mod memory;
mod rss;
pub mod steps;

use std::fmt;

use serde::Serialize;

use crate::args;
use crate::child::{Task, measured};
use crate::machine::Machine;
use crate::spread::Spread;
use crate::table::Table;
use crate::units::{count, rate, seconds};

use memory::Memory;
use steps::{LENGTHS, Shape, Steps};

/// What a step costs in executions of some length.
#[derive(Clone, Debug, Serialize)]
struct Cost {
    shape: Shape,
    length: usize,
    /// Of one exploration; nothing if executions are drawn.
    executions: Option<u64>,
    /// Of one exploration: abandoned as redundant.
    blocked: Option<u64>,
    /// Abandoned executions included.
    steps_per_execution: f64,
    nanoseconds_per_step: Spread,
    /// Of one exploration; nothing if executions are drawn.
    seconds: Option<Spread>,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    machine: Machine,
    rounds: u64,
    costs: Vec<Cost>,
    memory: Memory,
}

/// Measures everything.
///
/// # Errors
/// What cannot be measured.
pub fn run(args: &args::Scaling) -> Result<Growth, String> {
    let machine = Machine::here();
    let lines: Vec<(Shape, usize)> =
        Shape::ALL.iter().flat_map(|&shape| LENGTHS.map(|length| (shape, length))).collect();
    let mut measurements = vec![Vec::<Steps>::new(); lines.len()];
    for round in 1..=args.common.rounds {
        eprintln!("steps, round {round} of {}", args.common.rounds);
        for (&(shape, length), line) in lines.iter().zip(&mut measurements) {
            line.push(measured(&Task::Steps { shape, length, time: args.common.time })?);
        }
    }
    eprintln!("memory, {} executions", count(args.executions));
    let memory = measured(&Task::Memory { executions: args.executions })?;
    let cost = |((shape, length), line): ((Shape, usize), Vec<Steps>)| {
        let first = line.first()?;
        let each = |sum: u64| shape.is_exhaustive().then(|| sum / first.explorations);
        Some(Cost {
            shape,
            length,
            executions: each(first.executions),
            blocked: each(first.blocked),
            steps_per_execution: first.steps as f64 / (first.executions + first.blocked) as f64,
            nanoseconds_per_step: Spread::of(line.iter().map(Steps::nanoseconds).collect())?,
            seconds: if shape.is_exhaustive() {
                let seconds = |steps: &Steps| steps.seconds / steps.explorations as f64;
                Spread::of(line.iter().map(seconds).collect())
            } else {
                None
            },
        })
    };
    Ok(Growth {
        machine,
        rounds: args.common.rounds,
        costs: lines.into_iter().zip(measurements).filter_map(cost).collect(),
        memory,
    })
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        writeln!(
            f,
            "Cost of a step, in executions of more and more steps: median of {} interleaved rounds.\n",
            self.rounds
        )?;
        let heading = [
            "strategy",
            "program",
            "operations",
            "executions",
            "blocked",
            "steps each",
            "time",
            "ns/step",
            "least",
            "most",
        ];
        let mut table = Table::new(2, heading);
        let mut last = None;
        for cost in &self.costs {
            let named = if last == Some(cost.shape) { ["", ""] } else { cost.shape.names() };
            last = Some(cost.shape);
            let ns = &cost.nanoseconds_per_step;
            let whole = |number: Option<u64>| number.map_or("-".to_owned(), count);
            let mut row: Vec<String> = named.map(str::to_owned).into();
            row.extend([count(cost.length as u64), whole(cost.executions), whole(cost.blocked)]);
            row.push(rate(cost.steps_per_execution));
            row.push(cost.seconds.as_ref().map_or("-".to_owned(), |s| seconds(s.median)));
            row.extend([ns.median, ns.min, ns.max].map(rate));
            table.row(row);
        }
        writeln!(f, "{table}")?;
        writeln!(
            f,
            "Memory: exhaustive search of {}, stopped after {} executions ({}, {} executions/s).\n",
            memory::PROGRAM,
            count(self.memory.executions),
            seconds(self.memory.seconds),
            rate(self.memory.executions as f64 / self.memory.seconds),
        )?;
        write!(f, "{}", self.memory)
    }
}
