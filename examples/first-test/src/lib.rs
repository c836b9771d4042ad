//! A theatre that sells seats from many threads at once.
//!
//! [`broken::Theatre`] looks whether there is a seat and then takes it, in two
//! steps. [`Theatre`] does both in one. The test in `tests/seats.rs` shows what
//! the difference is.

use selvedge::Named;
use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// A theatre with a fixed number of seats.
pub struct Theatre {
    seats: u32,
    sold: AtomicU32,
}

impl Theatre {
    /// An empty theatre.
    pub fn new(seats: u32) -> Self {
        Theatre { seats, sold: AtomicU32::new(0).named("sold") }
    }

    /// Sells a seat, if there is one.
    pub fn sell(&self) -> bool {
        let mut sold = self.sold.load(SeqCst);
        while sold < self.seats {
            match self.sold.compare_exchange(sold, sold + 1, SeqCst, SeqCst) {
                Ok(_) => return true,
                // Somebody else was faster: look again, with what is there now.
                Err(now) => sold = now,
            }
        }
        false
    }
}

/// The version with the race.
pub mod broken {
    use super::{AtomicU32, Named, SeqCst};

    /// A theatre with a fixed number of seats.
    pub struct Theatre {
        seats: u32,
        sold: AtomicU32,
    }

    impl Theatre {
        /// An empty theatre.
        pub fn new(seats: u32) -> Self {
            Theatre { seats, sold: AtomicU32::new(0).named("sold") }
        }

        /// Sells a seat, if there is one. Or so it seems.
        pub fn sell(&self) -> bool {
            if self.sold.load(SeqCst) < self.seats {
                self.sold.fetch_add(1, SeqCst);
                true
            } else {
                false
            }
        }
    }
}
