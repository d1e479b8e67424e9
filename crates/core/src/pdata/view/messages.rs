//! Views of the OTLP messages, made from the list of their fields.

use std::marker::PhantomData;

use super::message::{LenFields, Message};
use super::numbers::{Doubles, Numbers};
use super::text::Text;
use super::value::{AnyValue, Attributes};
use crate::pdata::messages::{common_messages, log_messages, metric_messages, trace_messages};
use crate::pdata::schema::LEGACY_SCOPES;
use crate::pdata::wire::WireType;

/// A view of a message.
pub(in crate::pdata) trait View<'a> {
    fn of(message: Message<'a>) -> Self;
}

/// The messages of a repeated field, in order.
#[derive(Debug, Clone)]
pub struct Messages<'a, T> {
    fields: LenFields<'a>,
    view: PhantomData<fn() -> T>,
}

impl<'a, T> Messages<'a, T> {
    fn new(message: &Message<'a>, number: u32) -> Self {
        Self {
            fields: message.all(number),
            view: PhantomData,
        }
    }

    /// The messages of field 2, or of the deprecated field where there are none.
    fn scopes(message: &Message<'a>, number: u32) -> Self {
        let scopes = Self::new(message, number);
        if scopes.fields.clone().next().is_some() {
            return scopes;
        }
        Self::new(message, LEGACY_SCOPES)
    }

    /// The encoding of each message, for those who read its fields in one walk.
    pub fn encodings(self) -> impl Iterator<Item = &'a [u8]> {
        self.fields
    }
}

impl<'a, T: View<'a>> Iterator for Messages<'a, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.fields.next().map(|bytes| T::of(Message::new(bytes)))
    }
}

/// The strings of a repeated field, in order.
#[derive(Debug, Clone)]
pub struct Texts<'a>(LenFields<'a>);

impl<'a> Iterator for Texts<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        self.0.next().map(Text::new)
    }
}

/// The number of a point or exemplar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NumberValue {
    /// A number.
    Double(f64),
    /// A whole number.
    Int(i64),
}

impl NumberValue {
    /// `double` is the field number of the double, which differs; that of the int is 6.
    fn of(message: Message<'_>, double: u32) -> Option<Self> {
        let found = message.one_of(|number| number == double || number == 6)?;
        let bits = found.field.bits(found.buf);
        if found.field.wire_type != WireType::Fixed64 {
            return None;
        }
        Some(if found.field.number == 6 {
            Self::Int(bits as i64)
        } else {
            Self::Double(f64::from_bits(bits))
        })
    }
}

