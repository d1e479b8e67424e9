//! Text as Prometheus's configuration takes it.

use std::fmt;
use std::ops::Deref;

use headwater_core::config::{DecodeContext, EncodeContext, Node, Opaque, Scalar, Schema, Value};

/// Text that may be written without quotes although it looks like a number or a boolean, as in
/// `regex: true`: Prometheus reads any plain word as text.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

impl Text {
    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of a plain value; `None` after an error was reported.
pub(crate) fn plain_text(node: &Node, cx: &mut DecodeContext<'_>) -> Option<String> {
    if let Some(text) = node.as_text() {
        return Some(text.to_owned());
    }
    match &node.value {
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) => Some(node.to_string()),
        Value::Null | Value::String(_) | Value::Seq(_) | Value::Map(_) => {
            cx.wrong_type(node, "a string");
            None
        }
    }
}

impl Scalar for Text {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        plain_text(node, cx).map(Self)
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.0.as_str().into()
    }

    fn schema() -> Schema {
        Schema::String
    }

    fn takes_text() -> bool {
        true
    }

    fn zero() -> Option<Self> {
        Some(Self::default())
    }
}

/// Text that must not reach a log, an error or a printed configuration. As [`Text`], it may be
/// written without quotes. `Debug` prints `[REDACTED]`.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret(Opaque);

impl Secret {
    /// The text itself. What it returns must not be printed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether the text is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scalar for Secret {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        cx.secret(node, |cx| plain_text(node, cx))
            .map(|text| Self(text.into()))
    }

    fn write(&self, cx: EncodeContext) -> Node {
        self.0.write(cx)
    }

    fn schema() -> Schema {
        Schema::Secret
    }

    fn takes_text() -> bool {
        true
    }

    fn zero() -> Option<Self> {
        Some(Self::default())
    }
}
