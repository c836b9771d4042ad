//! `show`: find a failing schedule and draw it.

use selvedge_core::report::{End, Engine, Verdict};
use selvedge_core::scenario::Scenario;
use selvedge_core::settings::Settings;
use selvedge_report::summary::Row;
use selvedge_report::{Style, failure};

use crate::check::{draw_failures, explore, program, settings_for, worst};
use crate::interrupt::Interrupt;
use crate::outlet::Outlet;
use crate::output::{self, Progress};
use crate::registry::Registry;
use crate::{BadInput, Exit, args, list};

pub(crate) fn run(registry: &Registry, options: &args::Show) -> Result<Exit, BadInput> {
    let scenario = registry.named(Engine::Native, &options.scenario)?;
    let mut base = Settings::from_env()?;
    base.engine = Engine::Native;
    options.simplify.apply(&mut base);
    let (settings, exhaustive) = settings_for(scenario, &base);
    let outlet = Outlet::open(&options.formats, program())?;
    let progress = Progress::new();
    let report = explore(scenario, settings, &progress, &Interrupt::default());
    progress.finish();
    let row = Row::new(scenario, &report, exhaustive);
    if let End::Error(what) = &report.end {
        outlet.break_off(&[row])?;
        return Err(what.as_str().into());
    }
    outlet.stream(&row);
    if outlet.shows_text() {
        draw(scenario, &row, outlet.program(), &output::style());
    }
    outlet.end(&[row])?;
    Ok(worst(&[row]))
}

fn draw(scenario: &Scenario, row: &Row<'_>, program: &str, style: &Style) {
    output::line(&format!("{}  {}", scenario.name, list::expectation(scenario)));
    for line in scenario.about.lines() {
        output::line(&format!("   {line}"));
    }
    output::line("");
    draw_failures(row, program, style);
    if row.report.verdict() != Verdict::Fails {
        output::print(&failure::conclusion(row.report, style));
    }
    if !scenario.fixes.is_empty() {
        output::line("");
        output::line(&format!("mended by {}", scenario.fixes.join(", ")));
    }
}
