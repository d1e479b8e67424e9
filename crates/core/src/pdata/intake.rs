//! What happens to every request that arrives from outside, before it becomes a batch.

use bytes::Bytes;

use super::count::{RESOURCES, SCOPES, count_and_look, count_items};
use super::schema::LEGACY_SCOPES;
use super::wire::{Field, Fields, WireError, put_len_field};
use crate::Signal;

/// Counts the items of a serialized request, as [`count_items`] does, and returns the request.
///
/// The bytes stay as they are, except for clients from before OTLP 0.15: what a resource entry
/// holds in the deprecated field 1000 (`instrumentation_library_*`) moves to today's field of
/// scopes; if that is used, too, it wins and the other one is left out. Source: Go
/// `pdata/internal/otlp.MigrateTraces`.
///
/// # Errors
/// As [`count_items`].
pub fn intake(signal: Signal, request: Bytes) -> Result<(Bytes, usize), WireError> {
    let mut legacy = false;
    let items = count_and_look(signal, &request, &mut legacy)?;
    if !legacy {
        return Ok((request, items));
    }
    let migrated = migrate(&request)?;
    let items = count_items(signal, &migrated)?;
    Ok((migrated.into(), items))
}

fn migrate(request: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::with_capacity(request.len());
    for field in Fields::new(request) {
        let field = field?;
        if field.number == RESOURCES {
            put_len_field(&mut out, RESOURCES, &migrate_entry(field.bytes(request))?);
        } else {
            out.extend_from_slice(field.raw(request));
        }
    }
    Ok(out)
}

fn migrate_entry(entry: &[u8]) -> Result<Vec<u8>, WireError> {
    let fields: Vec<Field> = Fields::new(entry).collect::<Result<_, _>>()?;
    let modern = fields.iter().any(|field| field.number == SCOPES);
    let mut out = Vec::with_capacity(entry.len());
    for field in fields {
        if field.number != LEGACY_SCOPES {
            out.extend_from_slice(field.raw(entry));
        } else if !modern {
            put_len_field(&mut out, SCOPES, field.bytes(entry));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u32, parts: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        put_len_field(&mut out, number, &parts.concat());
        out
    }

    /// A scope with as many empty spans or log records.
    fn scope(list: u32, name: &str, records: usize) -> Vec<u8> {
        let scope = field(1, &[&field(1, &[name.as_bytes()])]);
        field(list, &[&scope, &field(2, &[]).repeat(records)])
    }

    fn taken(signal: Signal, request: Vec<u8>) -> (Vec<u8>, usize) {
        let (bytes, items) = intake(signal, request.into()).unwrap();
        (bytes.to_vec(), items)
    }

    #[test]
    fn a_request_of_today_is_not_copied() {
        let entry = field(RESOURCES, &[&scope(SCOPES, "a", 3), &field(7, &[b"?"])]);
        let request = Bytes::from(entry.repeat(2));
        let (bytes, items) = intake(Signal::Logs, request.clone()).unwrap();
        assert_eq!((bytes.as_ptr(), items), (request.as_ptr(), 6));
    }

    #[test]
    fn instrumentation_libraries_become_scopes() {
        let resource = field(1, &[b"\x10\x01"]);
        let entry = |list| {
            let (a, b) = (scope(list, "a", 2), scope(list, "b", 1));
            field(RESOURCES, &[&a, &resource, &b, &field(3, &[b"url"])])
        };
        let (old, new) = (entry(LEGACY_SCOPES), entry(SCOPES));
        let unknown = field(9, &[b"kept"]);
        for signal in [Signal::Traces, Signal::Logs] {
            let request = [&old[..], &unknown, &new].concat();
            let expected = [&new[..], &unknown, &new].concat();
            assert_eq!(taken(signal, request), (expected, 6));
        }
        let points = field(5, &[&field(1, &[]), &field(1, &[])]);
        let metrics = |list| field(RESOURCES, &[&field(list, &[&field(2, &[&points])])]);
        let migrated = taken(Signal::Metrics, metrics(LEGACY_SCOPES));
        assert_eq!(migrated, (metrics(SCOPES), 2));
    }

    #[test]
    fn todays_field_wins_per_resource() {
        let (old, new) = (scope(LEGACY_SCOPES, "old", 5), scope(SCOPES, "new", 2));
        let both = field(RESOURCES, &[&old, &new, &old]);
        let empty = field(RESOURCES, &[&scope(SCOPES, "", 0), &old]);
        let only = field(RESOURCES, &[&old]);
        let request = [both, empty, only].concat();
        let expected = [
            field(RESOURCES, &[&new]),
            field(RESOURCES, &[&scope(SCOPES, "", 0)]),
            field(RESOURCES, &[&scope(SCOPES, "old", 5)]),
        ];
        assert_eq!(taken(Signal::Traces, request), (expected.concat(), 7));
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let wrong = field(RESOURCES, &[&[0xc0, 0x3e, 1]]);
        assert!(intake(Signal::Traces, wrong.into()).is_err());
        let broken = field(RESOURCES, &[&field(LEGACY_SCOPES, &[&[0x12, 9]])]);
        assert!(intake(Signal::Traces, broken.into()).is_err());
    }
}
