//! A figure, measured in several rounds.

use serde::Serialize;

/// The same measurement in several rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// All, in the order of the rounds.
    pub rounds: Vec<f64>,
}

impl Spread {
    /// The spread of these; nothing if there are none.
    pub fn of(rounds: Vec<f64>) -> Option<Self> {
        let mut sorted = rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let half = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            0 => (sorted[half - 1] + sorted[half]) / 2.0,
            _ => sorted[half],
        };
        Some(Spread { median, min, max, rounds })
    }

    /// This over `other`, round by round: what disturbs a round disturbs both.
    pub fn over(&self, other: &Spread) -> Option<Self> {
        Spread::of(self.rounds.iter().zip(&other.rounds).map(|(a, b)| a / b).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        let odd = Spread::of(vec![3.0, 1.0, 8.0]).unwrap();
        assert_eq!((odd.median, odd.min, odd.max), (3.0, 1.0, 8.0));
        let even = Spread::of(vec![4.0, 1.0, 2.0, 8.0]).unwrap();
        assert_eq!(even.median, 3.0);
        assert_eq!(Spread::of(vec![]), None);
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let (fast, slow) = (Spread::of(vec![4.0, 80.0]), Spread::of(vec![2.0, 10.0]));
        assert_eq!(fast.unwrap().over(&slow.unwrap()).unwrap().rounds, [2.0, 8.0]);
    }
}
