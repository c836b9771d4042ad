//! The scenarios, by name and engine.

use std::collections::BTreeMap;

use selvedge_core::report::Engine;
use selvedge_core::scenario::Scenario;

use crate::BadInput;

/// The scenarios of a binary, each on the engines that it was compiled for.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    engines: BTreeMap<Engine, Vec<Scenario>>,
}

impl Registry {
    /// No scenarios.
    pub fn new() -> Self {
        Registry::default()
    }

    /// Adds the scenarios of an engine.
    ///
    /// # Panics
    /// If two of them have the same name.
    pub fn engine(mut self, engine: Engine, scenarios: Vec<Scenario>) -> Self {
        let mut names: Vec<&str> = scenarios.iter().map(|s| s.name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            panic!("two scenarios are called {}", twice[0]);
        }
        self.engines.insert(engine, scenarios);
        self
    }

    /// The scenarios of an engine.
    pub fn scenarios(&self, engine: Engine) -> &[Scenario] {
        self.engines.get(&engine).map_or(&[], Vec::as_slice)
    }

    /// The scenario of that name.
    pub(crate) fn named(&self, engine: Engine, name: &str) -> Result<&Scenario, BadInput> {
        let all = self.scenarios(engine);
        all.iter().find(|s| s.name == name).ok_or_else(|| unknown(all, name))
    }

    /// The scenarios whose name contains one of the patterns; all if there is none.
    pub(crate) fn matching(
        &self,
        engine: Engine,
        patterns: &[String],
    ) -> Result<Vec<&Scenario>, BadInput> {
        let all = self.scenarios(engine);
        if all.is_empty() {
            return Err(format!("this program has no scenarios for the {engine} engine").into());
        }
        if let Some(none) =
            patterns.iter().find(|p| !all.iter().any(|s| s.name.contains(p.as_str())))
        {
            return Err(unknown(all, none));
        }
        let matches = |s: &&Scenario| {
            patterns.is_empty() || patterns.iter().any(|p| s.name.contains(p.as_str()))
        };
        Ok(all.iter().filter(matches).collect())
    }
}

fn unknown(all: &[Scenario], name: &str) -> BadInput {
    let similar = all
        .iter()
        .map(|s| (strsim::jaro_winkler(s.name, name), s.name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.8);
    let hint = match similar {
        Some((_, name)) => format!("did you mean '{name}'?"),
        None => "`list` names them all".to_owned(),
    };
    format!("no scenario matches '{name}': {hint}").into()
}
