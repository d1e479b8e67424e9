//! 56 bits: what decides, and what is decided upon.

/// How many hexadecimal digits 56 bits have.
const DIGITS: u32 = 14;

/// 2^56: one more than the largest randomness.
const ALL: u64 = 1 << 56;

/// The smallest probability that a threshold can express.
pub const MIN_PROBABILITY: f64 = 1.0 / ALL as f64;

/// An item is kept if its randomness is not below the threshold: 0 keeps all, 2^56 none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(u64);

/// 56 bits that are random per trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Randomness(u64);

impl Threshold {
    /// Keeps all.
    pub const ALWAYS: Self = Self(0);
    /// Keeps nothing.
    pub const NEVER: Self = Self(ALL);

    /// The threshold with this value; from 2^56 on it keeps nothing.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(if value > ALL { ALL } else { value })
    }

    /// The value, 0 to 2^56.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// 1 to 14 hexadecimal digits, zeros at the end left out.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let missing = DIGITS.checked_sub(u32::try_from(text.len()).ok()?)?;
        Some(Self(hexadecimal(text)? << (4 * missing)))
    }

    /// The threshold that keeps the share `probability`, rounded to `precision` hexadecimal
    /// digits, more of them near 0 and 1. `None` if it is not in [`MIN_PROBABILITY`] to 1.
    #[must_use]
    pub fn of_probability(probability: f64, precision: u32) -> Option<Self> {
        if !(MIN_PROBABILITY..=1.0).contains(&probability) {
            return None;
        }
        if probability == 1.0 {
            return Some(Self::ALWAYS);
        }
        let precision = if precision == 0 { DIGITS } else { precision };
        // Each leading digit 0 or f of the threshold costs a digit of precision.
        let digits = |of: f64| precision + leading_zero_digits(of);
        let precision = DIGITS.min(digits(probability).max(digits(1.0 - probability)));
        let mut threshold = ALL - (probability * ALL as f64).round() as u64;
        let shift = 4 * (DIGITS - precision);
        if shift > 0 {
            threshold = (threshold + (1 << (shift - 1))) >> shift << shift;
        }
        Some(Self(threshold))
    }

    /// The share that is kept, 0 to 1.
    #[must_use]
    pub fn probability(self) -> f64 {
        (ALL - self.0) as f64 / ALL as f64
    }

    /// Whether an item with this randomness is kept.
    #[must_use]
    pub const fn keeps(self, randomness: Randomness) -> bool {
        self.0 <= randomness.0
    }

    /// Its text in a trace state; empty for the one that keeps nothing.
    #[must_use]
    pub fn to_text(self) -> String {
        match self {
            Self::ALWAYS => "0".to_owned(),
            Self::NEVER => String::new(),
            Self(value) => {
                let digits = format!("{value:014x}");
                digits.trim_end_matches('0').to_owned()
            }
        }
    }
}

/// How many hexadecimal zeros follow the point of a number in (0, 1), give or take rounding up
/// as Go's `math.Frexp` has it.
fn leading_zero_digits(number: f64) -> u32 {
    // The exponent of a number in [0.5, 1) is 0, of one in [0.25, 0.5) -1.
    let exponent = ((number.to_bits() >> 52) & 0x7ff) as i32 - 1022;
    if exponent >= 0 {
        0
    } else {
        exponent.unsigned_abs() / 4
    }
}

impl Randomness {
    /// The largest: every threshold but [`Threshold::NEVER`] keeps it.
    pub const MAX: Self = Self(ALL - 1);

    /// The lower 56 bits.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value & (ALL - 1))
    }

    /// Of a trace id, which is 16 bytes: its last seven.
    #[must_use]
    pub fn of_trace_id(id: &[u8; 16]) -> Self {
        let [.., a, b, c, d, e, f, g, h] = *id;
        Self::new(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// The value, below 2^56.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Exactly 14 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        (text.len() == DIGITS as usize).then_some(())?;
        hexadecimal(text).map(Self)
    }

    /// Its text in a trace state.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{:014x}", self.0)
    }
}

fn hexadecimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_become_the_thresholds_that_upstream_gives() {
        for (probability, precision, text) in [
            (1.0, 4, "0"),
            (0.5, 4, "8"),
            (0.25, 4, "c"),
            (1.0 / 3.0, 3, "aab"),
            (1.0 / 3.0, 14, "aaaaaaaaaaaaac"),
            (2.0 / 3.0, 3, "555"),
            (0.01, 4, "fd70a"),
            (0.99, 4, "028f6"),
            (MIN_PROBABILITY, 4, "ffffffffffffff"),
        ] {
            let threshold = Threshold::of_probability(probability, precision).unwrap();
            assert_eq!(threshold.to_text(), text, "{probability} {precision}");
        }
        for probability in [0.0, -0.1, 1.1, MIN_PROBABILITY / 2.0, f64::NAN] {
            assert_eq!(Threshold::of_probability(probability, 4), None);
        }
    }

    #[test]
    fn texts_are_read_as_they_are_written() {
        for text in ["0", "8", "fd70a", "00000000000001"] {
            let threshold = Threshold::parse(text.as_bytes()).unwrap();
            assert_eq!(threshold.to_text(), text);
        }
        for text in ["", "g", "-1", "000000000000000"] {
            assert_eq!(Threshold::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Threshold::NEVER.to_text(), "");
        assert_eq!(Randomness::parse(b"1"), None);
        let random = Randomness::parse(b"0123456789abcd").unwrap();
        assert_eq!(random.to_text(), "0123456789abcd");
    }

    #[test]
    fn a_threshold_keeps_what_is_not_below_it() {
        let half = Threshold::of_probability(0.5, 4).unwrap();
        assert!(half.keeps(Randomness::new(1 << 55)));
        assert!(!half.keeps(Randomness::new((1 << 55) - 1)));
        assert!(Threshold::ALWAYS.keeps(Randomness::new(0)));
        assert!(!Threshold::NEVER.keeps(Randomness::MAX));
        assert!((half.probability() - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn the_last_seven_bytes_of_a_trace_id_are_its_randomness() {
        let id = [9, 9, 9, 9, 9, 9, 9, 9, 0xff, 1, 2, 3, 4, 5, 6, 7];
        assert_eq!(Randomness::of_trace_id(&id).value(), 0x0001_0203_0405_0607);
    }
}
