//! What an exploration is asked to do: one table of fields, each with its
//! environment variable.

use std::path::PathBuf;
use std::time::Duration;

use crate::explore::Shard;
use crate::report::Engine;
use crate::time::Time;

/// The settings of an exploration.
///
/// | field | variable | default |
/// |---|---|---|
/// | `engine` | `SELVEDGE_ENGINE` | `native` |
/// | `strategy` | `SELVEDGE_STRATEGY` | the engine's own |
/// | `seed` | `SELVEDGE_SEED` | 0 |
/// | `max_executions` | `SELVEDGE_MAX_EXECUTIONS` | the strategy's own |
/// | `max_steps` | `SELVEDGE_MAX_STEPS` | 100,000 |
/// | `max_duration` | `SELVEDGE_MAX_SECONDS` | none |
/// | `max_preemptions` | `SELVEDGE_MAX_PREEMPTIONS` | none |
/// | `keep_going` | `SELVEDGE_KEEP_GOING` (`1`) | no |
/// | `time` | `SELVEDGE_TIME` | `untimed` |
/// | `simplify_for` | `SELVEDGE_SIMPLIFY` (seconds) | 2 seconds |
/// | `workers` | `SELVEDGE_WORKERS` | one for each core |
/// | `checkpoint_every` | `SELVEDGE_CHECKPOINT_SECONDS` | 2 seconds |
///
/// The others belong to one search: they have no variable.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// What runs the program.
    pub engine: Engine,
    /// The strategy's name; `None` is the engine's default.
    pub strategy: Option<String>,
    /// Seed of everything that is drawn at random.
    pub seed: u64,
    /// Stop after that many complete executions.
    pub max_executions: Option<u64>,
    /// An execution with more visible operations than this fails (`step_bound`).
    pub max_steps: u64,
    /// Stop after that time.
    pub max_duration: Option<Duration>,
    /// Explore only executions with at most that many preemptions: switches
    /// away from a thread that could have gone on.
    pub max_preemptions: Option<u32>,
    /// Count every failing execution in place of stopping at the first.
    pub keep_going: bool,
    /// What sleeps and timeouts mean; engines but the native one have their own notion.
    pub time: Time,
    /// Look for so long for a simpler execution of each failure, on the native
    /// engine; zero: show it as it was met. As many operations are run as take
    /// less than that in an optimised build, so that the same one is found each
    /// time; where they take longer, the time ends it.
    pub simplify_for: Duration,
    /// How many workers the native engine's exhaustive search has, at least 1;
    /// `None` is one for each core.
    pub workers: Option<usize>,
    /// The name by which reports call the program.
    pub name: Option<String>,
    /// Save the state of the search to this file every few seconds.
    pub checkpoint: Option<PathBuf>,
    /// So often; less often if saving would take more than a twentieth of the time.
    pub checkpoint_every: Duration,
    /// Go on with the search that was saved to this file.
    pub resume: Option<PathBuf>,
    /// Explore only this part of the search.
    pub shard: Option<Shard>,
    /// Write the result of the part to this file, to be merged with the others.
    pub part: Option<PathBuf>,
    /// What these parts have learnt of the program is known from the start.
    pub learnt: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            engine: Engine::Native,
            strategy: None,
            seed: 0,
            max_executions: None,
            max_steps: 100_000,
            max_duration: None,
            max_preemptions: None,
            keep_going: false,
            time: Time::default(),
            simplify_for: Duration::from_secs(2),
            workers: None,
            name: None,
            checkpoint: None,
            checkpoint_every: Duration::from_secs(2),
            resume: None,
            shard: None,
            part: None,
            learnt: Vec::new(),
        }
    }
}

impl Settings {
    /// The defaults, overridden by the environment variables of the table.
    ///
    /// # Errors
    /// One sentence that names the variable whose value cannot be read.
    pub fn from_env() -> Result<Self, String> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// True if they ask for a search that visits every behaviour, and so has to
    /// reach a verdict.
    pub fn is_exhaustive(&self) -> bool {
        let strategy = self.strategy.as_deref();
        match self.engine {
            Engine::Native => {
                strategy.is_none_or(|name| name == "exhaustive" || name.starts_with("dfs"))
            }
            Engine::Loom => true,
            Engine::Shuttle => strategy == Some("dfs"),
            Engine::Std => false,
        }
    }

