//! Records in a form that can be compared.

use std::fmt::Write;

use headwater_core::pdata::owned::{AnyValue, KeyValue, LogsData, Value};
use headwater_testkit::Recorder;

/// What of a record must be equal: everything but when it was read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// The body.
    pub body: String,
    /// Attributes as `key=value`, sorted.
    pub attributes: Vec<String>,
    /// Attributes of the resource, sorted.
    pub resource: Vec<String>,
    /// When it happened.
    pub time: u64,
    /// Number and text.
    pub severity: (i32, String),
}

impl Record {
    /// Every record that a recorder has, in order.
    #[must_use]
    pub fn all(recorder: &Recorder) -> Vec<Self> {
        let mut records = Vec::new();
        for batch in recorder.batches() {
            let data = LogsData::decode(&batch.payload().to_contiguous()).unwrap();
            for resource in data.resource_logs {
                let attributes = resource.resource.map(|r| r.attributes).unwrap_or_default();
                let attributes = sorted(&attributes);
                for record in resource.scope_logs.into_iter().flat_map(|s| s.log_records) {
                    records.push(Self {
                        body: text(&record.body),
                        attributes: sorted(&record.attributes),
                        resource: attributes.clone(),
                        time: record.time_unix_nano,
                        severity: (record.severity_number, record.severity_text.to_string()),
                    });
                }
            }
        }
        records
    }
}

fn sorted(attributes: &[KeyValue]) -> Vec<String> {
    let mut all: Vec<_> = attributes
        .iter()
        .map(|entry| format!("{}={}", entry.key, text(&entry.value)))
        .collect();
    all.sort();
    all
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Value::String(text) => text.to_string(),
        Value::Int(number) => format!("{number}i"),
        Value::Double(number) => format!("{number}d"),
        Value::Bool(truth) => format!("{truth}b"),
        Value::Bytes(bytes) => format!("{bytes:?}"),
        Value::Array(array) => {
            let items: Vec<_> = array.values.iter().map(text).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => {
            let mut all = String::from("{");
            for entry in sorted(&map.values) {
                // A string takes everything.
                write!(all, "{entry};").ok();
            }
            all + "}"
        }
        Value::Empty => "empty".to_owned(),
        Value::StringIndex(index) => format!("#{index}"),
    }
}
