//! Panics of the program: noted when they are raised, told when they have
//! left a thread.

use std::any::Any;
use std::io::Write;
use std::panic::PanicHookInfo;

use selvedge_core::failure::{FailureKind, Fault, Place};
use selvedge_core::id::ThreadId;
use selvedge_core::schedule::Schedule;

use super::{Cancelled, Context};

/// A panic that was raised.
pub(super) struct Panicked {
    thread: ThreadId,
    message: String,
    place: Option<Place>,
}

impl Context {
    /// A panic has left the running thread.
    pub(crate) fn thread_panicked(&self, payload: &(dyn Any + Send)) {
        self.unwinding.set(false);
        if self.tearing.get() || payload.is::<Cancelled>() {
            return;
        }
        let message = payload_message(payload);
        // The hook has noted it, unless it was raised by `resume_unwind`.
        let me = self.thread.get();
        let noted = |p: &&Panicked| p.message == message;
        let place = {
            let panics = self.panicked.borrow();
            let mine = panics.iter().rev().filter(|p| p.thread == me).find(noted);
            mine.or_else(|| panics.iter().rev().find(noted)).and_then(|p| p.place.clone())
        };
        let thread = self.thread.get();
        self.world(|w| {
            let mut fault = Fault::new(FailureKind::Panic, message);
            fault.place = place;
            let fault = fault.detail(format!("in thread {}", w.thread_name(thread)), None);
            w.fail(fault);
        });
        if self.outlives_failure() {
            self.rest();
        } else {
            self.tear_down();
        }
    }

    /// The panic hook was called in the running thread.
    pub(crate) fn note_panic(&self, info: &PanicHookInfo<'_>) {
        let message = payload_message(info.payload());
        let place = info.location().map(Place::from);
        if message == IN_CLEANUP || message == CANNOT_UNWIND {
            // std's own last panic before it aborts the process.
            self.last_words();
            return;
        }
        self.unwinding.set(true);
        let thread = self.thread.get();
        self.panicked.borrow_mut().push(Panicked { thread, message, place });
    }

    /// What is known of an execution that is about to abort the process.
    /// Straight to stderr: what a test harness captures would be lost.
    #[cold]
    fn last_words(&self) {
        let mut text = String::from(
            "\nselvedge: the process is about to abort: a destructor panicked while its thread \
             was unwinding",
        );
        self.world(|w| {
            for fault in w.faults() {
                text.push_str(&format!(
                    "\nselvedge: failed before: {}: {}",
                    fault.name, fault.message
                ));
            }
            for panic in &*self.panicked.borrow() {
                let who = w.thread_name(panic.thread);
                let at = panic.place.as_ref().map_or_else(String::new, |p| format!(" (at {p})"));
                text.push_str(&format!("\nselvedge: {who} panicked: {}{at}", panic.message));
            }
            let schedule = Schedule { visible: self.visible(), ..Schedule::of(w, None) };
            text.push_str(&format!("\nselvedge: schedule: {schedule}\n"));
        });
        // If stderr is gone there is nobody to tell.
        drop(std::io::stderr().write_all(text.as_bytes()));
    }
}

/// The panics with which std announces that it aborts.
const IN_CLEANUP: &str = "panic in a destructor during cleanup";
const CANNOT_UNWIND: &str = "panic in a function that cannot unwind";

fn payload_message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic with a payload that is no text".to_owned()
    }
}
