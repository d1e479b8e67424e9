#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use bytes::Bytes;
use headwater_core::pdata::edit::{
    LogEditor, PointEditor, ResourceEditor, Rewrite, SpanEditor, Verdict, edit, rewrite,
};
use headwater_core::pdata::wire::{WireError, WireType, put_len_field, put_tag};
use headwater_core::pdata::{Payload, count_items};
use headwater_core::{Batch, Signal};
use headwater_testkit::otlp::{
    AnyValue, InstrumentationScope, KeyValue, Request, Resource, ResourceSpans, ScopeSpans, Span,
    TracesData, Value,
};
use headwater_testkit::{Generator, Shape};
use prost::Message;

/// Sets attribute `key` to `value` on every resource, or on every record.
struct Set {
    on_records: bool,
    key: &'static str,
    value: &'static str,
}

impl Rewrite for Set {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        if self.on_records {
            return Verdict::Enter;
        }
        resource.attributes().upsert(self.key, self.value);
        Verdict::Keep
    }

    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        span.attributes().upsert(self.key, self.value);
        Verdict::Keep
    }

    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        log.attributes().upsert(self.key, self.value);
        Verdict::Keep
    }

    fn point(&mut self, point: &mut PointEditor<'_>) -> Verdict {
        point.attributes().upsert(self.key, self.value);
        Verdict::Keep
    }
}

const fn on_resources(key: &'static str, value: &'static str) -> Set {
    Set {
        on_records: false,
        key,
        value,
    }
}

const fn on_records(key: &'static str, value: &'static str) -> Set {
    Set {
        on_records: true,
        key,
        value,
    }
}

fn attribute(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Value::StringValue(value.to_owned())),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        key_strindex: 0,
    }
}

fn resource(attributes: &[(&str, &str)]) -> Resource {
    let attributes = attributes
        .iter()
        .map(|(key, value)| attribute(key, value))
        .collect();
    Resource {
        attributes,
        ..Resource::default()
    }
}

fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_len_field(&mut out, number, content);
    out
}

fn rewritten(signal: Signal, request: Vec<u8>, by: &mut impl Rewrite) -> Bytes {
    let edited = rewrite(signal, &Payload::from(request), by).unwrap();
    edited.expect("there is a change").payload.into_contiguous()
}

fn traces(bytes: &[u8]) -> TracesData {
    TracesData::decode(bytes).unwrap()
}

#[test]
fn what_nobody_changed_comes_back_as_the_buffer_that_it_was() {
    struct Look;
    impl Rewrite for Look {
        fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
            assert!(!span.attributes().contains("no such attribute"));
            span.attributes().update("no such attribute", 1_i64);
            Verdict::Keep
        }
    }
    let request = Bytes::from(Generator::new(1).request(Signal::Traces, Shape::of(20)));
    let items = count_items(Signal::Traces, &request).unwrap();
    let batch = Batch::new(Signal::Traces, request.clone(), items);
    let batch = edit(batch, &mut Look).unwrap().unwrap();
    assert_eq!(batch.payload().to_contiguous().as_ptr(), request.as_ptr());
    assert_eq!(batch.items(), 20);
}

#[test]
fn setting_what_is_there_already_is_no_change() {
    for set in [on_resources, on_records] {
        let request = Generator::new(1).request(Signal::Logs, Shape::of(5));
        let once = rewritten(Signal::Logs, request, &mut set("here", "already"));
        let again = rewrite(
            Signal::Logs,
            &Payload::from(once),
            &mut set("here", "already"),
        );
        assert!(again.unwrap().is_none());
    }
}

