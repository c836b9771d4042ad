//! The shared programs on shuttle.

mod rt {
    pub use ::shuttle::{sync, thread};
}

#[path = "shared.rs"]
mod shared;

pub use shared::*;
