//! Counts the samples of a remote-write message, 1.0 or 2.0.

use headwater_core::pdata::wire::{Fields, WireError, WireType, read_varint};

use crate::count::nested;

/// What messages carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// Samples of what the target showed, staleness markers not counted.
    pub(crate) samples: u64,
    /// Samples of what the collector adds: `up`, `scrape_*`, `target_info`.
    pub(crate) added: u64,
    /// Staleness markers.
    pub(crate) stale: u64,
}

/// The bits of a staleness marker: Prometheus `model/value.StaleNaN`.
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// Reads an uncompressed `WriteRequest` of 1.0.
///
/// # Errors
/// The message breaks off.
pub(crate) fn v1(message: &[u8]) -> Result<Received, WireError> {
    let mut received = Received::default();
    for series in nested(message, 1) {
        let series = series?;
        let mut name = &b""[..];
        for label in nested(series, 1) {
            let label = label?;
            if nested(label, 1).next().transpose()? == Some(b"__name__") {
                name = nested(label, 2).next().transpose()?.unwrap_or_default();
            }
        }
        received.count(name, series)?;
    }
    Ok(received)
}

/// Reads an uncompressed `Request` of 2.0.
///
/// # Errors
/// The message breaks off.
pub(crate) fn v2(message: &[u8]) -> Result<Received, WireError> {
    let symbols = nested(message, 4).collect::<Result<Vec<_>, _>>()?;
    let symbol = |reference: u64| {
        usize::try_from(reference)
            .ok()
            .and_then(|reference| symbols.get(reference).copied())
            .unwrap_or_default()
    };
    let mut received = Received::default();
    for series in nested(message, 5) {
        let series = series?;
        let mut name = &b""[..];
        for packed in nested(series, 1) {
            let (packed, mut at) = (packed?, 0);
            while at < packed.len() {
                let key = symbol(read_varint(packed, &mut at)?);
                let value = symbol(read_varint(packed, &mut at)?);
                if key == b"__name__" {
                    name = value;
                }
            }
        }
        received.count(name, series)?;
    }
    Ok(received)
}

impl Received {
    /// Counts the samples of one series; they are field 2 of it in both versions.
    fn count(&mut self, name: &[u8], series: &[u8]) -> Result<(), WireError> {
        let own = name == b"up" || name == b"target_info" || name.starts_with(b"scrape_");
        for sample in nested(series, 2) {
            let sample = sample?;
            let mut bits = 0;
            for field in Fields::new(sample) {
                let field = field?;
                if field.number == 1 && field.wire_type == WireType::Fixed64 {
                    bits = field.bits(sample);
                }
            }
            let counter = match bits {
                STALE => &mut self.stale,
                _ if own => &mut self.added,
                _ => &mut self.samples,
            };
            *counter += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::pdata::wire::{put_len_field, put_tag};

    use super::*;

    fn sample(bits: u64) -> Vec<u8> {
        let mut sample = Vec::new();
        put_tag(&mut sample, 1, WireType::Fixed64);
        sample.extend(bits.to_le_bytes());
        sample
    }

    fn field(number: u32, parts: &[&[u8]]) -> Vec<u8> {
        let mut message = Vec::new();
        put_len_field(&mut message, number, &parts.concat());
        message
    }

    #[test]
    fn both_versions_are_counted_alike() {
        let samples = [
            field(2, &[&sample(1.0_f64.to_bits())]),
            field(2, &[&sample(STALE)]),
        ]
        .concat();
        let mut first = Vec::new();
        for name in [&b"http_requests_total"[..], b"up"] {
            let label = field(1, &[&field(1, &[b"__name__"]), &field(2, &[name])]);
            first.extend(field(1, &[&label, &samples]));
        }
        let want = Received {
            samples: 1,
            added: 1,
            stale: 2,
        };
        assert_eq!(v1(&first), Ok(want));

        let mut second = Vec::new();
        for symbol in [&b""[..], b"__name__", b"http_requests_total", b"up"] {
            second.extend(field(4, &[symbol]));
        }
        for name in [2, 3] {
            second.extend(field(5, &[&field(1, &[&[1, name]]), &samples]));
        }
        assert_eq!(v2(&second), Ok(want));
        assert!(v1(&first[..first.len() - 1]).is_err());
    }
}
