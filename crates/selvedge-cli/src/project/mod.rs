//! `cargo selvedge`: the `#[selvedge::test]`s of a user's project are found, run
//! within a time, and told in one table and in all formats.
//!
//! | module | holds |
//! |---|---|
//! | `args` | commands and options (clap) |
//! | `build` | cargo: what the project is, and its test executables |
//! | `tests` | the tests in them, found by their marks |
//! | `process` | one test in a process of its own |
//! | `spread` | how the time is spread over the tests |
//! | `results` | what came out, as rows of a table, and saved for `report` |
//! | `run`, `list`, `show`, `replay`, `report` | a command each |
//!
//! The tests explore, with the `selvedge` that they were built with. Here
//! nothing is explored: what they write to a file is read.

mod args;
mod build;
mod list;
mod process;
mod replay;
mod report;
mod results;
mod run;
mod show;
mod spread;
mod tests;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Args, Command};

const NO_COMMAND: ErrorKind = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

/// Runs the command line of this process, which cargo calls for `cargo selvedge`.
///
/// Exit codes: 0 all as expected; 1 a test is not as expected; 2 bad input, or
/// tests that cannot be built, with one line on stderr behind what cargo says;
/// 3 nothing contradicted, but the time ended a search that had to be exhaustive.
pub fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    // Cargo gives the name of the subcommand as the first argument.
    if arguments.get(1).is_some_and(|argument| argument == "selvedge") {
        arguments.remove(1);
    }
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        // --help, --version, and no command at all.
        Err(text) if !text.use_stderr() || text.kind() == NO_COMMAND => text.exit(),
        Err(error) => return crate::bad_input(&crate::first_line(&error)),
    };
    let build = &args.build;
    crate::code(match &args.command {
        Command::Test(options) => run::run(build, options),
        Command::List(options) => list::run(build, options),
        Command::Show(options) => show::run(build, options),
        Command::Replay(options) => replay::run(build, options),
        Command::Report(options) => report::run(build, options),
    })
}
