//! Counts items by skimming lengths: the one walk over a request that every receiver pays for.

use super::schema::{LEGACY_SCOPES, Message};
use super::wire::{Field, WireError, WireType, read_field, read_varint};
use crate::Signal;

/// Field of a request that holds its resource entries, in all signals.
pub(super) const RESOURCES: u32 = 1;
/// Field of a resource entry that holds its scope entries, in all signals.
pub(super) const SCOPES: u32 = 2;
/// Field of a scope entry that holds its spans, metrics or log records.
pub(super) const RECORDS: u32 = 2;
/// Field of each metric kind that holds its data points.
pub(super) const POINTS: u32 = 1;

/// Whether `number` is one of the five data fields of a `Metric` (a oneof).
#[inline]
pub(super) const fn is_metric_data(number: u32) -> bool {
    matches!(number, 5 | 7 | 9 | 10 | 11)
}

/// Counts spans, data points or log records of one serialized request.
///
/// Looks at tags and lengths down to the records (for metrics: down to the points) and therefore
/// also proves the framing of these levels; what is inside a record is not looked at. Entries of
/// the deprecated field 1000 (`instrumentation_library_*`) count too.
///
/// # Errors
/// [`WireError`] if a length, tag or wire type on the way is wrong.
pub fn count_items(signal: Signal, request: &[u8]) -> Result<usize, WireError> {
    count_and_look(signal, request, &mut false)
}

/// As [`count_items`]; says whether the deprecated field is there.
pub(super) fn count_and_look(
    signal: Signal,
    request: &[u8],
    legacy: &mut bool,
) -> Result<usize, WireError> {
    let message = Message::request(signal);
    let mut items = 0;
    let mut pos = 0;
    while let Some(resource) = read_field(request, &mut pos)? {
        if resource.number == RESOURCES {
            expect_len(&resource, message)?;
            items += look_in_resource(signal, resource.bytes(request), legacy)?;
        }
    }
    Ok(items)
}

#[inline]
fn expect_len(field: &Field, message: Message) -> Result<(), WireError> {
    if field.wire_type == WireType::Len {
        return Ok(());
    }
    let found = field.wire_type as u8;
    Err(WireError::Mismatch {
        message: message.name(),
        field: field.number,
        found,
    })
}

/// Counts the items of one resource entry.
pub(super) fn count_in_resource(signal: Signal, entry: &[u8]) -> Result<usize, WireError> {
    look_in_resource(signal, entry, &mut false)
}

#[inline]
fn look_in_resource(signal: Signal, entry: &[u8], legacy: &mut bool) -> Result<usize, WireError> {
    let message = Message::resource_entry(signal);
    let mut items = 0;
    let mut pos = 0;
    while let Some(field) = read_field(entry, &mut pos)? {
        if field.number == SCOPES || field.number == LEGACY_SCOPES {
            expect_len(&field, message)?;
            *legacy |= field.number == LEGACY_SCOPES;
            items += count_in_scope(signal, field.bytes(entry))?;
        }
    }
    Ok(items)
}

/// Counts the items of one scope entry.
pub(super) fn count_in_scope(signal: Signal, entry: &[u8]) -> Result<usize, WireError> {
    let message = Message::scope_entry(signal);
    match signal {
        Signal::Traces | Signal::Logs => count_len_fields(entry, RECORDS, message),
        Signal::Metrics => {
            let mut items = 0;
            let mut pos = 0;
            while let Some(field) = read_field(entry, &mut pos)? {
                if field.number == RECORDS {
                    expect_len(&field, message)?;
                    items += count_in_metric(field.bytes(entry))?;
                }
            }
            Ok(items)
        }
    }
}

/// Counts the data points of one serialized `Metric`: of the kind that comes last, as in every
/// oneof; several fields of that same kind are one merged message.
pub(super) fn count_in_metric(metric: &[u8]) -> Result<usize, WireError> {
    let mut kind = 0;
    let mut points = 0;
    let mut pos = 0;
    while let Some(field) = read_field(metric, &mut pos)? {
        if is_metric_data(field.number) {
            expect_len(&field, Message::Metric)?;
            let here = count_len_fields(field.bytes(metric), POINTS, data_message(field.number))?;
            points = if kind == field.number {
                points + here
            } else {
                here
            };
            kind = field.number;
        }
    }
    Ok(points)
}

const fn data_message(field: u32) -> Message {
    match field {
        5 => Message::Gauge,
        7 => Message::Sum,
        9 => Message::Histogram,
        10 => Message::ExponentialHistogram,
        _ => Message::Summary,
    }
}

/// Counts the occurrences of the length-delimited field `number` (below 16) in `message`.
#[inline]
fn count_len_fields(buf: &[u8], number: u32, message: Message) -> Result<usize, WireError> {
    let wanted = (number as u8) << 3 | WireType::Len as u8;
    let mut count = 0;
    let mut pos = 0;
    while let Some(&tag) = buf.get(pos) {
        // The hot case, records one after the other, takes one compare and one short varint.
        if tag == wanted {
            pos += 1;
            let length = read_short_len(buf, &mut pos)?;
            if length > buf.len() - pos {
                return Err(WireError::Truncated);
            }
            pos += length;
            count += 1;
        } else if let Some(field) = read_field(buf, &mut pos)?
            && field.number == number
        {
            expect_len(&field, message)?;
            count += 1;
        }
    }
    Ok(count)
}

