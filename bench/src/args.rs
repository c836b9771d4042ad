//! Commands and options.

use clap::{Parser, Subcommand};

/// Measures Selvedge beside loom, shuttle and TraceForge, in one run.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub compare: Compare,
}

/// What to do in place of the comparison.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// How the cost of a step and the memory grow
    Scaling(Scaling),
    /// One measurement; the bench starts itself with this
    #[command(hide = true)]
    Child {
        /// The measurement, in JSON
        task: String,
    },
}

/// Options of the comparison.
#[derive(Debug, clap::Args)]
pub struct Compare {
    /// Only programs whose name contains one of these
    pub patterns: Vec<String>,
    /// A search that has not ended by then is stopped
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub cap: f64,
    #[command(flatten)]
    pub common: Common,
}

/// Options of `scaling`.
#[derive(Debug, clap::Args)]
pub struct Scaling {
    /// The large search is stopped after that many executions
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub executions: u64,
    #[command(flatten)]
    pub common: Common,
}

/// Options of both.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// How long each rate, or cost of a step, is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = seconds)]
    pub time: f64,
    /// How many rounds of measurements there are
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub rounds: u64,
    /// Print one JSON document in place of tables
    #[arg(long)]
    pub json: bool,
}

/// The longest time that can be asked for: a day.
const LONGEST: f64 = 86_400.0;

fn seconds(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if number > 0.0 && number <= LONGEST {
        Ok(number)
    } else {
        Err(format!("not above 0 and at most {LONGEST}"))
    }
}
