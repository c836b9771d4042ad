//! The scenarios of Selvedge: the races of the chapter, their fixes, and what
//! is expected of each.
//!
//! A scenario is written once, in `scenarios/`, against `super::rt`. The files
//! are stamped once for each engine ([`native`], [`loom`], [`shuttle`],
//! [`mod@std`]), where `rt` is the surface of that engine.
//!
//! Those in which time matters are for the native engine only: no other one has
//! a clock. So are programs with known counts of behaviours ([`oracles`], [`families`]), and those
//! that searches in parts are tested with ([`rare`]), are for the native engine only.
#![allow(
    clippy::redundant_closure,
    reason = "a `#[track_caller]` function passed by name has the place of the library that calls it"
)]
#![allow(clippy::duplicate_mod, reason = "each scenario file is stamped once for each engine")]

use selvedge_cli::Registry;
use selvedge_core::report::Engine;

/// A section's scenarios: name, expectation and program of each; the doc
/// comment becomes the story that `show` tells.
macro_rules! scenarios {
    ($(
        $(#[doc = $about:literal])+
        $name:literal $expect:ident
            $([$($kind:ident $($invariant:literal)?),+])?
            $(sampled $executions:literal)?
            $(in $time:ident time)?
            $(fixed_by [$($fix:literal),+])?
        => $body:expr;
    )+) => {
        /// The scenarios of this section.
        pub fn scenarios() -> Vec<selvedge_core::scenario::Scenario> {
            vec![$(selvedge_core::scenario::Scenario {
                name: $name.into(),
                about: concat!($($about, "\n"),+).into(),
                expect: scenarios!(@expect $expect $([$($kind $($invariant)?),+])?),
                fixes: &[$($($fix),+)?],
                sampled: scenarios!(@sampled $($executions)?),
                time: scenarios!(@time $($time)?),
                body: selvedge_core::scenario::Body::new($body),
            }),+]
        }
    };
    (@expect holds) => { selvedge_core::scenario::Expectation::Holds };
    (@expect breaks [$($kind:ident $($invariant:literal)?),+]) => {
        selvedge_core::scenario::Expectation::Breaks(vec![
            $(scenarios!(@broken $kind $($invariant)?)),+
        ])
    };
    (@broken invariant $name:literal) => { selvedge_core::scenario::Broken::invariant($name) };
    (@broken data_race) => { scenarios!(@kind DataRace) };
    (@broken deadlock) => { scenarios!(@kind Deadlock) };
    (@broken double_lock) => { scenarios!(@kind DoubleLock) };
    (@broken leak) => { scenarios!(@kind Leak) };
    (@broken livelock) => { scenarios!(@kind Livelock) };
    (@broken panic) => { scenarios!(@kind Panic) };
    (@broken step_bound) => { scenarios!(@kind StepBound) };
    (@kind $kind:ident) => {
        selvedge_core::scenario::Broken::kind(selvedge_core::failure::FailureKind::$kind)
    };
    (@time) => { selvedge_core::time::Time::Untimed };
    (@time virtual) => { selvedge_core::time::Time::Virtual };
    (@sampled) => { None };
    (@sampled $executions:literal) => { Some($executions) };
}

/// All scenario files, for the engine whose surface is `rt` where it is used.
macro_rules! stamp {
    ($($file:literal $section:ident)+) => {
        #[path = "../scenarios/common.rs"]
        mod common;
        $(#[path = $file] pub mod $section;)+

        /// All scenarios, section by section.
        pub fn scenarios() -> Vec<selvedge_core::scenario::Scenario> {
            let sections = [$($section::scenarios()),+];
            sections.into_iter().flatten().collect()
        }
    };
    () => {
        stamp! {
            "../scenarios/purchase.rs" purchase
            "../scenarios/coupon.rs" coupon
            "../scenarios/close.rs" close
            "../scenarios/list.rs" list
            "../scenarios/external.rs" external
            "../scenarios/processor.rs" processor
            "../scenarios/map.rs" map
            "../scenarios/limiter.rs" limiter
            "../scenarios/spot.rs" spot
        }
    };

}

pub mod engines;
pub mod families;
pub mod oracles;
pub mod rare;

pub use engines::{loom, native, shuttle, std};

/// All scenarios on all engines, for the command line.
pub fn registry() -> Registry {
    Registry::new()
        .engine(Engine::Native, native::all_scenarios())
        .engine(Engine::Loom, loom::scenarios())
        .engine(Engine::Shuttle, shuttle::scenarios())
        .engine(Engine::Std, std::scenarios())
        .corpus(Engine::Native, oracles::scenarios())
        .corpus(Engine::Native, families::scenarios())
        .corpus(Engine::Native, rare::scenarios())
}
