//! Changes to a request: edits of resources and of records, and decoding for comparison.
#![expect(
    clippy::expect_used,
    reason = "a benchmark without its input has nothing to measure"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headwater_attributes::{ActionConfig, Actions, Bound};
use headwater_benches_micro::{ITEMS, request};
use headwater_core::config::{Node, Origin, Value};
use headwater_core::pdata::Payload;
use headwater_core::pdata::edit::{
    LogEditor, PointEditor, ResourceEditor, Rewrite, SpanEditor, Verdict, rewrite,
};
use headwater_core::pdata::owned::{LogsData, MetricsData, TracesData};
use headwater_core::{Context, Signal};

fn action(action: &str, key: &str) -> ActionConfig {
    let value = match action {
        "insert" | "update" | "upsert" => Value::String("production".to_owned()),
        _ => Value::Null,
    };
    ActionConfig {
        key: key.to_owned(),
        action: action.to_owned(),
        value: Node::new(value, Origin::Default),
        ..ActionConfig::default()
    }
}

/// As a `resource` processor has them: three upserts and a delete.
fn resource_actions() -> Actions {
    compiled(&[
        action("upsert", "k8s.cluster.name"),
        action("upsert", "deployment.environment.name"),
        action("upsert", "service.name"),
        action("delete", "telemetry.sdk.language"),
    ])
}

fn compiled(actions: &[ActionConfig]) -> Actions {
    Actions::compile(actions).expect("the actions are valid")
}

struct Resources<'a>(Bound<'a>);

impl Rewrite for Resources<'_> {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        self.0.apply(&mut resource.attributes());
        Verdict::Keep
    }
}

struct Records<'a>(Bound<'a>);

impl Rewrite for Records<'_> {
    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        self.0.apply(&mut span.attributes());
        Verdict::Keep
    }

    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        self.0.apply(&mut log.attributes());
        Verdict::Keep
    }

    fn point(&mut self, point: &mut PointEditor<'_>) -> Verdict {
        self.0.apply(&mut point.attributes());
        Verdict::Keep
    }
}

fn edits(c: &mut Criterion) {
    let mut group = c.benchmark_group("edit");
    group.throughput(Throughput::Elements(ITEMS as u64));
    for signal in Signal::ALL {
        let payload = Payload::counted(request(signal), ITEMS);
        let context = Context::default();
        let actions = resource_actions();
        group.bench_function(BenchmarkId::new("resource", signal), |b| {
            b.iter(|| rewrite(signal, &payload, &mut Resources(actions.bind(&context))));
        });
        for (name, actions) in [
            ("absent", compiled(&[action("update", "no.such.attribute")])),
            ("upsert", compiled(&[action("upsert", "environment")])),
            (
                "upsert-hash",
                compiled(&[action("upsert", "user"), action("hash", "user")]),
            ),
        ] {
            group.bench_function(BenchmarkId::new(name, signal), |b| {
                b.iter(|| rewrite(signal, &payload, &mut Records(actions.bind(&context))));
            });
        }
    }
    group.finish();
}

/// What an edit would cost that decodes everything and encodes it again.
fn owned(c: &mut Criterion) {
    let mut group = c.benchmark_group("owned");
    group.throughput(Throughput::Elements(ITEMS as u64));
    for signal in Signal::ALL {
        let request = request(signal);
        group.bench_function(BenchmarkId::new("decode-encode", signal), |b| {
            b.iter(|| match signal {
                Signal::Traces => TracesData::decode(&request).map(|data| data.encode()),
                Signal::Metrics => MetricsData::decode(&request).map(|data| data.encode()),
                Signal::Logs => LogsData::decode(&request).map(|data| data.encode()),
            });
        });
    }
    group.finish();
}

criterion_group!(benches, edits, owned);
criterion_main!(benches);
