//! What a step costs, in executions of more and more steps.

use std::fmt;
use std::time::{Duration, Instant};

use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicU32, Ordering};
use selvedge::{Report, thread};
use serde::{Deserialize, Serialize};

use crate::tools::explorer;

/// How many operations the threads of a program have together.
pub const LENGTHS: [usize; 4] = [10, 100, 1_000, 10_000];

/// More than the longest program needs.
const MOST_STEPS: u64 = 1_000_000;

/// A program of two threads that can be made longer, and how it is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// At random: both threads add to one counter.
    Random,
    /// Exhaustively: each thread adds to its own counter. One behaviour.
    Independent,
    /// Exhaustively: the same, but half-way each thread adds twice to a common
    /// counter. Six behaviours, the ways to interleave two and two.
    Handful,
}

/// Executions of one length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// Explorations; the other figures are of all of them.
    pub explorations: u64,
    /// Executions that ran to their end.
    pub executions: u64,
    /// Executions abandoned as redundant.
    pub blocked: u64,
    /// Steps of both.
    pub steps: u64,
    /// Time of both.
    pub seconds: f64,
}

impl Steps {
    /// Nanoseconds for each step.
    pub fn nanoseconds(&self) -> f64 {
        self.seconds * 1e9 / self.steps as f64
    }
}

impl Shape {
    /// All shapes.
    pub const ALL: [Shape; 3] = [Shape::Random, Shape::Independent, Shape::Handful];

    /// The strategy and the program, for tables.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Shape::Random => ["random", "one counter"],
            Shape::Independent => ["default", "two counters, 1 behaviour"],
            Shape::Handful => ["default", "two counters and a common one, 6 behaviours"],
        }
    }

    /// True if every behaviour is wanted.
    pub fn is_exhaustive(self) -> bool {
        self.behaviours().is_some()
    }

    /// What an exhaustive search has to find, by counting interleavings.
    fn behaviours(self) -> Option<u64> {
        match self {
            Shape::Random => None,
            Shape::Independent => Some(1),
            Shape::Handful => Some(6),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.names().join(", "))
    }
}

/// The program, with `length` operations in the two threads together.
fn body(shape: Shape, length: usize) {
    // The last counter is the common one.
    let counters = Arc::new([const { AtomicU32::new(0) }; 3]);
    let add = |counter: &AtomicU32| counter.fetch_add(1, Ordering::SeqCst);
    let threads = [0, 1].map(|own: usize| {
        let counters = Arc::clone(&counters);
        thread::spawn(move || {
            let own = if shape == Shape::Random { 0 } else { own };
            let common = if shape == Shape::Handful { 2 } else { 0 };
            let rest = length / 2 - common;
            for _ in 0..rest / 2 {
                add(&counters[own]);
            }
            for _ in 0..common {
                add(&counters[2]);
            }
            for _ in rest / 2..rest {
                add(&counters[own]);
            }
        })
    });
    for thread in threads {
        // A panic is a failure of the report.
        let _ = thread.join();
    }
}

/// Explores for about `time` seconds.
///
/// # Errors
/// If the exploration was not what it should be.
pub fn measure(shape: Shape, length: usize, time: f64) -> Result<Steps, String> {
    let time = Duration::from_secs_f64(time);
    let start = Instant::now();
    let mut sum = Steps { explorations: 0, executions: 0, blocked: 0, steps: 0, seconds: 0.0 };
    while start.elapsed() < time {
        let explorer = explorer().max_steps(MOST_STEPS);
        let explorer = match shape {
            Shape::Random => {
                explorer.strategy("random").max_executions(u64::MAX).max_duration(time)
            }
            Shape::Independent | Shape::Handful => explorer,
        };
        let report = explorer.run(move || body(shape, length));
        check(shape, &report)?;
        sum.explorations += 1;
        sum.executions += report.executions();
        sum.blocked += report.blocked();
        sum.steps += report.steps;
    }
    sum.seconds = start.elapsed().as_secs_f64();
    Ok(sum)
}

fn check(shape: Shape, report: &Report) -> Result<(), String> {
    let as_wanted = match shape.behaviours() {
        Some(behaviours) => report.exhausted() && report.executions() == behaviours,
        None => report.failures().is_empty() && report.executions() > 0,
    };
    match as_wanted {
        true => Ok(()),
        false => Err(format!("{shape}: {}, {} executions", report.verdict(), report.executions())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_programs_have_the_behaviours_that_they_should_have() {
        for shape in Shape::ALL {
            // A search that abandons many executions takes long over the longest.
            for length in &LENGTHS[..3] {
                let steps = measure(shape, *length, 0.001).unwrap();
                assert!(steps.steps >= steps.executions * *length as u64, "{shape}: {steps:?}");
            }
        }
    }
}
