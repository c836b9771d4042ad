//! The shared programs on TraceForge.
//!
//! TraceForge checks programs that send messages. Its mutexes and atomics are
//! threads that answer requests: to read is to send a message, too, so that
//! two reads in another order are another execution. Its mutex is tokio's, and
//! its atomics have no `fetch_add`; here they get std's names.

mod rt {
    pub use ::traceforge::thread;

    pub mod sync {
        pub use super::super::Mutex;
        pub use ::std::sync::Arc;

        pub mod atomic {
            pub use super::super::super::AtomicU32;
            pub use ::std::sync::atomic::Ordering;
        }
    }
}

#[path = "shared.rs"]
mod shared;

use std::convert::Infallible;
use std::sync::atomic::Ordering;

use ::traceforge::channel::{Builder, Sender};
use ::traceforge::sync::MutexGuard;
use ::traceforge::thread::{self, ThreadId};
use ::traceforge::{recv_msg_block, send_msg};

pub use shared::*;

/// TraceForge's mutex, with std's name for locking it.
pub struct Mutex<T>(::traceforge::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Mutex(::traceforge::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> Result<MutexGuard<'_, T>, Infallible> {
        Ok(self.0.blocking_lock())
    }
}

/// What to do with an atomic, and where to send what was there before.
#[derive(Clone, Debug, PartialEq)]
enum Request {
    Load(Sender<u32>),
    Store(u32, Sender<u32>),
    Add(u32, Sender<u32>),
}

/// An atomic as TraceForge builds its own, a thread that holds the value and
/// answers; TraceForge's can neither add nor swap.
pub struct AtomicU32(ThreadId);

impl AtomicU32 {
    pub fn new(mut value: u32) -> Self {
        let holder = thread::spawn_daemon(move || {
            loop {
                let before = value;
                let answer = match recv_msg_block() {
                    Request::Load(answer) => answer,
                    Request::Store(new, answer) => {
                        value = new;
                        answer
                    }
                    Request::Add(more, answer) => {
                        value += more;
                        answer
                    }
                };
                answer.send_msg(before);
            }
        });
        AtomicU32(holder.thread().id())
    }

    fn ask(&self, request: impl FnOnce(Sender<u32>) -> Request) -> u32 {
        let (answer, answered) = Builder::<u32>::new().build();
        send_msg(self.0, request(answer));
        answered.recv_msg_block()
    }

    pub fn load(&self, _: Ordering) -> u32 {
        self.ask(Request::Load)
    }

    pub fn store(&self, value: u32, _: Ordering) {
        self.ask(|answer| Request::Store(value, answer));
    }

    pub fn fetch_add(&self, more: u32, _: Ordering) -> u32 {
        self.ask(|answer| Request::Add(more, answer))
    }
}
