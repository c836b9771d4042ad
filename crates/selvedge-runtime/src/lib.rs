//! The native engine: the threads of the program under test are coroutines on
//! one OS thread, and each operation of a primitive is announced to the
//! driver before it takes effect.
//!
//! | module | holds |
//! |---|---|
//! | [`sync`], [`thread`], [`cell`], [`hint`], [`channel`], [`time`] | the surface: std's names on announced operations |
//! | [`Native`], [`Siblings`] | the machine: coroutines, their stacks, teardown |
//! | `context` | the one thread-local, and how an operation is announced |
//! | `handle` | which object of the present execution a primitive is |
//! | `hook` | the panic hook |
//!
//! Outside an exploration every primitive behaves as std's does, so that
//! ordinary tests of the same crate still pass.

pub mod cell;
pub mod channel;
mod context;
mod handle;
pub mod hint;
mod hook;
mod machine;
mod named;
pub mod sync;
pub mod thread;
pub mod time;

use std::ops::RangeInclusive;

use selvedge_core::failure::Fault;
use selvedge_core::op::{OpKind, ThreadOp};
use selvedge_surface::Choose;

pub use machine::{Native, Siblings};
pub use named::Named;

use context::current;

/// True inside an exploration: the caller is a thread of the program under test.
pub fn exploring() -> bool {
    current().is_some()
}

/// Reports broken invariants and ends the execution. Gives the faults back if
/// no exploration is going on; returns nothing only where the thread is
/// unwinding already and cannot be unwound again.
pub fn violated(faults: Vec<Fault>) -> Option<Vec<Fault>> {
    match current() {
        Some(context) => {
            context.fail(faults);
            None
        }
        None => Some(faults),
    }
}

/// Leaves a remark in the drawing of the execution. The text is made only if
/// it will be seen.
#[track_caller]
pub fn note(text: impl FnOnce() -> String) {
    if let Some(context) = current()
        && context.is_recording()
    {
        let text = text();
        context.note(text, std::panic::Location::caller());
    }
}

/// A value of the range, whichever the exploration chooses: nondeterministic
/// input, explored like the choice of a thread. Outside an exploration the
/// first value.
///
/// # Panics
/// If the range is empty, or has more than `u32::MAX` values.
///
/// ```
/// assert_eq!(selvedge_runtime::any(3..=5), 3);
/// ```
#[track_caller]
pub fn any<T: Choose>(range: RangeInclusive<T>) -> T {
    let count = T::count(&range);
    assert!(count > 0, "any() of an empty range");
    let Some(context) = current() else { return T::nth(&range, 0) };
    let count = u32::try_from(count).expect("any() of a range with more than u32::MAX values");
    T::nth(&range, context.perform(OpKind::Thread(ThreadOp::Any(count)), None))
}
