//! Ctrl-C, and the wish of the system that the process ends: where a search is
//! saved it stops in order, everywhere else the process ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::BadInput;

/// Whether the process was asked to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Notices it, if that is `wanted`; the second time the process ends at once.
    pub(crate) fn watched(wanted: bool) -> Result<Self, BadInput> {
        let interrupt = Interrupt::default();
        if wanted {
            let asked = Arc::clone(&interrupt.0);
            let handler = move || {
                if asked.swap(true, Ordering::Relaxed) {
                    std::process::exit(3);
                }
            };
            ctrlc::set_handler(handler).map_err(|e| format!("cannot watch for Ctrl-C: {e}"))?;
        }
        Ok(interrupt)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
