//! `std::sync::Arc`.
//!
//! Who drops an `Arc` last matters only if that can be told: if the
//! destructor of what it holds performs visible operations, or if the program
//! asks for the number of references. Such types are learnt: the first time
//! that one is met, its `Arc`s become visible objects, and an exhaustive
//! search starts again. An `Arc` of plain data costs nothing.

use std::any::type_name;
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc as Real;

use selvedge_core::model::{ObjectState, RefsState};
use selvedge_core::op::{OpKind, RefsOp};

use crate::context::{Context, current};
use crate::handle::Handle;

/// `std::sync::Arc`, whose last drop is explored where it matters.
///
/// Stable Rust lets only std's own pointers be coerced to `Arc<dyn Trait>`; for
/// those use `std::sync::Arc`, whose drops are not explored.
pub struct Arc<T: ?Sized>(
    /// `None` only while it is dropped.
    Option<Real<Inner<T>>>,
);

struct Inner<T: ?Sized> {
    refs: Handle,
    made_at: &'static Location<'static>,
    value: T,
}

impl<T> Arc<T> {
    /// A reference to a new allocation that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let made_at = Location::caller();
        Arc(Some(Real::new(Inner { refs: Handle::new(), made_at, value })))
    }

    /// The value, if this is the only reference.
    ///
    /// # Errors
    /// Gives the reference back if there are others.
    #[track_caller]
    pub fn try_unwrap(mut this: Self) -> Result<T, Self> {
        this.count(RefsOp::Unique, Location::caller());
        let Some(inner) = this.0.take() else { unreachable!("an Arc that is not being dropped") };
        match Real::try_unwrap(inner) {
            Ok(inner) => Ok(inner.value),
            Err(inner) => {
                this.0 = Some(inner);
                Err(this)
            }
        }
    }

    /// The value, if this is the last reference: of several callers, one gets it.
    #[track_caller]
    pub fn into_inner(mut this: Self) -> Option<T> {
        let inner = this.0.take()?;
        if let Some(context) = current() {
            context.learn(type_name::<T>());
            Self::perform(&inner, context, RefsOp::Release, Location::caller());
        }
        Real::into_inner(inner).map(|inner| inner.value)
    }
}

impl<T: ?Sized> Arc<T> {
    fn inner(&self) -> &Real<Inner<T>> {
        match &self.0 {
            Some(inner) => inner,
            None => unreachable!("an Arc that is not being dropped"),
        }
    }

    /// The operation on the count of references, if it is a visible one.
    fn perform(
        inner: &Real<Inner<T>>,
        context: &Context,
        op: RefsOp,
        at: &'static Location<'static>,
    ) {
        let count = Real::strong_count(inner) as u64;
        let refs = inner.refs.object(context, None, || ObjectState::Refs(RefsState { count }));
        context.perform_at(OpKind::Refs(op), Some(refs), at);
    }

    /// The program looks at the number of references.
    fn count(&self, op: RefsOp, at: &'static Location<'static>) {
        if let Some(context) = current() {
            context.learn(type_name::<T>());
            Self::perform(self.inner(), context, op, at);
        }
    }

    /// How many references there are.
    #[track_caller]
    pub fn strong_count(this: &Self) -> usize {
        this.count(RefsOp::Count, Location::caller());
        Real::strong_count(this.inner())
    }

    /// The value, if this is the only reference.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.count(RefsOp::Unique, Location::caller());
        Real::get_mut(this.0.as_mut()?).map(|inner| &mut inner.value)
    }

    /// True if both refer to the same allocation.
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Real::ptr_eq(this.inner(), other.inner())
    }

    /// Where the value is.
    pub fn as_ptr(this: &Self) -> *const T {
        &raw const this.inner().value
    }
}

impl<T: Clone> Arc<T> {
    /// The value, which becomes a copy of its own if there are other references.
    #[track_caller]
    pub fn make_mut(this: &mut Self) -> &mut T {
        this.count(RefsOp::Unique, Location::caller());
        if Real::get_mut(this.0.as_mut().expect("an Arc that is not being dropped")).is_none() {
            *this = Arc::new((**this).clone());
        }
        let inner = Real::get_mut(this.0.as_mut().expect("an Arc that is not being dropped"));
        &mut inner.expect("it is the only reference now").value
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        let inner = self.inner();
        if let Some(context) = current()
            && context.is_visible(type_name::<T>())
        {
            Self::perform(inner, context, RefsOp::Retain, Location::caller());
        }
        Arc(Some(Real::clone(inner)))
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        let Some(inner) = self.0.take() else { return };
        let Some(context) = current() else { return };
        let kind = type_name::<T>();
        if context.is_visible(kind) {
            Self::perform(&inner, context, RefsOp::Release, inner.made_at);
        } else if std::mem::needs_drop::<T>() && Real::strong_count(&inner) == 1 {
            // Whatever the destructor does is noticed.
            context.watch_drop(kind, || drop(inner));
        }
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T: ?Sized> AsRef<T> for Arc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Arc<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: Default> Default for Arc<T> {
    #[track_caller]
    fn default() -> Self {
        Arc::new(T::default())
    }
}

impl<T> From<T> for Arc<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Arc::new(value)
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Arc<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Arc<T> {}

impl<T: ?Sized + PartialOrd> PartialOrd for Arc<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: ?Sized + Ord> Ord for Arc<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: ?Sized + std::hash::Hash> std::hash::Hash for Arc<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
