//! An event as a line of a Loki stream. Source: Alloy `loki.source.kubernetes_events`.

use headwater_core::pdata::owned::{KeyValue, LogRecord, ResourceLogs};
use headwater_kubernetes::objects::Event;
use headwater_loki::hints::STREAM;
use headwater_loki::json::{put_number, put_text};
use headwater_loki::label::put_quoted;

use crate::config::LineFormat;
use crate::record::{of_resource, unix_nano};
use crate::time::of_line;

/// What makes lines of events.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub(crate) job: String,
    pub(crate) instance: String,
    pub(crate) format: LineFormat,
}

/// A value of a line.
enum Value<'e> {
    /// In logfmt as it is, in JSON as text.
    Word(&'e str),
    Number(i32),
    /// In quotes.
    Text(&'e str),
}

impl Lines {
    /// The line with its stream; `None` for an event of no object, of which Alloy makes none either.
    pub(crate) fn line(&self, event: &Event) -> Option<ResourceLogs> {
        let object = &event.involved_object;
        if object.name.is_empty() {
            return None;
        }
        let fields = fields(event);
        let line = match self.format {
            LineFormat::Logfmt => logfmt(&fields),
            LineFormat::Json => json(fields),
        };
        let mut labels = vec![KeyValue::new(STREAM, "true")];
        for (name, value) in [
            ("namespace", &object.namespace),
            ("job", &self.job),
            ("instance", &self.instance),
        ] {
            // Loki knows no empty labels.
            if !value.is_empty() {
                labels.push(KeyValue::new(name, value.clone()));
            }
        }
        let record = LogRecord {
            time_unix_nano: unix_nano(of_line(event)),
            body: line.into(),
            ..LogRecord::default()
        };
        Some(of_resource(labels, None, record))
    }
}

/// What a line says, in Alloy's order and by its names.
fn fields(event: &Event) -> Vec<(&'static str, Value<'_>)> {
    let object = &event.involved_object;
    let mut fields = vec![("name", Value::Word(&object.name))];
    let words = [
        ("kind", &object.kind),
        ("action", &event.action),
        ("objectAPIversion", &object.api_version),
        ("objectRV", &object.resource_version),
        ("eventRV", &event.metadata.resource_version),
        ("reportinginstance", &event.reporting_instance),
        ("reportingcontroller", &event.reporting_controller),
        ("sourcecomponent", &event.source.component),
        ("sourcehost", &event.source.host),
        ("reason", &event.reason),
        ("type", &event.kind),
    ];
    let words = words.into_iter().filter(|(_, value)| !value.is_empty());
    fields.extend(words.map(|(name, value)| (name, Value::Word(value))));
    if event.count != 0 {
        fields.push(("count", Value::Number(event.count)));
    }
    fields.push(("msg", Value::Text(&event.message)));
    fields
}

/// Each field has a space behind it, also the last one.
fn logfmt(fields: &[(&str, Value<'_>)]) -> String {
    let mut line = String::new();
    for (name, value) in fields {
        line.push_str(name);
        line.push('=');
        match value {
            Value::Word(text) => line.push_str(text),
            Value::Number(number) => line.push_str(&number.to_string()),
            Value::Text(text) => put_quoted(&mut line, text),
        }
        line.push(' ');
    }
    line
}

/// As Go writes a map: by name.
fn json(mut fields: Vec<(&str, Value<'_>)>) -> String {
    fields.sort_by_key(|(name, _)| *name);
    let mut line = Vec::new();
    for (index, (name, value)) in fields.iter().enumerate() {
        line.push(if index == 0 { b'{' } else { b',' });
        put_text(&mut line, name.as_bytes());
        line.push(b':');
        match value {
            Value::Word(text) | Value::Text(text) => put_text(&mut line, text.as_bytes()),
            Value::Number(number) => put_number(&mut line, i64::from(*number)),
        }
    }
    line.push(b'}');
    String::from_utf8_lossy(&line).into_owned()
}