/// The points of a metric.
#[derive(Debug, Clone, Copy)]
pub enum MetricData<'a> {
    /// Values that were measured.
    Gauge(Gauge<'a>),
    /// Sums over time.
    Sum(Sum<'a>),
    /// Distributions with explicit bounds.
    Histogram(Histogram<'a>),
    /// Distributions with exponential buckets.
    ExponentialHistogram(ExponentialHistogram<'a>),
    /// Distributions as quantiles.
    Summary(Summary<'a>),
}

impl<'a> MetricData<'a> {
    fn of(message: Message<'a>, _: u32) -> Option<Self> {
        let is_data = crate::pdata::count::is_metric_data;
        let found = message.one_of(is_data)?;
        if found.field.wire_type != WireType::Len {
            return None;
        }
        let inner = message.one_of_message(&found, is_data);
        Some(match found.field.number {
            5 => Self::Gauge(View::of(inner)),
            7 => Self::Sum(View::of(inner)),
            9 => Self::Histogram(View::of(inner)),
            10 => Self::ExponentialHistogram(View::of(inner)),
            _ => Self::Summary(View::of(inner)),
        })
    }
}

/// The type that an accessor returns.
macro_rules! accessor {
    ($lt:lifetime text) => { Text<$lt> };
    ($lt:lifetime texts) => { Texts<$lt> };
    ($lt:lifetime bytes) => { &$lt [u8] };
    ($lt:lifetime bool) => { bool };
    ($lt:lifetime uint32) => { u32 };
    ($lt:lifetime int32) => { i32 };
    ($lt:lifetime sint32) => { i32 };
    ($lt:lifetime fixed32) => { u32 };
    ($lt:lifetime fixed64) => { u64 };
    ($lt:lifetime double) => { f64 };
    ($lt:lifetime optional) => { Option<f64> };
    ($lt:lifetime fixed64s) => { Numbers<$lt> };
    ($lt:lifetime uint64s) => { Numbers<$lt> };
    ($lt:lifetime doubles) => { Doubles<$lt> };
    ($lt:lifetime value) => { AnyValue<$lt> };
    ($lt:lifetime attributes) => { Attributes<$lt> };
    ($lt:lifetime one $of:ident) => { $of<$lt> };
    ($lt:lifetime many $of:ident) => { Messages<$lt, $of<$lt>> };
    ($lt:lifetime scopes $of:ident) => { Messages<$lt, $of<$lt>> };
    ($lt:lifetime oneof NumberValue) => { Option<NumberValue> };
    ($lt:lifetime oneof $of:ident) => { Option<$of<$lt>> };
}

/// How an accessor finds its field.
macro_rules! read {
    ($message:expr, $number:literal, text) => {
        Text::new($message.bytes($number).unwrap_or_default())
    };
    ($message:expr, $number:literal, texts) => {
        Texts($message.all($number))
    };
    ($message:expr, $number:literal, bytes) => {
        $message.bytes($number).unwrap_or_default()
    };
    ($message:expr, $number:literal, bool) => {
        bits($message, $number, WireType::Varint) != 0
    };
    ($message:expr, $number:literal, uint32) => {
        bits($message, $number, WireType::Varint) as u32
    };
    ($message:expr, $number:literal, int32) => {
        bits($message, $number, WireType::Varint) as i32
    };
    ($message:expr, $number:literal, sint32) => {
        zigzag(bits($message, $number, WireType::Varint))
    };
    ($message:expr, $number:literal, fixed32) => {
        bits($message, $number, WireType::Fixed32) as u32
    };
    ($message:expr, $number:literal, fixed64) => {
        bits($message, $number, WireType::Fixed64)
    };
    ($message:expr, $number:literal, double) => {
        f64::from_bits(bits($message, $number, WireType::Fixed64))
    };
    ($message:expr, $number:literal, optional) => {
        $message
            .bits($number, WireType::Fixed64)
            .map(f64::from_bits)
    };
    ($message:expr, $number:literal, fixed64s) => {
        Numbers::new($message.fields(), $number, WireType::Fixed64)
    };
    ($message:expr, $number:literal, uint64s) => {
        Numbers::new($message.fields(), $number, WireType::Varint)
    };
    ($message:expr, $number:literal, doubles) => {
        Doubles(Numbers::new($message.fields(), $number, WireType::Fixed64))
    };
    ($message:expr, $number:literal, value) => {
        $message
            .message($number)
            .map_or(AnyValue::Empty, AnyValue::of)
    };
    ($message:expr, $number:literal, attributes) => {
        Attributes::new($message, $number)
    };
    ($message:expr, $number:literal, one $of:ident) => {
        $of($message.message($number).unwrap_or_default())
    };
    ($message:expr, $number:literal, many $of:ident) => {
        Messages::new(&$message, $number)
    };
    ($message:expr, $number:literal, scopes $of:ident) => {
        Messages::scopes(&$message, $number)
    };
    ($message:expr, $number:literal, oneof $of:ident) => {
        $of::of($message, $number)
    };
}

fn bits(message: Message<'_>, number: u32, wire_type: WireType) -> u64 {
    message.bits(number, wire_type).unwrap_or(0)
}

const fn zigzag(bits: u64) -> i32 {
    let bits = bits as u32;
    (bits >> 1) as i32 ^ -((bits & 1) as i32)
}

macro_rules! views {
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
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $name<'a>(Message<'a>);

        impl<'a> $name<'a> {
            /// The message whose encoding is `bytes`.
            #[must_use]
            pub const fn new(bytes: &'a [u8]) -> Self {
                Self(Message::new(bytes))
            }

            $(
                $(#[$field_doc])*
                #[must_use]
                pub fn $field(&self) -> accessor!('a $kind $($of)?) {
                    read!(self.0, $number, $kind $($of)?)
                }
            )*
        }

        impl<'a> View<'a> for $name<'a> {
            fn of(message: Message<'a>) -> Self {
                Self(message)
            }
        }
    )*};
}

common_messages!(views);
trace_messages!(views);
log_messages!(views);
metric_messages!(views);
