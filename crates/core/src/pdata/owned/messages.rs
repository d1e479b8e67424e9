//! The OTLP messages as structs, made from the list of their fields.

use bytes::Bytes;

use super::codec::{
    Codec, Source, Unknown, bits, expect, from_zigzag, legacy_scopes, numbers, push_message,
    put_bytes, put_fixed32, put_fixed64, put_message, put_number, put_packed, put_present,
    put_text, to_zigzag,
};
use super::text::Text;
use super::value::{AnyValue, KeyValue};
use crate::pdata::count::is_metric_data;
use crate::pdata::messages::{common_messages, log_messages, metric_messages, trace_messages};
pub use crate::pdata::view::NumberValue;
use crate::pdata::wire::{Field, WireError, WireType, put_len_field, put_varint};

/// The points of a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricData {
    /// Values that were measured.
    Gauge(Gauge),
    /// Sums over time.
    Sum(Sum),
    /// Distributions with explicit bounds.
    Histogram(Histogram),
    /// Distributions with exponential buckets.
    ExponentialHistogram(ExponentialHistogram),
    /// Distributions as quantiles.
    Summary(Summary),
}

/// A oneof, of which the last member counts.
trait OneOf: Sized {
    /// Whether `number` is a member; `first` is the number in the list of fields.
    fn is_member(first: u32, number: u32) -> bool;

    /// Takes in a member. One of the same number as the last is merged with it.
    fn merge<T: Codec>(
        this: &mut Option<Self>,
        field: &Field,
        bytes: &[u8],
        source: Source<'_>,
    ) -> Result<(), WireError>;

    fn put(&self, first: u32, out: &mut Vec<u8>);
}

impl OneOf for NumberValue {
    fn is_member(first: u32, number: u32) -> bool {
        number == first || number == 6
    }

    fn merge<T: Codec>(
        this: &mut Option<Self>,
        field: &Field,
        bytes: &[u8],
        _: Source<'_>,
    ) -> Result<(), WireError> {
        let bits = bits::<T>(field, bytes, WireType::Fixed64)?;
        *this = Some(if field.number == 6 {
            Self::Int(bits as i64)
        } else {
            Self::Double(f64::from_bits(bits))
        });
        Ok(())
    }

    fn put(&self, first: u32, out: &mut Vec<u8>) {
        match self {
            Self::Int(value) => put_present(out, 6, *value as u64),
            Self::Double(value) => put_present(out, first, value.to_bits()),
        }
    }
}

macro_rules! metric_data {
    ($($variant:ident = $number:literal),+) => {
        impl OneOf for MetricData {
            fn is_member(_: u32, number: u32) -> bool {
                is_metric_data(number)
            }

            fn merge<T: Codec>(
                this: &mut Option<Self>,
                field: &Field,
                bytes: &[u8],
                source: Source<'_>,
            ) -> Result<(), WireError> {
                expect::<T>(field, WireType::Len)?;
                let content = field.bytes(bytes);
                *this = Some(match (field.number, this.take()) {
                    $(
                        ($number, Some(Self::$variant(mut data))) => {
                            data.merge(content, source.deeper()?)?;
                            Self::$variant(data)
                        }
                        ($number, _) => {
                            let mut data = $variant::default();
                            data.merge(content, source.deeper()?)?;
                            Self::$variant(data)
                        }
                    )+
                    (_, other) => {
                        *this = other;
                        return Ok(());
                    }
                });
                Ok(())
            }

            fn put(&self, _: u32, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(data) => put_message(out, $number, data),)+
                }
            }
        }
    };
}

metric_data!(
    Gauge = 5,
    Sum = 7,
    Histogram = 9,
    ExponentialHistogram = 10,
    Summary = 11
);

/// The type of a field.
macro_rules! type_of {
    (text) => { Text };
    (texts) => { Vec<Text> };
    (bytes) => { Bytes };
    (bool) => { bool };
    (uint32) => { u32 };
    (int32) => { i32 };
    (sint32) => { i32 };
    (fixed32) => { u32 };
    (fixed64) => { u64 };
    (double) => { f64 };
    (optional) => { Option<f64> };
    (fixed64s) => { Vec<u64> };
    (uint64s) => { Vec<u64> };
    (doubles) => { Vec<f64> };
    (value) => { AnyValue };
    (attributes) => { Vec<KeyValue> };
    (one $of:ident) => { Option<$of> };
    (many $of:ident) => { Vec<$of> };
    (scopes $of:ident) => { Vec<$of> };
    (oneof $of:ident) => { Option<$of> };
}

