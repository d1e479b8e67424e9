//! Exemplars as OTLP bytes.

use headwater_prometheus::exposition::Exemplar;

use super::point::{put_fixed, put_nested};
use crate::cache::Kind;
use crate::resource::put_attribute;

/// The field of a data point that holds exemplars; `None` where there is none.
pub(crate) const fn field(kind: Kind) -> Option<u8> {
    match kind {
        Kind::Gauge | Kind::Sum { .. } => Some(5),
        Kind::Histogram => Some(8),
        Kind::Exponential => Some(11),
        Kind::Summary => None,
    }
}

/// Appends an exemplar as field `number`; one without a time has that of the scrape, `now`
/// (milliseconds).
///
/// Labels that hold a trace or span id of the right size become ids, all others attributes.
pub(crate) fn put(out: &mut Vec<u8>, number: u8, exemplar: &Exemplar<'_>, now: i64) {
    let mut body = Vec::with_capacity(64);
    let time = exemplar.timestamp().unwrap_or(now);
    put_fixed(&mut body, 2, super::nanoseconds(time));
    put_fixed(&mut body, 3, exemplar.value().to_bits());
    for label in exemplar.labels() {
        if label.value.is_empty() {
            continue;
        }
        let id = if label.name.eq_ignore_ascii_case("trace_id") {
            hex::<16>(&label.value).map(|id| put_nested(&mut body, 5, &id))
        } else if label.name.eq_ignore_ascii_case("span_id") {
            hex::<8>(&label.value).map(|id| put_nested(&mut body, 4, &id))
        } else {
            None
        };
        if id.is_none() {
            put_attribute(&mut body, 7, &label.name, &label.value);
        }
    }
    put_nested(out, number, &body);
}

/// An id of `N` bytes that is not all zeros.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut id = [0; N];
    for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        *byte = (digit(0)? << 4 | digit(1)?) as u8;
    }
    (id != [0; N]).then_some(id)
}
