//! `merge`: one report of the parts of a search.

use selvedge_core::report::{End, Engine};
use selvedge_report::summary::Row;

use crate::args::Format;
use crate::check::{Printer, severity, worst};
use crate::registry::Registry;
use crate::{BadInput, Exit, args, output};

pub(crate) fn run(registry: &Registry, options: &args::Merge) -> Result<Exit, BadInput> {
    let merged = selvedge_engines::merge(&options.files)?;
    let name = merged.program.as_deref().unwrap_or_default();
    let scenario = registry.named(Engine::Native, name)?;
    let style = output::style();
    let rows = [Row::new(scenario, &merged.report, true)];
    let mut printer = Printer::new(&[scenario], options.format, options.quiet, &style);
    printer.row(&rows[0]);
    printer.end(&rows);
    if let (Format::Human, false, End::Bounded(what)) =
        (options.format, merged.missing.is_empty(), &merged.report.end)
    {
        output::line(what);
    }
    let exit = worst(&rows);
    Ok(match merged.missing.is_empty() {
        false if severity(exit) == 0 => Exit::Undecided,
        _ => exit,
    })
}
