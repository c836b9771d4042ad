//! SARIF 2.1.0: failures as results of an analysis, for code scanning and for
//! viewers that step through an execution.
//!
//! | of SARIF | holds |
//! |---|---|
//! | rule | a kind of failure |
//! | result | a failure, at the failing line: level `error`. One that its scenario is expected to show is of kind `informational`, and then the standard wants level `none` |
//! | related locations | the places of the explanation (who holds what, the other access); without one, where another thread went on |
//! | thread flow | what one thread did; the execution order tells how they interleave |
//! | fingerprint | kind, scenario and name: the same after lines have moved |
//! | notification | what has no place in the code: an exploration that was not carried out, a search that was cut short, a failure that had to be met and was not |

mod log;

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use selvedge_core::failure::{Failure, FailureKind, Place};
use selvedge_core::trace::{StepKind, Trace, TraceStep};

use crate::finding::{Finding, findings, place, properties, sentence};
use crate::summary::Row;
use crate::text::harmless;
use log::{
    Artifact, CodeFlow, Configuration, Driver, Invocation, Level, Location, Log, Logical, Message,
    Notification, Physical, Region, ResultKind, Rule, Run, Step, ThreadFlow, Tool,
};

/// GitHub takes no more steps of a result than this. The last ones tell most.
const LONGEST: usize = 1_000;

/// What cannot be in the path of a URI as it is. In a relative one a colon would
/// end a scheme.
#[rustfmt::skip]
const PATH: &AsciiSet = &CONTROLS
    .add(b' ').add(b'"').add(b'#').add(b'%').add(b':').add(b'<').add(b'>').add(b'?').add(b'[')
    .add(b']').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// All scenarios as one SARIF log. `program` is how this command line is
/// called, for the commands that repeat failures.
pub fn document(rows: &[Row<'_>], program: &str) -> String {
    let (mut results, mut notifications) = (Vec::new(), Vec::new());
    for row in rows {
        let placed = |failure| Some(result(row, failure, place(failure)?, program));
        results.extend(row.report.failures.iter().filter_map(placed));
        let placeless = findings(row).into_iter().filter(|finding| finding.place().is_none());
        notifications.extend(placeless.map(|finding| notification(row, &finding)));
    }
    let failed = |row: &Row<'_>| findings(row).iter().any(|f| matches!(f, Finding::Error(_)));
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "Selvedge",
                semantic_version: env!("CARGO_PKG_VERSION"),
                information_uri: env!("CARGO_PKG_REPOSITORY"),
                rules: FailureKind::ALL.map(rule).into(),
            },
        },
        column_kind: "unicodeCodePoints",
        invocations: [Invocation {
            execution_successful: !rows.iter().any(failed),
            tool_execution_notifications: notifications,
        }],
        results,
    };
    let log = Log { schema: log::SCHEMA, version: log::VERSION, runs: [run] };
    serde_json::to_string_pretty(&log).expect("strings and numbers are always valid JSON") + "\n"
}

fn result(row: &Row<'_>, failure: &Failure, place: &Place, program: &str) -> log::Result {
    let kind = failure.kind();
    let (result_kind, level) = match row.expects(failure) {
        true => (ResultKind::Informational, Level::None),
        false => (ResultKind::Fail, Level::Error),
    };
    let name = row.subject.name;
    let mut text = format!("{} ({name})", sentence(failure));
    let mut properties: BTreeMap<_, _> = properties(row).into_iter().collect();
    properties.insert("scenario", name.to_string());
    if let Some(schedule) = failure.schedule() {
        properties.insert("schedule", schedule.to_owned());
    }
    if let Some(replay) = row.replay(failure, program) {
        text.push_str(&format!("\nreplay: {replay}"));
        properties.insert("replay", replay);
    }
    let mut location = Location::at(place);
    location.logical_locations.push(Logical { fully_qualified_name: name.to_string() });
    log::Result {
        rule_id: kind.as_str(),
        rule_index: FailureKind::ALL.iter().position(|k| *k == kind),
        kind: result_kind,
        level,
        message: Message { text },
        locations: [location],
        related_locations: related(failure),
        code_flows: failure.trace.iter().filter_map(code_flow).collect(),
        partial_fingerprints: [(
            "failure/v1",
            format!("{}:{name}:{}", kind.as_str(), failure.name()),
        )]
        .into(),
        properties,
    }
}

/// The places of the explanation; without one, those where another thread went on.
fn related(failure: &Failure) -> Vec<Location> {
    let details = failure.fault.details.iter();
    let explained =
        details.filter_map(|detail| Some((detail.place.as_ref()?, detail.text.clone())));
    let mut places: Vec<_> = explained.collect();
    if let (true, Some(trace)) = (places.is_empty(), &failure.trace) {
        let steps = shown(trace).map(|(_, step)| step);
        let operations: Vec<_> = steps.filter(|step| step.kind == StepKind::Operation).collect();
        let switched = operations.windows(2).filter(|pair| pair[0].thread != pair[1].thread);
        places.extend(switched.filter_map(|pair| {
            let text = format!("{} goes on: {}", thread_name(trace, pair[1].thread), pair[1].text);
            Some((pair[1].place.as_ref()?, text))
        }));
    }
    let numbered = (1..).zip(places);
    numbered
        .map(|(id, (place, text))| Location {
            id: Some(id),
            message: Some(Message { text: harmless(&text) }),
            ..Location::at(place)
        })
        .collect()
}

/// The steps that are told, with their numbers.
fn shown(trace: &Trace) -> impl Iterator<Item = (usize, &TraceStep)> {
    (1..).zip(&trace.steps).skip(trace.steps.len().saturating_sub(LONGEST))
}

