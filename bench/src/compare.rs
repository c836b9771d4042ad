//! The comparison: a table of proofs, a table of rates, and whether the
//! targets hold. Rounds are interleaved: what disturbs one tool disturbs all.

use std::fmt;

use serde::Serialize;

use crate::args;
use crate::child::{Task, measured};
use crate::machine::Machine;
use crate::measure::Proof;
use crate::programs::{PROGRAMS, Program};
use crate::spread::Spread;
use crate::table::Table;
use crate::targets::{self, Target};
use crate::tools::Tool;
use crate::units::{count, rate, seconds};

/// Programs of the table of rates: those whose executions are drawn.
const DRAWN: [&str; 5] =
    ["purchase", "purchase, held", "counter 2x5", "counter 3x2", "lock counter 3x2"];

/// How much more time than others the proof gets whose whole length a target names.
const PATIENCE: f64 = 6.0;

/// A program's search by one tool.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The program.
    pub program: &'static str,
    /// The tool.
    pub tool: Tool,
    /// How it went.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a search went.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "outcome")]
pub enum Outcome {
    /// It came to its end.
    Exhausted {
        /// Executions that ran to their end.
        executions: u64,
        /// Executions abandoned as redundant, where the tool tells.
        blocked: u64,
        /// How long a search took.
        seconds: Spread,
        /// Executions that ran to their end, over time.
        executions_per_second: f64,
    },
    /// It was stopped; it is not run again in later rounds.
    Capped {
        /// Executions so far.
        executions: u64,
        /// Time so far.
        seconds: f64,
    },
    /// It could not be run.
    Unavailable {
        /// For this reason.
        why: String,
    },
}

/// A program's executions a second.
#[derive(Clone, Debug, Serialize)]
pub struct Rates {
    /// The program.
    pub program: &'static str,
    /// Ours, at random.
    pub selvedge: Spread,
    /// shuttle's, at random.
    pub shuttle: Spread,
    /// loom's, which can only search.
    pub loom: Spread,
    /// Ours over shuttle's, round by round.
    pub over_shuttle: Spread,
    /// Ours over loom's, round by round.
    pub over_loom: Spread,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    machine: Machine,
    cap_seconds: f64,
    rate_seconds: f64,
    rounds: u64,
    proofs: Vec<Cell>,
    rates: Vec<Rates>,
    targets: Vec<Target>,
}

/// Measures everything.
///
/// # Errors
/// If nothing is to be measured, or a rate cannot be.
pub fn run(args: &args::Compare) -> Result<Comparison, String> {
    let asked = |program: &&Program| {
        args.patterns.is_empty() || args.patterns.iter().any(|p| program.name.contains(p.as_str()))
    };
    let programs: Vec<&Program> = PROGRAMS.iter().filter(asked).collect();
    if programs.is_empty() {
        let names: Vec<_> = PROGRAMS.iter().map(|program| program.name).collect();
        return Err(format!("no such program; there are: {}", names.join("; ")));
    }
    let machine = Machine::here();
    let proofs = proofs(&programs, args);
    let rates = rates(&programs, args)?;
    Ok(Comparison {
        machine,
        cap_seconds: args.cap,
        rate_seconds: args.common.time,
        rounds: args.common.rounds,
        targets: targets::all(&proofs, &rates),
        proofs,
        rates,
    })
}

/// A cell while it is measured.
struct Measuring<'a> {
    program: &'a Program,
    tool: Tool,
    proofs: Vec<Proof>,
    unavailable: Option<String>,
}

impl Measuring<'_> {
    fn measure(&mut self, cap: f64) {
        let stopped = self.proofs.first().is_some_and(|proof| !proof.exhausted);
        if stopped || self.unavailable.is_some() {
            return;
        }
        let whole = (self.program.name, self.tool) == targets::WHOLE_PROOF_OF_PEER;
        let cap = if whole { PATIENCE * cap } else { cap };
        let program = self.program.name.to_owned();
        let proof = self
            .program
            .body(self.tool)
            .and_then(|_| measured::<Proof>(&Task::Prove { tool: self.tool, program, cap }));
        match proof {
            Ok(proof) => self.proofs.push(proof),
            Err(why) => self.unavailable = Some(why),
        }
    }

    fn cell(self) -> Cell {
        let seconds = Spread::of(self.proofs.iter().map(|proof| proof.seconds).collect());
        let outcome = match (self.unavailable, self.proofs.first(), seconds) {
            (None, Some(proof), Some(seconds)) if proof.exhausted => Outcome::Exhausted {
                executions: proof.executions,
                blocked: proof.blocked,
                executions_per_second: proof.executions as f64 / seconds.median,
                seconds,
            },
            (None, Some(proof), _) => {
                Outcome::Capped { executions: proof.executions, seconds: proof.seconds }
            }
            (why, ..) => Outcome::Unavailable { why: why.unwrap_or_else(|| "not run".to_owned()) },
        };
        Cell { program: self.program.name, tool: self.tool, outcome }
    }
}

