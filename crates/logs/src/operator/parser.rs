//! What every parser has: where it reads, where it writes, and the steps inside it.

use std::fmt;

use crate::operator::{Failure, Transform};
use crate::program::Scratch;
use crate::severity::SeverityParser;
use crate::time::TimeParser;
use crate::{Entry, Field, Value};

/// Makes a new value of a value.
pub(crate) trait Parse: fmt::Debug + Send + Sync {
    /// Parses the value. What is made of text may be slices of it.
    fn parse<'a>(
        &'a self,
        value: &Value<'a>,
        entry: &Entry<'a>,
        scratch: &mut Scratch,
    ) -> Result<Value<'a>, Failure>;

    /// Takes what the parser found for the entry itself, after the value was set.
    fn finish(&self, entry: &mut Entry<'_>) -> Result<(), Failure> {
        let _ = entry;
        Ok(())
    }
}

/// Steps that run inside a parser once it has written its values.
#[derive(Debug, Default)]
pub(crate) struct Embedded {
    pub(crate) body: Option<Field>,
    pub(crate) time: Option<TimeParser>,
    pub(crate) severity: Option<SeverityParser>,
    pub(crate) trace: Option<TraceParser>,
    pub(crate) scope_name: Option<Field>,
}

impl Embedded {
    pub(crate) const fn is_empty(&self) -> bool {
        self.body.is_none()
            && self.time.is_none()
            && self.severity.is_none()
            && self.trace.is_none()
            && self.scope_name.is_none()
    }

    /// Runs all of them; the first failure counts, after all have run.
    pub(crate) fn apply(&self, entry: &mut Entry<'_>, _: &mut Scratch) -> Result<(), Failure> {
        if let Some(body) = &self.body
            && let Some(value) = body.copy(entry)
        {
            entry.body = value;
        }
        let named = |name: &str, result: Result<(), Failure>| {
            result.map_err(|failure| Failure::from(format!("{name}: {failure}")))
        };
        let time = self
            .time
            .as_ref()
            .map(|time| named("time parser", time.apply(entry)));
        let severity = self
            .severity
            .as_ref()
            .map(|severity| named("severity parser", severity.apply(entry)));
        let trace = self
            .trace
            .as_ref()
            .map(|trace| named("trace parser", trace.apply(entry)));
        let scope = self
            .scope_name
            .as_ref()
            .map(|scope| named("scope_name parser", set_scope_name(scope, entry)));
        for result in [time, severity, trace, scope].into_iter().flatten() {
            result?;
        }
        Ok(())
    }
}

/// A parser as an operator.
#[derive(Debug)]
pub(crate) struct Parser<P> {
    pub(crate) parse: P,
    pub(crate) parse_from: Field,
    pub(crate) parse_to: Field,
    pub(crate) embedded: Embedded,
}

impl<P: Parse> Transform for Parser<P> {
    fn apply<'a>(&'a self, entry: &mut Entry<'a>, scratch: &mut Scratch) -> Result<(), Failure> {
        let whole;
        let value = match self.parse_from.whole(entry) {
            Some(map) => {
                whole = Value::Map(map.clone());
                &whole
            }
            None => self.parse_from.get(entry).ok_or(Failure::new(
                "Entry is missing the expected parse_from field.",
            ))?,
        };
        let parsed = self.parse.parse(value, entry, scratch)?;
        if self.parse_to == Field::attributes() {
            match parsed {
                Value::Map(map) => entry.attributes.merge(map),
                _ => return Err(Failure::new("set parse_to: cannot set attributes root")),
            }
        } else {
            self.parse_to.set(entry, parsed)?;
        }
        self.parse.finish(entry)?;
        self.embedded.apply(entry, scratch)
    }
}

/// The text to parse, as a slice of the line where the value is one.
pub(crate) fn text_of<'v>(value: &'v Value<'_>, what: &str) -> Result<&'v str, Failure> {
    value.text().ok_or_else(|| {
        Failure::from(format!(
            "type '{}' cannot be parsed as {what}",
            value.kind()
        ))
    })
}

/// Runs `parse` on the text, whose slices live as long as the text.
pub(crate) fn parse_text<'a>(
    value: &Value<'a>,
    what: &str,
    parse: impl for<'t> Fn(&'t str) -> Result<Value<'t>, Failure>,
) -> Result<Value<'a>, Failure> {
    match value {
        Value::Str(std::borrow::Cow::Borrowed(text)) => parse(text),
        other => parse(text_of(other, what)?).map(Value::into_owned),
    }
}

/// Finds trace context in fields.
#[derive(Debug)]
pub(crate) struct TraceParser {
    pub(crate) trace_id: Field,
    pub(crate) span_id: Field,
    pub(crate) trace_flags: Field,
}

impl TraceParser {
    pub(crate) fn apply(&self, entry: &mut Entry<'_>) -> Result<(), Failure> {
        let trace_id = hex(&self.trace_id, entry);
        let span_id = hex(&self.span_id, entry);
        let flags = hex(&self.trace_flags, entry);
        entry.trace_id = trace_id.clone().unwrap_or_default();
        entry.span_id = span_id.clone().unwrap_or_default();
        entry.trace_flags = flags.clone().ok().and_then(|flags| flags.first().copied());
        trace_id?;
        span_id?;
        flags.map(|_| ())
    }
}

/// The bytes that a field holds as hexadecimal digits; none if there is no such field.
fn hex(field: &Field, entry: &Entry<'_>) -> Result<Vec<u8>, Failure> {
    let Some(value) = field.get(entry) else {
        return Ok(Vec::new());
    };
    let made;
    let text = match value.text() {
        Some(text) => text,
        None => {
            made = value.to_string();
            &made
        }
    };
    let digits: Option<Vec<u8>> = text
        .bytes()
        .map(|byte| char::from(byte).to_digit(16).map(|digit| digit as u8))
        .collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => Ok(digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()),
        _ => Err(Failure::from(format!(
            "error decoding {field}: not hexadecimal"
        ))),
    }
}

/// Takes the scope's name from a field.
pub(crate) fn set_scope_name(field: &Field, entry: &mut Entry<'_>) -> Result<(), Failure> {
    let value = field.get(entry).ok_or(Failure::new(
        "log entry does not have the expected parse_from field",
    ))?;
    let Value::Str(name) = value else {
        return Err(Failure::from(format!("{} is not a string", value.kind())));
    };
    entry.scope_name = name.clone();
    Ok(())
}
