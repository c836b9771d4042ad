//! The surface on real threads, watched: what `std` means as an engine.
//!
//! It is [`std`](crate::std), except that threads started through it are known
//! to the [`Run`](run::Run) they belong to, if there is one: which of them
//! have not ended, and which panicked. They also wait for each other at the
//! start, for some microseconds, so that they meet.

pub mod run;
pub mod thread;

pub use crate::std::{any, cell, channel, hint, lazy_static, sync, thread_local, time};
pub use crate::{Choose, Named};
