//! The heart of Selvedge: what concurrent programs do, as data, and the
//! search over their executions.
//!
//! | module | holds |
//! |---|---|
//! | [`op`] | operations, announced before they take effect |
//! | [`dependence`] | which of them commute: the one table |
//! | [`model`] | the rules of each primitive, as pure functions of small states |
//! | [`world`] | one execution: threads, objects, events, happens-before, data races |
//! | [`machine`] | the contract with whatever runs the program |
//! | [`explore`] | strategies and the loop that drives them |
//! | [`schedule`] | the choices that determine an execution, and their printable form |
//! | [`place`], [`failure`], [`trace`], [`report`] | results, as values that renderers read |
//! | [`time`] | what sleeps and timeouts mean |
//! | [`scenario`], [`settings`] | what is explored, and how |
//!
//! Nothing here knows how threads are run: a [`machine::Machine`] does that.
//! The crate `selvedge-runtime` has one on coroutines; `toy` (a feature)
//! interprets tiny programs, so that the search is tested without any.
#![forbid(unsafe_code)]

pub mod clock;
pub mod dependence;
pub mod explain;
pub mod explore;
pub mod failure;
pub mod id;
pub mod machine;
pub mod model;
pub mod op;
pub mod place;
pub mod report;
pub mod scenario;
pub mod schedule;
pub mod settings;
pub mod time;
#[cfg(any(test, feature = "toy"))]
pub mod toy;
pub mod trace;
pub mod world;
