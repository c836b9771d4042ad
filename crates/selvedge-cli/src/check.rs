//! `check`: explore, compare with what is expected, report.

use std::time::Duration;

use selvedge_core::failure::Failure;
use selvedge_core::report::{End, Engine, Report, Verdict};
use selvedge_core::scenario::{Agreement, Expectation, Scenario};
use selvedge_core::settings::Settings;
use selvedge_core::time::Time;
use selvedge_engines::Explorer;
use selvedge_report::text::{harmless, wrap};
use selvedge_report::{Style, summary};
use summary::{Row, Subject, Widths};

use crate::interrupt::Interrupt;
use crate::outlet::Outlet;
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
    if scenario.time == Time::Virtual {
        settings.time = Time::Virtual;
    }
    // All expected failures are to be met, not only the first.
    if let Expectation::Breaks(list) = &scenario.expect {
        settings.keep_going |= list.len() > 1;
    }
    if let (None, Some(executions)) = (&settings.strategy, scenario.sampled) {
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
    let exhaustive = settings.is_exhaustive();
    if settings.engine == Engine::Loom {
        settings.max_duration.get_or_insert(LOOM_PATIENCE);
    }
    (settings, exhaustive)
}

/// Explores a scenario.
pub(crate) fn explore(
    scenario: &Scenario,
    settings: Settings,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Report {
    Explorer::with_settings(settings).run_with_progress(scenario.program(), &mut |report| {
        progress.show(&scenario.name, report);
        !interrupt.is_set()
    })
}

pub(crate) fn run(registry: &Registry, options: &args::Check) -> Result<Exit, BadInput> {
    let mut base = options.search.settings()?;
    options.long.apply(&mut base)?;
    let scenarios = registry.matching(base.engine, &options.patterns)?;
    if options.long.is_of_one() && scenarios.len() != 1 {
        let count = scenarios.len();
        return Err(format!("{count} scenarios: only a single search can be saved or split").into());
    }
    for scenario in scenarios.iter().take(1) {
        let (settings, _) = settings_for(scenario, &base);
        Explorer::with_settings(settings).check()?;
    }
    let interrupt = Interrupt::watched(base.checkpoint.is_some() || base.resume.is_some())?;
    let style = output::style();
    let outlet = Outlet::open(&options.formats, program())?;
    let subjects = scenarios.iter().copied().map(Subject::from);
    let mut printer = Printer::new(subjects, &outlet, options.quiet, &style);
    let progress = Progress::new();
    let mut done: Vec<(Report, bool)> = Vec::new();
    let mut broken_off = None;
    for scenario in &scenarios {
        let (settings, exhaustive) = settings_for(scenario, &base);
        let report = explore(scenario, settings, &progress, &interrupt);
        // A part that was explored is all that was asked for.
        let exhaustive = exhaustive && !matches!(report.end, End::Part(_));
        if let End::Error(what) = &report.end {
            broken_off = Some(format!("{}: {what}", scenario.name));
        } else {
            let row = Row::new(*scenario, &report, exhaustive);
            progress.aside(|| printer.row(&row));
        }
        done.push((report, exhaustive));
        if broken_off.is_some() {
            break;
        }
    }
    progress.finish();
    let rows: Vec<Row<'_>> = scenarios
        .iter()
        .zip(&done)
        .map(|(scenario, (report, exhaustive))| Row::new(*scenario, report, *exhaustive))
        .collect();
    if let Some(what) = broken_off {
        outlet.break_off(&rows)?;
        return Err(what.into());
    }
    printer.end(&rows);
    outlet.end(&rows)?;
    let exit = worst(&rows);
    if let Some(path) = base.checkpoint.as_ref().or(base.resume.as_ref())
        && rows.iter().any(|row| row.report.pending > 0 && row.report.end != End::Failure)
    {
        eprintln!("the search is not finished: go on with --resume {}", path.display());
        return Ok(if severity(exit) == 0 { Exit::Undecided } else { exit });
    }
    Ok(exit)
}

/// How the command ends, after these results.
pub(crate) fn worst(rows: &[Row<'_>]) -> Exit {
    let exits = rows.iter().map(|row| exit(row.agreement));
    exits.max_by_key(|e| severity(*e)).unwrap_or(Exit::Success)
}

fn exit(agreement: Agreement) -> Exit {
    match agreement {
        Agreement::AsExpected => Exit::Success,
        Agreement::Contradicted => Exit::Unexpected,
        Agreement::Undecided => Exit::Undecided,
    }
}

/// A contradiction outweighs an open question.
pub(crate) fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::Success => 0,
        Exit::Undecided => 1,
        Exit::Unexpected => 2,
    }
}

