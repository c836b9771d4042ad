//! `test`: run the tests, and write the reports.

use std::path::Path;
use std::time::Instant;

use super::args::{self, Build};
use super::build::Project;
use super::process::{self, Request};
use super::results::{Run, Tested};
use super::spread::Spread;
use super::tests::{self, Test};
use crate::check::{Printer, worst};
use crate::outlet::Outlet;
use crate::output::{self, Progress};
use crate::{BadInput, Exit};

pub(crate) fn run(build: &Build, options: &args::Test) -> Result<Exit, BadInput> {
    let directory = Project::open(build)?.reports(options.out.as_deref());
    let all = tests::matching(tests::find(build, options.quiet)?, &options.filter)?;
    let (tests, ignored): (Vec<Test>, Vec<Test>) =
        all.into_iter().partition(|test| is_asked_for(test, options));
    if tests.is_empty() {
        return Err(match options.ignored {
            true => "none of these tests is ignored".into(),
            false => "all these tests are ignored: --include-ignored runs them".into(),
        });
    }
    let ignored = ignored.into_iter().filter(|test| test.ignored).map(|test| test.name);
    let mut run = Run { program: build.program(), results: vec![], ignored: ignored.collect() };
    let outlet = Outlet::all(options.format, &directory, run.program.clone())?;
    let style = output::style();
    let mut printer = Printer::new(tests.iter().map(Test::subject), &outlet, true, &style);
    let progress = Progress::new();
    let mut spread = Spread::new(options.time, tests.len());
    for test in &tests {
        progress.busy(&test.name);
        let request = Request {
            budget: spread.share(),
            require_proof: options.require_proof,
            nocapture: options.nocapture,
            ..Request::default()
        };
        let start = Instant::now();
        let tested = Tested::new(test, process::run(test, &request));
        spread.took(start.elapsed());
        progress.aside(|| printer.row(&tested.row()));
        run.results.push(tested);
    }
    progress.finish();
    run.save(&directory)?;
    let rows = run.rows();
    printer.end(&rows);
    if outlet.shows_text() {
        tell_ignored(&run);
        output::line(&format!("reports: {}", from_here(&directory).display()));
    }
    outlet.end(&rows)?;
    Ok(worst(&rows))
}

fn is_asked_for(test: &Test, options: &args::Test) -> bool {
    match test.ignored {
        true => options.ignored || options.include_ignored,
        false => !options.ignored,
    }
}

/// Says which tests were left out.
pub(crate) fn tell_ignored(run: &Run) {
    if !run.ignored.is_empty() {
        output::line(&format!("ignored: {}", run.ignored.join(", ")));
    }
}

/// The path from the directory of this process on, if it is below that.
fn from_here(path: &Path) -> &Path {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
}
