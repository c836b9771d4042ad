//! `std::hint`.

use selvedge_core::op::{OpKind, ThreadOp, YieldKind};

use crate::context::current;

/// Says that the thread cannot go on until another one writes: it sleeps until
/// something that it read since its last turn has changed. A loop that gives
/// up by itself after some turns should not call this.
#[track_caller]
pub fn spin_loop() {
    match current() {
        Some(context) => {
            context.perform(OpKind::Thread(ThreadOp::Yield(YieldKind::Spin)), None);
        }
        None => std::hint::spin_loop(),
    }
}
