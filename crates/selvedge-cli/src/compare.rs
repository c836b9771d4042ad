//! `compare`: the same scenarios on several engines, the same number of
//! executions each, one engine after the other.

use selvedge_core::report::{End, Engine, Report};
use selvedge_core::scenario::Scenario;
use selvedge_core::settings::Settings;
use selvedge_report::text::{left, number, right, time};

use crate::check::explore;
use crate::interrupt::Interrupt;
use crate::output::{self, Progress};
use crate::registry::Registry;
use crate::{BadInput, Exit, args};

pub(crate) fn run(registry: &Registry, options: &args::Compare) -> Result<Exit, BadInput> {
    let first = *options.engines.first().ok_or("no engine is named")?;
    for &engine in &options.engines {
        // Before anything is measured: all engines have what is to be compared.
        registry.matching(engine, &options.patterns)?;
    }
    let scenarios = registry.matching(first, &options.patterns)?;
    let progress = Progress::new();
    let names = scenarios.iter().map(|s| s.name.len()).max().unwrap_or(0).max(8);
    output::line(&format!(
        "{}  {}  {}  {}  {}  {}  failing",
        left("scenario", names),
        left("engine", 7),
        right("executions", 12),
        right("time", 9),
        right("a second", 12),
        right("ratio", 8),
    ));
    for scenario in scenarios {
        let mut reference = None;
        for &engine in &options.engines {
            let scenario = registry.named(engine, &scenario.name)?;
            let report = measure(scenario, engine, options, &progress);
            let rate = report.executions as f64 / report.elapsed.as_secs_f64().max(1e-9);
            let reference = *reference.get_or_insert(rate);
            let ratio = format!("{:.1}x", reference / rate.max(1e-9));
            let note = match &report.end {
                End::Exhausted => ", exhausted".to_owned(),
                End::Error(what) => format!(", error: {what}"),
                _ => String::new(),
            };
            progress.aside(|| {
                output::line(&format!(
                    "{}  {}  {}  {}  {}  {}  {}{note}",
                    left(&scenario.name, names),
                    left(engine.as_str(), 7),
                    right(&number(report.executions), 12),
                    right(&time(report.elapsed), 9),
                    right(&number(rate as u64), 12),
                    right(&ratio, 8),
                    number(report.failing),
                ));
            });
        }
    }
    progress.finish();
    Ok(Exit::Success)
}

/// Samples at random where the engine can; none stops at a failure that can go on.
fn measure(
    scenario: &Scenario,
    engine: Engine,
    options: &args::Compare,
    progress: &Progress,
) -> Report {
    let mut settings = Settings::default();
    settings.engine = engine;
    settings.seed = options.seed;
    settings.max_executions = Some(options.executions);
    settings.keep_going = true;
    if matches!(engine, Engine::Native | Engine::Shuttle) {
        settings.strategy = Some("random".to_owned());
    }
    explore(scenario, settings, progress, &Interrupt::default())
}
