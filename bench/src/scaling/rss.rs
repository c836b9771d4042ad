//! The memory of this process, as Linux tells it.

use std::fs;

/// Memory that is resident now, in KiB.
pub(super) fn resident() -> Option<u64> {
    field("VmRSS:")
}

/// The most that was ever resident, in KiB.
pub(super) fn peak() -> Option<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
