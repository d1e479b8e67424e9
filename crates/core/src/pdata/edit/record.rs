//! Edits spans, log records, metrics and data points.

use bytes::Bytes;

use super::attributes::AttributeEditor;
use super::encode::EncodeValue;
use super::message::MessageEdit;
use super::number::{
    LOG_ATTRIBUTES, LOG_BODY, LOG_EVENT_NAME, LOG_SEVERITY_NUMBER, LOG_SEVERITY_TEXT, LOG_TRACE_ID,
    METRIC_DESCRIPTION, METRIC_METADATA, METRIC_NAME, METRIC_UNIT, SPAN_ATTRIBUTES, SPAN_KIND,
    SPAN_NAME, SPAN_TRACE_ID, SPAN_TRACE_STATE,
};
use super::resource::text;
use crate::pdata::owned;
use crate::pdata::schema::Message as Kind;
use crate::pdata::view::{AnyValue, Text};
use crate::pdata::wire::{WireError, WireType, put_varint, read_varint};

macro_rules! editor {
    ($(#[$doc:meta])* $name:ident, $owned:ident, $attributes:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<'e> {
            pub(super) edit: &'e mut MessageEdit,
            pub(super) input: &'e Bytes,
        }

        impl $name<'_> {
            #[doc = $what]
            #[inline]
            pub fn attributes(&mut self) -> AttributeEditor<'_> {
                AttributeEditor::new(self.edit, self.input, $attributes)
            }

            /// The message as it came, without the changes.
            #[must_use]
            pub fn message(&self) -> Bytes {
                self.edit.message(self.input)
            }

            /// The message decoded, as it came, without the changes.
            ///
            /// # Errors
            /// [`WireError`] if it is none.
            pub fn decode(&self) -> Result<owned::$owned, WireError> {
                owned::$owned::decode(&self.message())
            }

            /// Puts `message` in its place. Other changes do not count then.
            pub fn replace(&mut self, message: &owned::$owned) {
                self.replace_with(|out| message.encode_to(out));
            }

            /// Puts another message in its place, whose fields `encode` appends. Other changes
            /// do not count then.
            pub fn replace_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
                self.edit.replace(encode);
            }
        }
    };
}

editor!(
    /// A span.
    SpanEditor,
    Span,
    SPAN_ATTRIBUTES,
    "The attributes."
);

impl SpanEditor<'_> {
    /// The name.
    #[must_use]
    pub fn name(&self) -> Text<'_> {
        text(self.edit.field(self.input, SPAN_NAME, WireType::Len))
    }

    /// Sets the name.
    pub fn set_name(&mut self, name: impl AsRef<[u8]>) {
        self.edit.set_text(SPAN_NAME, name.as_ref());
    }

    /// The trace id: 16 bytes, or none.
    #[must_use]
    pub fn trace_id(&self) -> &[u8] {
        self.edit
            .field(self.input, SPAN_TRACE_ID, WireType::Len)
            .unwrap_or_default()
    }

    /// The W3C trace state.
    #[must_use]
    pub fn trace_state(&self) -> Text<'_> {
        text(self.edit.field(self.input, SPAN_TRACE_STATE, WireType::Len))
    }

    /// Sets the W3C trace state.
    pub fn set_trace_state(&mut self, state: impl AsRef<[u8]>) {
        self.edit.set_text(SPAN_TRACE_STATE, state.as_ref());
    }

    /// The kind, a number of the enum `SpanKind`; 0 is unspecified.
    #[must_use]
    pub fn kind(&self) -> i32 {
        varint(self.edit.field(self.input, SPAN_KIND, WireType::Varint)) as i32
    }
}

editor!(
    /// A log record.
    LogEditor,
    LogRecord,
    LOG_ATTRIBUTES,
    "The attributes."
);

