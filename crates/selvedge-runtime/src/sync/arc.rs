//! `std::sync::Arc` and `std::sync::Weak`.
//!
//! Who drops an `Arc` last matters only if that can be told: if the
//! destructor of what it holds performs visible operations, or if the program
//! asks for the number of references, as each upgrade of a weak one does. Such
//! types are learnt: the first time that one is met, its `Arc`s become visible
//! objects, and an exhaustive search starts again. An `Arc` of plain data costs
//! nothing. How many weak references there are is learnt apart, and by fewer
//! questions.

mod weak;

use std::any::type_name;
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc as Real;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{ObjectState, RefsState};
use selvedge_core::op::{OpKind, RefsOp};

use crate::context::{Context, current};
use crate::handle::Handle;

pub use weak::Weak;

/// `std::sync::Arc`, whose last drop is explored where it matters.
///
/// Stable Rust lets only std's own pointers be coerced to `Arc<dyn Trait>`. Such
/// an `Arc` is made [of std's](Arc::from_std), or of a box:
///
/// ```
/// use std::fmt::Display;
/// use selvedge_runtime::sync::Arc;
///
/// let shown: Arc<dyn Display> = Arc::from_std(std::sync::Arc::new(7));
/// let boxed: Arc<dyn Display> = Arc::from(Box::new(7) as Box<dyn Display>);
/// assert_eq!(shown.to_string(), boxed.to_string());
/// ```
pub struct Arc<T: ?Sized> {
    refs: Real<Refs>,
    /// `None` only while it is dropped.
    value: Option<Real<T>>,
}

/// What all references to a value share, the weak ones too: beside the value,
/// for weak ones outlive it, and so that there can be an `Arc` of any type.
struct Refs {
    handle: Handle,
    made_at: &'static Location<'static>,
}

impl Refs {
    fn new(made_at: &'static Location<'static>) -> Real<Self> {
        Real::new(Refs { handle: Handle::new(), made_at })
    }

    /// The object; `now` are the numbers of references that there are.
    fn object(&self, context: &Context, now: RefsState) -> ObjectId {
        self.handle.object(context, None, || ObjectState::Refs(now))
    }

    fn perform(
        &self,
        now: RefsState,
        context: &Context,
        op: RefsOp,
        at: &'static Location<'static>,
    ) {
        let object = self.object(context, now);
        context.perform_at(OpKind::Refs(op), Some(object), at);
    }

    /// The program is told something of the numbers of references to a `T`.
    fn tell<T: ?Sized>(&self, now: RefsState, op: RefsOp, at: &'static Location<'static>) {
        if let Some(context) = current() {
            context.learn(type_name::<T>());
            if matches!(op, RefsOp::Unique | RefsOp::Own | RefsOp::CountWeak) {
                context.learn(type_name::<Weak<T>>());
            }
            self.perform(now, context, op, at);
        }
    }
}

/// True if the number of references to values of the type is visible.
fn strong_are_visible<T: ?Sized>(context: &Context) -> bool {
    context.is_visible(type_name::<T>())
}

/// True if the number of weak references to values of the type is visible.
fn weak_are_visible<T: ?Sized>(context: &Context) -> bool {
    context.is_visible(type_name::<Weak<T>>())
}

impl<T> Arc<T> {
    /// A reference to a new allocation that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Arc::of(Real::new(value))
    }

    /// The same for a value that holds weak references to itself: `make` is
    /// given one. Until it has returned, upgrades fail.
    #[track_caller]
    pub fn new_cyclic(make: impl FnOnce(&Weak<T>) -> T) -> Self {
        let at = Location::caller();
        let refs = Refs::new(at);
        let value = Real::new_cyclic(|weak| {
            if let Some(context) = current()
                && (strong_are_visible::<T>(context) || weak_are_visible::<T>(context))
            {
                // The one that `make` is given.
                refs.object(context, RefsState { strong: 0, weak: 1 });
            }
            let weak = Weak::of(Real::clone(&refs), weak.clone());
            let value = make(&weak);
            let now = weak.now();
            drop(weak);
            if let Some(context) = current()
                && strong_are_visible::<T>(context)
            {
                refs.perform(now, context, RefsOp::Retain, at);
            }
            value
        });
        Arc { refs, value: Some(value) }
    }

    /// A reference whose value never moves.
    #[track_caller]
    pub fn pin(value: T) -> Pin<Self> {
        // SAFETY: as for std's: the value is moved out of its allocation by
        // nothing that a pinned reference gives access to.
        unsafe { Pin::new_unchecked(Arc::new(value)) }
    }

    /// The value, if this is the only reference. Weak ones lose it.
    ///
    /// # Errors
    /// Gives the reference back if there are others.
    #[track_caller]
    pub fn try_unwrap(mut this: Self) -> Result<T, Self> {
        this.tell(RefsOp::Unwrap, Location::caller());
        let Some(value) = this.value.take() else { unreachable!("it is not being dropped") };
        Real::try_unwrap(value).map_err(|value| {
            this.value = Some(value);
            this
        })
    }

    /// The value, if this is the last reference: of several callers, one gets it.
    #[track_caller]
    pub fn into_inner(mut this: Self) -> Option<T> {
        this.tell(RefsOp::Release, Location::caller());
        this.value.take().and_then(Real::into_inner)
    }

    /// The value, copied if there are other references.
    #[track_caller]
    pub fn unwrap_or_clone(this: Self) -> T
    where
        T: Clone,
    {
        Arc::try_unwrap(this).unwrap_or_else(|this| (*this).clone())
    }
}

