//! The variables that tests read, beyond those of the settings.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use selvedge_engines::test::{BUDGET, RESULT};

/// What the environment asks of a test.
///
/// | field | variable | says |
/// |---|---|---|
/// | `replay` | `SELVEDGE_REPLAY` | repeat this schedule, and nothing else |
/// | `input` | `SELVEDGE_INPUT` | with this input, and no other |
/// | `trace` | `SELVEDGE_TRACE` (`1`) | tell each step of what `SELVEDGE_REPLAY` repeats |
/// | `require_proof` | `SELVEDGE_REQUIRE_PROOF` (`1`) | what is not proved fails |
/// | `regressions` | `SELVEDGE_REGRESSIONS` (`0` is off) | read and write the files of failures |
/// | `cases` | `SELVEDGE_CASES` | how many inputs are drawn |
/// | `result` | `SELVEDGE_RESULT` | `cargo selvedge` has started the test, and wants its outcome there |
/// | `budget` | `SELVEDGE_BUDGET_SECONDS` | and gives it so much time |
pub(crate) struct Environment {
    pub(crate) replay: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) trace: bool,
    pub(crate) require_proof: bool,
    pub(crate) regressions: bool,
    pub(crate) result: Option<PathBuf>,
    pub(crate) budget: Option<Duration>,
}

impl Environment {
    pub(crate) fn read() -> Self {
        let text = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let on = |name| text(name).is_some_and(|value| value != "0");
        Environment {
            replay: text("SELVEDGE_REPLAY"),
            input: text("SELVEDGE_INPUT"),
            trace: on("SELVEDGE_TRACE"),
            require_proof: on("SELVEDGE_REQUIRE_PROOF"),
            regressions: text("SELVEDGE_REGRESSIONS").is_none_or(|value| value != "0"),
            result: text(RESULT).map(PathBuf::from),
            budget: text(BUDGET)
                .and_then(|value| value.parse().ok())
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        }
    }
}

/// How many inputs are drawn if the test does not say: `SELVEDGE_CASES`, or 32.
#[cfg(feature = "proptest")]
pub(crate) fn cases() -> Result<u32, String> {
    match env::var("SELVEDGE_CASES") {
        Ok(text) => {
            text.parse().map_err(|_| format!("SELVEDGE_CASES='{text}' is not a whole number"))
        }
        Err(_) => Ok(32),
    }
}
