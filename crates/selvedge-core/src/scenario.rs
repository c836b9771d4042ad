//! A named program with what is expected of it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, FailureKind};
use crate::report::{End, Engine, Report};
use crate::time::Time;

/// A failure that a scenario is expected to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Its kind.
    pub kind: FailureKind,
    /// The invariant's name; for other kinds the kind's words.
    pub name: Cow<'static, str>,
}

impl Broken {
    /// The invariant of that name.
    pub const fn invariant(name: &'static str) -> Self {
        Broken { kind: FailureKind::Invariant, name: Cow::Borrowed(name) }
    }

    /// A failure of a kind that has no name of its own.
    pub fn kind(kind: FailureKind) -> Self {
        Broken { kind, name: Cow::Borrowed(kind.words()) }
    }

    /// What a test calls so: a kind (`deadlock`, `data_race` or `data race`), or
    /// else an invariant by its name.
    pub fn called(name: &str) -> Self {
        let is = |kind: &FailureKind| {
            *kind != FailureKind::Invariant && [kind.as_str(), kind.words()].contains(&name)
        };
        match FailureKind::ALL.into_iter().find(is) {
            Some(kind) => Broken::kind(kind),
            None => Broken { kind: FailureKind::Invariant, name: Cow::Owned(name.to_owned()) },
        }
    }

    /// True if `failure`, met on `engine`, is this one.
    ///
    /// Engines other than the native one have fewer kinds: a livelock reaches
    /// their step bound, locking one's own mutex is a deadlock.
    pub fn is(&self, failure: &Failure, engine: Engine) -> bool {
        if self.kind == FailureKind::Invariant {
            return failure.kind() == FailureKind::Invariant && failure.name() == self.name;
        }
        failure.kind() == self.kind
            || engine != Engine::Native
                && matches!(
                    (self.kind, failure.kind()),
                    (
                        FailureKind::Livelock,
                        FailureKind::StepBound | FailureKind::Deadlock | FailureKind::Leak
                    ) | (FailureKind::DoubleLock, FailureKind::Deadlock)
                )
    }
}

impl Broken {
    /// False if the engine cannot see failures of this kind: shuttle and real
    /// threads know nothing of races on plain memory.
    pub fn is_visible_on(&self, engine: Engine) -> bool {
        self.kind != FailureKind::DataRace || !matches!(engine, Engine::Shuttle | Engine::Std)
    }
}

/// What is expected of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// No execution fails.
    Holds,
    /// Each of these failures is met, and no other.
    Breaks(Vec<Broken>),
    /// The test that explores it panics (`#[should_panic]`): whether it does so
    /// as it should, its harness says.
    Panics,
}

impl Expectation {
    /// `holds`, `breaks` or `panics`, as in the JSON report.
    pub fn as_str(&self) -> &'static str {
        match self {
            Expectation::Holds => "holds",
            Expectation::Breaks(_) => "breaks",
            Expectation::Panics => "panics",
        }
    }

    /// Compares a report with this. `exhaustive` says whether the search was one
    /// that had to reach a verdict.
    pub fn agreement(&self, report: &Report, exhaustive: bool) -> Agreement {
        if matches!(report.end, End::Error(_)) {
            return Agreement::Contradicted;
        }
        let unmet = || match exhaustive {
            _ if report.exhausted() => Agreement::Contradicted,
            true => Agreement::Undecided,
            false => Agreement::AsExpected,
        };
        match self {
            Expectation::Holds => {
                if !report.failures.is_empty() {
                    Agreement::Contradicted
                } else if exhaustive && !report.exhausted() {
                    Agreement::Undecided
                } else {
                    Agreement::AsExpected
                }
            }
            Expectation::Breaks(expected) => {
                let foreign = |f: &Failure| !expected.iter().any(|b| b.is(f, report.engine));
                if report.failures.iter().any(foreign) {
                    return Agreement::Contradicted;
                }
                let met = |b: &Broken| {
                    !b.is_visible_on(report.engine)
                        || report.failures.iter().any(|f| b.is(f, report.engine))
                };
                if expected.iter().all(met) || report.end == End::Failure {
                    Agreement::AsExpected
                } else {
                    unmet()
                }
            }
            Expectation::Panics if report.failures.is_empty() => unmet(),
            Expectation::Panics => Agreement::AsExpected,
        }
    }
}

/// In words: `holds`, `breaks: no seat is sold twice and deadlock`, `panics`.
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        if let Expectation::Breaks(list) = self {
            let names: Vec<&str> = list.iter().map(|broken| &*broken.name).collect();
            write!(f, ": {}", names.join(" and "))?;
        }
        Ok(())
    }
}

/// How a report compares with what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// What was expected was seen: a failure, or a proof.
    AsExpected,
    /// Nothing contradicts the expectation, but a search that had to be
    /// exhaustive ended before it could settle the question.
    Undecided,
    /// The result contradicts the expectation.
    Contradicted,
}

/// A program that can be run again and again.
#[derive(Clone)]
pub struct Body(Arc<dyn Fn() + Send + Sync>);

impl Body {
    /// What a function or closure does.
    pub fn new(run: impl Fn() + Send + Sync + 'static) -> Self {
        Body(Arc::new(run))
    }

    /// Runs the program.
    pub fn run(&self) {
        (self.0)();
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// A named program with what is expected of it, for one engine.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `section/variant`.
    pub name: Cow<'static, str>,
    /// Its story, in a few lines.
    pub about: Cow<'static, str>,
    /// What is expected.
    pub expect: Expectation,
    /// For a broken scenario, the scenarios that mend it.
    pub fixes: &'static [&'static str],
    /// Explore by sampling that many random executions: the program is too
    /// large to be exhausted. `None`: exhaustively.
    pub sampled: Option<u64>,
    /// What sleeps and timeouts mean in it.
    pub time: Time,
    /// The program.
    pub body: Body,
}

impl Scenario {
    /// The part of the name before the slash.
    pub fn section(&self) -> &str {
        self.name.split_once('/').map_or(&*self.name, |(section, _)| section)
    }

    /// The part of the name behind the slash; all of it if there is none.
    pub fn variant(&self) -> &str {
        self.name.split_once('/').map_or(&*self.name, |(_, variant)| variant)
    }

    /// The program, as an explorer takes it.
    pub fn program(&self) -> impl Fn() + Send + Sync + 'static {
        let body = self.body.clone();
        move || body.run()
    }
}
