//! What was counted and met in a part of a search. Parts add up.

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Fault, Place};
use crate::report::Report;

/// What was counted and met in a part of a search.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Executions that ran to their end.
    pub executions: u64,
    /// Executions that were abandoned.
    pub blocked: u64,
    /// Executions that failed.
    pub failing: u64,
    /// Operations over all executions.
    pub steps: u64,
    /// The share of the search that this was, estimated.
    #[serde(with = "bits")]
    pub explored: f64,
    /// Each failure once, in the order in which they were met.
    pub failures: Vec<Failure>,
    /// Loops that were taken to wait.
    pub waiting: Vec<Place>,
    /// Those that gave up by themselves.
    pub impatient: Vec<Place>,
}

impl Totals {
    /// Counts one failing execution.
    pub(super) fn record(
        &mut self,
        faults: &[Fault],
        schedule: impl FnMut(usize) -> Option<String>,
    ) {
        if !faults.is_empty() {
            self.failing += 1;
            Failure::record(&mut self.failures, faults, self.executions, schedule);
        }
    }

    /// Adds the part that comes after this one.
    pub(super) fn add(&mut self, later: Totals) {
        Failure::append(&mut self.failures, later.failures, self.executions);
        self.executions += later.executions;
        self.blocked += later.blocked;
        self.failing += later.failing;
        self.steps += later.steps;
        self.explored += later.explored;
        add_places(&mut self.waiting, later.waiting);
        add_places(&mut self.impatient, later.impatient);
    }

    /// Writes them to a report.
    pub(super) fn fill(&self, report: &mut Report) {
        report.executions = self.executions;
        report.blocked = self.blocked;
        report.failing = self.failing;
        report.steps = self.steps;
        report.explored = self.explored;
        report.failures.clone_from(&self.failures);
    }
}

/// Adds the places that are not in the list.
pub(super) fn add_places(places: &mut Vec<Place>, more: impl IntoIterator<Item = Place>) {
    for place in more {
        if !places.contains(&place) {
            places.push(place);
        }
    }
}

/// A number that is the same when it is read back.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(number.to_bits())
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}
