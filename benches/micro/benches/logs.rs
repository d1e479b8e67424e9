//! Log lines: operators to OTLP alone, and whole files through the `file_log` receiver.
#![expect(
    clippy::expect_used,
    reason = "a benchmark without its input has nothing to measure"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_config::testing::decode;
use headwater_core::config::Config;
use headwater_core::{Batch, ComponentKind, ConsumeError, Consumer, Outputs, Signal};
use headwater_logs::{Encoder, Entry, Operators, Origin};
use headwater_testkit::{environment, host};

/// Lines in a buffer.
const LINES: usize = 1000;

/// Lines in a file.
const FILE_LINES: usize = 200_000;

const POD: &str = "/var/log/pods/shop_checkout-7d9c_0f8a2b3c-1111-2222-3333-444455556666/app/0.log";

const CONTAINER: &str = "operators: [{type: container}]";

const JSON: &str = "operators:
  - {type: container}
  - type: json_parser
    parse_from: body
    severity: {parse_from: attributes.level}
  - {type: remove, field: attributes.level}";

#[derive(Debug, Default, Clone, Config)]
struct Section {
    operators: Operators,
}

fn lines(count: usize, json: bool) -> String {
    let mut text = String::new();
    for n in 0..count {
        let second = n % 60;
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
        writeln!(
            text,
            "2026-11-21T06:12:{second:02}.123456789Z stdout F {body}"
        )
        .ok();
    }
    text
}

fn operators(c: &mut Criterion) {
    let mut group = c.benchmark_group("logs");
    group.throughput(Throughput::Elements(LINES as u64));
    for (name, yaml, json) in [("containerd", CONTAINER, false), ("json", JSON, true)] {
        let (section, _) = decode::<Section>(yaml).expect("the operators are valid");
        let program = Arc::clone(section.operators.program());
        let text = lines(LINES, json);
        let mut state = program.state();
        let mut encoder = Encoder::new();
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut entry = Entry::default();
                for line in text.lines() {
                    entry.reset(black_box(line).into(), 1, Origin::default());
                    entry.attributes.push("log.file.name", "0.log");
                    entry.attributes.push("log.file.path", POD);
                    program.run(&mut entry, &mut state, &mut encoder);
                }
                encoder.finish()
            });
        });
    }
    group.finish();
}

/// Counts what it takes.
#[derive(Default)]
struct Count(AtomicUsize);

#[async_trait::async_trait]
impl Consumer for Count {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        self.0.fetch_add(batch.items(), Ordering::Relaxed);
        Ok(())
    }
}

/// Reads the files in a folder from the beginning until every line has arrived.
fn read(folder: &Path, operators: &str) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let yaml = format!(
        "include: ['{}/**/*.log']\nstart_at: beginning\ninclude_file_path: true\n\
         checkpoints: {{enabled: false}}\n{operators}",
        folder.display()
    );
    let (config, _) = decode::<headwater_receiver_file_log::Config>(&yaml).expect("valid");
    let environment = environment();
    let id = "file_log".parse().expect("an id");
    let settings = environment.settings(ComponentKind::Receiver, &id);
    let count = Arc::new(Count::default());
    let outputs = Outputs::new().with(Signal::Logs, Arc::clone(&count) as Arc<dyn Consumer>);
    let receiver = headwater_receiver_file_log::factory()
        .build_receiver(settings, &config, outputs)
        .expect("a receiver");
    runtime.block_on(async {
        receiver.start(&host()).await.expect("starts");
        while count.0.load(Ordering::Relaxed) < FILE_LINES {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        receiver
            .shutdown(Instant::now() + Duration::from_secs(10))
            .await
            .expect("stops");
    });
    count.0.load(Ordering::Relaxed)
}

fn files(c: &mut Criterion) {
    let mut group = c.benchmark_group("files");
    group.sample_size(10);
    group.throughput(Throughput::Elements(FILE_LINES as u64));
    for (name, yaml, json) in [("containerd", CONTAINER, false), ("json", JSON, true)] {
        let folder = tempfile::tempdir().expect("a folder");
        for file in 0..10 {
            let pod = folder
                .path()
                .join(format!("shop_checkout-{file}_0f8a-{file}/app"));
            std::fs::create_dir_all(&pod).expect("a folder");
            std::fs::write(pod.join("0.log"), lines(FILE_LINES / 10, json)).expect("a file");
        }
        group.bench_function(name, |b| b.iter(|| read(folder.path(), yaml)));
    }
    group.finish();
}

criterion_group!(benches, operators, files);
criterion_main!(benches);
