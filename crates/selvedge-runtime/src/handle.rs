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
///
/// The exploration that first used a primitive owns its handle. Others that
/// use it at the same time (two tests that share a static) keep the number in
/// a table of their own, by the primitive's address. Workers of the same search
/// do not: they run the same program, and what is behind the primitive would
/// be touched by all of them.
#[derive(Debug)]
pub(crate) struct Handle {
    owner: AtomicU64,
    /// Epoch and number; written by the owner only.
    value: AtomicU64,
}

impl Handle {
    pub(crate) const fn new() -> Self {
        Handle { owner: AtomicU64::new(0), value: AtomicU64::new(0) }
    }

    /// The object, registered with the state that `initial` gives if this is
    /// its first use in this execution.
    #[inline]
    pub(crate) fn object(
        &self,
        context: &Context,
        name: Option<&'static str>,
        initial: impl FnOnce() -> ObjectState,
    ) -> ObjectId {
        self.known(context).unwrap_or_else(|| {
            // Before the memory behind it is looked at.
            let owned = self.claim(context);
            let state = initial();
            let thread = context.thread();
            let object = context.world(|w| w.register(thread, state, name));
            assert!(object.index() < 1 << INDEX_BITS, "more than 2^24 objects in an execution");
            if owned {
                let value = context.epoch() << INDEX_BITS | object.index() as u64;
                self.value.store(value, Ordering::Relaxed);
            } else {
                context.borrow_handle(self.address(), object);
            }
            object
        })
    }

    /// The object, if it was used in this execution.
    #[inline]
    pub(crate) fn known(&self, context: &Context) -> Option<ObjectId> {
        let owner = self.owner.load(Ordering::Relaxed);
        if owner == context.id() {
            let value = self.value.load(Ordering::Relaxed);
            (value >> INDEX_BITS == context.epoch())
                .then(|| ObjectId::from_index((value & ((1 << INDEX_BITS) - 1)) as usize))
        } else if owner == 0 {
            None
        } else {
            context.borrowed_handle(self.address())
        }
    }

    /// Becomes the owner's, if it is nobody's or was left by a sibling that is
    /// gone; true if the exploration owns it.
    ///
    /// If a sibling owns it, the execution ends: two workers of a search must
    /// not touch the same memory.
    fn claim(&self, context: &Context) -> bool {
        let (mine, order) = (context.id(), Ordering::Relaxed);
        let owner = match self.owner.compare_exchange(0, mine, order, order) {
            Ok(_) => return true,
            Err(owner) => owner,
        };
        if owner == mine {
            return true;
        }
        if !are_siblings(owner, mine) {
            return false;
        }
        if !context.has_inherited() {
            context.meet_sibling();
        }
        self.owner.compare_exchange(owner, mine, order, order).is_ok()
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The next use will be the first.
    pub(crate) fn forget(&mut self) {
        *self = Handle::new();
    }
}

/// The low bits of an exploration's number say which member of its family it is.
const MEMBER_BITS: u32 = 16;

/// The numbers of the explorations that are workers of one search.
#[derive(Debug)]
pub(crate) struct Family {
    first: u64,
    members: AtomicU64,
}

impl Family {
    /// A family that no other exploration of this process belongs to.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let first = NEXT.fetch_add(1, Ordering::Relaxed) << MEMBER_BITS;
        Family { first, members: AtomicU64::new(0) }
    }

    /// A number that no other exploration of this process has; never 0.
    pub(crate) fn member(&self) -> u64 {
        let member = self.members.fetch_add(1, Ordering::Relaxed);
        assert!(member < 1 << MEMBER_BITS, "more than 2^16 machines of one search");
        self.first + member
    }
}

/// True if both are of one family, or the same.
pub(crate) fn are_siblings(a: u64, b: u64) -> bool {
    a >> MEMBER_BITS == b >> MEMBER_BITS
}

/// Epochs that no other execution of this process has; never 0. They are taken
/// in blocks: the counter of the process is shared by all explorations.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    next: u64,
    end: u64,
}

impl Epochs {
    pub(crate) fn next(&mut self) -> u64 {
        const BLOCK: u64 = 1 << 10;
        static NEXT: AtomicU64 = AtomicU64::new(1);
        if self.next == self.end {
            self.next = NEXT.fetch_add(BLOCK, Ordering::Relaxed);
            self.end = self.next + BLOCK;
        }
        self.next += 1;
        self.next - 1
    }
}