fn proofs(programs: &[&Program], args: &args::Compare) -> Vec<Cell> {
    let mut cells: Vec<Measuring<'_>> = programs
        .iter()
        .flat_map(|program| Tool::ALL.map(|tool| (program, tool)))
        .map(|(program, tool)| Measuring { program, tool, proofs: vec![], unavailable: None })
        .collect();
    for round in 1..=args.common.rounds {
        eprintln!("proofs, round {round} of {}", args.common.rounds);
        for cell in &mut cells {
            cell.measure(args.cap);
        }
    }
    cells.into_iter().map(Measuring::cell).collect()
}

fn rates(programs: &[&Program], args: &args::Compare) -> Result<Vec<Rates>, String> {
    const TOOLS: [Tool; 3] = [Tool::Selvedge, Tool::Shuttle, Tool::Loom];
    let drawn: Vec<_> = programs.iter().filter(|program| DRAWN.contains(&program.name)).collect();
    let mut rates = vec![[const { Vec::new() }; TOOLS.len()]; drawn.len()];
    for round in 1..=args.common.rounds {
        eprintln!("rates, round {round} of {}", args.common.rounds);
        for (program, rates) in drawn.iter().zip(&mut rates) {
            for (tool, rates) in TOOLS.into_iter().zip(rates) {
                let (program, time) = (program.name.to_owned(), args.common.time);
                rates.push(measured(&Task::Rate { tool, program, time })?);
            }
        }
    }
    let spreads = |(program, rates): (&&&Program, [Vec<f64>; 3])| {
        let [selvedge, shuttle, loom] = rates.map(Spread::of);
        let (selvedge, shuttle, loom) = (selvedge?, shuttle?, loom?);
        Some(Rates {
            program: program.name,
            over_shuttle: selvedge.over(&shuttle)?,
            over_loom: selvedge.over(&loom)?,
            selvedge,
            shuttle,
            loom,
        })
    };
    Ok(drawn.iter().zip(rates).filter_map(spreads).collect())
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.machine)?;
        writeln!(
            f,
            "Proofs: exhaustive searches, one worker; median of {} interleaved rounds.\n\
             Executions are those that ran to their end; blocked ones were abandoned as redundant.\n",
            self.rounds
        )?;
        writeln!(f, "{}", self.proof_table())?;
        if !self.rates.is_empty() {
            writeln!(
                f,
                "Executions a second: selvedge and shuttle draw at random, loom searches, again and\n\
                 again; median (least to most) of {} interleaved rounds of {} each.\n",
                self.rounds,
                seconds(self.rate_seconds)
            )?;
            writeln!(f, "{}", self.rate_table())?;
        }
        if !self.targets.is_empty() {
            writeln!(f, "Targets, on the medians:\n")?;
            write!(f, "{}", targets::table(&self.targets))?;
        }
        Ok(())
    }
}

impl Comparison {
    fn proof_table(&self) -> Table {
        let heading =
            ["program", "tool", "executions", "blocked", "executions/s", "time", "least", "most"];
        let mut table = Table::new(2, heading);
        let mut last = "";
        for Cell { program, tool, outcome } in &self.proofs {
            let name = if *program == last { String::new() } else { (*program).to_owned() };
            last = program;
            let mut row = vec![name, tool.name().to_owned()];
            match outcome {
                Outcome::Exhausted {
                    executions,
                    blocked,
                    seconds: Spread { median, min, max, .. },
                    executions_per_second,
                } => {
                    row.push(count(*executions));
                    let told = matches!(tool, Tool::Selvedge | Tool::TraceForge);
                    row.push(if told { count(*blocked) } else { "-".to_owned() });
                    row.push(rate(*executions_per_second));
                    row.extend([median, min, max].map(|&s| seconds(s)));
                }
                Outcome::Capped { executions, seconds: time } => {
                    row.push(format!("> {}", count(*executions)));
                    row.push(String::new());
                    row.push(rate(*executions as f64 / time));
                    row.push(format!("> {}", seconds(*time)));
                    row.extend([String::new(), String::new()]);
                }
                Outcome::Unavailable { why } => row.push(format!("n/a: {why}")),
            }
            table.row(row);
        }
        table
    }

    fn rate_table(&self) -> Table {
        let heading =
            ["program", "selvedge", "shuttle", "loom", "selvedge/shuttle", "selvedge/loom"];
        let mut table = Table::new(1, heading);
        let spread =
            |s: &Spread| format!("{} ({} to {})", rate(s.median), rate(s.min), rate(s.max));
        for r in &self.rates {
            let cells = [&r.selvedge, &r.shuttle, &r.loom, &r.over_shuttle, &r.over_loom];
            let mut row = vec![r.program.to_owned()];
            row.extend(cells.map(spread));
            table.row(row);
        }
        table
    }
}
