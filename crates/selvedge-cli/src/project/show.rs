//! `show`: explore one test, and draw its failure.

use selvedge_core::report::Verdict;
use selvedge_report::failure;

use super::args::{self, Build};
use super::process::{self, Request};
use super::results::Tested;
use super::tests;
use crate::check::{draw_failures, print_output, worst};
use crate::output::{self, Progress};
use crate::{BadInput, Exit};

pub(crate) fn run(build: &Build, options: &args::Show) -> Result<Exit, BadInput> {
    let test = tests::named(tests::find(build, false)?, &options.test)?;
    let progress = Progress::new();
    progress.busy(&test.name);
    let ran = process::run(&test, &Request::default());
    progress.finish();
    let tested = Tested::new(&test, ran);
    let row = tested.row();
    let style = output::style();
    output::line(&format!("{}  {}\n", test.name, test.expect));
    draw_failures(&row, &build.program(), &style);
    if row.report.verdict() != Verdict::Fails {
        output::print(&failure::conclusion(row.report, &style));
    }
    row.report.notes.iter().for_each(|note| output::line(&format!("note: {note}")));
    print_output(&row);
    Ok(worst(&[row]))
}