#[test]
fn only_the_segment_with_a_change_is_written_anew() {
    let segment = |name| {
        let entry = ResourceSpans {
            resource: Some(resource(&[("a", name)])),
            ..Default::default()
        };
        Bytes::from(
            TracesData {
                resource_spans: vec![entry],
            }
            .encode_to_vec(),
        )
    };
    let segments = [segment("same"), segment("other"), segment("same")];
    let payload: Payload = segments.iter().cloned().collect();
    let edited = rewrite(Signal::Traces, &payload, &mut on_resources("a", "same"));
    let edited = edited.unwrap().unwrap().payload;
    let same: Vec<bool> = edited
        .segments()
        .zip(&segments)
        .map(|(a, b)| a.as_ptr() == b.as_ptr())
        .collect();
    assert_eq!(same, [true, false, true]);
}

#[test]
fn a_duplicated_resource_is_edited_as_one() {
    let first = resource(&[("a", "1"), ("b", "2")]).encode_to_vec();
    let second = resource(&[("c", "3"), ("a", "4")]).encode_to_vec();
    let scope = ScopeSpans {
        spans: vec![Span::default()],
        ..ScopeSpans::default()
    };
    let entry = [
        field(1, &first),
        field(2, &scope.encode_to_vec()),
        field(1, &second),
    ]
    .concat();
    struct Three;
    impl Rewrite for Three {
        fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
            let mut attributes = resource.attributes();
            attributes.upsert("a", "first");
            attributes.upsert("c", "second");
            attributes.remove("b");
            attributes.upsert("new", "last");
            Verdict::Keep
        }
    }
    let edited = traces(&rewritten(Signal::Traces, field(1, &entry), &mut Three));
    let expected = [("a", "first"), ("c", "second"), ("a", "4"), ("new", "last")];
    assert_eq!(edited.resource_spans[0].resource, Some(resource(&expected)));
    assert_eq!(edited.resource_spans[0].scope_spans, [scope]);
}

#[test]
fn a_resource_that_is_not_there_comes_with_its_first_attribute() {
    let scope = ScopeSpans {
        schema_url: "s".to_owned(),
        ..ScopeSpans::default()
    };
    let request = field(1, &field(2, &scope.encode_to_vec()));
    let edited = traces(&rewritten(
        Signal::Traces,
        request,
        &mut on_resources("a", "1"),
    ));
    assert_eq!(
        edited.resource_spans[0].resource,
        Some(resource(&[("a", "1")]))
    );
    assert_eq!(edited.resource_spans[0].scope_spans, [scope]);
}

#[test]
fn records_of_the_deprecated_lists_are_edited_where_they_are() {
    let scope = ScopeSpans {
        spans: vec![Span::default()],
        ..ScopeSpans::default()
    };
    let entry = ResourceSpans {
        instrumentation_library_spans: vec![scope],
        ..ResourceSpans::default()
    };
    let request = TracesData {
        resource_spans: vec![entry],
    }
    .encode_to_vec();
    let edited = traces(&rewritten(
        Signal::Traces,
        request,
        &mut on_records("a", "1"),
    ));
    let spans = &edited.resource_spans[0].instrumentation_library_spans[0].spans;
    assert_eq!(spans[0].attributes, [attribute("a", "1")]);
}

#[test]
fn a_changed_attribute_keeps_the_fields_that_nobody_knows() {
    let mut key_value = attribute("a", "1").encode_to_vec();
    put_tag(&mut key_value, 77, WireType::Fixed32);
    key_value.extend_from_slice(b"four");
    let span = field(9, &key_value);
    let request = field(1, &field(2, &field(2, &span)));
    let edited = rewritten(
        Signal::Traces,
        request,
        &mut on_records("a", "longer than it was"),
    );
    assert!(edited.windows(4).any(|bytes| bytes == b"four"));
    let span = &traces(&edited).resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.attributes, [attribute("a", "longer than it was")]);
}

