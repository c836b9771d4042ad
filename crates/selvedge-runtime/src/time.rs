//! `std::time` in an exploration: the clock of the program under test.

use std::ops::{Add, AddAssign, Sub, SubAssign};

pub use std::time::Duration;

use crate::context::{Context, current};

/// `std::time::Instant`.
///
/// With virtual time it shows the clock that moves when no thread can go on.
/// Without, each thread has a clock of its own, which counts the sleeps and the
/// timeouts that it has seen the end of: a loop with a deadline comes to its
/// end, and nothing else may be concluded from it.
///
/// An instant of an exploration is no instant outside of it: they differ, the
/// first one is the earlier one, and the time between them is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Inner);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Inner {
    /// Since the execution began.
    Model(Duration),
    Real(std::time::Instant),
}

impl Instant {
    /// The present.
    pub fn now() -> Self {
        Instant(match current() {
            Some(context) => Inner::Model(context.now()),
            None => Inner::Real(std::time::Instant::now()),
        })
    }

    /// The time since another instant; nothing if that is later.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// The time since another instant; `None` if that is later.
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        match (self.0, earlier.0) {
            (Inner::Model(now), Inner::Model(then)) => now.checked_sub(then),
            (Inner::Real(now), Inner::Real(then)) => now.checked_duration_since(then),
            _ => None,
        }
    }

    /// The time since another instant; nothing if that is later.
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }

    /// The time that has passed since.
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    /// The instant that much later, if there is one.
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        Some(Instant(match self.0 {
            Inner::Model(time) => Inner::Model(time.checked_add(duration)?),
            Inner::Real(time) => Inner::Real(time.checked_add(duration)?),
        }))
    }

    /// The instant that much earlier, if there is one.
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        Some(Instant(match self.0 {
            Inner::Model(time) => Inner::Model(time.checked_sub(duration)?),
            Inner::Real(time) => Inner::Real(time.checked_sub(duration)?),
        }))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    /// # Panics
    /// If there is no such instant.
    fn add(self, duration: Duration) -> Instant {
        self.checked_add(duration).expect("overflow when adding duration to instant")
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    /// # Panics
    /// If there is no such instant.
    fn sub(self, duration: Duration) -> Instant {
        self.checked_sub(duration).expect("overflow when subtracting duration from instant")
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl Context {
    /// The time of the calling thread.
    fn now(&self) -> Duration {
        let thread = self.thread();
        self.world(|w| w.now(thread))
    }
}
