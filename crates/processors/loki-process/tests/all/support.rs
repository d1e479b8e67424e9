//! Entries in, entries out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::graph::Environment;
use headwater_core::{
    Batch, BufferingProcessor, BuiltProcessor, ConsumeError, Consumer, Context, ContextParts,
    Processor, Settings, Signal,
};
use headwater_processor_loki_process::{Config, factory};
use headwater_testkit::otlp::{
    AnyValue, KeyValue, LogRecord, LogsData, Request, Resource, ResourceLogs, ScopeLogs, Value,
};
use headwater_testkit::{Recorder, environment, host};

pub(crate) type Pairs = BTreeMap<String, String>;

/// An entry as Loki sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Entry {
    pub(crate) labels: Pairs,
    pub(crate) metadata: Pairs,
    pub(crate) line: String,
    pub(crate) timestamp: u64,
}

pub(crate) fn pairs(of: &[(&str, &str)]) -> Pairs {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    of.iter().map(own).collect()
}

/// An entry of the stream `{app="web"}` at second 1.
pub(crate) fn line(line: &str) -> Entry {
    Entry {
        labels: pairs(&[("app", "web")]),
        line: line.to_owned(),
        timestamp: 1_000_000_000,
        ..Entry::default()
    }
}

impl Entry {
    pub(crate) fn labels(mut self, of: &[(&str, &str)]) -> Self {
        self.labels = pairs(of);
        self
    }

    pub(crate) fn metadata(mut self, of: &[(&str, &str)]) -> Self {
        self.metadata = pairs(of);
        self
    }
}

