//! The scenarios, by name and engine.

use std::collections::{BTreeMap, BTreeSet};

use selvedge_core::report::Engine;
use selvedge_core::scenario::Scenario;

use crate::BadInput;

/// The scenarios of a binary, each on the engines that it was compiled for.
///
/// A corpus is a set of scenarios that is large, and of interest to few. Its
/// sections are met only by patterns that name them: `litmus/` or `litmus/SB`,
/// and not `SB`.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    engines: BTreeMap<Engine, Vec<Scenario>>,
    corpora: BTreeSet<String>,
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
        let all = self.engines.entry(engine).or_default();
        all.extend(scenarios);
        let mut names: Vec<&str> = all.iter().map(|s| &*s.name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            panic!("two scenarios are called {}", twice[0]);
        }
        self
    }

    /// Adds scenarios of an engine whose sections have to be named.
    ///
    /// # Panics
    /// If two of them have the same name.
    pub fn corpus(mut self, engine: Engine, scenarios: Vec<Scenario>) -> Self {
        self.corpora.extend(scenarios.iter().map(|s| s.section().to_owned()));
        self.engine(engine, scenarios)
    }

    /// The scenarios of an engine, corpora included.
    pub fn scenarios(&self, engine: Engine) -> &[Scenario] {
        self.engines.get(&engine).map_or(&[], Vec::as_slice)
    }

    /// The scenario of that name.
    pub(crate) fn named(&self, engine: Engine, name: &str) -> Result<&Scenario, BadInput> {
        let all = self.scenarios(engine);
        all.iter().find(|s| s.name == name).ok_or_else(|| self.unknown(engine, name))
    }

    /// The scenarios whose name contains one of the patterns; without a
    /// pattern all but the corpora.
    pub(crate) fn matching(
        &self,
        engine: Engine,
        patterns: &[String],
    ) -> Result<Vec<&Scenario>, BadInput> {
        let all = self.scenarios(engine);
        if all.is_empty() {
            return Err(format!("this program has no scenarios for the {engine} engine").into());
        }
        if let Some(none) = patterns.iter().find(|p| !all.iter().any(|s| self.matches(s, p))) {
            return Err(self.unknown(engine, none));
        }
        let asked = |s: &&Scenario| match patterns {
            [] => !self.corpora.contains(s.section()),
            _ => patterns.iter().any(|p| self.matches(s, p)),
        };
        Ok(all.iter().filter(asked).collect())
    }

    fn matches(&self, scenario: &Scenario, pattern: &str) -> bool {
        let named = || pattern.split('/').next() == Some(scenario.section());
        scenario.name.contains(pattern) && (!self.corpora.contains(scenario.section()) || named())
    }

    /// Says that an engine has no such scenario, and which engines have.
    fn unknown(&self, engine: Engine, name: &str) -> BadInput {
        let has = |engine: Engine| self.scenarios(engine).iter().any(|s| self.matches(s, name));
        let others: Vec<&str> =
            self.engines.keys().filter(|e| has(**e)).map(|engine| engine.as_str()).collect();
        if !has(engine) && !others.is_empty() {
            let others = others.join(", ");
            return format!(
                "the {engine} engine has no scenario that matches '{name}': it is for {others} only"
            )
            .into();
        }
        let hint = hint(name, self.scenarios(engine).iter().map(|s| &*s.name));
        format!("no scenario matches '{name}': {hint}").into()
    }
}

/// What to do about a name that is none of these.
pub(crate) fn hint<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let similar = names
        .map(|one| (strsim::jaro_winkler(one, name), one))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.8);
    match similar {
        Some((_, name)) => format!("did you mean '{name}'?"),
        None => "`list` names them all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use selvedge_core::scenario::{Body, Expectation};
    use selvedge_core::time::Time;

    use super::*;

    fn scenario(name: &'static str) -> Scenario {
        Scenario {
            name: name.into(),
            about: "".into(),
            expect: Expectation::Holds,
            fixes: &[],
            sampled: None,
            time: Time::default(),
            body: Body::new(|| {}),
        }
    }

    fn registry() -> Registry {
        let of = |names: &[&'static str]| names.iter().map(|name| scenario(name)).collect();
        Registry::new()
            .engine(Engine::Native, of(&["list/mutex", "close/flag"]))
            .corpus(Engine::Native, of(&["litmus/SB", "litmus/SB:sc", "oracle/close-flag"]))
            .engine(Engine::Std, of(&["list/mutex"]))
    }

    fn matching(engine: Engine, patterns: &[&str]) -> Result<Vec<String>, String> {
        let registry = registry();
        let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        let found = registry.matching(engine, &patterns).map_err(|BadInput(what)| what)?;
        Ok(found.iter().map(|s| s.name.to_string()).collect())
    }

    #[test]
    fn a_corpus_is_met_by_its_name_only() {
        let found = |patterns: &[&str]| matching(Engine::Native, patterns).expect("a match");
        assert_eq!(found(&[]), ["list/mutex", "close/flag"]);
        assert_eq!(found(&["flag"]), ["close/flag"]);
        assert_eq!(found(&["li"]), ["list/mutex"]);
        assert_eq!(found(&["litmus"]), ["litmus/SB", "litmus/SB:sc"]);
        assert_eq!(found(&["oracle/"]), ["oracle/close-flag"]);
        assert_eq!(found(&["litmus/SB:", "mutex"]), ["list/mutex", "litmus/SB:sc"]);
        assert!(matching(Engine::Native, &["SB"]).is_err());
    }

    #[test]
    fn what_another_engine_has_is_not_called_unknown() {
        let refused = |engine, pattern| matching(engine, &[pattern]).expect_err("no match");
        let elsewhere = refused(Engine::Std, "litmus/SB");
        assert!(elsewhere.contains("the std engine") && elsewhere.contains("native only"));
        // Nobody has these, so the hints stay.
        assert!(refused(Engine::Std, "list/mutx").contains("did you mean 'list/mutex'?"));
        let nowhere = refused(Engine::Native, "nothing like it");
        assert!(nowhere.contains("`list` names them all"), "{nowhere}");
        // A name that is not whole is unknown, and not for other engines only.
        let BadInput(part) = registry().named(Engine::Native, "mutex").expect_err("no name");
        assert!(!part.contains("only"), "{part}");
    }
}
