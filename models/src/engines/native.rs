//! The scenarios on the native engine.

use selvedge::native as rt;

#[path = "../scenarios/timed.rs"]
pub mod timed;

stamp!();

/// The same and those in which time matters, which no other engine has.
pub fn all_scenarios() -> Vec<selvedge_core::scenario::Scenario> {
    let mut all = scenarios();
    all.extend(timed::scenarios());
    all
}
