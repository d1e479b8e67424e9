//! Values that are not sections: booleans, numbers and text.

use std::path::PathBuf;

use super::{Code, Config, DecodeContext, EncodeContext, Node, Schema, Value};

/// A value that is decoded as a whole. Everything that implements it is a [`Config`]; types of
/// a component that are written as one word or number implement it, mostly with
/// [`parse_text`].
pub trait Scalar: Sized {
    /// Reads a value that is not null; `None` after an error was reported.
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self>;

    /// Writes the value.
    fn write(&self, cx: EncodeContext) -> Node;

    /// Describes the type.
    fn schema() -> Schema;

    /// What null means, written or from an environment variable that is not set: Go's zero
    /// value, as in the Collector. `None` keeps the default.
    fn zero() -> Option<Self> {
        None
    }

    /// Whether the type takes any text, so that a variable with the text `null` is no null.
    fn takes_text() -> bool {
        false
    }

    /// How a string given for a list of this type is split; `None` if it must be a list.
    fn split(text: &str) -> Option<Vec<Self>> {
        let _ = text;
        None
    }

    /// Checks of the value itself.
    fn check(&self, validation: &mut super::Validation<'_>) {
        let _ = validation;
    }
}

impl<T: Scalar> Config for T {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if !reads_as_null::<T>(node) {
            if let Some(value) = T::parse(node, cx) {
                *self = value;
            }
        } else if let Some(zero) = T::zero() {
            let clear = EncodeContext {
                redact: false,
                ..EncodeContext::default()
            };
            if !node.is_expanded() && zero.write(clear) != self.write(clear) {
                let message = format!("null means {} here, not the default", zero.write(clear));
                cx.warning(Code::QUESTIONABLE, &node.origin, message)
                    .help("delete the key to keep the default, or write a value");
            }
            *self = zero;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        if !reads_as_null::<T>(node) {
            return T::parse(node, cx);
        }
        let zero = T::zero();
        if zero.is_none() {
            cx.wrong_type(node, "a value");
        }
        zero
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        self.write(cx)
    }

    fn schema(&self) -> Schema {
        <T as Scalar>::schema()
    }

    fn type_schema() -> Schema {
        <T as Scalar>::schema()
    }

    fn validate(&self, validation: &mut super::Validation<'_>) {
        self.check(validation);
    }

    fn is_scalar() -> bool {
        true
    }

    fn split_list(text: &str) -> Option<Vec<Self>> {
        T::split(text)
    }
}

/// Whether the value is null for this type.
fn reads_as_null<T: Scalar>(node: &Node) -> bool {
    node.is_null() && !(node.is_expanded() && T::takes_text())
}

/// Parses a string value with `FromStr`; `what` completes "is not …", for example
/// `a component id`.
pub fn parse_text<T>(node: &Node, cx: &mut DecodeContext<'_>, what: &str) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let Some(text) = node.as_text() else {
        cx.wrong_type(node, "a string");
        return None;
    };
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            cx.invalid_value(node, what, &error.to_string());
            None
        }
    }
}

impl Scalar for bool {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        let meant = match node.as_text().map(str::to_lowercase).as_deref() {
            Some("true" | "yes" | "on" | "y") => Some("true"),
            Some("false" | "no" | "off" | "n") => Some("false"),
            _ => None,
        };
        let diagnostic = cx.wrong_type(node, "a boolean");
        if let Some(meant) = meant {
            diagnostic.help(format!("write `{meant}`, without quotes"));
        }
        None
    }

    fn write(&self, _: EncodeContext) -> Node {
        (*self).into()
    }

    fn schema() -> Schema {
        Schema::Bool
    }

    fn zero() -> Option<Self> {
        Some(false)
    }
}

/// The whole number a value stands for; fractions are cut off, as in the Collector.
fn whole(node: &Node) -> Option<i128> {
    match node.value {
        Value::Int(value) => Some(value.into()),
        Value::UInt(value) => Some(value.into()),
        Value::Float(value) if value.abs() < 1e30 => Some(value as i128),
        _ => None,
    }
}

macro_rules! integers {
    ($($type:ty => $wide:ty),+ $(,)?) => {$(
        impl Scalar for $type {
            fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
                integer(node, cx, i128::from(<$type>::MIN as $wide), i128::from(<$type>::MAX as $wide))
                    .and_then(|value| value.try_into().ok())
            }

            fn write(&self, _: EncodeContext) -> Node {
                (*self as $wide).into()
            }

            fn schema() -> Schema {
                Schema::Integer
            }

            fn zero() -> Option<Self> {
                Some(0)
            }
        }
    )+};
}

integers!(
    u8 => u64, u16 => u64, u32 => u64, u64 => u64, usize => u64,
    i8 => i64, i16 => i64, i32 => i64, i64 => i64, isize => i64,
);

fn integer(node: &Node, cx: &mut DecodeContext<'_>, min: i128, max: i128) -> Option<i128> {
    let Some(value) = whole(node) else {
        let unquoted = node
            .as_text()
            .is_some_and(|text| text.trim().parse::<i128>().is_ok());
        let diagnostic = cx.wrong_type(node, "an integer");
        if unquoted {
            diagnostic.help("write the number without quotes");
        }
        return None;
    };
    if value < min || value > max {
        let message = format!("{} is outside {min}..={max}", cx.shown(node));
        cx.error(Code::OUT_OF_RANGE, &node.origin, message);
        return None;
    }
    Some(value)
}

macro_rules! floats {
    ($($type:ty),+) => {$(
        impl Scalar for $type {
            fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
                match node.value {
                    Value::Float(value) => Some(value as $type),
                    Value::Int(value) => Some(value as $type),
                    Value::UInt(value) => Some(value as $type),
                    _ => {
                        let unquoted =
                            node.as_text().is_some_and(|text| text.trim().parse::<f64>().is_ok());
                        let diagnostic = cx.wrong_type(node, "a number");
                        if unquoted {
                            diagnostic.help("write the number without quotes");
                        }
                        None
                    }
                }
            }

            fn write(&self, _: EncodeContext) -> Node {
                f64::from(*self).into()
            }

            fn schema() -> Schema {
                Schema::Number
            }

            fn zero() -> Option<Self> {
                Some(0.0)
            }
        }
    )+};
}

floats!(f32, f64);

/// The text of a value: of a string, or of anything that came out of a `${…}`.
fn text<'a>(node: &'a Node, cx: &mut DecodeContext<'_>) -> Option<&'a str> {
    let text = node.as_text();
    if text.is_none() {
        let plain = matches!(
            node.value,
            Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_)
        );
        let diagnostic = cx.wrong_type(node, "a string");
        if plain {
            diagnostic.help("put the value in quotes");
        }
    }
    text
}

impl Scalar for String {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        text(node, cx).map(str::to_owned)
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.as_str().into()
    }

    fn schema() -> Schema {
        Schema::String
    }

    fn takes_text() -> bool {
        true
    }

    fn zero() -> Option<Self> {
        Some(Self::new())
    }

    fn split(text: &str) -> Option<Vec<Self>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        Some(text.split(',').map(str::to_owned).collect())
    }
}

impl Scalar for PathBuf {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        text(node, cx).map(Self::from)
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.to_string_lossy().into_owned().into()
    }

    fn schema() -> Schema {
        Schema::String
    }

    fn takes_text() -> bool {
        true
    }

    fn zero() -> Option<Self> {
        Some(Self::new())
    }
}
