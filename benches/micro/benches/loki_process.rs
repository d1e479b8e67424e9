//! Alloy's log stages: the pod-log pipeline of the k8s-monitoring chart, and others, a line each.
#![expect(
    clippy::expect_used,
    reason = "a benchmark without its input has nothing to measure"
)]

use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_config::testing::decode;
use headwater_core::{Batch, BufferingProcessor, BuiltProcessor, ConsumeError, Consumer, Signal};
use headwater_logs::{Encoder, Entry, Origin};
use headwater_processor_loki_process::{Config, factory};
use headwater_testkit::{environment, host};

/// Lines in a batch.
const LINES: usize = 1000;

const POD_LOGS: &str = concat!(
    "stages:\n",
    include_str!("../../../crates/processors/loki-process/tests/all/pod-logs.yaml")
);

const CRI: &str = "stages: [cri]";

const JSON: &str = r#"
stages:
  - cri: {}
  - json: {expressions: {level: "", user: "", took: took_ms}}
  - labels: {values: {level: ""}}
  - structured_metadata: {values: {user: "", took: ""}}
"#;

/// The labels of a pod's target, with those of labels and annotations that labelmap brings.
const LABELS: &[(&str, &str)] = &[
    ("loki.stream", "true"),
    ("app", "shop"),
    ("app_kubernetes_io_instance", "shop"),
    ("app_kubernetes_io_name", "shop"),
    ("app_kubernetes_io_version", "1.4.2"),
    ("checksum_config", "3f2a9c1be77d0c5a"),
    ("container", "web"),
    (
        "filename",
        "/var/log/pods/shop_shop-7d9c_0f8a2b3c-1111/web/0.log",
    ),
    ("job", "shop/web"),
    ("kubectl_kubernetes_io_restartedAt", "2026-11-21T06:12:00Z"),
    ("namespace", "shop"),
    ("pod", "shop-7d9c-x2x4z"),
    ("pod_template_hash", "7d9c"),
    ("prometheus_io_port", "8080"),
    ("prometheus_io_scrape", "true"),
    ("service_instance_id", "shop.shop-7d9c-x2x4z.web"),
    ("service_name", "shop"),
    ("service_namespace", "shop"),
    ("tmp_container_runtime", "containerd"),
];

/// Takes everything.
struct Taker;

#[async_trait::async_trait]
impl Consumer for Taker {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        std::hint::black_box(batch.items());
        Ok(())
    }
}

fn batch(json: bool) -> Batch {
    let mut encoder = Encoder::new();
    for n in 0..LINES {
        let body = if json {
            format!(
                "{{\"level\":\"info\",\"msg\":\"request served\",\"path\":\"/api/v1/orders/{n}\",\
                 \"status\":200,\"user\":\"u-{n}\",\"took_ms\":12.5}}"
            )
        } else {
            format!(
                "request {n} served: GET /api/v1/orders/{n} 200 in 12.5 ms for user u-{n} from 10.0.0.1"
            )
        };
        let line = format!("2026-11-21T06:12:{:02}.123456789Z stdout F {body}", n % 60);
        let mut entry = Entry::default();
        entry.reset(line.into(), 1, Origin::default());
        for (name, value) in LABELS {
            entry.resource.push(*name, *value);
        }
        encoder.push(&entry);
    }
    let (bytes, items) = encoder.finish();
    Batch::new(Signal::Logs, Bytes::from(bytes), items)
}

async fn processor(yaml: &str) -> Arc<dyn BufferingProcessor> {
    let (config, _) = decode::<Config>(yaml).expect("the stages are valid");
    let id = "loki_process".parse().expect("an id");
    let settings = environment().pipeline_settings(&id, &"logs".parse().expect("a pipeline"));
    let built = factory().build_processor(settings, &config, Arc::new(Taker));
    let BuiltProcessor::Buffering(processor) = built.expect("it can be built") else {
        unreachable!("cri holds partial lines")
    };
    processor.start(&host()).await.expect("it can be started");
    processor
}

fn stages(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let mut group = c.benchmark_group("loki_process");
    group.throughput(Throughput::Elements(LINES as u64));
    for (name, yaml, json) in [
        ("cri", CRI, false),
        ("k8s-monitoring", POD_LOGS, false),
        ("json", JSON, true),
    ] {
        let processor = runtime.block_on(processor(yaml));
        let batch = batch(json);
        group.bench_function(name, |b| {
            b.iter(|| runtime.block_on(processor.consume(batch.clone())));
        });
    }
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
