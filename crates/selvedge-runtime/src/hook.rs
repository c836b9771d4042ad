//! The panic hook: one, installed once, that is silent for threads of a
//! program under test (their panics are data) and passes all others on to the
//! hook that was there before.

use std::panic;
use std::sync::Once;

use crate::context::current;

pub(crate) fn install() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| match current() {
            Some(context) => context.note_panic(info),
            None => previous(info),
        }));
    });
}
