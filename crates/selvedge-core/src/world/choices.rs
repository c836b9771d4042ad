//! The outcomes among which a driver chooses.

/// The choices that an enabled operation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choices {
    /// 0, 1, ... below the number.
    Below(u32),
    /// The cases of a select that are ready, as a set of bits.
    Among(u64),
}

impl Choices {
    /// How many there are.
    pub fn len(self) -> u32 {
        match self {
            Choices::Below(n) => n,
            Choices::Among(bits) => bits.count_ones(),
        }
    }

    /// Never: an enabled operation has a choice.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The `k`-th choice, from 0.
    pub fn nth(self, k: u32) -> u32 {
        match self {
            Choices::Below(_) => k,
            Choices::Among(mut bits) => {
                for _ in 0..k {
                    bits &= bits - 1;
                }
                bits.trailing_zeros()
            }
        }
    }

    /// The least choice that is at least `from`.
    pub fn at_least(self, from: u32) -> Option<u32> {
        match self {
            Choices::Below(n) => (from < n).then_some(from),
            Choices::Among(bits) => {
                let rest = if from < 64 { bits >> from << from } else { 0 };
                (rest != 0).then(|| rest.trailing_zeros())
            }
        }
    }
}

/// The most cases that a select may have.
pub const MAX_CASES: usize = 64;
