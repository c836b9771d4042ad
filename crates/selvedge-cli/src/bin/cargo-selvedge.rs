//! `cargo selvedge`: explores the tests of a project.

use std::process::ExitCode;

fn main() -> ExitCode {
    selvedge_cli::project::main()
}
