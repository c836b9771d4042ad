//! The shared programs on loom.

mod rt {
    pub use ::loom::{sync, thread};
}

#[path = "shared.rs"]
mod shared;

pub use shared::*;
