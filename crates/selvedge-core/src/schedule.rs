//! Schedules: all the choices that determine an execution, with a short
//! printable form.
//!
//! ```text
//! sv1:9c4e:0d1f22a7:0x3,1x5,0,2x2,1c2
//!  |   |    |       `- steps: thread 0 three times, thread 1 five times, ..., thread 1 with choice 2
//!  |   |    `- fingerprint of the operations that were executed
//!  |   `- fingerprint of the program's name, 0 if it has none
//!  `- version of this format
//! ```
//!
//! If the machine has learnt that some reference counts must be visible (see
//! [`Machine::visible`]), `:v` and their numbers follow.
//!
//! Threads are named by their path of spawns (`2.1` is the first child of the
//! second child of the main thread). The characters are safe in a shell.

use std::fmt::{self, Write};
use std::hash::Hasher;
use std::str::FromStr;

use thiserror::Error;

use crate::id::ThreadPath;
use crate::machine::Machine;
use crate::world::{Event, World};

const VERSION: &str = "sv1";

/// One choice: which thread, and which of its operation's outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledStep {
    /// The thread that takes the step.
    pub thread: ThreadPath,
    /// The choice, 0 where there is only one.
    pub choice: u32,
}

/// All the choices that determine an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Fingerprint of the program's name, 0 if it has none.
    pub program: u16,
    /// Fingerprint of the executed operations.
    pub fingerprint: u32,
    /// The choices.
    pub steps: Vec<ScheduledStep>,
    /// What the machine had learnt to make visible.
    pub visible: Vec<u32>,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseScheduleError {
    /// It does not start like one.
    #[error("not a schedule: it does not start with '{VERSION}:'")]
    NotASchedule,
    /// It is of another version of the format.
    #[error("a schedule of format '{0}': this version of Selvedge reads '{VERSION}'")]
    Version(String),
    /// Some part cannot be read.
    #[error("malformed schedule: cannot read '{0}'")]
    Malformed(String),
}

/// The fingerprint of a program's name; never 0.
pub fn program_fingerprint(name: &str) -> u16 {
    let mut hash = rustc_hash::FxHasher::default();
    hash.write(name.as_bytes());
    let hash = hash.finish();
    let folded = (hash ^ (hash >> 32)) as u32;
    ((folded ^ (folded >> 16)) as u16).max(1)
}

impl Schedule {
    /// The schedule of the execution that `world` has just gone through.
    pub fn of(world: &World, program: Option<&str>) -> Self {
        Schedule::of_events(world, world.events(), program)
    }

    /// The schedule that leads to a fault of that execution, by its index.
    pub(crate) fn to_fault(world: &World, fault: usize, program: Option<&str>) -> Self {
        Schedule::of_events(world, world.events_to_fault(fault), program)
    }

    fn of_events(world: &World, events: &[Event], program: Option<&str>) -> Self {
        Schedule {
            program: program.map_or(0, program_fingerprint),
            fingerprint: world.fingerprint_of(events),
            steps: events
                .iter()
                .map(|e| ScheduledStep { thread: world.path(e.thread), choice: e.choice })
                .collect(),
            visible: Vec::new(),
        }
    }

    /// The same, with what the machine had learnt to make visible.
    pub fn with_visible(mut self, machine: &dyn Machine) -> Self {
        self.visible = machine.visible();
        self
    }

    /// False if the schedule was made for a program of another name.
    pub fn is_for(&self, program: &str) -> bool {
        self.program == 0 || self.program == program_fingerprint(program)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}:{:x}:{:08x}:", self.program, self.fingerprint)?;
        let mut rest = self.steps.as_slice();
        let mut first = true;
        while let Some(step) = rest.first() {
            let run = rest.iter().take_while(|s| *s == step).count();
            rest = &rest[run..];
            if !std::mem::take(&mut first) {
                f.write_char(',')?;
            }
            write!(f, "{}", step.thread)?;
            if step.choice > 0 {
                write!(f, "c{}", step.choice)?;
            }
            if run > 1 {
                write!(f, "x{run}")?;
            }
        }
        for (i, number) in self.visible.iter().enumerate() {
            write!(f, "{}{number:x}", if i == 0 { ":v" } else { "." })?;
        }
        Ok(())
    }
}

