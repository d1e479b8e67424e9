//! The connector as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod config;
mod counts;

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_connector_count::{Config, factory};
use headwater_core::bytes::Bytes;
use headwater_core::ledger::Account;
use headwater_core::pdata::count_items;
use headwater_core::{Batch, Connector, ConnectorOutputs, Consumer, Signal};
use headwater_testkit::otlp::{AnyValue, KeyValue, MetricsData, Request, Value};
use headwater_testkit::{Recorder, environment};

/// A connector with a recorder behind it.
struct Counted {
    connector: Arc<dyn Connector>,
    account: Account,
    next: Recorder,
}

impl Counted {
    fn new(signal: Signal, yaml: &str) -> Self {
        let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
        let environment = environment();
        let id = "count".parse().unwrap();
        let settings = environment.connector_settings(&id, signal, Signal::Metrics);
        let account = settings.account.clone();
        let next = Recorder::new();
        let outputs = ConnectorOutputs {
            signal: Signal::Metrics,
            all: Arc::new(next.clone()) as Arc<dyn Consumer>,
            pipelines: BTreeMap::new(),
        };
        Self {
            connector: factory()
                .build_connector(settings, &config, outputs)
                .unwrap(),
            account,
            next,
        }
    }

    /// What comes out for a request, if anything.
    async fn counts(&self, request: &Request) -> MetricsData {
        self.connector.consume(batch(request)).await.unwrap();
        assert_eq!(self.account.balance().imbalance(), 0);
        let Some(batch) = self.next.batches().pop() else {
            return MetricsData::default();
        };
        let bytes = batch.payload().to_contiguous();
        assert_eq!(batch.items(), count_items(Signal::Metrics, &bytes).unwrap());
        match Request::decode(Signal::Metrics, &bytes).unwrap() {
            Request::Metrics(data) => data,
            _ => unreachable!(),
        }
    }
}

fn batch(request: &Request) -> Batch {
    let signal = match request {
        Request::Traces(_) => Signal::Traces,
        Request::Metrics(_) => Signal::Metrics,
        Request::Logs(_) => Signal::Logs,
    };
    let bytes = request.encode();
    let items = count_items(signal, &bytes).unwrap();
    Batch::new(signal, Bytes::from(bytes), items)
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}
