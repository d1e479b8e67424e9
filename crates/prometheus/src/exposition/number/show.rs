//! Numbers as Go shows them.

/// Appends a float in Go's shortest `g` form: `1`, `0.25`, `1e+06`, `NaN`, `+Inf`.
///
/// This is how text 0.0.4 shows values.
pub(crate) fn put_float(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if value == 0.0 {
        out.push(b'0');
    } else {
        put_finite(out, value);
    }
}

/// [`put_float`] with `.0` where there is neither a point nor an exponent: how OpenMetrics shows
/// values, and Prometheus `le` and `quantile`.
pub(crate) fn put_openmetrics_float(out: &mut Vec<u8>, value: f64) {
    let start = out.len();
    put_float(out, value);
    if value.is_finite() && !out[start..].iter().any(|byte| matches!(byte, b'.' | b'e')) {
        out.extend_from_slice(b".0");
    }
}

fn put_finite(out: &mut Vec<u8>, value: f64) {
    if value < 0.0 {
        out.push(b'-');
    }
    let value = value.abs();
    // The shortest digits `d` and the place `point` of the decimal point: 0.ddd * 10^point.
    let mut digits = [0_u8; 20];
    let (mut count, point);
    if value < 1e15 && value.fract() == 0.0 {
        let mut rest = value as u64;
        count = rest.ilog10() as usize + 1;
        point = count as i32;
        for slot in digits[..count].iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        while digits[count - 1] == b'0' {
            count -= 1;
        }
    } else {
        (count, point) = shortest(value, &mut digits);
    }
    let digits = &digits[..count];
    let exponent = point - 1;
    if !(-4..6).contains(&exponent) {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        let exponent = exponent.unsigned_abs();
        if exponent >= 100 {
            out.push(b'0' + (exponent / 100) as u8);
        }
        out.push(b'0' + (exponent / 10 % 10) as u8);
        out.push(b'0' + (exponent % 10) as u8);
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + point.unsigned_abs() as usize, b'0');
        out.extend_from_slice(digits);
    } else if count as i32 <= point {
        out.extend_from_slice(digits);
        out.resize(out.len() + (point as usize - count), b'0');
    } else {
        out.extend_from_slice(&digits[..point as usize]);
        out.push(b'.');
        out.extend_from_slice(&digits[point as usize..]);
    }
}

/// The shortest digits that read back as `value`, and where the point is: `0.ddd * 10^point`.
fn shortest(value: f64, digits: &mut [u8; 20]) -> (usize, i32) {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (mut count, mut point, mut seen_point) = (0, 0, false);
    for byte in mantissa.bytes() {
        if byte == b'.' {
            seen_point = true;
            continue;
        }
        if count == 0 && byte == b'0' {
            // A leading zero, as in 0.001.
            point -= i32::from(seen_point);
            continue;
        }
        point += i32::from(!seen_point);
        // The zeros of a whole number may be more than there is room for; they are cut off below.
        if count < digits.len() {
            digits[count] = byte;
            count += 1;
        }
    }
    while count > 1 && digits[count - 1] == b'0' {
        count -= 1;
    }
    (count, point + exponent)
}
