//! Commands and options.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use selvedge_core::explore::Shard;
use selvedge_core::report::Engine;
use selvedge_core::settings::Settings;
use selvedge_core::time::Time;

use crate::BadInput;

/// Explores every interleaving of concurrent Rust: finds the schedule that
/// breaks a program, shows it, and proves the fix.
///
/// Without a command, checks all scenarios on the native engine.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = false)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List scenarios: what each shows, and what is expected
    List(List),
    /// Explore scenarios, and compare the verdicts with what is expected
    Check(Box<Check>),
    /// Find a failing schedule of a scenario and draw it
    Show(Show),
    /// Repeat one execution, step by step
    Replay(Replay),
    /// Run the same scenarios on several engines
    Compare(Compare),
    /// Put together the parts of a search: one report
    Merge(Merge),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only scenarios whose name contains this
    pub(crate) patterns: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table, and a drawing of each failure: the default
    #[value(alias = "human")]
    Text,
    /// One object a line for each scenario
    Json,
    /// JUnit XML: scenarios as test cases
    Junit,
    /// SARIF 2.1.0: failures as results of an analysis
    Sarif,
    /// Text, annotations for GitHub Actions, and a summary of the job
    Github,
    /// A table, and what is not as expected
    Markdown,
    /// A page for a browser: each failure, to step through
    Html,
}

/// In which formats the results go where.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Formats {
    /// The format of the results; with --out several, with commas between
    #[arg(long, value_name = "FORMAT", value_enum, value_delimiter = ',')]
    pub(crate) format: Vec<Format>,
    /// Write each format to a file in this directory, and the text to stdout
    #[arg(long, value_name = "DIR", requires = "format")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Check {
    /// Only scenarios whose name contains one of these
    pub(crate) patterns: Vec<String>,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) long: Long,
    #[command(flatten)]
    pub(crate) formats: Formats,
    /// Print the table only, no drawings
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// What is for a search that takes long: of one scenario, exhaustive, on the
/// native engine.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Long {
    /// How many workers an exhaustive search has [default: one for each core]
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<usize>,
    /// Save the search of one scenario to this file every few seconds
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// So often: seconds, or 500ms, 1m [default: 2s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) checkpoint_every: Option<Duration>,
    /// Go on with the search that was saved to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Explore one part of the search of one scenario: 1/4 is the first of four
    #[arg(long, value_name = "I/N", requires = "output")]
    pub(crate) shard: Option<Shard>,
    /// Write the result of the part to this file, for `merge`
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub(crate) output: Option<PathBuf>,
    /// Know from the start what another part has learnt: its result
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub(crate) learnt: Vec<PathBuf>,
}

impl Long {
    /// Overrides the settings.
    pub(crate) fn apply(&self, settings: &mut Settings) -> Result<(), BadInput> {
        if self.workers == Some(0) {
            return Err("--workers 0: somebody has to do the work".into());
        }
        settings.workers = self.workers.or(settings.workers);
        settings.checkpoint.clone_from(&self.checkpoint);
        settings.checkpoint_every = self.checkpoint_every.unwrap_or(settings.checkpoint_every);
        settings.resume.clone_from(&self.resume);
        settings.shard = self.shard;
        settings.part.clone_from(&self.output);
        settings.learnt.clone_from(&self.learnt);
        Ok(())
    }

    /// True if it is of one search.
    pub(crate) fn is_of_one(&self) -> bool {
        self.checkpoint.is_some() || self.resume.is_some() || self.shard.is_some()
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Merge {
    /// The results of the parts, as `check --shard` wrote them
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) formats: Formats,
    /// Print the table only, no drawings
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// What to explore with.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Search {
    /// native, loom, shuttle or std
    #[arg(long, value_name = "ENGINE")]
    pub(crate) engine: Option<Engine>,
    /// exhaustive, dfs, dfs:unreduced or random on native; random, pct:D, urw or dfs on shuttle
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<String>,
    /// Seed of what is drawn at random
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Stop a scenario after that many executions
    #[arg(long, value_name = "N")]
    pub(crate) max_executions: Option<u64>,
    /// An execution with more steps fails
    #[arg(long, value_name = "N")]
    pub(crate) max_steps: Option<u64>,
    /// Explore only executions with at most that many preemptions
    #[arg(long, value_name = "N")]
    pub(crate) max_preemptions: Option<u32>,
    /// Stop a scenario after that time: seconds, or 90s, 2m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) max_time: Option<Duration>,
    /// Count every failing execution in place of stopping at the first
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// What sleeps and timeouts mean on native: untimed, or virtual (a clock that moves when no
    /// thread can go on)
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<Time>,
    #[command(flatten)]
    pub(crate) simplify: Simplify,
}

/// How failures are made easy to follow.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Simplify {
    /// Look for so long for a simpler execution of each failure; 0: not at all [default: 2s]
    #[arg(long = "simplify", value_name = "TIME", value_parser = duration)]
    budget: Option<Duration>,
}

impl Simplify {
    /// Overrides the settings.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.simplify_for = self.budget.unwrap_or(settings.simplify_for);
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The scenario
    pub(crate) scenario: String,
    #[command(flatten)]
    pub(crate) simplify: Simplify,
    #[command(flatten)]
    pub(crate) formats: Formats,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The scenario
    pub(crate) scenario: String,
    /// The schedule, as printed with a failure
    pub(crate) schedule: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// Only scenarios whose name contains one of these
    pub(crate) patterns: Vec<String>,
    /// The engines
    #[arg(
        long,
        value_name = "ENGINES",
        value_delimiter = ',',
        default_value = "native,loom,shuttle,std"
    )]
    pub(crate) engines: Vec<Engine>,
    /// Executions of each scenario on each engine
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) executions: u64,
    /// Seed of what is drawn at random
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// `90`, `90s` or `2m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string()),
        Err(_) => humantime::parse_duration(text).map_err(|e| e.to_string()),
    }
}

impl Search {
    /// The environment's settings, overridden by the options.
    pub(crate) fn settings(&self) -> Result<Settings, BadInput> {
        let mut settings = Settings::from_env()?;
        settings.engine = self.engine.unwrap_or(settings.engine);
        settings.strategy = self.strategy.clone().or(settings.strategy);
        settings.seed = self.seed.unwrap_or(settings.seed);
        settings.max_executions = self.max_executions.or(settings.max_executions);
        settings.max_steps = self.max_steps.unwrap_or(settings.max_steps);
        settings.max_preemptions = self.max_preemptions.or(settings.max_preemptions);
        settings.max_duration = self.max_time.or(settings.max_duration);
        settings.keep_going |= self.keep_going;
        settings.time = self.time.unwrap_or(settings.time);
        self.simplify.apply(&mut settings);
        Ok(settings)
    }
}
