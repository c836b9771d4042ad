//! `check`: explore, compare with what is expected, report.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use selvedge_core::report::{End, Engine, Report, Verdict};
use selvedge_core::scenario::{Agreement, Expectation, Scenario};
use selvedge_core::settings::Settings;
use selvedge_engines::Explorer;
use selvedge_report::text::wrap;
use selvedge_report::{Style, failure, json, summary};
use summary::{Row, Widths};

use crate::args::Format;
use crate::output::{self, Progress};
use crate::registry::Registry;
use crate::{BadInput, Exit, args};

/// loom explores exhaustively, and many a program has no end there.
const LOOM_PATIENCE: Duration = Duration::from_secs(60);

/// A scenario that is sampled is cut short on loom, which cannot sample.
const LOOM_SAMPLE: Duration = Duration::from_secs(2);

/// The settings for one scenario, and whether the search must reach a verdict.
pub(crate) fn settings_for(scenario: &Scenario, base: &Settings) -> (Settings, bool) {
    let mut settings = base.clone();
    settings.name = Some(scenario.name.to_string());
    // All expected failures are to be met, not only the first.
    if let Expectation::Breaks(list) = &scenario.expect {
        settings.keep_going |= list.len() > 1;
    }
    let asked = settings.strategy.clone();
    if let (None, Some(executions)) = (&asked, scenario.sampled) {
        match settings.engine {
            Engine::Loom => {
                settings.max_duration.get_or_insert(LOOM_SAMPLE);
            }
            Engine::Native | Engine::Shuttle => {
                settings.strategy = Some("random".to_owned());
                settings.max_executions.get_or_insert(executions);
            }
            Engine::Std => {
                settings.max_executions.get_or_insert(executions);
            }
        }
        return (settings, false);
    }
    let exhaustive = match settings.engine {
        Engine::Native => {
            asked.as_deref().is_none_or(|s| s == "exhaustive" || s.starts_with("dfs"))
        }
        Engine::Loom => true,
        Engine::Shuttle => asked.as_deref() == Some("dfs"),
        Engine::Std => false,
    };
    if settings.engine == Engine::Loom {
        settings.max_duration.get_or_insert(LOOM_PATIENCE);
    }
    (settings, exhaustive)
}

/// Explores a scenario.
pub(crate) fn explore(scenario: &Scenario, settings: Settings, progress: &Progress) -> Report {
    Explorer::with_settings(settings).run_with_progress(scenario.program(), &mut |report| {
        progress.show(&scenario.name, report);
        true
    })
}

pub(crate) fn run(registry: &Registry, options: &args::Check) -> Result<Exit, BadInput> {
    let base = options.search.settings()?;
    Explorer::with_settings(base.clone()).check()?;
    let workers = options.workers.unwrap_or(1);
    if workers == 0 {
        return Err("--workers 0: somebody has to do the work".into());
    }
    let scenarios = registry.matching(base.engine, &options.patterns)?;
    let style = output::style();
    let mut printer = Printer::new(&scenarios, options, &style);
    let progress = Progress::new();
    let mut done: Vec<(Report, bool)> = Vec::new();
    let mut error = None;
    explore_all(&scenarios, &base, workers, &progress, |i, report, exhaustive| {
        if let End::Error(what) = &report.end {
            error.get_or_insert(format!("{}: {what}", scenarios[i].name));
            return false;
        }
        let row = Row::new(scenarios[i], &report, exhaustive);
        progress.aside(|| printer.row(&row));
        done.push((report, exhaustive));
        true
    });
    progress.finish();
    if let Some(what) = error {
        return Err(what.into());
    }
    let rows: Vec<Row<'_>> = scenarios
        .iter()
        .zip(&done)
        .map(|(scenario, (report, exhaustive))| Row::new(scenario, report, *exhaustive))
        .collect();
    printer.end(&rows);
    Ok(rows
        .iter()
        .map(|row| exit(row.agreement))
        .max_by_key(|e| severity(*e))
        .unwrap_or(Exit::Success))
}

