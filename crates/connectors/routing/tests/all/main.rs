//! The connector as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod books;
mod config;
mod records;
mod resources;

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_connector_routing::{Config, factory};
use headwater_core::bytes::Bytes;
use headwater_core::ledger::Account;
use headwater_core::pdata::count_items;
use headwater_core::{
    Batch, Connector, ConnectorOutputs, ConsumeError, Consumer, Context, ContextParts, Metadata,
    Signal,
};
use headwater_testkit::otlp::{AnyValue, KeyValue, Request, Value};
use headwater_testkit::{Recorder, environment};

/// A connector with a recorder behind each of its pipelines.
struct Routed {
    connector: Arc<dyn Connector>,
    account: Account,
    pipelines: BTreeMap<String, Recorder>,
}

impl Routed {
    fn try_new(signal: Signal, yaml: &str, names: &[&str]) -> Result<Self, String> {
        let (config, _) = decode::<Config>(yaml)?;
        let environment = environment();
        let settings = environment.connector_settings(&"routing".parse().unwrap(), signal, signal);
        let account = settings.account.clone();
        let recorders: BTreeMap<_, _> = names
            .iter()
            .map(|name| ((*name).to_owned(), Recorder::new()))
            .collect();
        let outputs = ConnectorOutputs {
            signal,
            all: Arc::new(Recorder::new()),
            pipelines: recorders
                .iter()
                .map(|(name, recorder)| {
                    let id = format!("{signal}/{name}").parse().unwrap();
                    (id, Arc::new(recorder.clone()) as Arc<dyn Consumer>)
                })
                .collect(),
        };
        let connector = factory()
            .build_connector(settings, &config, outputs)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            connector,
            account,
            pipelines: recorders,
        })
    }

    fn new(signal: Signal, yaml: &str, names: &[&str]) -> Self {
        Self::try_new(signal, yaml, names).unwrap_or_else(|error| panic!("{error}"))
    }

    async fn send(&self, request: &Request) -> Result<(), ConsumeError> {
        self.connector.consume(batch(request)).await
    }

    /// What arrived in a pipeline, all batches together.
    fn arrived(&self, name: &str) -> Request {
        let batches = self.pipelines[name].batches();
        let mut bytes = Vec::new();
        for batch in &batches {
            let payload = batch.payload().to_contiguous();
            assert_eq!(
                batch.items(),
                count_items(batch.signal(), &payload).unwrap()
            );
            bytes.extend_from_slice(&payload);
        }
        let signal = batches.first().map_or(Signal::Logs, Batch::signal);
        Request::decode(signal, &bytes).unwrap()
    }

    fn items(&self, name: &str) -> usize {
        self.pipelines[name].items().iter().sum()
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

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn from_tenant(tenant: &str) -> Context {
    let mut metadata = Metadata::default();
    metadata.append("X-Tenant", tenant);
    Context::new(ContextParts {
        metadata,
        tenant: Some(tenant.into()),
        ..ContextParts::default()
    })
}
