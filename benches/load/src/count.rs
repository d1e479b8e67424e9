//! Counting the items of a request by skimming lengths.
//!
//! The harness has its own counter instead of the library's, so that a collector that counts
//! wrongly is not confirmed by its own mistake.

use headwater_core::Signal;
use headwater_core::pdata::wire::{Field, Fields, WireError, WireType};

/// Spans, log records or data points in an encoded export request of `signal`.
///
/// # Errors
/// Broken framing at one of the levels that are walked.
pub(crate) fn count(signal: Signal, request: &[u8]) -> Result<u64, WireError> {
    let mut items = 0;
    for resource in nested(request, 1) {
        for scope in nested(resource?, 2) {
            for record in nested(scope?, 2) {
                items += if signal == Signal::Metrics {
                    points(record?)?
                } else {
                    record.map(|_| 1)?
                };
            }
        }
    }
    Ok(items)
}

/// The data points of one metric: field 1 of gauge, sum, histogram, exponential histogram, summary.
fn points(metric: &[u8]) -> Result<u64, WireError> {
    let mut points = 0;
    for field in Fields::new(metric) {
        let field = field?;
        if matches!(field.number, 5 | 7 | 9 | 10 | 11) && field.wire_type == WireType::Len {
            for point in nested(field.bytes(metric), 1) {
                points += point.map(|_| 1)?;
            }
        }
    }
    Ok(points)
}

/// The payloads of the length-delimited fields `number` of `message`.
pub(crate) fn nested(
    message: &[u8],
    number: u32,
) -> impl Iterator<Item = Result<&[u8], WireError>> {
    let wanted = move |field: &Field| field.number == number && field.wire_type == WireType::Len;
    Fields::new(message).filter_map(move |field| match field {
        Ok(field) if wanted(&field) => Some(Ok(field.bytes(message))),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_cut_anywhere_inside_its_frames_is_an_error_or_counts_less() {
        let request = crate::payload::request(Signal::Traces, 3, 1);
        for end in 1..request.len() {
            assert_ne!(
                count(Signal::Traces, &request[..end]),
                Ok(3),
                "cut at {end}"
            );
        }
        assert_eq!(count(Signal::Traces, &[]), Ok(0));
    }
}