/// One flow for each thread that did something.
fn code_flow(trace: &Trace) -> Option<CodeFlow> {
    let flow = |thread: usize| {
        let steps = shown(trace).filter(|(_, step)| step.thread == thread);
        let steps = steps.map(|(execution_order, step)| {
            let mut location = step.place.as_ref().map(Location::at).unwrap_or_default();
            location.message = Some(Message { text: harmless(&step.text) });
            let importance = (step.kind == StepKind::Failure).then_some("essential");
            Step { location, execution_order, importance }
        });
        ThreadFlow { id: thread_name(trace, thread), locations: steps.collect() }
    };
    let flows = (0..trace.threads.len()).map(flow);
    let thread_flows: Vec<_> = flows.filter(|flow| !flow.locations.is_empty()).collect();
    (!thread_flows.is_empty()).then_some(CodeFlow { thread_flows })
}

fn thread_name(trace: &Trace, thread: usize) -> String {
    trace.threads.get(thread).map_or_else(|| thread.to_string(), |t| harmless(&t.name))
}

fn notification(row: &Row<'_>, finding: &Finding<'_>) -> Notification {
    let level = match finding {
        Finding::Undecided(_) => Level::Warning,
        Finding::Failure(_) | Finding::Missing(_) | Finding::Error(_) => Level::Error,
    };
    let text = format!("{}: {}", row.subject.name, finding.sentence());
    Notification { level, message: Message { text } }
}

impl Location {
    fn at(place: &Place) -> Self {
        let physical = Physical {
            artifact_location: artifact(&place.file),
            // Lines and columns of SARIF begin at 1; a place that an engine does
            // not know in full has 0.
            region: (place.line > 0).then_some(Region {
                start_line: place.line,
                start_column: (place.column > 0).then_some(place.column),
            }),
        };
        Location { physical_location: Some(physical), ..Location::default() }
    }
}

/// A file as the compiler names it, as a URI. A relative one is of the root of
/// the workspace.
fn artifact(file: &str) -> Artifact {
    let path = file.replace('\\', "/");
    let encoded = |path| utf8_percent_encode(path, PATH);
    match path.split_once(':') {
        Some((drive, rest)) if drive.len() == 1 && rest.starts_with('/') => {
            Artifact { uri: format!("file:///{drive}:{}", encoded(rest)), uri_base_id: None }
        }
        _ if path.starts_with('/') => {
            Artifact { uri: format!("file://{}", encoded(&path)), uri_base_id: None }
        }
        _ => Artifact { uri: encoded(&path).to_string(), uri_base_id: Some("%SRCROOT%") },
    }
}

fn rule(kind: FailureKind) -> Rule {
    let (short, help) = about(kind);
    Rule {
        id: kind.as_str(),
        short_description: Message { text: short.to_owned() },
        help: Message { text: help.to_owned() },
        default_configuration: Configuration { level: Level::Error },
    }
}

/// What a kind of failure is, and what to do about it.
fn about(kind: FailureKind) -> (&'static str, &'static str) {
    match kind {
        FailureKind::Invariant => (
            "A condition of `invariant!` was false",
            "Follow the threads in the order of execution: between which two steps of a thread \
             did another one change what it relied on? What has to be true together is to be \
             read and written together: under one lock, or in one atomic operation.",
        ),
        FailureKind::Panic => (
            "A panic left a thread",
            "The message is the panic's own. The order of execution shows how it comes about.",
        ),
        FailureKind::Deadlock => (
            "No thread can go on, and the main one has not ended",
            "The related locations say who waits for what, and who holds it. Take locks in the \
             same order everywhere, and hold none while waiting for something else.",
        ),
        FailureKind::DataRace => (
            "Two accesses to plain memory, one a write, that nothing orders",
            "Guard both accesses with one lock, or let a release store and an acquire load \
             order them.",
        ),
        FailureKind::Leak => (
            "The main thread has returned, and another one can never end",
            "Join the thread, and see to it that what it waits for comes: close the channel, set \
             the flag, drop the last sender.",
        ),
        FailureKind::Livelock => (
            "Threads spin, and nobody is left who could change what they wait for",
            "Look for the write that ends the loop: in this execution it came too early, or \
             never.",
        ),
        FailureKind::DoubleLock => (
            "A thread locks a mutex that it holds",
            "Release the guard before, or hand it on to the function that locks again.",
        ),
        FailureKind::StepBound => (
            "An execution took more steps than allowed",
            "A loop that waits for another thread has to call `hint::spin_loop` or \
             `thread::yield_now`. If the program is only long, allow it more steps \
             (`--max-steps`).",
        ),
        FailureKind::Nondeterminism => (
            "The program did something else when its schedule was repeated",
            "Take clocks, random numbers, the order of hash maps and real threads out of the \
             program.",
        ),
        // A kind that is newer than this text.
        other => (other.words(), "See the message."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_text() {
        for kind in FailureKind::ALL {
            assert_ne!(about(kind).0, kind.words());
        }
    }

    #[test]
    fn files_are_uris() {
        let uri = |file| {
            let Artifact { uri, uri_base_id } = artifact(file);
            (uri, uri_base_id.is_some())
        };
        assert_eq!(uri("src/lib.rs"), ("src/lib.rs".to_owned(), true));
        assert_eq!(uri(r"src\a b.rs"), ("src/a%20b.rs".to_owned(), true));
        assert_eq!(uri("a:b/100%.rs"), ("a%3Ab/100%25.rs".to_owned(), true));
        assert_eq!(uri("/home/é.rs"), ("file:///home/%C3%A9.rs".to_owned(), false));
        assert_eq!(uri(r"C:\a\b.rs"), ("file:///C:/a/b.rs".to_owned(), false));
    }
}