impl<T: ?Sized> Arc<T> {
    #[track_caller]
    fn of(value: Real<T>) -> Self {
        Arc { refs: Refs::new(Location::caller()), value: Some(value) }
    }

    /// The same reference, of this type: the way to an `Arc<dyn Trait>`, which
    /// the argument can be coerced to.
    ///
    /// # Panics
    /// If there are other references to the value, strong or weak: what they do
    /// would not be explored.
    #[track_caller]
    pub fn from_std(mut value: Real<T>) -> Self {
        assert!(
            Real::get_mut(&mut value).is_some(),
            "Arc::from_std() of an Arc that is not the only reference to its value"
        );
        Arc::of(value)
    }

    fn real(&self) -> &Real<T> {
        self.value.as_ref().expect("an Arc that is not being dropped")
    }

    fn real_mut(&mut self) -> &mut Real<T> {
        self.value.as_mut().expect("an Arc that is not being dropped")
    }

    /// How many references there are.
    fn now(&self) -> RefsState {
        let value = self.real();
        let (strong, weak) = (Real::strong_count(value), Real::weak_count(value));
        RefsState { strong: strong as u64, weak: weak as u64 }
    }

    /// The program is told something of the numbers of references.
    fn tell(&self, op: RefsOp, at: &'static Location<'static>) {
        self.refs.tell::<T>(self.now(), op, at);
    }

    /// A reference that does not keep the value alive.
    #[track_caller]
    pub fn downgrade(this: &Self) -> Weak<T> {
        if let Some(context) = current()
            && weak_are_visible::<T>(context)
        {
            this.refs.perform(this.now(), context, RefsOp::RetainWeak, Location::caller());
        }
        Weak::of(Real::clone(&this.refs), Real::downgrade(this.real()))
    }

    /// How many references there are.
    #[track_caller]
    pub fn strong_count(this: &Self) -> usize {
        this.tell(RefsOp::Count, Location::caller());
        Real::strong_count(this.real())
    }

    /// How many weak references there are.
    #[track_caller]
    pub fn weak_count(this: &Self) -> usize {
        this.tell(RefsOp::CountWeak, Location::caller());
        Real::weak_count(this.real())
    }

    /// The value, if this is the only reference, weak ones included.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.tell(RefsOp::Unique, Location::caller());
        Real::get_mut(this.real_mut())
    }

    /// True if both refer to the same allocation.
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Real::ptr_eq(this.real(), other.real())
    }

    /// Where the value is.
    pub fn as_ptr(this: &Self) -> *const T {
        Real::as_ptr(this.real())
    }
}

impl<T: Clone> Arc<T> {
    /// The value, which becomes a copy of its own if there are other
    /// references. If those are weak ones only, it is taken from them.
    #[track_caller]
    pub fn make_mut(this: &mut Self) -> &mut T {
        let at = Location::caller();
        this.tell(RefsOp::Own, at);
        if Real::strong_count(this.real()) > 1 {
            *this = Arc::new((**this).clone());
        } else if Real::get_mut(this.real_mut()).is_none() {
            Real::make_mut(this.real_mut());
            this.refs = Refs::new(at);
        }
        Real::get_mut(this.real_mut()).expect("it is the only reference now")
    }
}

/// [`Arc::from_std`], by a name that every engine's surface has.
///
/// # Panics
/// If there are other references to the value.
#[track_caller]
pub fn arc_from_std<T: ?Sized>(value: Real<T>) -> Arc<T> {
    Arc::from_std(value)
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        if let Some(context) = current()
            && strong_are_visible::<T>(context)
        {
            self.refs.perform(self.now(), context, RefsOp::Retain, Location::caller());
        }
        Arc { refs: Real::clone(&self.refs), value: Some(Real::clone(self.real())) }
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        if self.value.is_none() {
            return;
        }
        let Some(context) = current() else { return };
        if strong_are_visible::<T>(context) {
            self.refs.perform(self.now(), context, RefsOp::Release, self.refs.made_at);
        } else if std::mem::needs_drop::<T>() && Real::strong_count(self.real()) == 1 {
            // Whatever the destructor does is noticed.
            let value = self.value.take();
            context.watch_drop(type_name::<T>(), || drop(value));
        }
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.real()
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

/// What std's `Arc` can be made of.
macro_rules! from {
    ($([$($generics:tt)*] $from:ty => $to:ty;)*) => {$(
        impl<$($generics)*> From<$from> for Arc<$to> {
            #[track_caller]
            fn from(value: $from) -> Self {
                Arc::of(value.into())
            }
        }
    )*};
}

from! {
    [T] T => T;
    [T: ?Sized] Box<T> => T;
    [T] Vec<T> => [T];
    [T, const N: usize] [T; N] => [T];
    [T: Clone] &[T] => [T];
    [] &str => str;
    [] String => str;
}

impl<T> FromIterator<T> for Arc<[T]> {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Arc::of(values.into_iter().collect())
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

impl<T: ?Sized> fmt::Pointer for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Arc::as_ptr(self).fmt(f)
    }
}

impl<T: ?Sized + std::error::Error> std::error::Error for Arc<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        (**self).source()
    }
}
