//! The parsers of regular expressions and of JSON.

use std::borrow::Cow;

use headwater_regexp::Regex;

use crate::operator::Failure;
use crate::operator::parser::{Parse, parse_text, text_of};
use crate::program::Scratch;
use crate::{Entry, Map, Value, json};

/// `regex_parser`: each named group becomes a key.
#[derive(Debug)]
pub(crate) struct RegexParser {
    pub(crate) regex: Regex,
    /// Group and name, in order.
    pub(crate) groups: Vec<(usize, String)>,
    /// Which of the program's capture buffers it uses.
    pub(crate) slot: usize,
}

impl Parse for RegexParser {
    fn parse<'a>(
        &'a self,
        value: &Value<'a>,
        _: &Entry<'a>,
        scratch: &mut Scratch,
    ) -> Result<Value<'a>, Failure> {
        let text = text_of(value, "regex")?;
        let locations = &mut scratch.captures[self.slot];
        if self
            .regex
            .captures_read(locations, text.as_bytes())
            .is_none()
        {
            return Err(Failure::new("regex pattern does not match"));
        }
        let borrowed = match value {
            Value::Str(Cow::Borrowed(text)) => Some(*text),
            _ => None,
        };
        let mut map = Map::new();
        for (group, name) in &self.groups {
            // A group that took no part in the match is empty, as in Go.
            let (start, end) = locations.get(*group).unwrap_or((0, 0));
            let found = match borrowed {
                Some(text) => text.get(start..end).map(Cow::Borrowed),
                None => text
                    .get(start..end)
                    .map(|found| Cow::Owned(found.to_owned())),
            };
            let found = found.unwrap_or_else(|| {
                Cow::Owned(String::from_utf8_lossy(&text.as_bytes()[start..end]).into_owned())
            });
            map.insert(name.as_str(), Value::Str(found));
        }
        Ok(Value::Map(map))
    }
}

/// `json_parser`.
#[derive(Debug)]
pub(crate) struct JsonParser {
    pub(crate) parse_ints: bool,
}

impl Parse for JsonParser {
    fn parse<'a>(
        &'a self,
        value: &Value<'a>,
        _: &Entry<'a>,
        _: &mut Scratch,
    ) -> Result<Value<'a>, Failure> {
        parse_text(value, "JSON", |text| {
            match json::parse(text, self.parse_ints)? {
                map @ Value::Map(_) => Ok(map),
                Value::Null => Ok(Value::Map(Map::new())),
                other => Err(Failure::from(format!(
                    "expected a JSON object, found {}",
                    other.kind()
                ))),
            }
        })
    }
}
