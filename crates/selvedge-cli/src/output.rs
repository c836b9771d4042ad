//! Where output goes, and how it looks.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use selvedge_core::report::Report;
use selvedge_report::Style;
use selvedge_report::text::number;

/// The look that fits stdout: colours on a terminal that wants them, the
/// terminal's width, 100 columns elsewhere.
pub(crate) fn style() -> Style {
    let terminal = io::stdout().is_terminal();
    let wanted = anstyle_query::clicolor_force()
        || terminal && !anstyle_query::no_color() && anstyle_query::term_supports_color();
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let width = columns
        .or_else(|| terminal_size::terminal_size().map(|(w, _)| usize::from(w.0)))
        .filter(|w| *w >= 40)
        .unwrap_or(100);
    if wanted { Style::coloured(width) } else { Style::plain(width) }
}

/// Prints to stdout. A reader that went away ends the process quietly.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        let code = i32::from(error.kind() != io::ErrorKind::BrokenPipe);
        std::process::exit(code);
    }
}

/// Prints a line to stdout.
pub(crate) fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Shows how far long searches have come: on stderr, and only on a terminal.
#[derive(Clone, Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = if io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
            let style = ProgressStyle::with_template("{spinner} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        } else {
            ProgressBar::hidden()
        };
        Progress(bar)
    }

    /// A search goes on. Nothing is shown for those that end at once.
    pub(crate) fn show(&self, scenario: &str, report: &Report) {
        if report.elapsed < Duration::from_millis(300) {
            return;
        }
        self.0.set_message(progress_line(scenario, report));
        self.0.tick();
    }

    /// Something goes on that does not tell how far it has come.
    pub(crate) fn busy(&self, what: &str) {
        self.0.set_message(what.to_owned());
        self.0.enable_steady_tick(Duration::from_millis(125));
    }

    /// Lets `f` print to stdout without the bar in the way.
    pub(crate) fn aside(&self, f: impl FnOnce()) {
        self.0.suspend(f);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn progress_line(scenario: &str, report: &Report) -> String {
    let rate = report.executions as f64 / report.elapsed.as_secs_f64();
    let mut line = format!(
        "{scenario}: {} executions, {} a second",
        number(report.executions),
        number(rate as u64)
    );
    if report.pending > 0 {
        line.push_str(&format!(", {} pending", number(report.pending)));
    }
    if let Some(all) = report.estimate() {
        let share = (report.explored * 100.0).min(99.0) as u64;
        let all = number(rounded(all));
        line.push_str(&format!(", about {share} % done or less, {all} or more in all"));
    }
    line
}

/// An estimate says no more than its first two digits. Rounded up: there are
/// not fewer executions than there were.
fn rounded(estimate: u64) -> u64 {
    let unit = 10u64.pow(estimate.checked_ilog10().unwrap_or(0).saturating_sub(1));
    estimate.div_ceil(unit) * unit
}

#[cfg(test)]
mod tests {
    use selvedge_core::report::Engine;

    use super::*;

    #[test]
    fn the_line_says_how_far_the_search_has_come() {
        let mut report = Report::new(Engine::Native, "exhaustive", 0);
        (report.executions, report.elapsed) = (12_345, Duration::from_secs(2));
        assert_eq!(progress_line("a/b", &report), "a/b: 12,345 executions, 6,172 a second");
        (report.pending, report.explored) = (678, 0.1);
        assert_eq!(
            progress_line("a/b", &report),
            "a/b: 12,345 executions, 6,172 a second, 678 pending, about 10 % done or less, \
             130,000 or more in all"
        );
        // Almost done, as it seems. It was said to be about 12,000.
        report.explored = 0.999;
        let end = ", about 99 % done or less, 13,000 or more in all";
        assert!(progress_line("a/b", &report).ends_with(end));
    }
}
