//! The child's side: notes what happens in each execution and sends it to the
//! parent at once, so that it survives an abort.

use std::any::Any;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, RwLock};
use std::time::{Duration, Instant};

use selvedge_core::failure::{FailureKind, Fault, Place};
use selvedge_core::report::End;
use serde::{Deserialize, Serialize};

use super::isolate;

/// How often progress is sent, at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What the child tells the parent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Event {
    /// So many executions have ended, in so many steps.
    Progress { executions: u64, steps: u64 },
    /// Execution number `execution` broke an invariant or panicked. It may
    /// yet go on: the program can catch a panic.
    Met { execution: u64, meaning: Meaning, schedule: Option<String> },
    /// Execution number `execution` failed.
    Failed { execution: u64, faults: Vec<Fault>, schedule: Option<String> },
    /// Another child is to go on from here.
    Paused { executions: u64, steps: u64 },
    /// The exploration has ended.
    Ended { executions: u64, steps: u64, end: End },
}

/// What a panic says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Meaning {
    /// The program failed.
    Fault(Fault),
    /// The engine cannot explore this program.
    Unable(String),
}

/// A panic, as the hook is told of it.
pub(super) struct Panicked {
    /// Its message.
    pub(super) message: String,
    /// Where it was raised.
    pub(super) place: Option<Place>,
    /// True if the main thread's closure had returned.
    pub(super) main_returned: bool,
}

impl Panicked {
    /// A panic of the program's own.
    pub(super) fn into_panic(self) -> Meaning {
        let fault = Fault::new(FailureKind::Panic, self.message);
        Meaning::Fault(Fault { place: self.place, ..fault })
    }

    /// Threads that can never go on: a deadlock, or a leak if the main thread
    /// is not among them.
    pub(super) fn into_deadlock(self, message: String) -> Meaning {
        let kind = if self.main_returned { FailureKind::Leak } else { FailureKind::Deadlock };
        Meaning::Fault(Fault::new(kind, message))
    }
}

/// What an engine knows about its own panics.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    /// What a panic means.
    pub(super) meaning: fn(Panicked) -> Meaning,
    /// The schedule of the execution up to now, if the engine can tell it
    /// from inside.
    pub(super) schedule: fn() -> Option<String>,
}

/// What unwinds after a broken invariant; the faults are in the [`Watch`].
struct Violation;

/// Notes what happens in a child process.
pub(super) struct Watch {
    reader: Reader,
    send: Box<dyn Fn(&Event) + Send + Sync>,
    /// The number of the present execution, from 1.
    execution: AtomicU64,
    steps: AtomicU64,
    main_returned: AtomicBool,
    /// Of the present execution. The lock is held for moments only, and never
    /// across an operation of the program.
    notes: Mutex<Notes>,
}

struct Notes {
    /// Broken invariants.
    broken: Vec<Fault>,
    /// Panics that have left a thread, where threads can outlive one.
    left: Vec<Fault>,
    /// Every panic, with its message; the program may yet catch it.
    panics: Vec<(String, Meaning)>,
    last_progress: Instant,
}