/// A varint that is most often one or two bytes long, as a length.
#[inline]
fn read_short_len(buf: &[u8], pos: &mut usize) -> Result<usize, WireError> {
    if let Some(&[low, high]) = buf
        .get(*pos..*pos + 2)
        .and_then(|b| <&[u8; 2]>::try_from(b).ok())
        && low >= 0x80
        && high < 0x80
    {
        *pos += 2;
        return Ok(usize::from(low & 0x7f) | usize::from(high) << 7);
    }
    usize::try_from(read_varint(buf, pos)?).map_err(|_| WireError::Truncated)
}

#[cfg(test)]
mod tests {
    use super::super::wire::{put_len_field, put_tag, put_varint};
    use super::*;

    fn len_field(number: u32, parts: &[Vec<u8>]) -> Vec<u8> {
        let mut out = Vec::new();
        put_len_field(&mut out, number, &parts.concat());
        out
    }

    #[test]
    fn records_of_all_resources_and_scopes_are_counted() {
        let span = len_field(RECORDS, &[vec![0x2a, 1, b'x']]);
        let long = len_field(RECORDS, &[len_field(5, &[vec![b'y'; 300]])]);
        let scope = len_field(SCOPES, &[len_field(1, &[]), span.clone(), long, span]);
        let entry = len_field(RESOURCES, &[scope.clone(), len_field(1, &[]), scope]);
        let request = [entry.clone(), entry].concat();
        assert_eq!(count_items(Signal::Traces, &request), Ok(12));
        assert_eq!(count_items(Signal::Logs, &request), Ok(12));
        assert_eq!(count_items(Signal::Logs, &[]), Ok(0));
    }

    #[test]
    fn instrumentation_library_lists_count_too() {
        let scope = len_field(LEGACY_SCOPES, &[len_field(RECORDS, &[])]);
        let request = len_field(RESOURCES, &[scope]);
        assert_eq!(count_items(Signal::Traces, &request), Ok(1));
    }

    #[test]
    fn points_of_all_five_metric_kinds_are_counted() {
        for kind in [5, 7, 9, 10, 11] {
            let points = [
                len_field(POINTS, &[]),
                vec![0x10, 1],
                len_field(POINTS, &[]),
            ];
            let metric = len_field(RECORDS, &[len_field(1, &[]), len_field(kind, &points)]);
            let request = len_field(RESOURCES, &[len_field(SCOPES, &[metric])]);
            assert_eq!(count_items(Signal::Metrics, &request), Ok(2), "kind {kind}");
        }
    }

    #[test]
    fn the_last_metric_kind_wins_and_equal_kinds_merge() {
        let gauge = len_field(5, &[len_field(POINTS, &[])]);
        let sum = len_field(7, &[len_field(POINTS, &[]), len_field(POINTS, &[])]);
        assert_eq!(
            count_in_metric(&[gauge.clone(), sum.clone()].concat()),
            Ok(2)
        );
        assert_eq!(
            count_in_metric(&[sum.clone(), gauge.clone()].concat()),
            Ok(1)
        );
        assert_eq!(
            count_in_metric(&[sum.clone(), gauge, sum.clone()].concat()),
            Ok(2)
        );
        assert_eq!(count_in_metric(&[sum.clone(), sum].concat()), Ok(4));
    }

    #[test]
    fn non_minimal_tags_and_lengths_are_understood() {
        let mut scope = vec![0x92, 0x80, 0x00, 0x81, 0x80, 0x00, 0x00];
        put_tag(&mut scope, RECORDS, WireType::Len);
        put_varint(&mut scope, 0);
        let request = len_field(RESOURCES, &[len_field(SCOPES, &[scope])]);
        assert_eq!(count_items(Signal::Traces, &request), Ok(2));
    }

    #[test]
    fn a_known_field_of_the_wrong_wire_type_is_refused_at_every_level() {
        let found = 0;
        let wrong = |message, field| {
            Err(WireError::Mismatch {
                message,
                field,
                found,
            })
        };
        assert_eq!(
            count_items(Signal::Logs, &[0x08, 1]),
            wrong("ExportLogsServiceRequest", RESOURCES)
        );
        let resource = len_field(RESOURCES, &[vec![0x10, 1]]);
        assert_eq!(
            count_items(Signal::Logs, &resource),
            wrong("ResourceLogs", SCOPES)
        );
        let scope = len_field(RESOURCES, &[len_field(SCOPES, &[vec![0x10, 1]])]);
        assert_eq!(
            count_items(Signal::Logs, &scope),
            wrong("ScopeLogs", RECORDS)
        );
        assert_eq!(count_in_metric(&[0x28, 1]), wrong("Metric", 5));
        assert_eq!(count_in_metric(&[0x2a, 2, 0x08, 1]), wrong("Gauge", POINTS));
    }

    #[test]
    fn a_length_beyond_its_parent_is_truncated() {
        let scope = len_field(RESOURCES, &[len_field(SCOPES, &[vec![0x12, 2, 0]])]);
        assert_eq!(
            count_items(Signal::Traces, &scope),
            Err(WireError::Truncated)
        );
        let huge = len_field(
            RESOURCES,
            &[len_field(SCOPES, &[vec![0x12, 0xff, 0xff, 0x7f]])],
        );
        assert_eq!(
            count_items(Signal::Traces, &huge),
            Err(WireError::Truncated)
        );
    }
}
