//! The parent's side: makes a report of the events that a child has sent and
//! of the way in which it ended.

use selvedge_core::failure::{FailureKind, Fault, Place};
use selvedge_core::report::{End, Report};

use super::watch::{Event, Meaning, NO_MESSAGE};

/// How a child ended.
#[derive(Debug, Default)]
pub(super) struct Death {
    /// Why, if it was not its own decision: `signal 6 (SIGABRT)`.
    pub(super) cause: Option<String>,
    /// True if it was killed because it took too long.
    pub(super) overdue: bool,
    /// The end of what it wrote to stderr.
    pub(super) stderr: String,
}

/// What is to be done after a child has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The exploration has ended.
    Done,
    /// The child left the rest to another one.
    Resume,
    /// The child was brought down by the program, which is recorded.
    Aborted,
}

/// A report in the making.
pub(super) struct Assembly {
    /// The report so far.
    pub(super) report: Report,
    /// What was met in the latest execution, with schedules.
    met: Vec<(Meaning, Option<String>)>,
    met_in: u64,
    next: Option<Next>,
}

impl Assembly {
    /// Begins with an empty report.
    pub(super) fn new(report: Report) -> Self {
        Assembly { report, met: Vec::new(), met_in: 0, next: None }
    }

    /// Another child is about to run.
    pub(super) fn resume(&mut self) {
        self.next = None;
        self.met.clear();
    }

    /// An event has come.
    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::Progress { executions, steps } => self.count(executions, steps),
            Event::Met { execution, meaning, schedule } => {
                if self.met_in != execution {
                    self.met.clear();
                    self.met_in = execution;
                }
                self.met.push((meaning, schedule));
            }
            Event::Failed { execution, faults, schedule } => {
                self.met.clear();
                self.report.executions = self.report.executions.max(execution);
                self.record(faults, schedule);
            }
            Event::Paused { executions, steps } => {
                self.count(executions, steps);
                self.next = Some(Next::Resume);
            }
            Event::Ended { executions, steps, end } => {
                self.count(executions, steps);
                self.report.end = end;
                self.next = Some(Next::Done);
            }
        }
    }

    fn count(&mut self, executions: u64, steps: u64) {
        self.report.executions = executions;
        self.report.steps = steps;
    }

    /// Records an execution's faults, each kind and name once.
    fn record(&mut self, mut faults: Vec<Fault>, schedule: Option<String>) {
        let mut first: Vec<Fault> = Vec::new();
        faults.retain(|fault| {
            let new = !first.iter().any(|f| f.kind == fault.kind && f.name == fault.name);
            if new {
                first.push(fault.clone());
            }
            new
        });
        self.report.record(&faults, |_| schedule.clone());
    }

    /// A panic without a message may have had one on stderr: the overflow of a
    /// coroutine's stack, for example.
    fn quote(&mut self, death: &Death) {
        for failure in &mut self.report.failures {
            let fault = &mut failure.fault;
            if fault.message == NO_MESSAGE && fault.details.is_empty() && !death.stderr.is_empty() {
                *fault = fault.clone().detail(last_words(death), None);
            }
        }
    }

    /// The child has ended, and no event is left.
    pub(super) fn bury(&mut self, death: &Death) -> Next {
        if let Some(next) = self.next {
            self.quote(death);
            return next;
        }
        let met = std::mem::take(&mut self.met);
        if met.is_empty() && death.overdue {
            let stuck = self.report.executions + 1;
            self.report.end = End::Bounded(format!("execution {stuck} did not end in time"));
            return Next::Done;
        }
        let unable = met.iter().find_map(|(meaning, _)| match meaning {
            Meaning::Unable(what) => Some(what.clone()),
            Meaning::Fault(_) => None,
        });
        if let Some(what) = unable {
            self.report.end = End::Error(what);
            return Next::Done;
        }
        self.report.executions =
            if met.is_empty() { self.report.executions + 1 } else { self.met_in };
        let (faults, schedule) = post_mortem(met, death);
        self.record(faults, schedule);
        self.report.end = End::Failure;
        Next::Aborted
    }
}