#[test]
fn lengths_that_take_more_or_fewer_bytes_than_before_are_right() {
    // Around the sizes where a length grows by a byte, of the span and of all above it.
    let sizes = (90..140)
        .chain(16_330..16_400)
        .chain([2_097_100, 2_097_152]);
    for size in sizes {
        let text = "x".repeat(size);
        let span = Span {
            attributes: vec![attribute("long", &text)],
            ..Span::default()
        };
        let scope = ScopeSpans {
            spans: vec![span.clone(), span],
            ..ScopeSpans::default()
        };
        let entry = ResourceSpans {
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        };
        let data = TracesData {
            resource_spans: vec![entry],
        };
        let longer = rewritten(
            Signal::Traces,
            data.encode_to_vec(),
            &mut on_records("b", "value"),
        );
        assert_eq!(
            longer,
            traces(&longer).encode_to_vec(),
            "{size}: not in canonical form"
        );

        struct Undo;
        impl Rewrite for Undo {
            fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
                assert!(span.attributes().remove("b"));
                Verdict::Keep
            }
        }
        let shorter = rewritten(Signal::Traces, longer.to_vec(), &mut Undo);
        assert_eq!(shorter, data.encode_to_vec(), "{size}");
    }
}

#[test]
fn a_batch_of_which_nothing_is_left_is_none() {
    struct DropAll;
    impl Rewrite for DropAll {
        fn span(&mut self, _: &mut SpanEditor<'_>) -> Verdict {
            Verdict::Drop
        }
    }
    let request = Generator::new(3).request(Signal::Traces, Shape::of(7));
    let batch = Batch::new(Signal::Traces, Bytes::from(request), 7);
    assert!(edit(batch, &mut DropAll).unwrap().is_none());
}

#[test]
fn dropped_records_are_not_counted_and_their_scope_stays() {
    struct KeepFirst(bool);
    impl Rewrite for KeepFirst {
        fn log(&mut self, _: &mut LogEditor<'_>) -> Verdict {
            if std::mem::replace(&mut self.0, true) {
                Verdict::Drop
            } else {
                Verdict::Keep
            }
        }
    }
    let request = Generator::new(3).request(Signal::Logs, Shape::of(9));
    let batch = Batch::new(Signal::Logs, Payload::counted(request.into(), 9), 9);
    let batch = edit(batch, &mut KeepFirst(false)).unwrap().unwrap();
    assert_eq!((batch.items(), batch.payload().known_items()), (1, Some(1)));
    let bytes = batch.payload().to_contiguous();
    assert_eq!(count_items(Signal::Logs, &bytes), Ok(1));
    assert!(matches!(
        Request::decode(Signal::Logs, &bytes),
        Ok(Request::Logs(_))
    ));
}

#[test]
fn a_broken_attribute_is_an_error_where_it_is_looked_at() {
    // A KeyValue whose key is longer than the KeyValue.
    let request = field(1, &field(2, &field(2, &field(9, &[0x0a, 50, b'a']))));
    let payload = Payload::from(request);
    let error = rewrite(Signal::Traces, &payload, &mut on_records("a", "1")).unwrap_err();
    assert_eq!(error, WireError::Truncated);
    let untouched = rewrite(Signal::Traces, &payload, &mut on_resources("a", "1"));
    assert!(untouched.is_ok_and(|edited| edited.is_some()));
}

#[test]
fn a_rewrite_inside_a_rewrite_does_not_disturb_it() {
    struct Outer(Vec<u8>);
    impl Rewrite for Outer {
        fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
            span.attributes().upsert("outer", "1");
            let inner = rewritten(
                Signal::Traces,
                self.0.clone(),
                &mut on_records("inner", "2"),
            );
            assert_eq!(count_items(Signal::Traces, &inner), Ok(1));
            Verdict::Keep
        }
    }
    let scope = InstrumentationScope {
        name: "s".to_owned(),
        ..InstrumentationScope::default()
    };
    let scope = ScopeSpans {
        scope: Some(scope),
        spans: vec![Span::default()],
        ..ScopeSpans::default()
    };
    let entry = ResourceSpans {
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    let request = TracesData {
        resource_spans: vec![entry],
    }
    .encode_to_vec();
    let edited = traces(&rewritten(
        Signal::Traces,
        request.clone(),
        &mut Outer(request),
    ));
    let span = &edited.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.attributes, [attribute("outer", "1")]);
}
