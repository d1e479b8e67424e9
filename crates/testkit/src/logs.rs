//! Log records that a receiver has handed on.

#![expect(
    clippy::unwrap_used,
    reason = "only tests use it, which fail by panicking"
)]

use std::time::Duration;

use headwater_core::pdata::owned::{AnyValue, LogRecord, LogsData, Value};

use crate::ReceiverSetup;

/// How long records may take.
const LIMIT: Duration = Duration::from_secs(60);

impl<const N: usize> ReceiverSetup<N> {
    /// Every log record so far.
    ///
    /// # Panics
    /// If a batch is no OTLP.
    #[must_use]
    pub fn log_records(&self) -> Vec<LogRecord> {
        let batches = self.recorder.batches().into_iter();
        batches
            .flat_map(|batch| {
                LogsData::decode(&batch.payload().to_contiguous())
                    .unwrap()
                    .resource_logs
            })
            .flat_map(|resource| resource.scope_logs)
            .flat_map(|scope| scope.log_records)
            .collect()
    }

    /// Waits for that many log records, at most a minute.
    ///
    /// # Panics
    /// If there are more, or fewer by then.
    pub async fn wait_for_log_records(&self, count: usize) -> Vec<LogRecord> {
        let waiting = async {
            while self.log_records().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(LIMIT, waiting).await.is_ok();
        let records = self.log_records();
        let bodies = bodies_of(&records);
        assert_eq!(records.len(), count, "in time: {in_time}, {bodies:?}");
        records
    }
}

/// Texts and whole numbers as they are written, anything else as Rust shows it.
fn text(value: &AnyValue) -> String {
    match &value.value {
        Value::String(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// The bodies of log records, as texts.
#[must_use]
pub fn bodies_of(records: &[LogRecord]) -> Vec<String> {
    records.iter().map(|record| text(&record.body)).collect()
}

/// An attribute of a log record as text; empty if there is none.
#[must_use]
pub fn attribute_of(record: &LogRecord, key: &str) -> String {
    let found = record.attributes.iter().find(|entry| entry.key == *key);
    found.map(|entry| text(&entry.value)).unwrap_or_default()
}
