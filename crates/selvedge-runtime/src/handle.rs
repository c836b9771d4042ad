//! Which object of the present execution a primitive is.
//!
//! Constructors are `const`, so that primitives can be statics; they cannot
//! register anything. An object is registered at its first use in each
//! execution, and remembers its number together with the execution's epoch.

use std::sync::atomic::{AtomicU64, Ordering};

use selvedge_core::id::ObjectId;
use selvedge_core::model::ObjectState;

use crate::context::Context;

const INDEX_BITS: u32 = 24;

/// The number of a primitive in the execution that used it last.
#[derive(Debug)]
pub(crate) struct Handle(AtomicU64);

impl Handle {
    pub(crate) const fn new() -> Self {
        Handle(AtomicU64::new(0))
    }

    /// The object, registered with the state that `initial` gives if this is
    /// its first use in this execution. `initial` is told whether an earlier
    /// execution has used it.
    #[inline]
    pub(crate) fn object(
        &self,
        context: &Context,
        name: Option<&'static str>,
        initial: impl FnOnce(bool) -> ObjectState,
    ) -> ObjectId {
        self.known(context).unwrap_or_else(|| {
            let used_before = self.0.load(Ordering::Relaxed) != 0;
            let state = initial(used_before);
            let thread = context.thread();
            let object = context.world(|w| w.register(thread, state, name));
            assert!(object.index() < 1 << INDEX_BITS, "more than 2^24 objects in an execution");
            self.0.store(context.epoch() << INDEX_BITS | object.index() as u64, Ordering::Relaxed);
            object
        })
    }

    /// The object, if it was used in this execution.
    #[inline]
    pub(crate) fn known(&self, context: &Context) -> Option<ObjectId> {
        let value = self.0.load(Ordering::Relaxed);
        (value >> INDEX_BITS == context.epoch())
            .then(|| ObjectId::from_index((value & ((1 << INDEX_BITS) - 1)) as usize))
    }

    /// The next use will be the first.
    pub(crate) fn forget(&mut self) {
        *self.0.get_mut() = 0;
    }
}

/// An epoch that no other execution of this process has; never 0.
pub(crate) fn next_epoch() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
