//! Renderers of Selvedge's reports.
//!
//! Everything here is a pure function of a [`Report`] (or of the [`Trace`] and
//! the [`Failure`]s in it): nothing is printed, no environment variable is
//! read, no global is kept. What a terminal can show is passed in as a
//! [`Style`].
//!
//! | for | call |
//! |---|---|
//! | an execution as a drawing, one column a thread | [`columns`](columns::columns) |
//! | one failure, with its explanation and drawing | [`failure`](failure::failure) |
//! | all that `selvedge::model` says when it panics | [`report`](failure::report) |
//! | verdicts of many scenarios | [`summary`] |
//! | one JSON object for each scenario | [`json`] |
//! | a page for a browser (feature `html`, on by default) | [`html`](html::page) |
//! | what build servers read | `junit`, `sarif`, `github`, `markdown` |
//!
//! These need the feature `ci`, which is on by default.
//!
//! [`Report`]: selvedge_core::report::Report
//! [`Trace`]: selvedge_core::trace::Trace
//! [`Failure`]: selvedge_core::failure::Failure
#![forbid(unsafe_code)]

mod canvas;
pub mod columns;
pub mod failure;
#[cfg(feature = "ci")]
mod finding;
#[cfg(feature = "ci")]
pub mod github;
#[cfg(feature = "html")]
pub mod html;
pub mod json;
#[cfg(feature = "ci")]
pub mod junit;
#[cfg(feature = "ci")]
pub mod markdown;
mod row;
#[cfg(feature = "ci")]
pub mod sarif;
pub mod style;
pub mod summary;
pub mod text;

pub use style::{Ink, Style};
