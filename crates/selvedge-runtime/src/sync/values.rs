//! What a primitive that may be a static holds: a value for each execution, and
//! one for all code outside of explorations.

use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::context::current;

/// Set at most once in each execution, and at most once outside of them.
///
/// The value of an execution that is over stays, as that of a static does in
/// std: the program may have kept a `&'static` reference to it.
pub(super) struct Values<T> {
    outside: OnceLock<T>,
    /// The values of executions, the newest first.
    newest: AtomicPtr<Node<T>>,
}

struct Node<T> {
    epoch: u64,
    value: T,
    /// Written before the node is in the list, and by who has `&mut` of all.
    older: *mut Node<T>,
}

impl<T> Values<T> {
    pub(super) const fn new() -> Self {
        Values { outside: OnceLock::new(), newest: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Has been set, as if outside.
    pub(super) fn holding(value: T) -> Self {
        let values = Values::new();
        let _ = values.outside.set(value);
        values
    }

    /// The value that was set outside of explorations.
    pub(super) fn outside(&self) -> Option<&T> {
        self.outside.get()
    }

    /// The value of this execution.
    fn inside(&self, epoch: u64) -> Option<&T> {
        let mut at = self.newest.load(Ordering::Acquire);
        // SAFETY: nodes are made by `set`, and freed by who has `&mut self`.
        while let Some(node) = unsafe { at.as_ref() } {
            if node.epoch == epoch {
                return Some(&node.value);
            }
            at = node.older;
        }
        None
    }

    /// The caller's value: that of its execution, or the one outside.
    pub(super) fn get(&self) -> Option<&T> {
        match current() {
            Some(context) => self.inside(context.epoch()),
            None => self.outside(),
        }
    }

    /// Sets the caller's value, which nobody has set.
    pub(super) fn set(&self, value: T) {
        let Some(context) = current() else {
            let _ = self.outside.set(value);
            return;
        };
        let mut older = self.newest.load(Ordering::Relaxed);
        let node = Box::into_raw(Box::new(Node { epoch: context.epoch(), value, older }));
        let (done, again) = (Ordering::Release, Ordering::Relaxed);
        // Explorations on other OS threads may share the primitive.
        while let Err(newer) = self.newest.compare_exchange_weak(older, node, done, again) {
            older = newer;
            // SAFETY: nobody else has the node before it is in the list.
            unsafe { (*node).older = older };
        }
    }

    /// The same for who has the primitive for itself: else the value outside.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        let epoch = current().map(|context| context.epoch());
        let mut at = *self.newest.get_mut();
        // SAFETY: as in `inside`; the references are as exclusive as `self`.
        while let Some(node) = unsafe { at.as_mut() } {
            if Some(node.epoch) == epoch {
                return Some(&mut node.value);
            }
            at = node.older;
        }
        self.outside.get_mut()
    }

    /// Takes that value out.
    pub(super) fn take(&mut self) -> Option<T> {
        let epoch = current().map(|context| context.epoch());
        let mut link = self.newest.get_mut();
        // SAFETY: as in `get_mut`.
        while let Some(node) = unsafe { link.as_mut() } {
            if Some(node.epoch) == epoch {
                // SAFETY: it came from a box, and is taken out of the list.
                let node = unsafe { Box::from_raw(ptr::from_mut(node)) };
                *link = node.older;
                return Some(node.value);
            }
            link = &mut node.older;
        }
        self.outside.take()
    }
}

impl<T> Drop for Values<T> {
    fn drop(&mut self) {
        let mut at = *self.newest.get_mut();
        while !at.is_null() {
            // SAFETY: it came from a box, and nobody else has it any more.
            let node = unsafe { Box::from_raw(at) };
            at = node.older;
        }
    }
}
