//! `std::sync::atomic`: one generic type on announced operations, with std's
//! names as aliases.
//!
//! In an exploration the value lives in the execution's record, so that every
//! execution starts from the value given to `new`, statics included.

use std::fmt;
use std::panic::Location;
use std::sync::atomic as real;

use selvedge_core::id::ObjectId;
use selvedge_core::model::{AtomicState, ObjectState, ValueType};
use selvedge_core::op::{AtomicOp, OpKind, Rmw, ThreadOp};

use crate::context::{Context, current};
use crate::handle::Handle;

pub use std::sync::atomic::{Ordering, compiler_fence};

/// A type that an [`Atomic`] can hold.
pub trait Primitive: Copy + PartialEq + fmt::Debug {
    /// The real atomic that is used outside an exploration.
    #[doc(hidden)]
    type Real: Send + Sync;
    #[doc(hidden)]
    const TYPE: ValueType;
    #[doc(hidden)]
    fn bits(self) -> u64;
    #[doc(hidden)]
    fn from_bits(bits: u64) -> Self;
    #[doc(hidden)]
    fn into_inner(real: Self::Real) -> Self;
    #[doc(hidden)]
    fn get_mut(real: &mut Self::Real) -> &mut Self;
    #[doc(hidden)]
    fn load(real: &Self::Real, order: Ordering) -> Self;
    #[doc(hidden)]
    fn store(real: &Self::Real, value: Self, order: Ordering);
    #[doc(hidden)]
    fn swap(real: &Self::Real, value: Self, order: Ordering) -> Self;
    #[doc(hidden)]
    fn compare_exchange(
        real: &Self::Real,
        expected: Self,
        new: Self,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Self, Self>;
}

/// An integer that an [`Atomic`] can hold.
pub trait Integer: Primitive {
    #[doc(hidden)]
    fn rmw(real: &Self::Real, rmw: Rmw, operand: Self, order: Ordering) -> Self;
}

/// An atomic, on announced operations. The names of std are aliases of it.
pub struct Atomic<T: Primitive> {
    handle: Handle,
    name: Option<&'static str>,
    real: T::Real,
}

impl<T: Primitive> Atomic<T> {
    fn object(&self, context: &Context) -> ObjectId {
        self.handle.object(context, self.name, || {
            let value = T::load(&self.real, Ordering::Relaxed).bits();
            ObjectState::Atomic(AtomicState { value, ty: T::TYPE })
        })
    }

    /// The modelled operation; `None` outside an exploration.
    #[inline(always)]
    fn perform(&self, op: impl Fn() -> AtomicOp, at: &'static Location<'static>) -> Option<T> {
        let context = current()?;
        let object = self.object(context);
        Some(T::from_bits(context.perform_made(|| OpKind::Atomic(op()), Some(object), at)))
    }

    /// Reads the value.
    ///
    /// # Panics
    /// If `order` is `Release` or `AcqRel`.
    #[track_caller]
    #[inline]
    pub fn load(&self, order: Ordering) -> T {
        if matches!(order, Ordering::Release | Ordering::AcqRel) {
            panic!("there is no such thing as a {order:?} load");
        }
        self.perform(|| AtomicOp::Load { order: order.into() }, Location::caller())
            .unwrap_or_else(|| T::load(&self.real, order))
    }

    /// Writes the value.
    ///
    /// # Panics
    /// If `order` is `Acquire` or `AcqRel`.
    #[track_caller]
    #[inline]
    pub fn store(&self, value: T, order: Ordering) {
        if matches!(order, Ordering::Acquire | Ordering::AcqRel) {
            panic!("there is no such thing as an {order:?} store");
        }
        let op = || AtomicOp::Store { value: value.bits(), order: order.into() };
        if self.perform(op, Location::caller()).is_none() {
            T::store(&self.real, value, order);
        }
    }

    #[inline(always)]
    fn rmw(
        &self,
        rmw: Rmw,
        operand: T,
        order: Ordering,
        at: &'static Location<'static>,
    ) -> Option<T> {
        self.perform(|| AtomicOp::Rmw { rmw, operand: operand.bits(), order: order.into() }, at)
    }

    /// Writes the value and gives the old one.
    #[track_caller]
    pub fn swap(&self, value: T, order: Ordering) -> T {
        self.rmw(Rmw::Swap, value, order, Location::caller())
            .unwrap_or_else(|| T::swap(&self.real, value, order))
    }

