//! Log records, and an exporter of them.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headwater_core::graph::Environment;
use headwater_core::ledger::Balance;
use headwater_core::pdata::owned::{
    InstrumentationScope, KeyValue, LogRecord, LogsData, Resource, ResourceLogs, ScopeLogs,
};
use headwater_core::{AnyConfig, Batch, ComponentKind, Exporter, Factory, Signal};
use headwater_testkit::environment;

/// Nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}

pub(crate) fn record(time: u64, body: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: time,
        body: body.into(),
        ..LogRecord::default()
    }
}

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs
        .iter()
        .map(|(key, value)| KeyValue::new(*key, *value))
        .collect()
}

pub(crate) fn resource(attributes: Vec<KeyValue>, log_records: Vec<LogRecord>) -> ResourceLogs {
    ResourceLogs {
        resource: Some(Resource {
            attributes,
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            scope: Some(InstrumentationScope {
                name: "lib".into(),
                ..InstrumentationScope::default()
            }),
            log_records,
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    }
}

/// A resource that is a stream.
pub(crate) fn stream(labels: &[(&str, &str)], log_records: Vec<LogRecord>) -> ResourceLogs {
    let mut labels = attributes(labels);
    labels.push(KeyValue::new("loki.stream", true));
    resource(labels, log_records)
}

pub(crate) fn batch(resource_logs: Vec<ResourceLogs>) -> Batch {
    let data = LogsData {
        resource_logs,
        ..LogsData::default()
    };
    let bytes = data.encode();
    let items = headwater_core::pdata::count_items(Signal::Logs, &bytes).unwrap();
    Batch::new(Signal::Logs, bytes, items)
}

/// An exporter that has started.
pub(crate) struct Running {
    exporter: Arc<dyn Exporter>,
    environment: Environment,
}

impl Running {
    pub(crate) async fn start(factory: &Factory, signal: Signal, config: &dyn AnyConfig) -> Self {
        let environment = environment();
        let id = factory.component_type().parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, signal);
        let exporter = factory.build_exporter(settings, config).unwrap();
        exporter.start(&headwater_testkit::host()).await.unwrap();
        Self {
            exporter,
            environment,
        }
    }

    pub(crate) async fn send(&self, batch: Batch) {
        self.exporter.consume(batch).await.unwrap();
    }

    /// Waits until everything has been sent or given up.
    pub(crate) async fn stop(self) -> Balance {
        let balance = || self.environment.ledger.balances().pop_first().unwrap().1;
        let deadline = Instant::now() + Duration::from_secs(60);
        while balance().held != 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.exporter.shutdown(deadline).await.unwrap();
        let balance = balance();
        assert_eq!((balance.held, balance.imbalance()), (0, 0), "{balance:?}");
        balance
    }
}