    fn from_lookup(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        fn parse<T: std::str::FromStr>(
            get: &impl Fn(&str) -> Option<String>,
            name: &str,
            what: &str,
        ) -> Result<Option<T>, String> {
            get(name)
                .map(|v| v.parse().map_err(|_| format!("{name}='{v}' is not {what}")))
                .transpose()
        }
        let number = "a whole number";
        let mut settings = Settings::default();
        if let Some(name) = get("SELVEDGE_ENGINE") {
            settings.engine = name.parse().map_err(|e| format!("SELVEDGE_ENGINE: {e}"))?;
        }
        settings.strategy = get("SELVEDGE_STRATEGY");
        if let Some(seed) = parse(&get, "SELVEDGE_SEED", number)? {
            settings.seed = seed;
        }
        settings.max_executions = parse(&get, "SELVEDGE_MAX_EXECUTIONS", number)?;
        if let Some(steps) = parse(&get, "SELVEDGE_MAX_STEPS", number)? {
            settings.max_steps = steps;
        }
        let seconds = |name: &str| -> Result<Option<Duration>, String> {
            let what = "a number of seconds";
            let seconds: Option<f64> = parse(&get, name, what)?;
            let duration = |s| {
                Duration::try_from_secs_f64(s).map_err(|_| format!("{name}='{s}' is not {what}"))
            };
            seconds.map(duration).transpose()
        };
        settings.max_duration = seconds("SELVEDGE_MAX_SECONDS")?;
        if let Some(every) = seconds("SELVEDGE_CHECKPOINT_SECONDS")? {
            settings.checkpoint_every = every;
        }
        settings.max_preemptions = parse(&get, "SELVEDGE_MAX_PREEMPTIONS", number)?;
        settings.keep_going = get("SELVEDGE_KEEP_GOING").is_some_and(|v| v != "0" && !v.is_empty());
        if let Some(time) = get("SELVEDGE_TIME") {
            settings.time = time.parse().map_err(|e| format!("SELVEDGE_TIME: {e}"))?;
        }
        if let Some(budget) = seconds("SELVEDGE_SIMPLIFY")? {
            settings.simplify_for = budget;
        }
        settings.workers = parse(&get, "SELVEDGE_WORKERS", number)?;
        if settings.workers == Some(0) {
            return Err("SELVEDGE_WORKERS='0': somebody has to do the work".to_owned());
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::from_lookup(|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn every_variable_is_read() {
        let settings = from(&[
            ("SELVEDGE_ENGINE", "shuttle"),
            ("SELVEDGE_STRATEGY", "random"),
            ("SELVEDGE_SEED", "7"),
            ("SELVEDGE_MAX_EXECUTIONS", "10"),
            ("SELVEDGE_MAX_STEPS", "11"),
            ("SELVEDGE_MAX_SECONDS", "0.5"),
            ("SELVEDGE_MAX_PREEMPTIONS", "2"),
            ("SELVEDGE_KEEP_GOING", "1"),
            ("SELVEDGE_TIME", "virtual"),
            ("SELVEDGE_SIMPLIFY", "1.5"),
            ("SELVEDGE_WORKERS", "3"),
            ("SELVEDGE_CHECKPOINT_SECONDS", "0.25"),
        ])
        .unwrap();
        let expected = Settings {
            engine: Engine::Shuttle,
            strategy: Some("random".to_owned()),
            seed: 7,
            max_executions: Some(10),
            max_steps: 11,
            max_duration: Some(Duration::from_millis(500)),
            max_preemptions: Some(2),
            keep_going: true,
            time: Time::Virtual,
            simplify_for: Duration::from_millis(1_500),
            workers: Some(3),
            checkpoint_every: Duration::from_millis(250),
            ..Settings::default()
        };
        assert_eq!(settings, expected);
        assert_eq!(from(&[]).unwrap(), Settings::default());
    }

    #[test]
    fn a_bad_value_is_named() {
        let error = from(&[("SELVEDGE_SEED", "x")]).unwrap_err();
        assert_eq!(error, "SELVEDGE_SEED='x' is not a whole number");
        assert!(from(&[("SELVEDGE_ENGINE", "gpu")]).unwrap_err().contains("native, loom"));
        assert!(from(&[("SELVEDGE_MAX_SECONDS", "-1")]).is_err());
        assert!(from(&[("SELVEDGE_SIMPLIFY", "2s")]).unwrap_err().contains("number of seconds"));
        assert!(from(&[("SELVEDGE_WORKERS", "0")]).is_err());
        assert!(from(&[("SELVEDGE_TIME", "real")]).unwrap_err().contains("untimed or virtual"));
    }
}