/// Explores the scenarios, several at a time, and hands on the reports in the
/// order of the scenarios until `each` gives false.
fn explore_all(
    scenarios: &[&Scenario],
    base: &Settings,
    workers: usize,
    progress: &Progress,
    mut each: impl FnMut(usize, Report, bool) -> bool,
) {
    let next = AtomicUsize::new(0);
    let (results, finished) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, scenarios.len().max(1)) {
            let (next, results) = (&next, results.clone());
            scope.spawn(move || {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (settings, exhaustive) = settings_for(scenario, base);
                    let report = explore(scenario, settings, progress);
                    let at = scenarios.iter().position(|s| s.name == scenario.name);
                    if results.send((at, report, exhaustive)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (at, report, exhaustive) in finished {
            early.insert(at.unwrap_or(usize::MAX), (report, exhaustive));
            while let Some((report, exhaustive)) = early.remove(&due) {
                if !each(due, report, exhaustive) {
                    // Nobody waits for the rest.
                    next.store(scenarios.len(), Ordering::Relaxed);
                    return;
                }
                due += 1;
            }
        }
    });
}

fn exit(agreement: Agreement) -> Exit {
    match agreement {
        Agreement::AsExpected => Exit::Success,
        Agreement::Contradicted => Exit::Unexpected,
        Agreement::Undecided => Exit::Undecided,
    }
}

/// A contradiction outweighs an open question.
fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::Success => 0,
        Exit::Undecided => 1,
        Exit::Unexpected => 2,
    }
}

/// Prints results as they come, and what belongs at the end.
struct Printer<'a> {
    format: Format,
    quiet: bool,
    style: &'a Style,
    widths: Widths,
    section: Option<String>,
}

impl<'a> Printer<'a> {
    fn new(scenarios: &[&Scenario], options: &args::Check, style: &'a Style) -> Self {
        let widths = Widths::of(scenarios.iter().copied(), style);
        Printer { format: options.format, quiet: options.quiet, style, widths, section: None }
    }

    fn row(&mut self, row: &Row<'_>) {
        if self.format == Format::Json {
            output::line(&json::line(row));
            return;
        }
        if self.section.is_none() {
            output::line(&summary::header(&self.widths, self.style));
        }
        let section = row.scenario.section();
        if self.section.as_deref() != Some(section) {
            self.section = Some(section.to_owned());
            output::line(&summary::section(section, self.style));
        }
        output::line(&summary::row(row, &self.widths, self.style));
    }

    fn end(&self, rows: &[Row<'_>]) {
        if self.format == Format::Json {
            return;
        }
        let drawn = |row: &Row<'_>| !self.quiet || row.agreement == Agreement::Contradicted;
        let failed = |row: &Row<'_>| !row.report.failures().is_empty();
        for row in rows.iter().filter(|row| failed(row) && drawn(row)) {
            output::line("");
            draw_failures(row.report, row.scenario, self.style);
        }
        output::line("");
        for row in rows.iter().filter(|row| row.report.verdict() == Verdict::HoldsExhausted) {
            for assumption in &row.report.assumptions {
                let text = format!("assumed in {}: {assumption}", row.scenario.name);
                wrap(&text, self.style.width).iter().for_each(|line| output::line(line));
            }
        }
        output::print(&summary::totals(rows, self.style));
    }
}

/// Draws the failures of a report; an execution that shows several of them once.
pub(crate) fn draw_failures(report: &Report, scenario: &Scenario, style: &Style) {
    let failures = report.failures();
    for (i, f) in failures.iter().enumerate() {
        let again = f.trace.is_some() && failures[..i].iter().any(|e| e.schedule == f.schedule);
        let replay = replay_command(report, scenario, f.schedule());
        if i > 0 {
            output::line("");
        }
        if again {
            let mut headline = f.clone();
            headline.trace = None;
            output::print(&failure::failure(&headline, &scenario.name, replay.as_deref(), style));
        } else {
            output::print(&failure::failure(f, &scenario.name, replay.as_deref(), style));
        }
    }
}

/// The command that repeats a failure, if the engine's schedules can be repeated.
fn replay_command(report: &Report, scenario: &Scenario, schedule: Option<&str>) -> Option<String> {
    let schedule = schedule.filter(|_| report.engine == Engine::Native)?;
    Some(format!("{} replay {} {schedule}", program(), scenario.name))
}

/// How this program was called: `cargo run --release --` in a workspace.
pub(crate) fn program() -> String {
    if std::env::var_os("CARGO").is_some() {
        let release = if cfg!(debug_assertions) { "" } else { " --release" };
        return format!("cargo run{release} --");
    }
    std::env::args().next().unwrap_or_else(|| "selvedge".to_owned())
}
