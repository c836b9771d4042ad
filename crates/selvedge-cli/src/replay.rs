//! `replay`: repeat one execution, step by step.

use selvedge_core::failure::FailureKind;
use selvedge_core::report::Engine;
use selvedge_core::schedule::Schedule;
use selvedge_core::settings::Settings;
use selvedge_core::trace::Trace;
use selvedge_engines::Explorer;
use selvedge_report::columns;
use selvedge_report::summary::Row;

use crate::check::{draw_failures, program, settings_for};
use crate::registry::Registry;
use crate::{BadInput, Exit, args, output};

pub(crate) fn run(registry: &Registry, options: &args::Replay) -> Result<Exit, BadInput> {
    let scenario = registry.named(Engine::Native, &options.scenario)?;
    let schedule: Schedule = options.schedule.parse().map_err(|e| format!("{e}"))?;
    if !schedule.is_for(&scenario.name) {
        let owner = registry.scenarios(Engine::Native).iter().find(|s| schedule.is_for(&s.name));
        let of =
            owner.map_or_else(|| "a scenario that is not here".to_owned(), |s| s.name.to_string());
        return Err(format!("this schedule is not of {}: it is of {of}", scenario.name).into());
    }
    let mut base = Settings::from_env()?;
    base.engine = Engine::Native;
    let (settings, _) = settings_for(scenario, &base);
    let replayed = Explorer::with_settings(settings).replay(schedule, scenario.program());
    let row = Row::new(scenario, &replayed.report, false);
    draw(&row, &replayed.trace, &program())?;
    Ok(Exit::Success)
}

/// Draws an execution that was repeated, with the failure that it meets.
pub(crate) fn draw(row: &Row<'_>, trace: &Trace, program: &str) -> Result<(), BadInput> {
    let failures = row.report.failures();
    if let Some(f) = failures.iter().find(|f| f.kind() == FailureKind::Nondeterminism) {
        return Err(f.message().into());
    }
    let style = output::style();
    if failures.is_empty() {
        output::print(&columns::columns(trace, &style));
        output::line(&format!("{}: this execution does not fail", row.subject.name));
    } else {
        draw_failures(row, program, &style);
    }
    Ok(())
}
