//! Header values of the gRPC protocol: timeouts, percent-encoded messages, content types.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

pub(super) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(super) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
pub(super) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
pub(super) const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
/// What [`crate::compression`] decodes on either side.
pub(super) const ACCEPTED: HeaderValue =
    HeaderValue::from_static("identity,gzip,snappy,zstd,deflate");

/// Whether a content type is gRPC's with protobuf, or leaves the codec open.
pub(super) fn is_grpc(content_type: &[u8]) -> bool {
    let Some(rest) = content_type.strip_prefix(b"application/grpc") else {
        return false;
    };
    matches!(rest.first(), None | Some(b';')) || rest.starts_with(b"+proto")
}

/// Reads a `grpc-timeout`: at most 8 digits and a unit.
pub(super) fn parse_timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let mut amount = 0_u64;
    for digit in digits {
        amount = amount * 10 + u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Writes a `grpc-timeout` in the finest unit that needs at most 8 digits, rounded up.
pub(super) fn format_timeout(timeout: Duration) -> String {
    const MOST: u128 = 99_999_999;
    let nanos = timeout.as_nanos().max(1);
    let units = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
    ];
    for (size, unit) in units {
        let amount = nanos.div_ceil(size);
        if amount <= MOST {
            return format!("{amount}{unit}");
        }
    }
    let hours = nanos.div_ceil(3_600_000_000_000).min(MOST);
    format!("{hours}H")
}

/// Encodes a `grpc-message`: everything but printable ASCII, and `%` itself, as `%XX`.
pub(crate) fn encode_message(message: &str) -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    /// Peers refuse long header lists; nobody reads further.
    const LONGEST: usize = 4096;
    let mut text = Vec::with_capacity(message.len());
    for byte in message.bytes() {
        if text.len() >= LONGEST {
            break;
        }
        match byte {
            b'%' | 0..0x20 | 0x7f.. => {
                text.extend([
                    b'%',
                    HEX[usize::from(byte >> 4)],
                    HEX[usize::from(byte & 15)],
                ]);
            }
            _ => text.push(byte),
        }
    }
    // Printable ASCII is always a header value.
    HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Decodes a `grpc-message`; what is not well encoded stays as it is.
pub(super) fn decode_message(value: &[u8]) -> String {
    let mut text = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let escaped = after
            .first_chunk::<2>()
            .filter(|_| *byte == b'%')
            .and_then(|hex| {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(hex[0])? << 4 | digit(hex[1])?).ok()
            });
        if let Some(escaped) = escaped {
            text.push(escaped);
            rest = &rest[2..];
        } else {
            text.push(*byte);
        }
    }
    String::from_utf8(text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_in_every_unit_and_refused_otherwise() {
        let cases = [
            (&b"5S"[..], Some(Duration::from_secs(5))),
            (b"99999999H", Some(Duration::from_secs(99_999_999 * 3600))),
            (b"2M", Some(Duration::from_secs(120))),
            (b"100m", Some(Duration::from_millis(100))),
            (b"7u", Some(Duration::from_micros(7))),
            (b"1n", Some(Duration::from_nanos(1))),
            (b"123456789S", None),
            (b"S", None),
            (b"", None),
            (b"-1S", None),
            (b"1x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_timeout(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_written_timeout_reads_back_no_shorter() {
        for nanos in [
            1,
            999,
            99_999_999,
            100_000_001,
            5_000_000_000,
            86_400_000_000_000,
            u64::MAX,
        ] {
            let timeout = Duration::from_nanos(nanos);
            let read = parse_timeout(format_timeout(timeout).as_bytes()).unwrap();
            assert!(read >= timeout && read.as_secs_f64() < timeout.as_secs_f64() * 1.01 + 1e-6);
        }
        assert_eq!(format_timeout(Duration::from_secs(5)), "5000000u");
    }

    #[test]
    fn messages_survive_percent_encoding() {
        for message in ["queue is full", "100 % späť\n", "", "%41"] {
            let encoded = encode_message(message);
            assert!(
                encoded
                    .as_bytes()
                    .iter()
                    .all(|byte| (0x20..0x7f).contains(byte))
            );
            assert_eq!(decode_message(encoded.as_bytes()), message);
        }
        assert_eq!(decode_message(b"50% off %zz %4"), "50% off %zz %4");
    }

    #[test]
    fn grpc_web_and_other_types_are_not_grpc() {
        let accepted: [&[u8]; 3] = [
            b"application/grpc",
            b"application/grpc+proto",
            b"application/grpc;charset=utf-8",
        ];
        assert!(accepted.into_iter().all(is_grpc));
        let refused: [&[u8]; 4] = [
            b"",
            b"application/grpc-web",
            b"application/x-protobuf",
            b"application/grpc+json",
        ];
        assert!(!refused.into_iter().any(is_grpc));
    }
}
