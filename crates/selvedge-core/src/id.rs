//! Identifiers. None depends on the interleaving, none is an address.
//!
//! A thread is identified by its path of spawns and an object by (thread that
//! first used it, how many that thread had first used before). Both are
//! interned to small numbers by the [`World`](crate::world::World), once for
//! all executions of an exploration, so that equal numbers mean equal
//! identities in any two executions.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// A thread of the program under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(pub(crate) u32);

impl ThreadId {
    /// The thread that runs the program's closure.
    pub const MAIN: ThreadId = ThreadId(0);

    /// The number, as an index into tables of threads.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The thread of that number, as [`index`](Self::index) gave it.
    pub fn from_index(index: usize) -> Self {
        ThreadId(u32::try_from(index).expect("fewer than 2^32 threads"))
    }
}

/// A modelled object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(pub(crate) u32);

impl ObjectId {
    /// The number, as an index into tables of objects.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The object of that number, as [`index`](Self::index) gave it.
    pub fn from_index(index: usize) -> Self {
        ObjectId(u32::try_from(index).expect("fewer than 2^32 objects"))
    }
}

/// An event: the `index`-th operation of a thread, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// The thread.
    pub thread: ThreadId,
    /// How many operations the thread had executed with this one.
    pub index: u32,
}

/// The path of spawns that leads to a thread: empty for the main thread,
/// `[2, 1]` for the first child of its second child.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ThreadPath(pub(crate) SmallVec<[u32; 4]>);

impl ThreadPath {
    /// The path of the `nth` child (from 1) of the thread with this path.
    pub fn child(&self, nth: u32) -> ThreadPath {
        let mut path = self.0.clone();
        path.push(nth);
        ThreadPath(path)
    }
}

impl fmt::Display for ThreadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("0");
        }
        for (i, n) in self.0.iter().enumerate() {
            write!(f, "{}{n}", if i == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

impl From<ThreadPath> for String {
    fn from(path: ThreadPath) -> Self {
        path.to_string()
    }
}

impl TryFrom<String> for ThreadPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map_err(|()| format!("'{text}' is no path of spawns"))
    }
}

impl std::str::FromStr for ThreadPath {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "0" {
            return Ok(ThreadPath::default());
        }
        let path: Result<SmallVec<_>, _> = text.split('.').map(|n| n.parse::<u32>()).collect();
        match path {
            Ok(path) if !path.contains(&0) => Ok(ThreadPath(path)),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_and_parse() {
        let main = ThreadPath::default();
        let grandchild = main.child(2).child(1);
        for path in [main.clone(), main.child(7), grandchild] {
            assert_eq!(path.to_string().parse(), Ok(path));
        }
        for bad in ["", "1.", "a", "0.1", "1.0", "-1"] {
            assert!(bad.parse::<ThreadPath>().is_err(), "{bad}");
        }
    }
}
