//! `replay`: repeat one execution of a test, and draw it.

use selvedge_core::report::End;
use selvedge_core::schedule::Schedule;

use super::args::{self, Build};
use super::process::{self, Ran, Request};
use super::results::Tested;
use super::tests;
use crate::check::print_output;
use crate::{BadInput, Exit, replay};

pub(crate) fn run(build: &Build, options: &args::Replay) -> Result<Exit, BadInput> {
    options.schedule.parse::<Schedule>().map_err(|error| error.to_string())?;
    let test = tests::named(tests::find(build, false)?, &options.test)?;
    let request = Request {
        schedule: Some(&options.schedule),
        input: options.input.as_deref(),
        trace: options.trace,
        nocapture: options.trace,
        ..Request::default()
    };
    let mut ran = process::run(&test, &request);
    let trace = match &mut ran {
        Ok(Ran { outcome: Ok(Some(outcome)), .. }) => outcome.trace.take(),
        _ => None,
    };
    let tested = Tested::new(&test, ran);
    let row = tested.row();
    match &row.report.end {
        End::Error(what) => {
            print_output(&row);
            Err(what.as_str().into())
        }
        _ => {
            replay::draw(&row, &trace.unwrap_or_default(), &build.program())?;
            print_output(&row);
            Ok(Exit::Success)
        }
    }
}