    /// Writes `new` if the value is `expected`.
    ///
    /// # Errors
    /// The value, if it is another one.
    ///
    /// # Panics
    /// If `failure` is `Release` or `AcqRel`.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        expected: T,
        new: T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<T, T> {
        if matches!(failure, Ordering::Release | Ordering::AcqRel) {
            panic!("there is no such thing as a {failure:?} failure ordering");
        }
        let op = || AtomicOp::CompareExchange {
            expected: expected.bits(),
            new: new.bits(),
            success: success.into(),
            failure: failure.into(),
        };
        match self.perform(op, Location::caller()) {
            Some(old) if old.bits() == expected.bits() => Ok(old),
            Some(old) => Err(old),
            None => T::compare_exchange(&self.real, expected, new, success, failure),
        }
    }

    /// The same as [`compare_exchange`](Self::compare_exchange): it never
    /// fails spuriously.
    ///
    /// # Errors
    /// The value, if it is another one.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        expected: T,
        new: T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<T, T> {
        self.compare_exchange(expected, new, success, failure)
    }

    /// Replaces the value by what `f` makes of it, as long as `f` gives one:
    /// a load, and then compare-exchanges until one succeeds.
    ///
    /// # Errors
    /// The value for which `f` gave none.
    #[track_caller]
    pub fn fetch_update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut f: impl FnMut(T) -> Option<T>,
    ) -> Result<T, T> {
        let mut old = self.load(fetch_order);
        while let Some(new) = f(old) {
            match self.compare_exchange_weak(old, new, set_order, fetch_order) {
                Ok(old) => return Ok(old),
                Err(now) => old = now,
            }
        }
        Err(old)
    }

    /// [`fetch_update`](Self::fetch_update), by its newer name.
    ///
    /// # Errors
    /// The value for which `f` gave none.
    #[track_caller]
    pub fn try_update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        f: impl FnMut(T) -> Option<T>,
    ) -> Result<T, T> {
        self.fetch_update(set_order, fetch_order, f)
    }

    /// Replaces the value by what `f` makes of it, and gives the old one: a
    /// load, and then compare-exchanges until one succeeds.
    #[track_caller]
    pub fn update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut f: impl FnMut(T) -> T,
    ) -> T {
        let mut old = self.load(fetch_order);
        loop {
            match self.compare_exchange_weak(old, f(old), set_order, fetch_order) {
                Ok(old) => return old,
                Err(now) => old = now,
            }
        }
    }

    /// The value, which nobody else can reach.
    pub fn get_mut(&mut self) -> &mut T {
        self.retire();
        self.handle.forget();
        T::get_mut(&mut self.real)
    }

    /// The value.
    pub fn into_inner(mut self) -> T {
        self.retire();
        T::into_inner(self.real)
    }

    /// Brings the value of the execution's record here.
    fn retire(&mut self) {
        if let Some(context) = current()
            && let Some(object) = self.handle.known(context)
        {
            let bits = context.world(|w| match w.state(object) {
                ObjectState::Atomic(s) => s.value,
                _ => unreachable!("an atomic is an atomic"),
            });
            *T::get_mut(&mut self.real) = T::from_bits(bits);
        }
    }
}

