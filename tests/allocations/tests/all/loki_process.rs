//! Lines of pods that go through the stages of the k8s-monitoring chart in `loki_process`.

use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::{Batch, BufferingProcessor, BuiltProcessor, Signal};
use headwater_logs::{Encoder, Entry, Origin};
use headwater_processor_loki_process::{Config, factory};
use headwater_testkit::{environment, host};

use crate::component::{BATCHES, Taker, per_batch};

/// The stages of the pod-log pipeline of seed 001.
const POD_LOGS: &str = concat!(
    "stages:\n",
    include_str!("../../../../crates/processors/loki-process/tests/all/pod-logs.yaml")
);

/// The labels of a pod's target; `tmp_container_runtime` comes on top.
const LABELS: &[(&str, &str)] = &[
    ("loki.stream", "true"),
    ("app", "shop"),
    ("app_kubernetes_io_name", "shop"),
    ("container", "web"),
    (
        "filename",
        "/var/log/pods/shop_shop-7d9c_0f8a2b3c-1111/web/0.log",
    ),
    ("job", "shop/web"),
    ("namespace", "shop"),
    ("pod", "shop-7d9c-x2x4z"),
    ("pod_template_hash", "7d9c"),
    ("service_instance_id", "shop.shop-7d9c-x2x4z.web"),
    ("service_name", "shop"),
    ("service_namespace", "shop"),
];

/// What a batch may cost, whatever the number of its lines. Measured: 35, with its labels and those of
/// the stream that it becomes.
const PER_BATCH: f64 = 40.0;
/// What a line may cost on top because buffers grow with the batch.
const GROWTH: f64 = 0.02;

async fn processor(next: Arc<Taker>) -> Arc<dyn BufferingProcessor> {
    let (config, _) = decode::<Config>(POD_LOGS).unwrap();
    let id = "loki_process".parse().unwrap();
    let settings = environment().pipeline_settings(&id, &"logs".parse().unwrap());
    let built = factory().build_processor(settings, &config, next);
    let BuiltProcessor::Buffering(processor) = built.unwrap() else {
        panic!("cri holds partial lines");
    };
    processor.start(&host()).await.unwrap();
    processor
}

/// Lines as `runtime` writes them, all of one stream.
fn batch(runtime: &str, lines: usize) -> Batch {
    let mut encoder = Encoder::new();
    for n in 0..lines {
        let (text, second) = (format!("request {n} served in 12.5 ms"), n % 60);
        let line = match runtime {
            "docker" => format!(
                "{{\"log\":\"{text}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T06:12:{second:02}.123456789Z\"}}"
            ),
            _ => format!("2026-11-21T06:12:{second:02}.123456789Z stdout F {text}"),
        };
        let mut entry = Entry::default();
        entry.reset(line.into(), 1, Origin::default());
        for (name, value) in LABELS {
            entry.resource.push(*name, *value);
        }
        entry.resource.push("tmp_container_runtime", runtime);
        encoder.push(&entry);
    }
    let (bytes, items) = encoder.finish();
    Batch::new(Signal::Logs, Bytes::from(bytes), items)
}

/// Checks what a line costs, and what a batch of lines costs on top.
async fn check(runtime: &str, per_line: f64) {
    let taker = Arc::new(Taker::default());
    let processor = processor(Arc::clone(&taker)).await;
    let few = per_batch(&*processor, &batch(runtime, 10)).await;
    let many = per_batch(&*processor, &batch(runtime, 1000)).await;
    assert_eq!(taker.items(), BATCHES * 1010, "lines that go on");
    let line = (many - few) / 990.0;
    assert!(
        line < per_line + GROWTH,
        "{line} allocations per line of {runtime} ({few}, {many})"
    );
    let rest = few - 10.0 * per_line;
    assert!(
        rest <= PER_BATCH,
        "{rest} allocations per batch of {runtime}"
    );
}

#[tokio::test]
async fn a_line_of_containerd_allocates_once() {
    check("containerd", 1.0).await;
}

#[tokio::test]
async fn a_line_of_docker_allocates_six_times() {
    check("docker", 6.0).await;
}
