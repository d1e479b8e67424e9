//! A connector under test, with its surroundings.

#![expect(
    clippy::unwrap_used,
    reason = "only tests use it, which fail by panicking"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::bytes::Bytes;
use headwater_core::graph::Environment;
use headwater_core::pdata::count_items;
use headwater_core::{AnyConfig, Batch, Connector, ConnectorOutputs, Factory, Signal};

use crate::otlp::{
    AnyValue, InstrumentationScope, KeyValue, Resource, ResourceSpans, ScopeSpans, Span,
    TracesData, Value,
};
use crate::{Recorder, environment, host};

/// A started connector in front of a recorder.
pub struct ConnectorSetup {
    /// Its books and instruments.
    pub environment: Environment,
    /// The connector.
    pub connector: Arc<dyn Connector>,
    /// What it hands to.
    pub next: Recorder,
}

impl ConnectorSetup {
    /// Builds and starts the connector.
    ///
    /// # Panics
    /// If it cannot be built; so do all methods on any failure.
    pub async fn started(
        factory: &Factory,
        config: &dyn AnyConfig,
        from: Signal,
        to: Signal,
    ) -> Self {
        let environment = environment();
        let next = Recorder::new();
        let id = factory.component_type().parse().unwrap();
        let settings = environment.connector_settings(&id, from, to);
        let outputs = ConnectorOutputs {
            signal: to,
            all: Arc::new(next.clone()),
            pipelines: BTreeMap::new(),
        };
        let connector = factory.build_connector(settings, config, outputs).unwrap();
        connector.start(&host()).await.unwrap();
        Self {
            environment,
            connector,
            next,
        }
    }

    /// Sends spans.
    pub async fn send(&self, traces: &TracesData) {
        self.connector.consume(batch_of(traces)).await.unwrap();
    }

    /// Shuts the connector down, with some time.
    pub async fn stop(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        self.connector.shutdown(deadline).await.unwrap();
    }

    /// The books must balance.
    pub fn assert_balanced(&self) {
        assert_eq!(
            self.environment.ledger.imbalance(),
            0,
            "{:?}",
            self.environment.ledger
        );
    }
}

impl fmt::Debug for ConnectorSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectorSetup")
    }
}

/// A batch of these spans.
///
/// # Panics
/// If it cannot be encoded.
#[must_use]
pub fn batch_of(traces: &TracesData) -> Batch {
    let bytes = prost::Message::encode_to_vec(traces);
    let items = count_items(Signal::Traces, &bytes).unwrap();
    Batch::new(Signal::Traces, Bytes::from(bytes), items)
}

/// Spans of one resource, which has these attributes, all of them texts.
#[must_use]
pub fn spans_of(resource: &[(&str, &str)], spans: Vec<Span>) -> TracesData {
    TracesData {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: resource
                    .iter()
                    .map(|(key, value)| attribute(key, *value))
                    .collect(),
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "scope".to_owned(),
                    version: "1".to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

/// An attribute.
#[must_use]
pub fn attribute(key: &str, value: impl Into<Value>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(value.into()),
        }),
        ..KeyValue::default()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::StringValue(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::IntValue(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::DoubleValue(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::BoolValue(value)
    }
}
