//! Labels of a stream, and what the configuration says about them.

use headwater_core::pdata::view::{AnyValue, Attributes, KeyValue};
use headwater_loki::label::label_name;
use headwater_loki::line::Format;

use crate::config::MetadataField;

/// What the configuration says about lines and labels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) exporter_label: bool,
    pub(crate) job_label: bool,
    pub(crate) instance_label: bool,
    pub(crate) level_label: bool,
    /// Attributes that become labels, with the labels' names.
    pub(crate) resource_labels: Vec<(String, String)>,
    pub(crate) attribute_labels: Vec<(String, String)>,
    pub(crate) record_labels: Vec<(RecordField, String)>,
    pub(crate) external_labels: Vec<(String, String)>,
    pub(crate) format: Format,
    pub(crate) trace_id_key: String,
    pub(crate) metadata_fields: Vec<MetadataField>,
    pub(crate) metadata_attributes: Names,
    pub(crate) metadata_resource: Names,
    /// The resource attribute that holds the tenant.
    pub(crate) tenant_attribute: Option<String>,
}

/// What of a record can become a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordField {
    /// The trace id.
    TraceId,
    /// The span id.
    SpanId,
    /// The severity as text.
    Severity,
    /// The severity as a number.
    SeverityNumber,
}

/// Some names, or all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    pub(crate) all: bool,
    pub(crate) names: Vec<Vec<u8>>,
}

impl Names {
    pub(crate) fn add(&mut self, name: &[u8]) {
        if name == b"*" {
            self.all = true;
        } else if !name.is_empty() {
            self.names.push(name.to_vec());
        }
    }

    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.all || self.names.iter().any(|known| known == name)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        !self.all && self.names.is_empty()
    }
}

/// The names and values of a stream's labels; of a name that occurs twice the last one counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels(Vec<(String, String)>);

impl Labels {
    /// Sets a label whose name is one already. Names that begin with `__` are Loki's own, and an
    /// empty value is no label.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(known, _)| known != name);
        if !name.is_empty() && !name.starts_with("__") && !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Sets a label called after an attribute.
    pub(super) fn set_attribute(&mut self, attribute: &str, value: &str) {
        self.set(&label_name(attribute), value);
    }

    pub(super) fn set_missing(&mut self, name: &str, value: &str) {
        if !self.0.iter().any(|(known, _)| known == name) {
            self.set(name, value);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn sorted(mut self) -> Vec<(String, String)> {
        self.0.sort();
        self.0
    }
}

/// A value as text, with U+FFFD for what is not UTF-8.
pub(super) fn text(value: &AnyValue<'_>) -> String {
    String::from_utf8_lossy(&value.to_text()).into_owned()
}

/// The attribute called `name`; else, where the name has dots, an entry of a map. Source: contrib
/// `pkg/translator/loki`, `getNestedAttribute`.
pub(super) fn find<'a>(
    name: &[u8],
    get: impl Fn(&[u8]) -> Option<AnyValue<'a>>,
) -> Option<AnyValue<'a>> {
    get(name).or_else(|| {
        let dot = name.iter().position(|byte| *byte == b'.')?;
        let AnyValue::Map(mut entries) = get(&name[..dot])? else {
            return None;
        };
        let mut rest = &name[dot + 1..];
        loop {
            let (first, more) = match rest.iter().position(|byte| *byte == b'.') {
                Some(dot) => (&rest[..dot], Some(&rest[dot + 1..])),
                None => (rest, None),
            };
            let value = entries.get(first)?;
            match (more, value) {
                (None, value) => return Some(value),
                (Some(more), AnyValue::Map(inner)) => {
                    entries = inner;
                    rest = more;
                }
                _ => return None,
            }
        }
    })
}

/// As [`find`] among attributes.
pub(super) fn find_in<'a>(attributes: &Attributes<'a>, name: &[u8]) -> Option<AnyValue<'a>> {
    find(name, |name| attributes.get(name))
}

/// As [`find`] among attributes that have been listed.
pub(super) fn find_listed<'a>(listed: &[KeyValue<'a>], name: &[u8]) -> Option<AnyValue<'a>> {
    find(name, |name| {
        listed
            .iter()
            .find(|attribute| attribute.key().as_bytes() == name)
            .map(KeyValue::value)
    })
}

/// The label `level` of a severity; nothing for 0 and for numbers that are none. Source: contrib
/// `pkg/translator/loki`, `severityNumberToLevel`.
pub(crate) fn level(severity_number: i32) -> Option<&'static str> {
    const LEVELS: [&str; 24] = [
        "TRACE", "TRACE2", "TRACE3", "TRACE4", "DEBUG", "DEBUG2", "DEBUG3", "DEBUG4", "INFO",
        "INFO2", "INFO3", "INFO4", "WARN", "WARN2", "WARN3", "WARN4", "ERROR", "ERROR2", "ERROR3",
        "ERROR4", "FATAL", "FATAL2", "FATAL3", "FATAL4",
    ];
    let index = usize::try_from(severity_number).ok()?.checked_sub(1)?;
    LEVELS.get(index).copied()
}
