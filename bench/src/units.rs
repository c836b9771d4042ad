//! Numbers as people read them.

/// A whole number, its digits in groups of three.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits and a unit of time.
pub fn seconds(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 1e-6 => (s * 1e9, "ns"),
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    format!("{} {unit}", three_digits(number))
}

/// A rate or a ratio: three digits, or all that stand before the point.
pub fn rate(number: f64) -> String {
    if number >= 1000.0 { count(number.round() as u64) } else { three_digits(number) }
}

fn three_digits(number: f64) -> String {
    let places = match number {
        n if n >= 99.95 => 0,
        n if n >= 9.995 => 1,
        _ => 2,
    };
    format!("{number:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups() {
        let texts = [0, 999, 1_000, 116_319, 10_000_000].map(count);
        assert_eq!(texts, ["0", "999", "1,000", "116,319", "10,000,000"]);
    }

    #[test]
    fn three_digits_are_enough() {
        let texts = [2.5e-7, 1.234e-4, 0.0567, 12.34, 123.4].map(seconds);
        assert_eq!(texts, ["250 ns", "123 µs", "56.7 ms", "12.3 s", "123 s"]);
        assert_eq!([1.0, 99.96, 54_321.6].map(rate), ["1.00", "100", "54,322"]);
    }
}
