//! `merge`: one report of the parts of a search.

use selvedge_core::report::{End, Engine};
use selvedge_report::summary::Row;

use crate::check::{Printer, program, severity, worst};
use crate::outlet::Outlet;
use crate::registry::Registry;
use crate::{BadInput, Exit, args, output};

pub(crate) fn run(registry: &Registry, options: &args::Merge) -> Result<Exit, BadInput> {
    let merged = selvedge_engines::merge(&options.files)?;
    let name = merged.program.as_deref().unwrap_or_default();
    let scenario = registry.named(Engine::Native, name)?;
    let style = output::style();
    let rows = [Row::new(scenario, &merged.report, true)];
    let outlet = Outlet::open(&options.formats, program())?;
    let mut printer = Printer::new([rows[0].subject].into_iter(), &outlet, options.quiet, &style);
    printer.row(&rows[0]);
    printer.end(&rows);
    if let (true, false, End::Bounded(what)) =
        (outlet.shows_text(), merged.missing.is_empty(), &merged.report.end)
    {
        output::line(what);
    }
    outlet.end(&rows)?;
    let exit = worst(&rows);
    Ok(match merged.missing.is_empty() {
        false if severity(exit) == 0 => Exit::Undecided,
        _ => exit,
    })
}
