//! `report`: tell the results of the last run again.

use super::args::{self, Build};
use super::build::Project;
use super::results::Run;
use super::run::tell_ignored;
use crate::check::{Printer, worst};
use crate::outlet::Outlet;
use crate::{BadInput, Exit, output};

pub(crate) fn run(build: &Build, options: &args::Report) -> Result<Exit, BadInput> {
    let directory = match &options.out {
        Some(directory) => directory.clone(),
        None => Project::open(build)?.reports(None),
    };
    let run = Run::load(&directory)?;
    let rows = run.rows();
    let outlet = Outlet::on_stdout(options.format, run.program.clone());
    let style = output::style();
    let mut printer = Printer::new(rows.iter().map(|row| row.subject), &outlet, true, &style);
    rows.iter().for_each(|row| printer.row(row));
    printer.end(&rows);
    if outlet.shows_text() {
        tell_ignored(&run);
    }
    outlet.end(&rows)?;
    Ok(worst(&rows))
}
