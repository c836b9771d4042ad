//! What time means in an exploration.

use std::fmt;
use std::str::FromStr;

/// How sleeps and timeouts are explored.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Time {
    /// A timeout may fire at any moment, and a sleep orders nothing: what
    /// holds so holds whatever the durations are.
    #[default]
    Untimed,
    /// A discrete clock that moves on only when no thread can: everything but
    /// sleeps and timeouts takes no time.
    Virtual,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Time::Untimed => "untimed",
            Time::Virtual => "virtual",
        })
    }
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "untimed" => Ok(Time::Untimed),
            "virtual" => Ok(Time::Virtual),
            _ => Err(format!("'{text}' is no notion of time: untimed or virtual")),
        }
    }
}
