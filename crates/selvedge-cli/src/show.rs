//! `show`: find a failing schedule and draw it.

use selvedge_core::report::{End, Engine, Verdict};
use selvedge_core::scenario::Agreement;
use selvedge_core::settings::Settings;
use selvedge_report::failure;

use crate::check::{draw_failures, explore, settings_for};
use crate::interrupt::Interrupt;
use crate::output::{self, Progress};
use crate::registry::Registry;
use crate::{BadInput, Exit, args, list};

pub(crate) fn run(registry: &Registry, options: &args::Show) -> Result<Exit, BadInput> {
    let scenario = registry.named(Engine::Native, &options.scenario)?;
    let mut base = Settings::from_env()?;
    base.engine = Engine::Native;
    let (settings, exhaustive) = settings_for(scenario, &base);
    let style = output::style();
    let progress = Progress::new();
    let report = explore(scenario, settings, &progress, &Interrupt::default());
    progress.finish();
    if let End::Error(what) = &report.end {
        return Err(what.as_str().into());
    }
    output::line(&format!("{}  {}", scenario.name, list::expectation(scenario)));
    for line in scenario.about.lines() {
        output::line(&format!("   {line}"));
    }
    output::line("");
    draw_failures(&report, scenario, &style);
    if report.verdict() != Verdict::Fails {
        output::print(&failure::conclusion(&report, &style));
    }
    if !scenario.fixes.is_empty() {
        output::line("");
        output::line(&format!("mended by {}", scenario.fixes.join(", ")));
    }
    Ok(match scenario.agreement(&report, exhaustive) {
        Agreement::AsExpected => Exit::Success,
        Agreement::Contradicted => Exit::Unexpected,
        Agreement::Undecided => Exit::Undecided,
    })
}