impl LogEditor<'_> {
    /// The trace id: 16 bytes, or none.
    #[must_use]
    pub fn trace_id(&self) -> &[u8] {
        self.edit
            .field(self.input, LOG_TRACE_ID, WireType::Len)
            .unwrap_or_default()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> AnyValue<'_> {
        self.edit
            .field(self.input, LOG_BODY, WireType::Len)
            .map_or(AnyValue::Empty, AnyValue::new)
    }

    /// Sets the body.
    pub fn set_body(&mut self, body: impl EncodeValue) {
        self.edit.set_value_field(LOG_BODY, &body);
    }

    /// The severity, 1 (trace) to 24 (fatal 4); 0 is unspecified.
    #[must_use]
    pub fn severity_number(&self) -> i32 {
        varint(
            self.edit
                .field(self.input, LOG_SEVERITY_NUMBER, WireType::Varint),
        ) as i32
    }

    /// Sets the severity.
    pub fn set_severity_number(&mut self, number: i32) {
        self.edit
            .set_field(LOG_SEVERITY_NUMBER, WireType::Varint, |out| {
                put_varint(out, i64::from(number) as u64);
            });
    }

    /// The severity in the words of where it came from.
    #[must_use]
    pub fn severity_text(&self) -> Text<'_> {
        text(
            self.edit
                .field(self.input, LOG_SEVERITY_TEXT, WireType::Len),
        )
    }

    /// Sets the severity's text.
    pub fn set_severity_text(&mut self, severity: impl AsRef<[u8]>) {
        self.edit.set_text(LOG_SEVERITY_TEXT, severity.as_ref());
    }

    /// The event's name.
    #[must_use]
    pub fn event_name(&self) -> Text<'_> {
        text(self.edit.field(self.input, LOG_EVENT_NAME, WireType::Len))
    }

    /// Sets the event's name.
    pub fn set_event_name(&mut self, name: impl AsRef<[u8]>) {
        self.edit.set_text(LOG_EVENT_NAME, name.as_ref());
    }
}

editor!(
    /// A metric. One that is replaced is replaced with its points, which are not shown then.
    MetricEditor,
    Metric,
    METRIC_METADATA,
    "The metadata attributes, which describe the metric, not its points."
);

impl MetricEditor<'_> {
    /// The name.
    #[must_use]
    pub fn name(&self) -> Text<'_> {
        text(self.edit.field(self.input, METRIC_NAME, WireType::Len))
    }

    /// Sets the name.
    pub fn set_name(&mut self, name: impl AsRef<[u8]>) {
        self.edit.set_text(METRIC_NAME, name.as_ref());
    }

    /// The description.
    #[must_use]
    pub fn description(&self) -> Text<'_> {
        text(
            self.edit
                .field(self.input, METRIC_DESCRIPTION, WireType::Len),
        )
    }

    /// Sets the description.
    pub fn set_description(&mut self, description: impl AsRef<[u8]>) {
        self.edit.set_text(METRIC_DESCRIPTION, description.as_ref());
    }

    /// The unit.
    #[must_use]
    pub fn unit(&self) -> Text<'_> {
        text(self.edit.field(self.input, METRIC_UNIT, WireType::Len))
    }

    /// Sets the unit.
    pub fn set_unit(&mut self, unit: impl AsRef<[u8]>) {
        self.edit.set_text(METRIC_UNIT, unit.as_ref());
    }
}

/// A data point of any kind.
#[derive(Debug)]
pub struct PointEditor<'e> {
    pub(super) edit: &'e mut MessageEdit,
    pub(super) input: &'e Bytes,
    pub(super) kind: Kind,
}

impl PointEditor<'_> {
    /// Which of the four data point messages it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The attributes.
    #[inline]
    pub fn attributes(&mut self) -> AttributeEditor<'_> {
        AttributeEditor::new(self.edit, self.input, point_attributes(self.kind))
    }

    /// The message as it came, without the changes.
    #[must_use]
    pub fn message(&self) -> Bytes {
        self.edit.message(self.input)
    }

    /// Puts another message in its place, whose fields `encode` appends. Other changes do not
    /// count then.
    pub fn replace(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
        self.edit.replace(encode);
    }
}

/// The field of a data point that holds its attributes.
pub(super) const fn point_attributes(kind: Kind) -> u32 {
    match kind {
        Kind::HistogramDataPoint => 9,
        Kind::ExponentialHistogramDataPoint => 1,
        _ => 7,
    }
}

fn varint(bytes: Option<&[u8]>) -> u64 {
    bytes
        .and_then(|bytes| read_varint(bytes, &mut 0).ok())
        .unwrap_or(0)
}
