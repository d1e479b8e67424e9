//! `json`: values out of JSON.

use std::borrow::Cow;

use headwater_core::ComponentError;
use headwater_core::config::{Config, OrderedMap, Validation};
use headwater_core::telemetry::Counter;
use headwater_logs::Value as JsonValue;
use headwater_regexp::Regex;

use super::source;
use crate::build::{Builder, check_regex, check_source, optional_regex};
use crate::entry::{Entry, Text};
use crate::jmespath::Expression;
use crate::pipeline::{Edit, Run, Verdict};
use crate::value::Value;

/// Arguments of `json`. Source: Alloy `stages.JSONConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct JsonConfig {
    /// The values to extract: JMESPath expressions by name; empty means the name.
    pub(crate) expressions: OrderedMap<Option<String>>,
    /// Extracts the values of the keys that match, under these keys.
    pub(crate) regex: String,
    /// The extracted value that holds the JSON; without it, the line.
    pub(crate) source: Option<String>,
    /// Drops lines that are no JSON object.
    pub(crate) drop_malformed: bool,
}

impl JsonConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.expressions.is_empty() && self.regex.is_empty() {
            validation.error("expressions", "JMES expressions or regex is required");
        }
        check_source(validation, self.source.as_deref());
        check_regex(validation, "regex", &self.regex);
        for (name, text) in self.texts() {
            if let Err(error) = Expression::compile(text) {
                let key = format!("expressions::{name}");
                validation.error(&key, format!("could not compile JMES expression: {error}"));
            }
        }
    }

    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.expressions.iter().map(|(name, text)| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            (name, text.unwrap_or(name))
        })
    }
}

/// Extracts values of JSON.
#[derive(Debug)]
pub(crate) struct Json {
    expressions: Vec<(String, Expression)>,
    regex: Option<Regex>,
    source: Option<String>,
    drop_malformed: bool,
    dropped: Counter,
}

impl Json {
    pub(crate) fn new(config: &JsonConfig, builder: &Builder<'_>) -> Result<Self, ComponentError> {
        let mut expressions = Vec::new();
        for (name, text) in config.texts() {
            let expression = Expression::compile(text)
                .map_err(|error| ComponentError::with_source(format!("compile {text:?}"), error))?;
            expressions.push((name.to_owned(), expression));
        }
        Ok(Self {
            expressions,
            regex: optional_regex(&config.regex)?,
            source: config.source.clone(),
            drop_malformed: config.drop_malformed,
            dropped: builder.dropped("malformed_json"),
        })
    }

    /// Extracts what was found in `text`; `keep` makes a text of it that lives long enough.
    fn extract<'a, 't>(
        &'a self,
        text: &'t str,
        entry: &mut Entry<'a>,
        keep: impl Fn(Cow<'t, str>) -> Text<'a>,
    ) -> bool {
        let value = match headwater_logs::parse_json(text, false) {
            Ok(value @ (JsonValue::Map(_) | JsonValue::Null)) => value,
            _ => return false,
        };
        for (name, expression) in &self.expressions {
            match expression.search(&value) {
                Ok(found) => entry.extract(name.as_str(), simple(&found, &keep)),
                Err(_) => continue,
            }
        }
        if let (Some(regex), Some(map)) = (&self.regex, value.as_map()) {
            for (key, value) in map.iter() {
                if regex.is_match(key.as_bytes()) {
                    entry.extract(key.to_owned(), simple(value, &keep));
                }
            }
        }
        true
    }
}

/// The value as one of the extracted map: lists and maps as their JSON.
pub(super) fn simple<'a, 't>(
    value: &JsonValue<'t>,
    keep: &impl Fn(Cow<'t, str>) -> Text<'a>,
) -> Value<'a> {
    match value {
        JsonValue::Null => Value::Null,
        JsonValue::Bool(value) => Value::Bool(*value),
        JsonValue::Int(value) => Value::Int(*value),
        JsonValue::Float(value) => Value::Float(*value),
        JsonValue::Str(text) => Value::Str(keep(text.clone())),
        other => {
            let mut out = String::new();
            crate::go_json::put_value(&mut out, other);
            Value::from(out)
        }
    }
}

impl Edit for Json {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let Some(text) = source(entry, self.source.as_deref()) else {
            return Verdict::Keep;
        };
        let sound = match text {
            Cow::Borrowed(text) => self.extract(text, entry, |text| text),
            Cow::Owned(text) => self.extract(&text, entry, |text| Cow::Owned(text.into_owned())),
        };
        if !sound && self.drop_malformed {
            self.dropped.add(1);
            return Verdict::Drop;
        }
        Verdict::Keep
    }
}
