//! OTTL conditions on a span as it lies, and routing by tenant.
#![allow(
    missing_docs,
    reason = "criterion's macros make functions without docs"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up ends by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_config::testing::decode;
use headwater_connector_routing::{Config, factory};
use headwater_core::pdata::owned::{
    KeyValue, LogRecord, LogsData, Resource, ResourceLogs, ScopeLogs,
};
use headwater_core::pdata::view;
use headwater_core::{Batch, Connector, ConnectorOutputs, ConsumeError, Consumer, Context, Signal};
use headwater_ottl::{Condition, ContextKind, Env, Record, Resource as OttlResource, Scope};
use headwater_testkit::environment;

/// Tenants, each with a row, a pipeline and a resource in the batch.
const TENANTS: usize = 300;

/// Takes everything.
struct Sink;

#[async_trait]
impl Consumer for Sink {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        drop(black_box(batch));
        Ok(())
    }
}

fn conditions(criterion: &mut Criterion) {
    let request = headwater_benches_micro::request(Signal::Traces);
    let data = view::TracesData::new(&request);
    let entry = data.resource_spans().next().unwrap();
    let span = entry.scope_spans().next().unwrap().spans().next().unwrap();
    let last = span.attributes().iter().last().unwrap();
    let last = last.key().to_lossy().into_owned();
    let context = Context::default();
    let env = Env {
        request: &context,
        resource: OttlResource {
            resource: entry.resource(),
            schema_url: entry.schema_url(),
        },
        scope: Scope::default(),
        record: Record::Span(span),
    };
    let mut group = criterion.benchmark_group("condition");
    for (name, text) in [
        ("attribute", format!(r#"attributes["{last}"] == "x""#)),
        (
            "resource",
            r#"resource.attributes["service.name"] == "x""#.to_owned(),
        ),
        ("kind", "kind == SPAN_KIND_SERVER".to_owned()),
        ("match", r#"IsMatch(name, "^GET /")"#.to_owned()),
        (
            "match_calculated",
            r#"IsMatch(name, Concat(["^GET", " /"], ""))"#.to_owned(),
        ),
        (
            "three",
            format!(r#"kind == 9 or name == "x" or attributes["{last}"] == "x""#),
        ),
        (
            "math",
            r#"end_time - start_time > Duration("5s")"#.to_owned(),
        ),
    ] {
        let condition = Condition::parse(&text, ContextKind::Span).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| condition.eval(black_box(&env)));
        });
    }
    group.finish();
}

fn connector(context: &str, condition: &str) -> Arc<dyn Connector> {
    let mut yaml = "table:\n".to_owned();
    let mut pipelines: BTreeMap<_, Arc<dyn Consumer>> = BTreeMap::new();
    for tenant in 0..TENANTS {
        let condition = condition.replace("NAME", &format!("tenant-{tenant}"));
        writeln!(
            yaml,
            "  - {{context: {context}, condition: '{condition}', pipelines: [logs/{tenant}]}}"
        )
        .unwrap();
        let id = format!("logs/{tenant}").parse().unwrap();
        pipelines.insert(id, Arc::new(Sink));
    }
    let (config, _) = decode::<Config>(&yaml).unwrap();
    let id = "routing".parse().unwrap();
    let settings = environment().connector_settings(&id, Signal::Logs, Signal::Logs);
    let outputs = ConnectorOutputs {
        signal: Signal::Logs,
        all: Arc::new(Sink),
        pipelines,
    };
    factory()
        .build_connector(settings, &config, outputs)
        .unwrap()
}

/// A resource of every tenant with ten records each.
fn batch() -> Batch {
    let entry = |tenant: usize| ResourceLogs {
        resource: Some(Resource {
            attributes: vec![
                KeyValue::new("service.name", "checkout"),
                KeyValue::new("service.instance.id", "checkout-7d9c"),
                KeyValue::new("tenant", format!("tenant-{tenant}")),
            ],
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            log_records: vec![
                LogRecord {
                    body: "request served in 12 ms".into(),
                    ..LogRecord::default()
                };
                10
            ],
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    };
    let data = LogsData {
        resource_logs: (0..TENANTS).map(entry).collect(),
        ..LogsData::default()
    };
    Batch::new(Signal::Logs, data.encode(), TENANTS * 10)
}

fn routing(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut group = criterion.benchmark_group("routing");
    let resources = connector("resource", r#"attributes["tenant"] == "NAME""#);
    let scattered = batch();
    group.throughput(Throughput::Elements(TENANTS as u64));
    group.bench_function("300 resources to 300 tenants", |bencher| {
        bencher.iter(|| runtime.block_on(resources.consume(scattered.clone())));
    });
    let patterns = connector("resource", r#"IsMatch(attributes["tenant"], "^NAME$")"#);
    group.bench_function("the same by patterns, one by one", |bencher| {
        bencher.iter(|| runtime.block_on(patterns.consume(scattered.clone())));
    });
    let requests = connector("request", r#"tenant == "NAME""#);
    let whole = batch().with_context(Context::default().with_tenant("tenant-299".into()));
    group.throughput(Throughput::Elements(1));
    group.bench_function("a batch by its tenant", |bencher| {
        bencher.iter(|| runtime.block_on(requests.consume(whole.clone())));
    });
    group.finish();
}

criterion_group!(benches, conditions, routing);
criterion_main!(benches);
