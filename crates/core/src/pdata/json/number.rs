//! Numbers between JSON text and their values.

use super::JsonProblem;

/// An integer from the text of a number or of a string. A fraction or exponent is fine as long as
/// the value is an integer (protobuf JSON mapping: `1.0` and `1e3` are integers).
pub(super) fn parse_i64(text: &[u8]) -> Result<i64, JsonProblem> {
    let error = JsonProblem::Number("a 64-bit integer");
    if let Some(value) = text_of(text).and_then(|text| text.parse().ok()) {
        return Ok(value);
    }
    // 2^63 as a double is exact, and the first one that does not fit.
    let value = integral(text).ok_or(error)?;
    if (-(2_f64.powi(63))..2_f64.powi(63)).contains(&value) {
        Ok(value as i64)
    } else {
        Err(error)
    }
}

/// As [`parse_i64`], without a sign.
pub(super) fn parse_u64(text: &[u8]) -> Result<u64, JsonProblem> {
    let error = JsonProblem::Number("an unsigned 64-bit integer");
    if let Some(value) = text_of(text).and_then(|text| text.parse().ok()) {
        return Ok(value);
    }
    let value = integral(text).ok_or(error)?;
    if (0.0..2_f64.powi(64)).contains(&value) {
        Ok(value as u64)
    } else {
        Err(error)
    }
}

/// As [`parse_i64`], within 32 bits.
pub(super) fn parse_i32(text: &[u8]) -> Result<i32, JsonProblem> {
    let value = parse_i64(text)
        .ok()
        .and_then(|value| i32::try_from(value).ok());
    value.ok_or(JsonProblem::Number("a 32-bit integer"))
}

/// As [`parse_u64`], within 32 bits.
pub(super) fn parse_u32(text: &[u8]) -> Result<u32, JsonProblem> {
    let value = parse_u64(text)
        .ok()
        .and_then(|value| u32::try_from(value).ok());
    value.ok_or(JsonProblem::Number("an unsigned 32-bit integer"))
}

/// A double from the text of a number or of a string: also `NaN`, `Infinity` and `-Infinity`.
pub(super) fn parse_f64(text: &[u8]) -> Result<f64, JsonProblem> {
    let error = JsonProblem::Number("a double");
    let value: f64 = text_of(text)
        .and_then(|text| text.parse().ok())
        .ok_or(error)?;
    // Digits that overflow are an error, the word is not.
    if value.is_infinite() && text.iter().any(u8::is_ascii_digit) {
        Err(error)
    } else {
        Ok(value)
    }
}

fn text_of(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

fn integral(text: &[u8]) -> Option<f64> {
    // Plain digits that did not parse above are out of range, not a matter of rounding.
    if !text.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return None;
    }
    let value = parse_f64(text).ok()?;
    (value.fract() == 0.0).then_some(value)
}

/// Appends a double: a number, or one of the three words in quotes.
pub(super) fn put_f64(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value.is_infinite() {
        let word: &[u8] = if value > 0.0 {
            b"\"Infinity\""
        } else {
            b"\"-Infinity\""
        };
        out.extend_from_slice(word);
    } else {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(value);
        // The shortest form of 1.0 is 1, as the Collector writes it.
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
}

/// Appends an integer.
pub(super) fn put_int(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends an integer in quotes.
pub(super) fn put_quoted(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.push(b'"');
    put_int(out, value);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_all_their_digits() {
        assert_eq!(parse_i64(b"9223372036854775807"), Ok(i64::MAX));
        assert_eq!(parse_i64(b"-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(parse_u64(b"18446744073709551615"), Ok(u64::MAX));
    }

    #[test]
    fn integers_out_of_range_or_with_a_fraction_are_refused() {
        assert!(parse_i64(b"9223372036854775808").is_err());
        assert!(parse_i64(b"1e19").is_err());
        assert!(parse_u64(b"18446744073709551616").is_err());
        assert!(parse_u64(b"1e20").is_err());
        assert!(parse_u64(b"-1").is_err());
        assert!(parse_u32(b"4294967296").is_err());
        assert!(parse_i32(b"2147483648").is_err());
        for bad in [b"1.5".as_slice(), b"", b"x", b"NaN", b" 1", b"\xff"] {
            assert!(parse_i64(bad).is_err());
        }
    }

    #[test]
    fn integers_may_be_spelled_with_an_exponent() {
        assert_eq!(parse_i64(b"1.0"), Ok(1));
        assert_eq!(parse_i64(b"-2.5e1"), Ok(-25));
        assert_eq!(parse_u64(b"1E3"), Ok(1000));
    }

    #[test]
    fn doubles_survive_a_round_trip() {
        for value in [
            0.0,
            -0.0,
            1.0,
            -2.5,
            1e21,
            1e-7,
            f64::MAX,
            f64::MIN_POSITIVE,
            0.1 + 0.2,
        ] {
            let mut out = Vec::new();
            put_f64(&mut out, value);
            assert_eq!(parse_f64(&out).map(f64::to_bits), Ok(value.to_bits()));
        }
        assert!(parse_f64(b"NaN").unwrap().is_nan());
        assert_eq!(parse_f64(b"Infinity"), Ok(f64::INFINITY));
        assert_eq!(parse_f64(b"-Infinity"), Ok(f64::NEG_INFINITY));
        assert!(parse_f64(b"1e999").is_err());
        assert!(parse_f64(b"").is_err());
    }

    #[test]
    fn whole_doubles_have_no_fraction() {
        let mut out = Vec::new();
        put_f64(&mut out, 3.0);
        assert_eq!(out, b"3");
    }
}
