//! Nondeterministic input: what `any(range)` draws from, and how the engines
//! that sample draw.

use ::std::hash::{BuildHasher, RandomState};
use ::std::ops::RangeInclusive;
use ::std::sync::atomic::{AtomicU64, Ordering};

/// A type whose values `any` can choose from a range: the integers.
pub trait Choose: Copy {
    /// How many values the range has; at least 1.
    ///
    /// # Panics
    /// If the range is empty, or if it has more than `u64::MAX` values.
    #[track_caller]
    fn count(range: &RangeInclusive<Self>) -> u64;

    /// The value number `n` of the range, counted from 0; `n` must be less
    /// than [`count`](Choose::count).
    fn nth(range: &RangeInclusive<Self>, n: u64) -> Self;
}

macro_rules! choose {
    ($($integer:ty: $unsigned:ty,)*) => {$(
        impl Choose for $integer {
            #[track_caller]
            fn count(range: &RangeInclusive<Self>) -> u64 {
                assert!(!range.is_empty(), "any({range:?}): the range is empty");
                let last = range.end().wrapping_sub(*range.start()) as $unsigned;
                u64::try_from(last)
                    .ok()
                    .and_then(|last| last.checked_add(1))
                    .unwrap_or_else(|| panic!("any({range:?}): too many values to choose from"))
            }

            fn nth(range: &RangeInclusive<Self>, n: u64) -> Self {
                // Two's complement: adding the truncated number wraps to the
                // right value, whatever the signs.
                range.start().wrapping_add(n as $integer)
            }
        }
    )*};
}

choose! {
    u8: u8, u16: u16, u32: u32, u64: u64, u128: u128, usize: usize,
    i8: u8, i16: u16, i32: u32, i64: u64, i128: u128, isize: usize,
}

/// State of the generator (SplitMix64); 0 until it is first used or seeded.
static STATE: AtomicU64 = AtomicU64::new(0);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Seeds what `std::any` and a `select!` with several ready channels draw.
///
/// For engines that must repeat themselves as far as real threads can.
#[doc(hidden)]
pub fn seed(seed: u64) {
    STATE.store(mix(seed.wrapping_add(STEP)) | 1, Ordering::Relaxed);
}

/// A random number below `count`, which must not be 0.
pub(crate) fn draw(count: u64) -> u64 {
    if STATE.load(Ordering::Relaxed) == 0 {
        let fresh = RandomState::new().hash_one(STEP) | 1;
        // Whoever comes second finds it seeded: any seed is as good.
        let _ = STATE.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed);
    }
    let number = mix(STATE.fetch_add(STEP, Ordering::Relaxed));
    // The high half of the product is below `count`, and nearly uniform.
    ((u128::from(number) * u128::from(count)) >> 64) as u64
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_counted_and_enumerated() {
        assert_eq!(u8::count(&(0..=255)), 256);
        assert_eq!(i8::count(&(-128..=127)), 256);
        assert_eq!(i32::count(&(-3..=-3)), 1);
        assert_eq!(u128::count(&(u128::MAX - 1..=u128::MAX)), 2);
        assert_eq!(i8::nth(&(-128..=127), 200), 72);
        assert_eq!(i64::nth(&(i64::MIN..=0), 3), i64::MIN + 3);
        assert_eq!(usize::nth(&(5..=7), 2), 7);
    }

    #[test]
    #[should_panic(expected = "any(3..=2): the range is empty")]
    #[allow(clippy::reversed_empty_ranges, reason = "that is what is tested")]
    fn an_empty_range_is_refused() {
        i32::count(&(3..=2));
    }

    #[test]
    #[should_panic(expected = "too many values")]
    fn a_range_of_two_to_the_64_is_refused() {
        u64::count(&(0..=u64::MAX));
    }

    #[test]
    fn every_value_is_drawn() {
        let mut seen = [false; 7];
        for _ in 0..1_000 {
            seen[draw(7) as usize] = true;
        }
        assert_eq!(seen, [true; 7]);
    }
}
