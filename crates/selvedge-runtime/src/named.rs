//! Names for reports.

/// Gives an object the name by which reports call it.
///
/// ```
/// use selvedge_runtime::{Named, sync::Mutex};
/// let accounts = Mutex::new(50).named("accounts");
/// assert_eq!(*accounts.lock().unwrap(), 50);
/// ```
pub trait Named: Sized {
    /// The same object, called `name` in reports.
    fn named(self, name: &'static str) -> Self;
}

macro_rules! named {
    ($($generics:ident)? : $type:ty) => {
        impl$(<$generics>)? crate::Named for $type {
            fn named(mut self, name: &'static str) -> Self {
                self.name = Some(name);
                self
            }
        }
    };
}
pub(crate) use named;
