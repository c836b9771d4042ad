//! Scoped threads: they may borrow from their parent's stack, which must not
//! be left before they have ended, however it is left.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

use selvedge_core::id::ThreadId as ModelId;
use selvedge_core::op::{OpKind, ThreadOp};

use super::task::{Outcome, Packet, Work, work};
use super::{Builder, Result};
use crate::context::current;

/// `std::thread::Scope`.
pub struct Scope<'scope, 'env: 'scope> {
    children: Mutex<Vec<Child>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

enum Child {
    Model(ModelId),
    Real { handle: std::thread::JoinHandle<()> },
}

/// `std::thread::ScopedJoinHandle`.
pub struct ScopedJoinHandle<'scope, T> {
    outcome: Outcome<T>,
    epoch: u64,
    thread: Waiting,
    scope: PhantomData<&'scope ()>,
}

enum Waiting {
    /// The thread of an exploration; `None`: it was not started.
    Model(Option<ModelId>),
    /// A real one: it says when it has ended.
    Real(std::sync::mpsc::Receiver<()>),
}

impl<'scope> Scope<'scope, '_> {
    fn children(&self) -> std::sync::MutexGuard<'_, Vec<Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread that may borrow from outside the scope.
    ///
    /// # Panics
    /// If the operating system can't make one; never in an exploration.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_named(Builder::new(), f, Location::caller()).expect("failed to spawn thread")
    }

    pub(super) fn spawn_named<F, T>(
        &'scope self,
        builder: Builder,
        f: F,
        at: &'static Location<'static>,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let Some(context) = current() else {
            let packet = Packet::new();
            let theirs = packet.clone();
            let (ended, end) = std::sync::mpsc::channel();
            let body: Box<dyn FnOnce() + Send + 'scope> = Box::new(move || {
                theirs.run(f);
                drop(theirs);
                drop(ended);
            });
            // SAFETY: `scope` joins the thread before it returns or unwinds,
            // and what `body` borrows lives longer than that ('scope).
            let body: Box<dyn FnOnce() + Send + 'static> = unsafe { std::mem::transmute(body) };
            let handle = builder.real().spawn(body)?;
            self.children().push(Child::Real { handle });
            let (outcome, thread) = (Outcome::Shared(packet), Waiting::Real(end));
            return Ok(ScopedJoinHandle { outcome, epoch: 0, thread, scope: PhantomData });
        };
        let (code, outcome) = work(f);
        // SAFETY: `scope` does not return or unwind before the thread has
        // ended (`Context::outlive` if the execution is torn down), and what
        // the code borrows lives longer than that ('scope). If the thread is
        // never unwound, neither it nor its parent run again. What is kept
        // longer than the thread is a result without a destructor.
        let code: Box<dyn Work + 'static> = unsafe { std::mem::transmute(code) };
        let id = context.spawn(builder.name.as_deref(), code, at);
        if let Some(id) = id {
            self.children().push(Child::Model(id));
        }
        let (epoch, thread) = (context.epoch(), Waiting::Model(id));
        Ok(ScopedJoinHandle { outcome, epoch, thread, scope: PhantomData })
    }

    /// Waits for all children; true if a real one panicked.
    fn join_all(&self, at: &'static Location<'static>) -> bool {
        let mut panicked = false;
        let mut unwound = None;
        loop {
            let Some(child) = self.children().pop() else { break };
            match child {
                Child::Real { handle } => panicked |= handle.join().is_err(),
                Child::Model(id) => {
                    let context = current().expect("a modelled thread has a modelled parent");
                    if !context.is_tearing_down() {
                        let join = OpKind::Thread(ThreadOp::Join(id));
                        let joined = catch_unwind(AssertUnwindSafe(|| {
                            context.perform_at(join, None, at);
                        }));
                        unwound = joined.err().or(unwound);
                    }
                    if context.is_tearing_down() {
                        context.outlive(id);
                    }
                }
            }
        }
        if let Some(payload) = unwound {
            resume_unwind(payload);
        }
        panicked
    }
}

/// `std::thread::scope`: runs `f`, and waits for all threads that it spawned
/// in the scope.
///
/// # Panics
/// If a thread of the scope panicked.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let at = Location::caller();
    let scope = Scope { children: Mutex::new(Vec::new()), scope: PhantomData, env: PhantomData };
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    let panicked = scope.join_all(at);
    match result {
        Err(payload) => resume_unwind(payload),
        Ok(_) if panicked => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread to end, and gives its result.
    ///
    /// # Errors
    /// The panic's payload, if the thread panicked.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        let thread = match self.thread {
            Waiting::Model(id) => current().filter(|c| c.epoch() == self.epoch).zip(id),
            Waiting::Real(end) => {
                // An error: the sender was dropped, for the thread has ended.
                let _ = end.recv();
                None
            }
        };
        if let Some((context, id)) = thread {
            context.perform(OpKind::Thread(ThreadOp::Join(id)), None);
        }
        // SAFETY: `spawn_named` put together what belongs together.
        unsafe { self.outcome.take(thread) }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
