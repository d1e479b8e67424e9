use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use headwater_core::Signal;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::requests::{logs, metrics, traces};
use crate::text::exporter;

/// Keeps every message with its fields, one per line.
#[derive(Clone)]
struct Log {
    level: Level,
    lines: Arc<Mutex<String>>,
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        if event
            .metadata()
            .target()
            .starts_with("headwater_exporter_debug")
        {
            let mut lines = self.lines.lock().unwrap();
            write!(lines, "{} ", event.metadata().level()).unwrap();
            event.record(&mut Line(&mut lines));
            lines.push('\n');
        }
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What the exporter writes to the log of the process.
fn logged(level: Level, yaml: &str, times: usize) -> String {
    let log = Log {
        level,
        lines: Arc::default(),
    };
    let lines = Arc::clone(&log.lines);
    tracing::subscriber::with_default(log, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            for batch in [traces(), metrics(), logs()] {
                let exporter = exporter(batch.signal(), yaml);
                for _ in 0..times {
                    exporter.consume(batch.clone()).await.unwrap();
                }
            }
        });
    });
    lines.lock().unwrap().clone()
}

#[test]
fn counts_are_fields_named_as_in_the_collector() {
    let expected = "\
        INFO message=Traces resource spans=2 spans=2 \n\
        INFO message=Metrics resource metrics=1 metrics=6 data points=11 \n\
        INFO message=Logs resource logs=1 log records=7 \n";
    assert_eq!(logged(Level::INFO, "{}", 1), expected);
}

#[test]
fn text_is_one_message() {
    let normal = logged(Level::INFO, "verbosity: normal", 1);
    assert!(normal.contains("INFO message=ResourceTraces #0 [https://resource] service.name=shop"));
    let detailed = logged(Level::INFO, "verbosity: Detailed", 1);
    assert_eq!(detailed.matches("INFO ").count(), 6);
    assert!(detailed.contains("INFO message=ResourceLog #0\nResource SchemaURL: \n"));
}

#[test]
fn sampling_drops_messages_with_the_same_text() {
    let yaml = "{verbosity: detailed, sampling_initial: 1, sampling_thereafter: 4}";
    let lines = logged(Level::INFO, yaml, 6);
    // The first and the fifth, of each title and of each text.
    assert_eq!(lines.matches("INFO message=Traces ").count(), 2);
    assert_eq!(lines.matches("INFO message=ResourceSpans #0").count(), 2);
}

#[test]
fn nothing_is_written_where_info_is_off() {
    assert_eq!(logged(Level::WARN, "verbosity: detailed", 1), "");
}

#[tokio::test]
async fn without_a_log_batches_are_taken_all_the_same() {
    exporter(Signal::Logs, "verbosity: detailed")
        .consume(logs())
        .await
        .unwrap();
}