/// No honest schedule is longer; a malformed one must not exhaust the memory.
const MOST_STEPS: usize = 100_000_000;

impl FromStr for Schedule {
    type Err = ParseScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = |part: &str| ParseScheduleError::Malformed(part.to_owned());
        let mut parts = text.trim().splitn(5, ':');
        let version = parts.next().unwrap_or_default();
        if version != VERSION {
            let numbered = version.strip_prefix("sv").is_some_and(|n| n.parse::<u32>().is_ok());
            return Err(if numbered {
                ParseScheduleError::Version(version.to_owned())
            } else {
                ParseScheduleError::NotASchedule
            });
        }
        let program = parts.next().unwrap_or_default();
        let program = u16::from_str_radix(program, 16).map_err(|_| malformed(program))?;
        let fingerprint = parts.next().unwrap_or_default();
        let fingerprint =
            u32::from_str_radix(fingerprint, 16).map_err(|_| malformed(fingerprint))?;
        let list = parts.next().ok_or_else(|| malformed(text.trim()))?;
        let mut steps = Vec::new();
        for run in list.split(',').filter(|_| !list.is_empty()) {
            let bad = || malformed(run);
            let (head, count) = match run.split_once('x') {
                Some((head, count)) => (head, count.parse::<usize>().map_err(|_| bad())?),
                None => (run, 1),
            };
            let (path, choice) = match head.split_once('c') {
                Some((path, choice)) => (path, choice.parse().map_err(|_| bad())?),
                None => (head, 0),
            };
            let thread = path.parse().map_err(|()| bad())?;
            if count == 0 || steps.len() + count > MOST_STEPS {
                return Err(bad());
            }
            steps.extend(std::iter::repeat_n(ScheduledStep { thread, choice }, count));
        }
        let mut visible = Vec::new();
        if let Some(list) = parts.next() {
            let numbers = list.strip_prefix('v').ok_or_else(|| malformed(list))?;
            for number in numbers.split('.') {
                visible.push(u32::from_str_radix(number, 16).map_err(|_| malformed(list))?);
            }
        }
        Ok(Schedule { program, fingerprint, steps, visible })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(
            program: u16,
            fingerprint: u32,
            steps in prop::collection::vec((prop::collection::vec(1u32..4, 0..3), 0u32..3), 0..40),
            visible: Vec<u32>,
        ) {
            let steps = steps
                .into_iter()
                .map(|(path, choice)| ScheduledStep { thread: ThreadPath(path.into()), choice })
                .collect();
            let schedule = Schedule { program, fingerprint, steps, visible };
            prop_assert_eq!(schedule.to_string().parse(), Ok(schedule));
        }

        #[test]
        fn no_text_breaks_the_parser(text in "(sv1:)?[0-9a-fcx:,.]{0,40}") {
            let _ = text.parse::<Schedule>();
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let error = |text: &str| text.parse::<Schedule>().unwrap_err().to_string();
        assert_eq!(error("hello"), "not a schedule: it does not start with 'sv1:'");
        assert_eq!(
            error("sv9:0:0:0"),
            "a schedule of format 'sv9': this version of Selvedge reads 'sv1'"
        );
        assert_eq!(error("sv1:0:0:1xx"), "malformed schedule: cannot read '1xx'");
        assert_eq!(error("sv1:0:0:1,,2"), "malformed schedule: cannot read ''");
        assert_eq!(error("sv1:0:zz:1"), "malformed schedule: cannot read 'zz'");
        assert_eq!(
            error("sv1:0:0:1x99999999999"),
            "malformed schedule: cannot read '1x99999999999'"
        );
    }
}
