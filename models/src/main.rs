//! The scenarios on the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    selvedge_cli::main(selvedge_models::registry())
}
