//! `std::thread` on coroutines.

mod local;
mod scope;
mod task;

use std::fmt;
use std::io;
use std::panic::Location;
use std::time::Duration;

use selvedge_core::id::ThreadId as ModelId;
use selvedge_core::model::park;
use selvedge_core::op::{OpKind, ParkOp, ThreadOp, YieldKind};
use selvedge_core::time::Time;

use crate::context;

use task::Outcome;

pub use local::{AccessError, LocalKey};
pub use scope::{Scope, ScopedJoinHandle, scope};
pub use std::thread::Result;
pub(crate) use task::Work;

/// `std::thread::ThreadId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(Id);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Id {
    Model { epoch: u64, thread: ModelId },
    Real(std::thread::ThreadId),
}

/// `std::thread::Thread`: a handle to a thread.
#[derive(Clone, Debug)]
pub struct Thread(Inner);

#[derive(Clone, Debug)]
enum Inner {
    Model { epoch: u64, thread: ModelId, name: Option<std::sync::Arc<str>> },
    Real(std::thread::Thread),
}

impl Thread {
    /// Lets the thread's present or next `park` return.
    #[track_caller]
    pub fn unpark(&self) {
        match (&self.0, context::current()) {
            (Inner::Model { epoch, thread, .. }, Some(context)) if *epoch == context.epoch() => {
                let token = context.world(|w| w.park_token(*thread));
                context.perform(OpKind::Park(ParkOp::Unpark), Some(token));
            }
            (Inner::Model { .. }, _) => {}
            (Inner::Real(thread), _) => thread.unpark(),
        }
    }

    /// The name given to the thread's builder.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Inner::Model { name, .. } => name.as_deref(),
            Inner::Real(thread) => thread.name(),
        }
    }

    /// The thread's identity.
    pub fn id(&self) -> ThreadId {
        ThreadId(match &self.0 {
            Inner::Model { epoch, thread, .. } => Id::Model { epoch: *epoch, thread: *thread },
            Inner::Real(thread) => Id::Real(thread.id()),
        })
    }
}

/// `std::thread::JoinHandle`.
pub struct JoinHandle<T>(Join<T>);

enum Join<T> {
    /// `id` is `None` if the thread was not started.
    Model {
        epoch: u64,
        id: Option<ModelId>,
        outcome: Outcome<T>,
    },
    Real(std::thread::JoinHandle<T>),
}

impl<T> JoinHandle<T> {
    /// Waits for the thread to end, and gives its result.
    ///
    /// # Errors
    /// The panic's payload, if the thread panicked.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        match self.0 {
            Join::Model { epoch, id, outcome } => {
                // A handle that survived its execution has nobody to wait for.
                let context = context::current().filter(|c| c.epoch() == epoch);
                let thread = context.zip(id);
                if let Some((context, id)) = thread {
                    context.perform(OpKind::Thread(ThreadOp::Join(id)), None);
                }
                // SAFETY: `spawn` put together what belongs together.
                unsafe { outcome.take(thread) }
            }
            Join::Real(handle) => handle.join(),
        }
    }

    /// A handle to the thread.
    pub fn thread(&self) -> Thread {
        match &self.0 {
            Join::Model { epoch, id, .. } => {
                let thread = id.unwrap_or(ModelId::MAIN);
                Thread(Inner::Model { epoch: *epoch, thread, name: given_name(*epoch, *id) })
            }
            Join::Real(handle) => Thread(Inner::Real(handle.thread().clone())),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// `std::thread::Builder`. Names are used in reports; stack sizes are taken
/// note of only outside an exploration.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// A builder without a name.
    pub fn new() -> Self {
        Builder::default()
    }

    /// Names the thread.
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// The size of the thread's stack in bytes, outside an exploration.
    pub fn stack_size(mut self, size: usize) -> Self {
        self.stack_size = Some(size);
        self
    }

    fn real(self) -> std::thread::Builder {
        let mut builder = std::thread::Builder::new();
        if let Some(name) = self.name {
            builder = builder.name(name);
        }
        if let Some(size) = self.stack_size {
            builder = builder.stack_size(size);
        }
        builder
    }

    /// Starts a thread.
    ///
    /// # Errors
    /// If the operating system can't make one; never in an exploration.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let Some(context) = context::current() else {
            return Ok(JoinHandle(Join::Real(self.real().spawn(f)?)));
        };
        let (work, outcome) = task::work(f);
        let id = context.spawn(self.name.as_deref(), work, Location::caller());
        Ok(JoinHandle(Join::Model { epoch: context.epoch(), id, outcome }))
    }

    /// Starts a thread that may borrow from outside the scope.
    ///
    /// # Errors
    /// If the operating system can't make one; never in an exploration.
    #[track_caller]
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        scope.spawn_named(self, f, Location::caller())
    }
}

