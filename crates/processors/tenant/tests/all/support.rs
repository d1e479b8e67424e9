//! A processor in front of a recorder, and batches with contexts.

use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::graph::Environment;
use headwater_core::telemetry::{Level, SeriesValue};
use headwater_core::{
    Batch, BuiltProcessor, ComponentError, ConsumeError, Consumer, Context, ContextParts, Factory,
    Identity, Metadata, Signal,
};
use headwater_processor_tenant::{Config, factory};
use headwater_testkit::otlp::{AnyValue, KeyValue, Request, Resource, Value};
use headwater_testkit::{Generator, Recorder, Shape, environment, host};

pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) next: Recorder,
    pub(crate) processor: BuiltProcessor,
}

impl Setup {
    pub(crate) fn new(yaml: &str) -> Self {
        Self::of(&factory(), &environment(), "traces", yaml)
    }

    /// The instance of one pipeline.
    pub(crate) fn of(
        factory: &Factory,
        environment: &Environment,
        pipeline: &str,
        yaml: &str,
    ) -> Self {
        let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
        let next = Recorder::new();
        let settings =
            environment.pipeline_settings(&"tenant".parse().unwrap(), &pipeline.parse().unwrap());
        let built = factory.build_processor(settings, &config, Arc::new(next.clone()));
        Self {
            environment: environment.clone(),
            next,
            processor: built.unwrap(),
        }
    }

    pub(crate) async fn start(&self) -> Result<(), ComponentError> {
        match &self.processor {
            BuiltProcessor::Inline(processor) => processor.start(&host()).await,
            BuiltProcessor::Buffering(processor) => processor.start(&host()).await,
        }
    }

    /// As the graph calls it.
    pub(crate) async fn send(&self, batch: Batch) -> Result<(), ConsumeError> {
        match &self.processor {
            BuiltProcessor::Inline(processor) => match processor.process(batch)? {
                Some(batch) => self.next.consume(batch).await,
                None => Ok(()),
            },
            BuiltProcessor::Buffering(processor) => processor.consume(batch).await,
        }
    }

    /// The tenants of what arrived.
    pub(crate) fn tenants(&self) -> Vec<Option<String>> {
        let batches = self.next.batches();
        let tenant = |batch: &Batch| batch.context().tenant().map(str::to_owned);
        batches.iter().map(tenant).collect()
    }

    /// The series of a metric whose labels have all of these values.
    pub(crate) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let families = self.environment.telemetry.snapshot(Level::Normal);
        let series = families
            .iter()
            .filter(|family| family.instrument.name == name)
            .flat_map(|family| &family.series);
        series
            .filter(|(attributes, _)| {
                labels.iter().all(|(name, value)| {
                    attributes
                        .iter()
                        .any(|(known, is)| known == name && is == value)
                })
            })
            .map(|(_, value)| match value {
                SeriesValue::Number(number) => *number,
                SeriesValue::Histogram(histogram) => histogram.sum,
            })
            .sum()
    }

    /// How many series all metrics of tenants have.
    pub(crate) fn series(&self) -> usize {
        let families = self.environment.telemetry.snapshot(Level::Normal);
        families
            .iter()
            .filter(|family| family.instrument.name.starts_with("otelcol_tenant_"))
            .map(|family| family.series.len())
            .sum()
    }

    pub(crate) fn assert_balanced(&self) {
        let ledger = &self.environment.ledger;
        assert_eq!(ledger.imbalance(), 0, "{:?}", ledger.balances());
    }
}

/// A context with these headers.
pub(crate) fn headers(headers: &[(&str, &str)]) -> ContextParts {
    let mut metadata = Metadata::default();
    metadata.append("host", "test");
    for (name, value) in headers {
        metadata.append(name, value);
    }
    ContextParts {
        metadata,
        peer: Some(([127, 0, 0, 1], 1).into()),
        ..ContextParts::default()
    }
}

/// The same of a sender who authenticated.
pub(crate) fn authenticated(mut parts: ContextParts, attributes: &[(&str, &str)]) -> ContextParts {
    let attributes = attributes.iter();
    parts.identity = Some(Identity {
        attributes: attributes
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
    });
    parts
}

/// A batch of as many items.
pub(crate) fn batch(signal: Signal, items: usize, context: ContextParts) -> Batch {
    let bytes = Generator::new(1).request(signal, Shape::of(items));
    Batch::new(signal, Bytes::from(bytes), items).with_context(Context::new(context))
}

/// A batch of a tenant named in a header.
pub(crate) fn of(tenant: &str, items: usize) -> Batch {
    batch(Signal::Traces, items, headers(&[("X-Scope-OrgID", tenant)]))
}

/// A batch with resources that have the attribute `tenant`, or not, and as many items each.
pub(crate) fn resources(signal: Signal, resources: &[(Option<&str>, usize)]) -> Batch {
    let mut bytes = Vec::new();
    let mut items = 0;
    let mut generator = Generator::new(5);
    for (tenant, count) in resources {
        let mut request =
            Request::decode(signal, &generator.request(signal, Shape::of(*count))).unwrap();
        for resource in all_resources(&mut request) {
            let resource = resource.get_or_insert_default();
            resource.attributes.extend(tenant.map(|tenant| KeyValue {
                key: "tenant".to_owned(),
                value: Some(AnyValue {
                    value: Some(Value::StringValue(tenant.to_owned())),
                }),
                ..KeyValue::default()
            }));
        }
        bytes.extend(request.encode());
        items += count;
    }
    Batch::new(signal, Bytes::from(bytes), items)
}

fn all_resources(request: &mut Request) -> Vec<&mut Option<Resource>> {
    match request {
        Request::Traces(data) => data
            .resource_spans
            .iter_mut()
            .map(|entry| &mut entry.resource)
            .collect(),
        Request::Metrics(data) => data
            .resource_metrics
            .iter_mut()
            .map(|entry| &mut entry.resource)
            .collect(),
        Request::Logs(data) => data
            .resource_logs
            .iter_mut()
            .map(|entry| &mut entry.resource)
            .collect(),
    }
}
