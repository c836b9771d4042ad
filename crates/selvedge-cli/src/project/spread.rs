//! How the time is spread over the tests: each may take an equal share of what
//! is left, so that what a quick test leaves goes to the next ones.

use std::time::Duration;

/// The time that is left, and the tests that it is for.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    left: Option<Duration>,
    tests: usize,
}

impl Spread {
    /// The whole time, or none that ever ends, for so many tests.
    pub(crate) fn new(time: Option<Duration>, tests: usize) -> Self {
        Spread { left: time, tests }
    }

    /// What the next test may take.
    pub(crate) fn share(&self) -> Option<Duration> {
        let tests = u32::try_from(self.tests.max(1)).unwrap_or(u32::MAX);
        self.left.map(|left| left / tests)
    }

    /// It has taken so much.
    pub(crate) fn took(&mut self, elapsed: Duration) {
        self.left = self.left.map(|left| left.saturating_sub(elapsed));
        self.tests = self.tests.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn what_a_quick_test_leaves_goes_to_the_next_ones() {
        let mut spread = Spread::new(Some(seconds(60)), 4);
        assert_eq!(spread.share(), Some(seconds(15)));
        spread.took(seconds(0));
        assert_eq!(spread.share(), Some(seconds(20)));
        spread.took(seconds(20));
        assert_eq!(spread.share(), Some(seconds(20)));
        spread.took(seconds(30));
        assert_eq!(spread.share(), Some(seconds(10)));
    }

    #[test]
    fn shares_that_are_used_up_are_the_whole_time() {
        let mut spread = Spread::new(Some(seconds(60)), 7);
        let mut all = Duration::ZERO;
        for _ in 0..7 {
            let share = spread.share().expect("a share");
            spread.took(share);
            all += share;
        }
        let rest = seconds(60) - all;
        assert!(rest < Duration::from_micros(1), "{rest:?}");
    }

    #[test]
    fn who_takes_more_leaves_less_and_never_less_than_nothing() {
        let mut spread = Spread::new(Some(seconds(10)), 2);
        spread.took(seconds(11));
        assert_eq!(spread.share(), Some(Duration::ZERO));
        let mut endless = Spread::new(None, 2);
        endless.took(seconds(11));
        assert_eq!(endless.share(), None);
    }
}
