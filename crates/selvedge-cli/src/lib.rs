//! The command lines of Selvedge as a library: a binary gives its scenarios to
//! [`main`]; `cargo selvedge` calls [`project::main`].
//!
//! | module | holds |
//! |---|---|
//! | `args` | commands and options (clap) |
//! | [`registry`] | the scenarios, by name and engine |
//! | `check`, `show`, `replay`, `list`, `compare`, `merge` | a command each |
//! | `interrupt` | Ctrl-C, where a search is saved |
//! | [`project`] | `cargo selvedge`: the tests of a user's project |
//! | `outlet` | in which formats results go where |
//! | `output` | stdout, colours, width, the progress bar |

mod args;
mod check;
mod compare;
mod interrupt;
mod list;
mod merge;
mod outlet;
mod output;
pub mod project;
pub mod registry;
mod replay;
mod show;

use std::process::ExitCode;

use clap::Parser;

pub use registry::Registry;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    /// All as expected.
    Success = 0,
    /// A scenario is not as expected.
    Unexpected = 1,
    /// Nothing contradicted, but a budget ended a search that had to be exhaustive.
    Undecided = 3,
}

/// Bad input: one clear line on stderr, exit code 2.
#[derive(Debug)]
struct BadInput(String);

impl<T: Into<String>> From<T> for BadInput {
    fn from(what: T) -> Self {
        BadInput(what.into())
    }
}

/// Runs the command line of this process on these scenarios.
///
/// Exit codes: 0 all as expected; 1 a scenario is not as expected; 2 bad
/// input, with one line on stderr; 3 nothing contradicted, but a budget ended
/// a search that had to be exhaustive.
pub fn main(registry: Registry) -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) if error.use_stderr() => return bad_input(&first_line(&error)),
        // --help and --version.
        Err(text) => text.exit(),
    };
    let result = match args.command {
        None => check::run(&registry, &args::Check::default()),
        Some(args::Command::Check(options)) => check::run(&registry, &options),
        Some(args::Command::List(options)) => list::run(&registry, &options),
        Some(args::Command::Show(options)) => show::run(&registry, &options),
        Some(args::Command::Replay(options)) => replay::run(&registry, &options),
        Some(args::Command::Compare(options)) => compare::run(&registry, &options),
        Some(args::Command::Merge(options)) => merge::run(&registry, &options),
    };
    code(result)
}

fn code(result: Result<Exit, BadInput>) -> ExitCode {
    match result {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(BadInput(what)) => bad_input(&what),
    }
}

fn bad_input(what: &str) -> ExitCode {
    eprintln!("error: {what}");
    ExitCode::from(2)
}

/// What clap says, without the usage that it adds.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}
