//! The shared programs on selvedge.

mod rt {
    pub use ::selvedge::{sync, thread};
}

#[path = "shared.rs"]
mod shared;

pub use shared::*;