pub(crate) fn attribute(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(crate) fn text(value: &str) -> Value {
    Value::StringValue(value.to_owned())
}

fn attributes(of: &Pairs) -> Vec<KeyValue> {
    of.iter()
        .map(|(name, value)| attribute(name, text(value)))
        .collect()
}

pub(crate) fn batch_of(resource_logs: Vec<ResourceLogs>) -> Batch {
    let items = resource_logs
        .iter()
        .flat_map(|logs| &logs.scope_logs)
        .map(|logs| logs.log_records.len())
        .sum();
    let request = Request::Logs(LogsData { resource_logs });
    Batch::new(Signal::Logs, Bytes::from(request.encode()), items)
}

/// Entries as streams, each with a resource of its own.
pub(crate) fn batch(entries: &[Entry]) -> Batch {
    let stream = |entry: &Entry| {
        let mut labels = attributes(&entry.labels);
        labels.insert(0, attribute("loki.stream", Value::BoolValue(true)));
        let record = LogRecord {
            time_unix_nano: entry.timestamp,
            observed_time_unix_nano: 7,
            body: Some(AnyValue {
                value: Some(text(&entry.line)),
            }),
            attributes: attributes(&entry.metadata),
            ..LogRecord::default()
        };
        ResourceLogs {
            resource: Some(Resource {
                attributes: labels,
                ..Resource::default()
            }),
            scope_logs: vec![ScopeLogs {
                log_records: vec![record],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }
    };
    batch_of(entries.iter().map(stream).collect())
}

fn shown(attributes: &[KeyValue]) -> Pairs {
    let show = |attribute: &KeyValue| {
        let value = attribute
            .value
            .as_ref()
            .and_then(|value| value.value.as_ref());
        let value = match value {
            Some(Value::StringValue(text)) => text.clone(),
            Some(Value::BoolValue(value)) => value.to_string(),
            other => format!("{other:?}"),
        };
        (attribute.key.clone(), value)
    };
    attributes.iter().map(show).collect()
}

pub(crate) fn records(batch: &Batch) -> LogsData {
    match Request::decode(Signal::Logs, &batch.payload().to_contiguous()).unwrap() {
        Request::Logs(data) => data,
        _ => unreachable!(),
    }
}

/// The entries of a batch, which must all be in streams.
pub(crate) fn entries(batch: &Batch) -> Vec<Entry> {
    let mut found = Vec::new();
    for logs in records(batch).resource_logs {
        let mut labels = shown(&logs.resource.unwrap_or_default().attributes);
        assert_eq!(labels.remove("loki.stream").as_deref(), Some("true"));
        for record in logs
            .scope_logs
            .into_iter()
            .flat_map(|logs| logs.log_records)
        {
            let Some(Value::StringValue(line)) = record.body.and_then(|body| body.value) else {
                panic!("a line is text");
            };
            found.push(Entry {
                labels: labels.clone(),
                metadata: shown(&record.attributes),
                line,
                timestamp: record.time_unix_nano,
            });
        }
    }
    assert_eq!(found.len(), batch.items());
    found
}

enum Built {
    Inline(Arc<dyn Processor>),
    Buffering(Arc<dyn BufferingProcessor>),
}

/// A started processor in front of a recorder.
pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) next: Recorder,
    settings: Settings,
    built: Built,
}

impl Setup {
    pub(crate) async fn new(yaml: &str) -> Self {
        let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
        let environment = environment();
        let next = Recorder::new();
        let (id, pipeline) = ("loki_process".parse().unwrap(), "logs".parse().unwrap());
        let settings = environment.pipeline_settings(&id, &pipeline);
        let built = factory()
            .build_processor(settings.clone(), &config, Arc::new(next.clone()))
            .unwrap();
        let built = match built {
            BuiltProcessor::Inline(processor) => Built::Inline(processor),
            BuiltProcessor::Buffering(processor) => {
                processor.start(&host()).await.unwrap();
                Built::Buffering(processor)
            }
        };
        Self {
            environment,
            next,
            settings,
            built,
        }
    }

    pub(crate) fn holds(&self) -> bool {
        matches!(self.built, Built::Buffering(_))
    }

    pub(crate) async fn send_batch(&self, batch: Batch) -> Result<(), ConsumeError> {
        match &self.built {
            Built::Buffering(processor) => processor.consume(batch).await,
            Built::Inline(processor) => match processor.process(batch)? {
                Some(batch) => self.next.consume(batch).await,
                None => Ok(()),
            },
        }
    }

    pub(crate) async fn send(&self, entries: &[Entry]) {
        self.send_batch(batch(entries)).await.unwrap();
    }

    /// As [`Setup::send`] for a tenant.
    pub(crate) async fn send_as(&self, tenant: &str, entries: &[Entry]) {
        let context = Context::new(ContextParts {
            tenant: Some(tenant.into()),
            ..ContextParts::default()
        });
        let batch = batch(entries).with_context(context);
        self.send_batch(batch).await.unwrap();
    }

    pub(crate) fn out(&self) -> Vec<Entry> {
        self.next.batches().iter().flat_map(entries).collect()
    }

    pub(crate) async fn stop(&self, within: Duration) {
        if let Built::Buffering(processor) = &self.built {
            processor.shutdown(Instant::now() + within).await.unwrap();
        }
    }

    /// The books of a processor that holds lines.
    pub(crate) fn balance(&self) -> headwater_core::ledger::Balance {
        let balance = self.settings.account.balance();
        assert_eq!(balance.imbalance(), 0, "{balance:?}");
        balance
    }
}

/// What the stages make of entries, with all that is held at the end.
pub(crate) async fn run(stages: &str, given: &[Entry]) -> Vec<Entry> {
    let setup = Setup::new(&format!("stages: {stages}")).await;
    setup.send(given).await;
    setup.stop(Duration::from_secs(1)).await;
    setup.balance();
    setup.out()
}

/// What the stages make of the line of one entry.
pub(crate) async fn run_line(stages: &str, given: &str) -> Entry {
    let mut out = run(stages, &[line(given)]).await;
    assert_eq!(out.len(), 1, "{stages} {given}: {out:?}");
    out.remove(0)
}