impl Watch {
    /// A watch whose first execution will have number `done + 1`.
    pub(super) fn new(
        reader: Reader,
        done: (u64, u64),
        send: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Self {
        Watch {
            reader,
            send: Box::new(send),
            execution: AtomicU64::new(done.0),
            steps: AtomicU64::new(done.1),
            main_returned: AtomicBool::new(false),
            notes: Mutex::new(Notes {
                broken: Vec::new(),
                left: Vec::new(),
                panics: Vec::new(),
                last_progress: Instant::now(),
            }),
        }
    }

    /// An execution begins.
    pub(super) fn begin(&self) {
        let executions = self.execution.fetch_add(1, Ordering::Relaxed);
        self.main_returned.store(false, Ordering::Relaxed);
        let mut notes = self.notes();
        notes.broken.clear();
        notes.left.clear();
        notes.panics.clear();
        if notes.last_progress.elapsed() >= PROGRESS_EVERY {
            notes.last_progress = Instant::now();
            (self.send)(&Event::Progress { executions, steps: self.steps() });
        }
    }

    /// The number of executions that have begun.
    pub(super) fn executions(&self) -> u64 {
        self.execution.load(Ordering::Relaxed)
    }

    /// The number of steps taken.
    pub(super) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// The program takes a step.
    pub(super) fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs the program's main closure. A broken invariant whose unwinding the
    /// program has caught fails the execution all the same.
    pub(super) fn main(&self, body: &(dyn Fn() + Send + Sync)) {
        body();
        self.main_returned.store(true, Ordering::Relaxed);
        if !self.notes().broken.is_empty() {
            panic::resume_unwind(Box::new(Violation));
        }
    }

    /// Invariants are broken: for [`violated`](super::violated).
    pub(super) fn violated(&self, faults: Vec<Fault>) -> ! {
        for fault in &faults {
            self.met(Meaning::Fault(fault.clone()));
        }
        self.notes().broken.extend(faults);
        panic::resume_unwind(Box::new(Violation))
    }

    /// For the panic hook.
    fn panicked(&self, info: &PanicHookInfo<'_>) {
        let message = info.payload_as_str().unwrap_or(NO_MESSAGE).trim().to_owned();
        let meaning = (self.reader.meaning)(Panicked {
            message: message.clone(),
            place: info.location().map(Place::from),
            main_returned: self.main_returned.load(Ordering::Relaxed),
        });
        self.met(meaning.clone());
        self.notes().panics.push((message, meaning));
    }

    fn met(&self, meaning: Meaning) {
        let schedule = (self.reader.schedule)();
        (self.send)(&Event::Met { execution: self.executions(), meaning, schedule });
    }

    /// Takes note of a panic that left a thread; `None` if it was a broken
    /// invariant, which has been noted.
    pub(super) fn meaning(&self, payload: &(dyn Any + Send)) -> Option<Meaning> {
        if payload.is::<Violation>() {
            return None;
        }
        let message = message_of(payload);
        let known =
            self.notes().panics.iter().rfind(|(m, _)| *m == message).map(|(_, m)| m.clone());
        Some(known.unwrap_or_else(|| {
            // Raised without the hook, by `resume_unwind`.
            let main_returned = self.main_returned.load(Ordering::Relaxed);
            (self.reader.meaning)(Panicked { message, place: None, main_returned })
        }))
    }

    /// The execution failed with a panic that reached the engine: sends what
    /// it failed with, broken invariants before anything else.
    ///
    /// # Errors
    /// If it says that the engine cannot explore the program.
    pub(super) fn failed(&self, payload: &(dyn Any + Send)) -> Result<(), String> {
        let meaning = self.meaning(payload);
        let mut faults = std::mem::take(&mut self.notes().broken);
        if faults.is_empty() {
            match meaning {
                Some(Meaning::Unable(what)) => return Err(what),
                Some(Meaning::Fault(fault)) => faults.push(fault),
                None => {}
            }
        }
        self.failed_with(faults);
        Ok(())
    }

    /// The execution failed with these faults.
    pub(super) fn failed_with(&self, faults: Vec<Fault>) {
        let schedule = (self.reader.schedule)();
        (self.send)(&Event::Failed { execution: self.executions(), faults, schedule });
    }

    /// A panic has left a thread, and the execution goes on.
    pub(super) fn left_thread(&self, payload: &(dyn Any + Send)) {
        if let Some(Meaning::Fault(fault)) = self.meaning(payload) {
            self.notes().left.push(fault);
        }
    }

    /// What is known of an execution that goes on after failures: broken
    /// invariants, then panics that left a thread.
    pub(super) fn take_faults(&self) -> Vec<Fault> {
        let mut notes = self.notes();
        let mut faults = std::mem::take(&mut notes.broken);
        faults.append(&mut notes.left);
        faults
    }

    /// Another child is to go on.
    pub(super) fn paused(&self) {
        (self.send)(&Event::Paused { executions: self.executions(), steps: self.steps() });
    }

    /// The exploration has ended; `executions` have been run to their end.
    pub(super) fn ended(&self, executions: u64, end: End) {
        (self.send)(&Event::Ended { executions, steps: self.steps(), end });
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In place of the message of a panic that has none.
pub(super) const NO_MESSAGE: &str = "(a panic without a message)";

fn message_of(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    message.unwrap_or(NO_MESSAGE).trim().to_owned()
}

/// Held shared while a panic of this process is printed, and exclusively while
/// it forks. Printing a backtrace takes locks of the dynamic loader, which
/// nobody would release in a child that was forked meanwhile.
static PRINTING: RwLock<()> = RwLock::new(());

/// Runs `fork` while no panic is being printed.
#[cfg_attr(not(unix), allow(dead_code, reason = "nothing forks elsewhere"))]
pub(super) fn while_nobody_prints<R>(fork: impl FnOnce() -> R) -> R {
    let _exclusive = PRINTING.write().unwrap_or_else(PoisonError::into_inner);
    fork()
}

/// Installs the process's panic hook, once: it delegates to the one before
/// it, except in a child, where it notes the panic and prints nothing.
///
/// That is done before the fork. Setting a hook takes a lock, which another
/// thread may have held at the fork, and in the child nobody would release it.
/// For the same reason shuttle and loom are made to install their own hooks
/// here, which they do once, when they are first used: shuttle's prints and is
/// not wanted, loom's hides the panics by which it ends its coroutines and is
/// left on top of ours.
pub(super) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        #[cfg(any(feature = "shuttle", shuttle))]
        super::shuttle::provoke_hook();
        drop(panic::take_hook());
        panic::set_hook(Box::new(move |info| match isolate::watch() {
            Some(watch) => watch.panicked(info),
            None => {
                let _shared = PRINTING.read().unwrap_or_else(PoisonError::into_inner);
                previous(info);
            }
        }));
        #[cfg(any(feature = "loom", loom))]
        super::loom::provoke_hook();
    });
}
