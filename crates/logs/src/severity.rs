//! Severities: OTLP's numbers, their names, and what people write for them.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::operator::Failure;
use crate::{Entry, Field, Value};

const NAMES: [&str; 25] = [
    "DEFAULT", "TRACE", "TRACE2", "TRACE3", "TRACE4", "DEBUG", "DEBUG2", "DEBUG3", "DEBUG4",
    "INFO", "INFO2", "INFO3", "INFO4", "WARN", "WARN2", "WARN3", "WARN4", "ERROR", "ERROR2",
    "ERROR3", "ERROR4", "FATAL", "FATAL2", "FATAL3", "FATAL4",
];

/// The name of a severity number; `DEFAULT` for 0.
#[must_use]
pub fn name(number: u8) -> &'static str {
    NAMES[usize::from(number.min(24))]
}

/// The number of an official name or of a number as text, in any case.
pub(crate) fn number(text: &str) -> Option<u8> {
    let by_name = (1..25).find(|number| name(*number).eq_ignore_ascii_case(text));
    by_name.or_else(|| text.parse().ok().filter(|n| (1..25).contains(n)))
}

/// The level that other words stand for in the default preset.
fn alias(text: &str) -> Option<u8> {
    let at = text
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(text.len());
    let base = match text[..at].to_ascii_lowercase().as_str() {
        "warning" => 13,
        "err" => 17,
        _ => return None,
    };
    match &text[at..] {
        "" => Some(base),
        "2" => Some(base + 1),
        "3" => Some(base + 2),
        "4" => Some(base + 3),
        _ => None,
    }
}

/// What is known without a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    /// The official names, their numbers, `warning` and `err`.
    Default,
    /// The official names and their numbers.
    Otel,
    /// Nothing.
    None,
}

/// Finds the severity in a field.
#[derive(Debug)]
pub(crate) struct SeverityParser {
    pub(crate) parse_from: Field,
    pub(crate) preset: Preset,
    /// By lower-case text.
    pub(crate) mapping: HashMap<String, u8>,
    pub(crate) overwrite_text: bool,
}

impl SeverityParser {
    fn find(&self, text: &str) -> u8 {
        if !self.mapping.is_empty() {
            let mapped = if text.bytes().any(|b| b.is_ascii_uppercase() || b >= 0x80) {
                self.mapping.get(&text.to_lowercase())
            } else {
                self.mapping.get(text)
            };
            if let Some(found) = mapped {
                return *found;
            }
        }
        let known = match self.preset {
            Preset::Default => number(text).or_else(|| alias(text)),
            Preset::Otel => number(text),
            Preset::None => None,
        };
        known.unwrap_or(0)
    }

    pub(crate) fn apply(&self, entry: &mut Entry<'_>) -> Result<(), Failure> {
        let value = self.parse_from.get(entry).ok_or(Failure::new(
            "log entry does not have the expected parse_from field",
        ))?;
        let text = match value {
            Value::Str(text) => text.clone(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
            Value::Int(number) => Cow::Owned(number.to_string()),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Cow::Owned((*number as i64).to_string())
            }
            other => {
                return Err(Failure::from(format!(
                    "type {} cannot be a severity",
                    other.kind()
                )));
            }
        };
        entry.severity = self.find(&text);
        entry.severity_text = if self.overwrite_text && entry.severity > 0 {
            Cow::Borrowed(name(entry.severity))
        } else {
            text
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parser(preset: Preset) -> SeverityParser {
        SeverityParser {
            parse_from: Field::body(),
            preset,
            mapping: HashMap::from([("grün".to_owned(), 9), ("404".to_owned(), 17)]),
            overwrite_text: false,
        }
    }

    fn parse(parser: &SeverityParser, body: Value<'static>) -> Result<(u8, String), Failure> {
        let mut entry = Entry {
            body,
            ..Entry::default()
        };
        parser.apply(&mut entry)?;
        Ok((entry.severity, entry.severity_text.into_owned()))
    }

    #[test]
    fn words_of_the_preset_and_of_the_mapping_are_found_in_any_case() {
        let parser = parser(Preset::Default);
        for (text, number) in [
            ("INFO", 9),
            ("warning", 13),
            ("Err3", 19),
            ("24", 24),
            ("fatal", 21),
            ("GRÜN", 9),
            ("404", 17),
            ("error5", 0),
            ("25", 0),
            ("whatever", 0),
        ] {
            assert_eq!(parse(&parser, text.into()), Ok((number, text.to_owned())));
        }
        assert_eq!(
            parse(&parser, Value::Float(404.0)),
            Ok((17, "404".to_owned()))
        );
        assert!(parse(&parser, Value::Bool(true)).is_err());
        assert!(parse(&parser, Value::Null).is_err());
    }

    #[test]
    fn otel_knows_official_names_only_and_none_nothing() {
        assert_eq!(
            parse(&parser(Preset::Otel), "err".into()),
            Ok((0, "err".to_owned()))
        );
        assert_eq!(
            parse(&parser(Preset::Otel), "warn2".into()),
            Ok((14, "warn2".to_owned()))
        );
        assert_eq!(
            parse(&parser(Preset::None), "info".into()),
            Ok((0, "info".to_owned()))
        );
    }
}
