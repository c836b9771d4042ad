//! `std::sync::Weak`.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc as Real, Weak as RealWeak};

use selvedge_core::model::RefsState;
use selvedge_core::op::RefsOp;

use super::{Arc, Refs, weak_are_visible};
use crate::context::current;

/// `std::sync::Weak`: whether an upgrade comes before the value is gone is
/// explored.
pub struct Weak<T: ?Sized> {
    /// `None` if it never had a value.
    refs: Option<Real<Refs>>,
    value: RealWeak<T>,
}

impl<T> Weak<T> {
    /// A reference without a value: upgrades fail.
    pub const fn new() -> Self {
        Weak { refs: None, value: RealWeak::new() }
    }
}

impl<T: ?Sized> Weak<T> {
    pub(super) fn of(refs: Real<Refs>, value: RealWeak<T>) -> Self {
        Weak { refs: Some(refs), value }
    }

    /// How many references there are; no weak ones if there is no other.
    pub(super) fn now(&self) -> RefsState {
        let (strong, weak) = (self.value.strong_count(), self.value.weak_count());
        RefsState { strong: strong as u64, weak: weak as u64 }
    }

    /// The program is told something of the numbers of references.
    fn tell(&self, op: RefsOp, at: &'static Location<'static>) {
        if let Some(refs) = &self.refs {
            refs.tell::<T>(self.now(), op, at);
        }
    }

    /// A change of the number of weak references, if that is visible.
    fn change(&self, op: RefsOp, at: &'static Location<'static>) {
        if let Some(refs) = &self.refs
            && let Some(context) = current()
            && weak_are_visible::<T>(context)
        {
            refs.perform(self.now(), context, op, at);
        }
    }

    /// A reference that keeps the value alive, unless it is gone.
    #[track_caller]
    pub fn upgrade(&self) -> Option<Arc<T>> {
        let refs = self.refs.as_ref()?;
        self.tell(RefsOp::Upgrade, Location::caller());
        let value = self.value.upgrade()?;
        Some(Arc { refs: Real::clone(refs), value: Some(value) })
    }

    /// How many references keep the value alive; 0 if it is gone.
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.tell(RefsOp::Count, Location::caller());
        self.value.strong_count()
    }

    /// How many weak references there are; 0 if the value is gone.
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.tell(RefsOp::CountWeak, Location::caller());
        self.value.weak_count()
    }

    /// True if both refer to the same allocation, or neither to any.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.value.ptr_eq(&other.value)
    }

    /// Where the value is, or was.
    pub fn as_ptr(&self) -> *const T {
        self.value.as_ptr()
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.change(RefsOp::RetainWeak, Location::caller());
        Weak { refs: self.refs.clone(), value: self.value.clone() }
    }
}

impl<T: ?Sized> Drop for Weak<T> {
    fn drop(&mut self) {
        if let Some(refs) = &self.refs {
            self.change(RefsOp::ReleaseWeak, refs.made_at);
        }
    }
}

impl<T> Default for Weak<T> {
    fn default() -> Self {
        Weak::new()
    }
}

impl<T: ?Sized> fmt::Debug for Weak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}
