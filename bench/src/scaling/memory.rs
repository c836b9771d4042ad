//! What a large search keeps in memory.

use std::fmt;

use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicU32, Ordering};
use selvedge::thread;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rss;
use crate::table::Table;
use crate::tools::explorer;
use crate::units::count;

/// What is searched. It has 16! / (4!)^4, about 63 million, behaviours.
pub const PROGRAM: &str = "counter 4x4";

/// The memory is looked at after the first so many executions, and after each
/// ten times as many.
const FIRST_LOOK: u64 = 100_000;

/// The memory of a search.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Executions, when it was stopped.
    pub executions: u64,
    /// How long it took.
    pub seconds: f64,
    /// Executions so far, and KiB resident then.
    pub resident_kib: Vec<(u64, u64)>,
    /// The most KiB that were resident.
    pub peak_kib: Option<u64>,
    /// What the report says of items that are pending, if it does.
    pub pending: Vec<(String, Value)>,
}

fn body() {
    let counter = Arc::new(AtomicU32::new(0));
    let threads = [(); 4].map(|()| {
        let counter = Arc::clone(&counter);
        thread::spawn(move || {
            for _ in 0..4 {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    for thread in threads {
        // A panic is a failure of the report.
        let _ = thread.join();
    }
}

/// Searches until there were so many executions.
///
/// # Errors
/// If the program failed.
pub fn measure(executions: u64) -> Result<Memory, String> {
    let mut resident_kib = Vec::new();
    let mut next = FIRST_LOOK;
    let report = explorer().max_executions(executions).run_with_progress(body, &mut |report| {
        if report.executions >= next {
            next = next.saturating_mul(10);
            resident_kib.extend(rss::resident().map(|kib| (report.executions, kib)));
        }
        true
    });
    resident_kib.retain(|&(executions, _)| executions < report.executions());
    resident_kib.extend(rss::resident().map(|kib| (report.executions(), kib)));
    if !report.failures().is_empty() {
        return Err(format!("{PROGRAM} fails: {}", report.verdict()));
    }
    let fields = match serde_json::to_value(&report) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    Ok(Memory {
        executions: report.executions(),
        seconds: report.elapsed.as_secs_f64(),
        resident_kib,
        peak_kib: rss::peak(),
        pending: fields.into_iter().filter(|(name, _)| name.contains("pending")).collect(),
    })
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.resident_kib.is_empty() {
            writeln!(f, "This system does not tell how much memory a process has.")?;
        }
        let mut table = Table::new(0, ["executions", "resident KiB"]);
        for (executions, kib) in &self.resident_kib {
            table.row(vec![count(*executions), count(*kib)]);
        }
        if let Some(kib) = self.peak_kib {
            table.row(vec!["peak".to_owned(), count(kib)]);
        }
        for (name, value) in &self.pending {
            table.row(vec![name.clone(), value.to_string()]);
        }
        write!(f, "{table}")
    }
}