/// The faults of an execution that took its process with it: what was met
/// first, and what came of it.
fn post_mortem(met: Vec<(Meaning, Option<String>)>, death: &Death) -> (Vec<Fault>, Option<String>) {
    let cause = match &death.cause {
        _ if death.overdue => "it did not end in time",
        Some(cause) => cause.as_str(),
        None => "the process ended",
    };
    let schedule = met.iter().find_map(|(_, schedule)| schedule.clone());
    let mut faults = met.into_iter().filter_map(|(meaning, _)| match meaning {
        Meaning::Fault(fault) => Some(fault),
        Meaning::Unable(_) => None,
    });
    let Some(first) = faults.next() else {
        let mut fault =
            Fault::new(FailureKind::Panic, format!("the program aborted without a panic: {cause}"));
        if !death.stderr.is_empty() {
            fault = fault.detail(last_words(death), None);
        }
        return (vec![fault], schedule);
    };
    let mut broken: Vec<Fault> = vec![first];
    let mut later = None;
    let mut engine_fell = false;
    for fault in faults {
        if fault.kind == FailureKind::Invariant && broken[0].kind == FailureKind::Invariant {
            broken.push(fault);
        } else if fault.place.as_ref().is_some_and(is_in_an_engine) {
            engine_fell = true;
        } else if !is_rust_telling_of_the_abort(&fault.message) {
            later.get_or_insert(fault);
        }
    }
    // An engine that falls over its own report of a failure is not news.
    let programs_own = matches!(broken[0].kind, FailureKind::Panic | FailureKind::Invariant);
    let (text, place) = match later {
        Some(fault) => (fault.message, fault.place),
        None if programs_own && !engine_fell => (cause.to_owned(), None),
        None => return (broken, schedule),
    };
    let verb = if death.overdue { "did not end" } else { "aborted" };
    let first = broken.remove(0).detail(format!("the program {verb} afterwards: {text}"), place);
    broken.insert(0, first);
    (broken, schedule)
}

fn last_words(death: &Death) -> String {
    format!("its last words: {}", death.stderr)
}

/// True for the sources of loom, shuttle and loom's coroutines, where cargo
/// keeps them: `.../loom-0.7.3/src/rt/thread.rs`.
fn is_in_an_engine(place: &Place) -> bool {
    ["/loom-", "/shuttle-", "/generator-"].iter().any(|directory| place.file.contains(directory))
}

fn is_rust_telling_of_the_abort(message: &str) -> bool {
    message == "panic in a destructor during cleanup"
        || message == "panic in a function that cannot unwind"
}

#[cfg(test)]
mod tests {
    use super::*;
    use selvedge_core::report::{Engine, Verdict};

    fn assembly() -> Assembly {
        Assembly::new(Report::new(Engine::Loom, "loom", 0))
    }

    fn met(execution: u64, fault: Fault) -> Event {
        Event::Met { execution, meaning: Meaning::Fault(fault), schedule: Some("s".to_owned()) }
    }

    fn panic(message: &str) -> Fault {
        Fault::new(FailureKind::Panic, message)
    }

    #[test]
    fn an_abort_is_the_failure_that_came_first() {
        let mut assembly = assembly();
        assembly.take(Event::Progress { executions: 3, steps: 0 });
        assembly.take(met(2, panic("caught long ago")));
        assembly.take(met(4, panic("first")));
        assembly.take(met(4, panic("second")));
        assembly.take(met(4, panic("panic in a destructor during cleanup")));
        let death = Death { cause: Some("signal 6".to_owned()), ..Death::default() };
        assert_eq!(assembly.bury(&death), Next::Aborted);
        let report = assembly.report;
        assert_eq!((report.executions, report.failing), (4, 1));
        assert_eq!(report.failures[0].message(), "first");
        assert_eq!(report.failures[0].schedule(), Some("s"));
        assert_eq!(
            report.failures[0].fault.details[0].text,
            "the program aborted afterwards: second"
        );
    }

    #[test]
    fn an_engine_that_falls_over_its_report_is_not_mentioned() {
        let mut assembly = assembly();
        let file = "/cargo/registry/src/index/loom-0.7.3/src/rt/thread.rs".to_owned();
        assembly.take(met(1, Fault::invariant("first", "")));
        assembly.take(met(1, panic("second").at(Place { file, line: 1, column: 1 })));
        assembly.bury(&Death { cause: Some("signal 6".to_owned()), ..Death::default() });
        assert_eq!(assembly.report.failures[0].fault.details, []);
    }

    #[test]
    fn an_abort_without_a_panic_tells_the_last_words() {
        let mut assembly = assembly();
        let death = Death {
            cause: Some("signal 11".to_owned()),
            stderr: "oops".to_owned(),
            overdue: false,
        };
        assert_eq!(assembly.bury(&death), Next::Aborted);
        let fault = &assembly.report.failures[0].fault;
        assert_eq!(fault.message, "the program aborted without a panic: signal 11");
        assert_eq!(fault.details[0].text, "its last words: oops");
    }

    #[test]
    fn a_child_that_does_not_end_is_a_bound() {
        let mut assembly = assembly();
        assembly.take(Event::Progress { executions: 7, steps: 0 });
        assembly.bury(&Death { overdue: true, ..Death::default() });
        assert_eq!(
            assembly.report.verdict(),
            Verdict::HoldsBounded("execution 8 did not end in time".to_owned())
        );
    }

    #[test]
    fn an_execution_counts_each_kind_once() {
        let mut assembly = assembly();
        let faults = vec![panic("a"), panic("b"), Fault::invariant("i", "")];
        assembly.take(Event::Failed { execution: 1, faults, schedule: None });
        let counts: Vec<_> =
            assembly.report.failures.iter().map(|f| (f.message(), f.count)).collect();
        assert_eq!(counts, [("a", 1), ("", 1)]);
        assert_eq!(assembly.report.failing, 1);
    }
}
