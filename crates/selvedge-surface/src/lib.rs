//! One surface of concurrency primitives on several engines.
//!
//! Each of the modules `std`, `stress`, `loom` and `shuttle` holds the same
//! names with the same signatures: `sync`, `sync::atomic`, `thread`, `cell`,
//! `hint`, `channel`, `any` and `Named`. A program written against one of them
//! compiles against all of them, so one source can be explored by every engine.
//!
//! | module | what it is | there if |
//! |---|---|---|
//! | `std` | the standard library, re-exported: what production code gets | always |
//! | `stress` | the same, with threads that a stress test can watch | always |
//! | `loom` | the loom crate | feature `loom` or `--cfg loom` |
//! | `shuttle` | the shuttle crate | feature `shuttle` or `--cfg shuttle` |
//!
//! What a crate lacks is built from its `Mutex` and `Condvar`, in files under
//! `built/` that are compiled once for each engine that needs them. The
//! native engine has a surface of its own, in its own crate, of the same shape.
//!
//! The modules shadow the crates of the same names, hence the `::std` and
//! `::loom` in this crate's sources.

#![allow(clippy::duplicate_mod, reason = "files under built/ are compiled for each engine")]

mod errors;
mod input;
#[cfg(any(feature = "loom", loom))]
pub mod loom;
mod select;
#[cfg(any(feature = "shuttle", shuttle))]
pub mod shuttle;
pub mod std;
pub mod stress;
#[cfg(any(feature = "loom", loom, feature = "shuttle", shuttle))]
mod untimed;

pub use input::{Choose, seed};

/// The `lazy_static` crate's macro, made of std's `LazyLock`: the way to a lazy static
/// on every engine, as loom and shuttle cannot have a `LazyLock` in a `static`.
///
/// ```
/// use selvedge_surface::std::lazy_static;
///
/// lazy_static! {
///     static ref NAMES: Vec<String> = vec!["alice".to_owned()];
/// }
/// assert_eq!(NAMES.len(), 1);
/// ```
#[macro_export]
macro_rules! lazy_static {
    ($($(#[$attr:meta])* $vis:vis static ref $name:ident: $t:ty = $init:expr;)*) => {$(
        $(#[$attr])*
        $vis static $name: $crate::std::sync::LazyLock<$t> =
            $crate::std::sync::LazyLock::new(|| $init);
    )*};
}

/// Gives an object the name by which reports call it.
///
/// Only the native engine has reports that name objects; here, on the other
/// engines, the name is dropped and the object returned as it is.
///
/// ```
/// use selvedge_surface::std::{Named, sync::Mutex};
///
/// let accounts = Mutex::new(0).named("accounts");
/// # assert_eq!(*accounts.lock().unwrap(), 0);
/// ```
pub trait Named: Sized {
    /// The object itself.
    #[inline(always)]
    fn named(self, name: &'static str) -> Self {
        let _ = name;
        self
    }
}

impl<T> Named for T {}
