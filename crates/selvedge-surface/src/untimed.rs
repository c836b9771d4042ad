//! Engines that know no time.

use ::std::marker::PhantomData;

/// What waits for some time at most goes through here: it does not compile.
pub(crate) fn refused<T>(value: T) -> T {
    struct Refused<T>(PhantomData<T>);
    impl<T> Refused<T> {
        /// Evaluated only where it is used.
        const AT_COMPILE_TIME: () = panic!(
            "neither loom nor shuttle knows time: leave programs with `recv_timeout` or \
             `send_timeout` out for them"
        );
    }
    let () = Refused::<T>::AT_COMPILE_TIME;
    value
}