/// Starts a thread.
///
/// # Panics
/// If the operating system can't make one; never in an exploration.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// The name that was given to a thread, as long as its execution goes on.
fn given_name(epoch: u64, thread: Option<ModelId>) -> Option<std::sync::Arc<str>> {
    let context = context::current().filter(|c| c.epoch() == epoch)?;
    context.world(|w| w.given_name(thread?).cloned())
}

/// A handle to the calling thread.
pub fn current() -> Thread {
    let Some(context) = context::current() else {
        return Thread(Inner::Real(std::thread::current()));
    };
    context.teach();
    let thread = context.thread();
    let name = context.world(|w| w.given_name(thread).cloned());
    Thread(Inner::Model { epoch: context.epoch(), thread, name })
}

/// Lets other threads go first. In a loop that repeats itself without change
/// the thread sleeps until something that it reads in the loop has changed.
#[track_caller]
pub fn yield_now() {
    let Some(context) = context::current() else { return std::thread::yield_now() };
    context.perform(OpKind::Thread(ThreadOp::Yield(YieldKind::Polite)), None);
}

/// With virtual time: waits until the clock has moved that far. Without, it
/// orders nothing: every interleaving is possible whatever the sleeps, and it
/// is otherwise as [`yield_now`].
#[track_caller]
pub fn sleep(duration: Duration) {
    let Some(context) = context::current() else {
        return std::thread::sleep(duration);
    };
    let at = Location::caller();
    match context.world(|w| w.time()) {
        Time::Untimed => context.let_time_pass(duration, at),
        Time::Virtual => {
            let thread = context.thread();
            let until = context.world(|w| w.now(thread)).saturating_add(duration).as_nanos();
            let until = u64::try_from(until).unwrap_or(u64::MAX);
            let sleep = |expired| OpKind::Thread(ThreadOp::Sleep { expired, until });
            context.perform_within(duration, sleep, None, 0, at);
        }
    }
}

/// Waits until the thread's token is there, and takes it, or until that time
/// has passed.
#[track_caller]
pub fn park_timeout(duration: Duration) {
    let Some(context) = context::current() else {
        return std::thread::park_timeout(duration);
    };
    let thread = context.thread();
    let token = context.world(|w| w.park_token(thread));
    let park = |expired| OpKind::Park(ParkOp::ParkBy { expired });
    context.perform_within(duration, park, Some(token), park::TIMED_OUT, Location::caller());
}

/// Waits until the thread's token is there, and takes it. There are no
/// spurious wakeups in an exploration.
#[track_caller]
pub fn park() {
    match context::current() {
        Some(context) => {
            let thread = context.thread();
            let token = context.world(|w| w.park_token(thread));
            context.perform(OpKind::Park(ParkOp::Park), Some(token));
        }
        None => std::thread::park(),
    }
}

/// True if the calling thread unwinds because of a panic.
pub fn panicking() -> bool {
    match context::current() {
        Some(context) => {
            context.teach();
            context.panicking()
        }
        None => std::thread::panicking(),
    }
}
