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

/// The samples that remote write makes of an encoded metrics request without exponential histograms
/// and summaries: one of a number, and of a histogram one per bound, `+Inf`, sum and count.
///
/// # Errors
/// Broken framing at one of the levels that are walked.
pub(crate) fn samples(request: &[u8]) -> Result<u64, WireError> {
    let mut samples = 0;
    for resource in nested(request, 1) {
        for scope in nested(resource?, 2) {
            for metric in nested(scope?, 2) {
                let metric = metric?;
                for numbers in nested(metric, 5).chain(nested(metric, 7)) {
                    samples += nested(numbers?, 1).count() as u64;
                }
                for histogram in nested(metric, 9) {
                    for point in nested(histogram?, 1) {
                        for bounds in nested(point?, 7) {
                            samples += bounds?.len() as u64 / 8 + 3;
                        }
                    }
                }
            }
        }
    }
    Ok(samples)
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
    fn a_histogram_of_six_bounds_is_nine_samples() {
        // A scope of 15 points: a gauge, a sum and a histogram of five points each.
        let request = crate::payload::request(Signal::Metrics, 15, 1);
        assert_eq!(samples(&request), Ok(5 + 5 + 5 * 9));
    }

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
