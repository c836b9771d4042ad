//! Commands and options.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::args::{Format, duration};

/// Explores the `#[selvedge::test]`s of a project: every interleaving of each,
/// within a time, in one table.
#[derive(Debug, Parser)]
#[command(name = "cargo selvedge", bin_name = "cargo selvedge", version, about)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) build: Build,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the tests, and write the reports
    Test(Test),
    /// List the tests: where they are, and what is expected of each
    List(List),
    /// Explore one test, and draw its failure
    Show(Show),
    /// Repeat one execution of a test, and draw it
    Replay(Replay),
    /// Tell the results of the last run again
    Report(Report),
}

/// What is built: options of cargo.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Build")]
pub(crate) struct Build {
    /// Only the tests of this package
    #[arg(long, short, value_name = "SPEC", global = true)]
    pub(crate) package: Vec<String>,
    /// The tests of all packages of the workspace
    #[arg(long, global = true)]
    pub(crate) workspace: bool,
    /// Not those of this package
    #[arg(long, value_name = "SPEC", global = true)]
    pub(crate) exclude: Vec<String>,
    /// Features to switch on
    #[arg(long, short = 'F', value_name = "FEATURES", global = true)]
    pub(crate) features: Vec<String>,
    /// Switch all features on
    #[arg(long, global = true)]
    pub(crate) all_features: bool,
    /// Do not switch the default features on
    #[arg(long, global = true)]
    pub(crate) no_default_features: bool,
    /// Build with optimisations
    #[arg(long, short, global = true)]
    pub(crate) release: bool,
    /// Build with this profile
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) profile: Option<String>,
    /// Cargo.lock is to stay as it is
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// Without network
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// The project's Cargo.toml
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Where cargo puts what it builds, and the reports go
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) target_dir: Option<PathBuf>,
}

impl Build {
    /// The options, as cargo is given them.
    pub(crate) fn options(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let on = [
            ("--workspace", self.workspace),
            ("--all-features", self.all_features),
            ("--no-default-features", self.no_default_features),
            ("--release", self.release),
            ("--locked", self.locked),
            ("--offline", self.offline),
        ];
        all.extend(on.iter().filter(|(_, on)| *on).map(|(option, _)| (*option).to_owned()));
        let mut with = |option: &str, value: String| all.extend([option.to_owned(), value]);
        self.package.iter().for_each(|spec| with("--package", spec.clone()));
        self.exclude.iter().for_each(|spec| with("--exclude", spec.clone()));
        self.features.iter().for_each(|features| with("--features", features.clone()));
        self.profile.iter().for_each(|name| with("--profile", name.clone()));
        for (option, path) in
            [("--manifest-path", &self.manifest_path), ("--target-dir", &self.target_dir)]
        {
            path.iter().for_each(|path| with(option, path.display().to_string()));
        }
        all
    }

    /// How `cargo selvedge` is called to build the same again, for a shell.
    pub(crate) fn program(&self) -> String {
        let options = self.options();
        let words = ["cargo", "selvedge"].into_iter().chain(options.iter().map(String::as_str));
        // Only a NUL cannot be quoted, and no argument has one.
        let words = words.map(|word| shlex::try_quote(word).unwrap_or(word.into()));
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Which tests.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Filter {
    /// Only tests whose name contains one of these
    pub(crate) filters: Vec<String>,
    /// Only tests whose name, with or without package or crate, is one of these
    #[arg(long)]
    pub(crate) exact: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// The time for all tests together: seconds, or 90s, 2m. What one leaves
    /// goes to the next ones [default: no end]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// Only tests with `#[ignore]`
    #[arg(long, conflicts_with = "include_ignored")]
    pub(crate) ignored: bool,
    /// Tests with `#[ignore]` as well
    #[arg(long)]
    pub(crate) include_ignored: bool,
    /// What is not proved is not as expected: exit code 3
    #[arg(long)]
    pub(crate) require_proof: bool,
    /// Show what tests print, at once
    #[arg(long)]
    pub(crate) nocapture: bool,
    /// Cargo says nothing of the build
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// The format of the results on stdout
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
    /// Where the reports go, in all formats [default: selvedge/ in the target directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Text for people, or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Listing {
    /// A line for each test, by package
    Text,
    /// One object a line for each test
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// The format of the list
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub(crate) format: Listing,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The test: its name, or a part that no other has
    pub(crate) test: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The test: its name, or a part that no other has
    pub(crate) test: String,
    /// The schedule, as printed with a failure
    pub(crate) schedule: String,
    /// The input, as printed with a failure
    #[arg(long, value_name = "INPUT")]
    pub(crate) input: Option<String>,
    /// Tell each step before it is taken, on stderr
    #[arg(long)]
    pub(crate) trace: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Report {
    /// The format of the results on stdout
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
    /// Where `test --out` has put the reports
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_is_built_is_in_the_command_that_repeats_it() {
        let line = ["cargo selvedge", "test", "-p", "one", "--features", "a b", "--release", "x"];
        let args = Args::try_parse_from(line).expect("a command line");
        let program = "cargo selvedge --release --package one --features 'a b'";
        assert_eq!(args.build.program(), program);
        let again = shlex::split(program).expect("words");
        let again = again.into_iter().skip(1).chain(["list".to_owned()]);
        let again = Args::try_parse_from(again).expect("a command line");
        assert_eq!(again.build.options(), args.build.options());
    }
}