/// Arithmetic and bitwise methods.
macro_rules! rmw_methods {
    ($($(#[$doc:meta])* $method:ident = $rmw:ident;)*) => {
        $(
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self, operand: T, order: Ordering) -> T {
                self.rmw(Rmw::$rmw, operand, order, Location::caller())
                    .unwrap_or_else(|| T::rmw(&self.real, Rmw::$rmw, operand, order))
            }
        )*
    };
}

impl<T: Integer> Atomic<T> {
    rmw_methods! {
        /// Adds, wrapping around, and gives the old value.
        fetch_add = Add;
        /// Subtracts, wrapping around, and gives the old value.
        fetch_sub = Sub;
        /// Bitwise "and"; gives the old value.
        fetch_and = And;
        /// Bitwise "nand"; gives the old value.
        fetch_nand = Nand;
        /// Bitwise "or"; gives the old value.
        fetch_or = Or;
        /// Bitwise "xor"; gives the old value.
        fetch_xor = Xor;
        /// The larger of both; gives the old value.
        fetch_max = Max;
        /// The smaller of both; gives the old value.
        fetch_min = Min;
    }
}

impl Atomic<bool> {
    /// Logical "and"; gives the old value.
    #[track_caller]
    pub fn fetch_and(&self, operand: bool, order: Ordering) -> bool {
        self.rmw(Rmw::And, operand, order, Location::caller())
            .unwrap_or_else(|| self.real.fetch_and(operand, order))
    }

    /// Logical "nand"; gives the old value.
    #[track_caller]
    pub fn fetch_nand(&self, operand: bool, order: Ordering) -> bool {
        self.rmw(Rmw::Nand, operand, order, Location::caller())
            .unwrap_or_else(|| self.real.fetch_nand(operand, order))
    }

    /// Logical "or"; gives the old value.
    #[track_caller]
    pub fn fetch_or(&self, operand: bool, order: Ordering) -> bool {
        self.rmw(Rmw::Or, operand, order, Location::caller())
            .unwrap_or_else(|| self.real.fetch_or(operand, order))
    }

    /// Logical "xor"; gives the old value.
    #[track_caller]
    pub fn fetch_xor(&self, operand: bool, order: Ordering) -> bool {
        self.rmw(Rmw::Xor, operand, order, Location::caller())
            .unwrap_or_else(|| self.real.fetch_xor(operand, order))
    }

    /// Logical "not"; gives the old value.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.fetch_xor(true, order)
    }
}

impl<T: Primitive> fmt::Debug for Atomic<T> {
    /// A relaxed load, as std's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load(Ordering::Relaxed).fmt(f)
    }
}

impl<T: Primitive> crate::Named for Atomic<T> {
    fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }
}

/// `new` and `From`, which need the concrete type to be `const`.
macro_rules! constructors {
    ([$($generics:tt)*] $type:ty, $real:expr) => {
        impl<$($generics)*> Atomic<$type> {
            /// An atomic with that value.
            pub const fn new(value: $type) -> Self {
                Atomic { handle: Handle::new(), name: None, real: $real(value) }
            }
        }

        impl<$($generics)*> From<$type> for Atomic<$type> {
            fn from(value: $type) -> Self {
                Atomic::<$type>::new(value)
            }
        }
    };
}

macro_rules! default_value {
    ([$($generics:tt)*] $type:ty, $value:expr) => {
        impl<$($generics)*> Default for Atomic<$type> {
            fn default() -> Self {
                Atomic::<$type>::new($value)
            }
        }
    };
}