/// Whether a field number belongs to a field.
macro_rules! belongs {
    ($found:expr, $number:literal, oneof $of:ident) => {
        $of::is_member($number, $found)
    };
    ($found:expr, $number:literal, $($kind:ident)+) => {
        $found == $number
    };
}

/// Takes one occurrence of a field in.
macro_rules! merge {
    ($to:expr, $f:ident, $b:ident, $s:ident, bytes) => {{
        expect::<Self>($f, WireType::Len)?;
        $to = $s.slice($f.bytes($b));
    }};
    ($to:expr, $f:ident, $b:ident, $s:ident, text) => {{
        expect::<Self>($f, WireType::Len)?;
        $to = Text::new($s.slice($f.bytes($b)));
    }};
    ($to:expr, $f:ident, $b:ident, $s:ident, texts) => {{
        expect::<Self>($f, WireType::Len)?;
        $to.push(Text::new($s.slice($f.bytes($b))));
    }};
    ($to:expr, $f:ident, $b:ident, $s:ident, bool) => {
        $to = bits::<Self>($f, $b, WireType::Varint)? != 0
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, uint32) => {
        $to = bits::<Self>($f, $b, WireType::Varint)? as u32
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, int32) => {
        $to = bits::<Self>($f, $b, WireType::Varint)? as i32
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, sint32) => {
        $to = from_zigzag(bits::<Self>($f, $b, WireType::Varint)?)
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, fixed32) => {
        $to = bits::<Self>($f, $b, WireType::Fixed32)? as u32
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, fixed64) => {
        $to = bits::<Self>($f, $b, WireType::Fixed64)?
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, double) => {
        $to = f64::from_bits(bits::<Self>($f, $b, WireType::Fixed64)?)
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, optional) => {
        $to = Some(f64::from_bits(bits::<Self>($f, $b, WireType::Fixed64)?))
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, fixed64s) => {
        numbers::<Self>($f, $b, WireType::Fixed64, |bits| $to.push(bits))?
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, uint64s) => {
        numbers::<Self>($f, $b, WireType::Varint, |bits| $to.push(bits))?
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, doubles) => {
        numbers::<Self>($f, $b, WireType::Fixed64, |bits| {
            $to.push(f64::from_bits(bits))
        })?
    };
    ($to:expr, $f:ident, $b:ident, $s:ident, value) => {{
        expect::<Self>($f, WireType::Len)?;
        $to.merge($f.bytes($b), $s.deeper()?)?;
    }};
    ($to:expr, $f:ident, $b:ident, $s:ident, one $of:ident) => {{
        expect::<Self>($f, WireType::Len)?;
        $to.get_or_insert_default()
            .merge($f.bytes($b), $s.deeper()?)?;
    }};
    ($to:expr, $f:ident, $b:ident, $s:ident, oneof $of:ident) => {
        $of::merge::<Self>(&mut $to, $f, $b, $s)?
    };
    // attributes, many, scopes
    ($to:expr, $f:ident, $b:ident, $s:ident, $kind:ident $($of:ident)?) => {{
        expect::<Self>($f, WireType::Len)?;
        push_message(&mut $to, $f.bytes($b), $s)?;
    }};
}

/// Looks for what stands in a deprecated field, after the others.
macro_rules! merged {
    ($this:ident, $field:ident, $bytes:ident, $source:ident, scopes $of:ident) => {
        legacy_scopes(&mut $this.$field, &mut $this.unknown, $bytes, $source)?
    };
    ($this:ident, $field:ident, $bytes:ident, $source:ident, $($kind:ident)+) => {};
}

