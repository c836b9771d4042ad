//! What the figures are of: the machine, and the versions of the tools.

use std::fmt;
use std::fs;
use std::thread;

use serde::Serialize;

/// A load that spoils figures.
const BUSY: f64 = 0.5;

/// Where and of what the figures were measured.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processors that the system offers.
    pub cores: usize,
    /// What the system calls them, if it says.
    pub processor: Option<String>,
    /// How many processes wanted to run in the last minute, before the bench.
    pub load: Option<f64>,
    /// The tools, with their versions.
    pub tools: Vec<Version>,
}

/// A tool, and what the bench was built with.
#[derive(Clone, Debug, Serialize)]
pub struct Version {
    /// Its name.
    pub tool: &'static str,
    /// Its version.
    pub version: String,
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let name = info.lines().find_map(|line| line.strip_prefix("model name"));
        Machine {
            cores: thread::available_parallelism().map_or(1, usize::from),
            processor: name.map(|name| name.trim_start_matches([' ', '\t', ':']).to_owned()),
            load: load.split_whitespace().next().and_then(|load| load.parse().ok()),
            tools: ["selvedge", "loom", "shuttle", "traceforge"]
                .into_iter()
                .filter_map(|tool| Some(Version { tool, version: locked_version(tool)? }))
                .collect(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tools: Vec<_> = self
            .tools
            .iter()
            .map(|Version { tool, version }| format!("{tool} {version}"))
            .collect();
        let processor = self.processor.as_deref().unwrap_or("unknown processor");
        writeln!(f, "{}; {} cores, {processor}", tools.join(", "), self.cores)?;
        if let Some(load) = self.load.filter(|load| *load >= BUSY) {
            writeln!(f, "The machine was not idle (load {load}): rates are too low.")?;
        }
        Ok(())
    }
}

/// The version of a package that this bench was built with.
fn locked_version(package: &str) -> Option<String> {
    let lock = include_str!("../Cargo.lock");
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_have_versions() {
        let names: Vec<_> = Machine::here().tools.into_iter().map(|known| known.tool).collect();
        assert_eq!(names, ["selvedge", "loom", "shuttle", "traceforge"]);
        assert_eq!(locked_version("no-such-package"), None);
    }
}