macro_rules! primitive_methods {
    ($type:ty) => {
        fn into_inner(real: Self::Real) -> $type {
            real.into_inner()
        }
        fn get_mut(real: &mut Self::Real) -> &mut $type {
            real.get_mut()
        }
        fn load(real: &Self::Real, order: Ordering) -> $type {
            real.load(order)
        }
        fn store(real: &Self::Real, value: $type, order: Ordering) {
            real.store(value, order);
        }
        fn swap(real: &Self::Real, value: $type, order: Ordering) -> $type {
            real.swap(value, order)
        }
        fn compare_exchange(
            real: &Self::Real,
            expected: $type,
            new: $type,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$type, $type> {
            real.compare_exchange(expected, new, success, failure)
        }
    };
}

macro_rules! integers {
    ($($alias:ident, $type:ident as $unsigned:ident, $kind:ident($bits:literal);)*) => {
        $(
            #[doc = concat!("`std::sync::atomic::", stringify!($alias), "`.")]
            pub type $alias = Atomic<$type>;

            constructors!([] $type, real::$alias::new);
            default_value!([] $type, 0);

            impl Primitive for $type {
                type Real = real::$alias;
                const TYPE: ValueType = ValueType::$kind($bits);
                fn bits(self) -> u64 {
                    self as $unsigned as u64
                }
                fn from_bits(bits: u64) -> Self {
                    bits as $type
                }
                primitive_methods!($type);
            }

            impl Integer for $type {
                fn rmw(real: &Self::Real, rmw: Rmw, operand: $type, order: Ordering) -> $type {
                    match rmw {
                        Rmw::Swap => real.swap(operand, order),
                        Rmw::Add => real.fetch_add(operand, order),
                        Rmw::Sub => real.fetch_sub(operand, order),
                        Rmw::And => real.fetch_and(operand, order),
                        Rmw::Nand => real.fetch_nand(operand, order),
                        Rmw::Or => real.fetch_or(operand, order),
                        Rmw::Xor => real.fetch_xor(operand, order),
                        Rmw::Max => real.fetch_max(operand, order),
                        Rmw::Min => real.fetch_min(operand, order),
                    }
                }
            }
        )*
    };
}

#[cfg(target_pointer_width = "64")]
integers! {
    AtomicUsize, usize as u64, Unsigned(64);
    AtomicIsize, isize as u64, Signed(64);
}
#[cfg(target_pointer_width = "32")]
integers! {
    AtomicUsize, usize as u32, Unsigned(32);
    AtomicIsize, isize as u32, Signed(32);
}
integers! {
    AtomicU8, u8 as u8, Unsigned(8);
    AtomicU16, u16 as u16, Unsigned(16);
    AtomicU32, u32 as u32, Unsigned(32);
    AtomicU64, u64 as u64, Unsigned(64);
    AtomicI8, i8 as u8, Signed(8);
    AtomicI16, i16 as u16, Signed(16);
    AtomicI32, i32 as u32, Signed(32);
    AtomicI64, i64 as u64, Signed(64);
}

/// `std::sync::atomic::AtomicBool`.
pub type AtomicBool = Atomic<bool>;
constructors!([] bool, real::AtomicBool::new);
default_value!([] bool, false);
impl Primitive for bool {
    type Real = real::AtomicBool;
    const TYPE: ValueType = ValueType::Bool;
    fn bits(self) -> u64 {
        u64::from(self)
    }
    fn from_bits(bits: u64) -> Self {
        bits != 0
    }
    primitive_methods!(bool);
}

/// `std::sync::atomic::AtomicPtr`. Printed schedules do not depend on the
/// addresses that it holds.
pub type AtomicPtr<T> = Atomic<*mut T>;
constructors!([T] *mut T, real::AtomicPtr::new);
default_value!([T] *mut T, std::ptr::null_mut());
impl<T> Primitive for *mut T {
    type Real = real::AtomicPtr<T>;
    const TYPE: ValueType = ValueType::Pointer;
    fn bits(self) -> u64 {
        self.expose_provenance() as u64
    }
    fn from_bits(bits: u64) -> Self {
        std::ptr::with_exposed_provenance_mut(bits as usize)
    }
    primitive_methods!(*mut T);
}

/// Arithmetic and bitwise methods of pointers.
macro_rules! pointer_methods {
    ($($(#[$doc:meta])* $method:ident($operand:ident: $type:ty) = $rmw:ident $by:expr;)*) => {
        impl<T> Atomic<*mut T> {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $method(&self, $operand: $type, order: Ordering) -> *mut T {
                let by = std::ptr::without_provenance_mut($by);
                self.rmw(Rmw::$rmw, by, order, Location::caller())
                    .unwrap_or_else(|| self.real.$method($operand, order))
            }
        )*}
    };
}

pointer_methods! {
    /// Moves the pointer on by so many `T`s, wrapping around; gives the old one.
    fetch_ptr_add(count: usize) = Add count.wrapping_mul(size_of::<T>());
    /// Moves the pointer back by so many `T`s, wrapping around; gives the old one.
    fetch_ptr_sub(count: usize) = Sub count.wrapping_mul(size_of::<T>());
    /// Moves the pointer on by so many bytes, wrapping around; gives the old one.
    fetch_byte_add(bytes: usize) = Add bytes;
    /// Moves the pointer back by so many bytes, wrapping around; gives the old one.
    fetch_byte_sub(bytes: usize) = Sub bytes;
    /// Bitwise "and" of the address; gives the old pointer.
    fetch_and(bits: usize) = And bits;
    /// Bitwise "or" of the address; gives the old pointer.
    fetch_or(bits: usize) = Or bits;
    /// Bitwise "xor" of the address; gives the old pointer.
    fetch_xor(bits: usize) = Xor bits;
}

impl<T> fmt::Pointer for Atomic<*mut T> {
    /// A relaxed load, as std's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load(Ordering::Relaxed).fmt(f)
    }
}

/// `std::sync::atomic::fence`.
///
/// # Panics
/// If `order` is `Relaxed`.
#[track_caller]
pub fn fence(order: Ordering) {
    match current() {
        Some(_) if order == Ordering::Relaxed => {
            panic!("there is no such thing as a relaxed fence")
        }
        Some(context) => {
            context.perform(OpKind::Thread(ThreadOp::Fence(order.into())), None);
        }
        None => real::fence(order),
    }
}