/// Writes a field.
macro_rules! put {
    ($from:expr, $out:ident, $number:literal, text) => {
        put_text($out, $number, &$from)
    };
    ($from:expr, $out:ident, $number:literal, texts) => {
        $from
            .iter()
            .for_each(|text| put_len_field($out, $number, text.as_bytes()))
    };
    ($from:expr, $out:ident, $number:literal, bytes) => {
        put_bytes($out, $number, &$from)
    };
    ($from:expr, $out:ident, $number:literal, bool) => {
        put_number($out, $number, u64::from($from))
    };
    ($from:expr, $out:ident, $number:literal, uint32) => {
        put_number($out, $number, u64::from($from))
    };
    ($from:expr, $out:ident, $number:literal, int32) => {
        put_number($out, $number, i64::from($from) as u64)
    };
    ($from:expr, $out:ident, $number:literal, sint32) => {
        put_number($out, $number, to_zigzag($from))
    };
    ($from:expr, $out:ident, $number:literal, fixed32) => {
        put_fixed32($out, $number, $from)
    };
    ($from:expr, $out:ident, $number:literal, fixed64) => {
        put_fixed64($out, $number, $from)
    };
    ($from:expr, $out:ident, $number:literal, double) => {
        put_fixed64($out, $number, $from.to_bits())
    };
    ($from:expr, $out:ident, $number:literal, optional) => {
        if let Some(value) = $from {
            put_present($out, $number, value.to_bits());
        }
    };
    ($from:expr, $out:ident, $number:literal, fixed64s) => {
        put_packed($out, $number, &$from, |out, value| {
            out.extend_from_slice(&value.to_le_bytes())
        })
    };
    ($from:expr, $out:ident, $number:literal, uint64s) => {
        put_packed($out, $number, &$from, put_varint)
    };
    ($from:expr, $out:ident, $number:literal, doubles) => {
        put_packed($out, $number, &$from, |out, value: f64| {
            out.extend_from_slice(&value.to_le_bytes())
        })
    };
    ($from:expr, $out:ident, $number:literal, value) => {
        if !$from.is_absent() {
            put_message($out, $number, &$from);
        }
    };
    ($from:expr, $out:ident, $number:literal, one $of:ident) => {
        if let Some(message) = &$from {
            put_message($out, $number, message);
        }
    };
    ($from:expr, $out:ident, $number:literal, oneof $of:ident) => {
        if let Some(member) = &$from {
            OneOf::put(member, $number, $out);
        }
    };
    // attributes, many, scopes
    ($from:expr, $out:ident, $number:literal, $kind:ident $($of:ident)?) => {
        $from
            .iter()
            .for_each(|message| put_message($out, $number, message))
    };
}

macro_rules! structs {
    ($(
        $(#[$doc:meta])*
        $name:ident {
            $(
                $(#[$field_doc:meta])*
                $field:ident: $kind:ident $(<$of:ident>)? = $number:literal,
            )*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $(
                $(#[$field_doc])*
                pub $field: type_of!($kind $($of)?),
            )*
            /// Fields that this program does not know.
            pub unknown: Unknown,
        }

        impl $name {
            /// Decodes a serialized message, of which strings and bytes become slices.
            ///
            /// # Errors
            /// [`WireError`] if it is none.
            pub fn decode(bytes: &Bytes) -> Result<Self, WireError> {
                let mut message = Self::default();
                message.merge(bytes, Source::new(bytes))?;
                Ok(message)
            }

            /// The serialized message.
            #[must_use]
            pub fn encode(&self) -> Bytes {
                let mut out = Vec::new();
                self.put(&mut out);
                out.into()
            }

            /// Appends the serialized message.
            pub fn encode_to(&self, out: &mut Vec<u8>) {
                self.put(out);
            }
        }

        impl Codec for $name {
            const NAME: &'static str = stringify!($name);

            fn merge_field(
                &mut self,
                field: &Field,
                bytes: &[u8],
                source: Source<'_>,
            ) -> Result<bool, WireError> {
                // Not every message has something to slice.
                let _ = source;
                match field.number {
                    $(
                        number if belongs!(number, $number, $kind $($of)?) => {
                            merge!(self.$field, field, bytes, source, $kind $($of)?);
                        }
                    )*
                    _ => return Ok(false),
                }
                Ok(true)
            }

            fn unknown(&mut self) -> &mut Unknown {
                &mut self.unknown
            }

            fn merged(&mut self, bytes: &[u8], source: Source<'_>) -> Result<(), WireError> {
                let _ = (bytes, source);
                $(merged!(self, $field, bytes, source, $kind $($of)?);)*
                Ok(())
            }

            fn put(&self, out: &mut Vec<u8>) {
                $(put!(self.$field, out, $number, $kind $($of)?);)*
                out.extend_from_slice(self.unknown.as_bytes());
            }
        }
    )*};
}

common_messages!(structs);
trace_messages!(structs);
log_messages!(structs);
metric_messages!(structs);
