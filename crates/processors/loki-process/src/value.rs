//! Values that stages extract.

use std::borrow::Cow;

/// A value of the extracted map: what JSON's simple types are, and numbers that are counted here.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// Found, and nothing: has no text.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number of JSON.
    Float(f64),
    /// A number that was counted.
    Int(i64),
    /// Text.
    Str(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// The value as text, as upstream's `getString`: numbers without exponent. Null has none.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Float(value) => Cow::Owned(float_text(*value)),
            Self::Int(value) => Cow::Owned(value.to_string()),
            Self::Str(text) => text.clone(),
        })
    }

    /// The value as a number: of text, a number or a duration in seconds. Source: upstream's
    /// `getFloat`.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Null => None,
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Float(value) => Some(*value),
            #[expect(clippy::cast_precision_loss, reason = "metrics are doubles")]
            Self::Int(value) => Some(*value as f64),
            Self::Str(text) => {
                let number = parse_float(text);
                number.or_else(|| go_duration(text))
            }
        }
    }

    /// The same value, independent of the line.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Float(value) => Value::Float(value),
            Self::Int(value) => Value::Int(value),
            Self::Str(text) => Value::Str(Cow::Owned(text.into_owned())),
        }
    }
}

/// A float in its shortest form without exponent.
pub(crate) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    format!("{value}")
}

/// A float as Go reads one: no spaces, `inf`, `infinity` and `nan` in any case.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// A duration such as `1m30s` or `-1.5ms`, in seconds.
pub(crate) fn go_duration(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number * unit;
        rest = &rest[end..];
    }
    Some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_exponent_as_text() {
        for (value, text) in [(1.0, "1"), (0.25, "0.25"), (1e21, "1000000000000000000000")] {
            assert_eq!(Value::Float(value).text().unwrap(), text);
        }
        assert_eq!(Value::Null.text(), None);
    }

    #[test]
    fn text_is_a_number_or_a_duration_in_seconds() {
        let number = |text: &'static str| Value::Str(text.into()).number();
        assert_eq!(number("12.5"), Some(12.5));
        assert_eq!(number("1m30s"), Some(90.0));
        assert_eq!(number("-250ms"), Some(-0.25));
        assert_eq!(number("5 apples"), None);
        assert_eq!(number(""), None);
    }
}
