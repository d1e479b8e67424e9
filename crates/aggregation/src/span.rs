//! Spans read in one pass over their bytes.

use headwater_core::pdata::schema::LEGACY_SCOPES;
use headwater_core::pdata::view::KeyValue;
use headwater_core::pdata::wire::{Fields, WireType, read_field};

/// The resource entries of a request of traces.
pub fn resources(request: &[u8]) -> impl Iterator<Item = &[u8]> {
    messages(request, 1)
}

/// The scope entries of a resource entry.
pub fn scopes(resource: &[u8]) -> impl Iterator<Item = &[u8]> {
    let number = if messages(resource, 2).next().is_some() {
        2
    } else {
        LEGACY_SCOPES
    };
    messages(resource, number)
}

/// The spans of a scope entry.
pub fn spans(scope: &[u8]) -> impl Iterator<Item = &[u8]> {
    messages(scope, 2)
}

/// The messages in field `number`.
fn messages(bytes: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    Fields::new(bytes)
        .map_while(Result::ok)
        .filter(move |field| field.number == number && field.wire_type == WireType::Len)
        .map(|field| field.bytes(bytes))
}

/// What a span says about itself, its attributes aside.
#[derive(Debug, Clone, Copy, Default)]
pub struct SpanParts<'a> {
    /// 16 bytes, or none.
    pub trace_id: &'a [u8],
    /// 8 bytes, or none.
    pub span_id: &'a [u8],
    /// The W3C trace state.
    pub trace_state: &'a [u8],
    /// 8 bytes; none for a root span.
    pub parent_span_id: &'a [u8],
    /// The name.
    pub name: &'a [u8],
    /// 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Unit: nanoseconds since 1970.
    pub start: u64,
    /// Unit: nanoseconds since 1970.
    pub end: u64,
    /// 0 unset, 1 ok, 2 error.
    pub status: i32,
}

impl<'a> SpanParts<'a> {
    /// Reads a span; `attribute` is shown its attributes in order. Bytes that are no field end
    /// it.
    #[inline]
    pub fn read(bytes: &'a [u8], mut attribute: impl FnMut(KeyValue<'a>)) -> Self {
        let mut parts = Self::default();
        let mut pos = 0;
        while let Ok(Some(field)) = read_field(bytes, &mut pos) {
            match (field.number, field.wire_type) {
                (1, WireType::Len) => parts.trace_id = field.bytes(bytes),
                (2, WireType::Len) => parts.span_id = field.bytes(bytes),
                (3, WireType::Len) => parts.trace_state = field.bytes(bytes),
                (4, WireType::Len) => parts.parent_span_id = field.bytes(bytes),
                (5, WireType::Len) => parts.name = field.bytes(bytes),
                (6, WireType::Varint) => parts.kind = field.bits(bytes) as i32,
                (7, WireType::Fixed64) => parts.start = field.bits(bytes),
                (8, WireType::Fixed64) => parts.end = field.bits(bytes),
                (9, WireType::Len) => attribute(KeyValue::new(field.bytes(bytes))),
                (15, WireType::Len) => {
                    let status = field.bytes(bytes);
                    for field in Fields::new(status).map_while(Result::ok) {
                        if field.number == 3 && field.wire_type == WireType::Varint {
                            parts.status = field.bits(status) as i32;
                        }
                    }
                }
                _ => {}
            }
        }
        parts
    }

    /// How long it took; 0 if it ended before it began. Unit: nanoseconds.
    #[must_use]
    pub const fn duration(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// The id, if it has the right length and is not all zeros.
#[must_use]
pub fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let id: [u8; N] = bytes.try_into().ok()?;
    (id != [0; N]).then_some(id)
}

#[cfg(test)]
mod tests {
    use headwater_core::Signal;
    use headwater_core::pdata::view::TracesData;
    use headwater_testkit::{Generator, Shape};

    use super::*;

    #[test]
    fn one_pass_finds_what_the_views_find() {
        let shape = Shape {
            resources: 2,
            scopes: 2,
            items: 40,
        };
        let bytes = Generator::new(3).request(Signal::Traces, shape);
        let views = TracesData::new(&bytes);
        let mut views = views
            .resource_spans()
            .flat_map(|resource| resource.scope_spans())
            .flat_map(|scope| scope.spans());
        for span in resources(&bytes).flat_map(scopes).flat_map(spans) {
            let mut attributes = Vec::new();
            let parts = SpanParts::read(span, |attribute| attributes.push(attribute.key()));
            let view = views.next().unwrap();
            assert_eq!(parts.trace_id, view.trace_id());
            assert_eq!(parts.span_id, view.span_id());
            assert_eq!(parts.parent_span_id, view.parent_span_id());
            assert_eq!(parts.name, view.name().as_bytes());
            assert_eq!(parts.kind, view.kind());
            assert_eq!(parts.start, view.start_time_unix_nano());
            assert_eq!(parts.end, view.end_time_unix_nano());
            assert_eq!(parts.status, view.status().code());
            assert!(
                attributes
                    .into_iter()
                    .eq(view.attributes().iter().map(|a| a.key()))
            );
        }
        assert!(views.next().is_none());
    }

    #[test]
    fn ids_of_zero_and_of_another_length_are_none() {
        assert_eq!(id::<8>(&[0; 8]), None);
        assert_eq!(id::<8>(&[1; 7]), None);
        assert_eq!(id(&[1; 8]), Some([1; 8]));
    }
}