/// Prints results as they come, and what belongs at the end.
pub(crate) struct Printer<'a> {
    outlet: &'a Outlet,
    quiet: bool,
    style: &'a Style,
    widths: Widths,
    section: Option<String>,
}

impl<'a> Printer<'a> {
    pub(crate) fn new(
        subjects: impl Iterator<Item = Subject<'a>>,
        outlet: &'a Outlet,
        quiet: bool,
        style: &'a Style,
    ) -> Self {
        let widths = Widths::of(subjects, style);
        Printer { outlet, quiet, style, widths, section: None }
    }

    pub(crate) fn row(&mut self, row: &Row<'_>) {
        self.outlet.stream(row);
        if !self.outlet.shows_text() {
            return;
        }
        if self.section.is_none() {
            output::line(&summary::header(&self.widths, self.style));
        }
        let section = row.subject.section();
        if self.section.as_deref() != Some(section) {
            self.section = Some(section.to_owned());
            output::line(&summary::section(section, self.style));
        }
        output::line(&summary::row(row, &self.widths, self.style));
    }

    pub(crate) fn end(&self, rows: &[Row<'_>]) {
        if !self.outlet.shows_text() {
            return;
        }
        let drawn = |row: &Row<'_>| !self.quiet || row.agreement == Agreement::Contradicted;
        let failed = |row: &Row<'_>| !row.report.failures().is_empty();
        for row in rows.iter().filter(|row| drawn(row)) {
            if failed(row) {
                output::line("");
                draw_failures(row, self.outlet.program(), self.style);
            }
            print_output(row);
        }
        output::line("");
        for row in rows.iter().filter(|row| row.report.verdict() == Verdict::HoldsExhausted) {
            for assumption in &row.report.assumptions {
                let text = format!("assumed in {}: {assumption}", row.subject.name);
                wrap(&text, self.style.width).iter().for_each(|line| output::line(line));
            }
        }
        for row in rows {
            for note in &row.report.notes {
                let text = format!("note on {}: {note}", row.subject.name);
                wrap(&text, self.style.width).iter().for_each(|line| output::line(line));
            }
        }
        output::print(&summary::totals(rows, self.style));
    }
}

/// Draws the failures of a report; an execution that shows several of them once.
pub(crate) fn draw_failures(row: &Row<'_>, program: &str, style: &Style) {
    let failures: Vec<&Failure> = row.report.failures().iter().collect();
    output::print(&row.drawings(&failures, program, style).join("\n"));
}

/// What the program has printed, where it was captured.
pub(crate) fn print_output(row: &Row<'_>) {
    if !row.output.is_empty() {
        output::line(&format!("\n{} has printed:", row.subject.name));
        harmless(row.output).lines().for_each(|line| output::line(&format!("  {line}")));
    }
}

/// How this program was called: `cargo run --release --` in a workspace.
pub(crate) fn program() -> String {
    if std::env::var_os("CARGO").is_some() {
        let release = if cfg!(debug_assertions) { "" } else { " --release" };
        return format!("cargo run{release} --");
    }
    std::env::args().next().unwrap_or_else(|| "selvedge".to_owned())
}
