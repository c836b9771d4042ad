//! Selvedge runs concurrent Rust under a scheduler of its own, finds the
//! schedule that breaks it, shows that schedule, and proves the fix by visiting
//! every behaviour once.
//!
//! Write code against this crate's `sync`, `thread`, `cell`, `hint` and
//! `channel` in place of std's. In a production build they *are* std's. With the
//! feature `explore`, set on the **dev**-dependency, they can be explored:
//!
//! ```toml
//! [dependencies]
//! selvedge = "0.1"
//!
//! [dev-dependencies]
//! selvedge = { version = "0.1", features = ["explore"] }
//! ```
//!
#![cfg_attr(feature = "explore", doc = "```")]
#![cfg_attr(not(feature = "explore"), doc = "```ignore")]
//! use selvedge::sync::{Arc, Mutex};
//! use selvedge::{invariant, thread};
//!
//! selvedge::model(|| {
//!     let sum = Arc::new(Mutex::new(0));
//!     let other = Arc::clone(&sum);
//!     let t = thread::spawn(move || *other.lock().unwrap() += 1);
//!     *sum.lock().unwrap() += 1;
//!     t.join().unwrap();
//!     invariant!("no addition is lost", *sum.lock().unwrap() == 2);
//! });
//! ```
//!
//! Which engine the modules are of:
//!
//! | build | `selvedge::sync::Mutex` is |
//! |---|---|
//! | default | `std::sync::Mutex`, re-exported |
//! | feature `explore` | the native engine's; outside an exploration it behaves as std's |
//! | `--cfg loom` | loom's |
//! | `--cfg shuttle` | shuttle's |
//!
//! [`native`], `loom`, `shuttle` and [`mod@std`] (real threads, as an engine) also exist
//! side by side, by feature, with the same surface.

#[cfg(any(feature = "explore", loom, shuttle))]
mod explore;
mod macros;

#[cfg(any(feature = "explore", loom, shuttle))]
pub use explore::{model, replay};
#[cfg(any(feature = "explore", loom, shuttle))]
pub use selvedge_core as core;
#[cfg(any(feature = "explore", loom, shuttle))]
pub use selvedge_core::{
    failure::{Failure, FailureKind},
    report::{Engine, Report, Verdict},
};
#[cfg(any(feature = "explore", loom, shuttle))]
pub use selvedge_engines::{Explorer, Replayed};
#[cfg(any(feature = "explore", loom, shuttle))]
pub use selvedge_macros::test;

/// The modules of this build's engine.
#[allow(unreachable_pub, reason = "what is not re-exported below depends on the build")]
mod chosen {
    #[cfg(all(feature = "explore", not(loom), not(shuttle)))]
    pub use selvedge_runtime::{
        Named, any, cell, channel, hint, lazy_static, sync, thread, thread_local, time,
    };
    #[cfg(loom)]
    pub use selvedge_surface::loom::*;
    #[cfg(all(shuttle, not(loom)))]
    pub use selvedge_surface::shuttle::*;
    #[cfg(all(not(feature = "explore"), not(loom), not(shuttle)))]
    pub use selvedge_surface::std::*;
}

#[cfg(not(any(loom, shuttle)))]
pub use chosen::time;
pub use chosen::{Named, any, cell, hint, lazy_static, sync, thread, thread_local};
pub use selvedge_surface::select;

/// Channels, with crossbeam-channel's names and an explicit `close`.
pub mod channel {
    pub use crate::chosen::channel::*;
    pub use crate::select;
}

/// The surface on the native engine.
#[cfg(feature = "explore")]
pub mod native {
    pub use selvedge_runtime::{
        Named, any, cell, channel, hint, lazy_static, sync, thread, thread_local, time,
    };
}

#[cfg(any(feature = "loom", loom))]
pub use selvedge_surface::loom;
#[cfg(any(feature = "shuttle", shuttle))]
pub use selvedge_surface::shuttle;
/// The surface on real threads, as an engine: std's, with threads that start
/// together and are seen when they never end.
#[cfg(any(feature = "explore", loom, shuttle))]
pub use selvedge_surface::stress as std;

#[doc(hidden)]
pub mod __private {
    #[cfg(not(any(feature = "explore", loom, shuttle)))]
    mod implementation {
        /// Without an engine a broken invariant is a panic.
        #[track_caller]
        #[cold]
        pub fn broken(list: &[(&str, ::std::string::String)]) {
            let lines: Vec<::std::string::String> = list
                .iter()
                .map(|(name, message)| format!("invariant broken: {name}: {message}"))
                .collect();
            panic!("{}", lines.join("\n"));
        }

        /// Without an engine nobody reads remarks.
        #[inline(always)]
        pub fn note(_text: impl FnOnce() -> ::std::string::String) {}
    }

    #[cfg(any(feature = "explore", loom, shuttle))]
    mod implementation {
        use selvedge_core::failure::Fault;

        #[track_caller]
        #[cold]
        pub fn broken(list: &[(&str, String)]) {
            let at = ::std::panic::Location::caller();
            let fault =
                |(name, message): &(&str, String)| Fault::invariant(*name, message.clone()).at(at);
            selvedge_engines::violated(list.iter().map(fault).collect());
        }

        #[track_caller]
        pub fn note(text: impl FnOnce() -> String) {
            selvedge_runtime::note(text);
        }
    }

    #[cfg(feature = "proptest")]
    pub use crate::explore::test_with_inputs;
    #[cfg(any(feature = "explore", loom, shuttle))]
    pub use crate::explore::{Ends, Test};
    pub use implementation::{broken, note};
    #[cfg(feature = "proptest")]
    pub use proptest;
}

/// The README's programs, compiled and run.
#[cfg(all(doctest, feature = "explore"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
