//! Resources, scopes, spans, log records and data points.
//!
//! Field numbers: opentelemetry-proto 1.x, `trace`, `logs`, `metrics`, `common`, `resource`.

use headwater_core::Signal;

use super::message::Message;

/// 2026-01-01T00:00:00Z in nanoseconds; records advance from here.
const EPOCH: u64 = 1_767_225_600_000_000_000;

const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const ROUTES: [&str; 5] = [
    "/api/v1/orders/{id}",
    "/api/v1/customers/{id}/cart",
    "/api/v1/inventory/search",
    "/api/v1/payments/{id}/capture",
    "/healthz/ready",
];
const HOSTS: [&str; 3] = [
    "checkout.shop.svc",
    "inventory.shop.svc",
    "payments.shop.svc",
];

/// Where ids and choices come from: SplitMix64, so that a seed names a request for good.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick(&mut self, choices: &[&'static str]) -> &'static str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// A Kubernetes workload's resource: 12 attributes.
pub(super) fn resource(resource: &mut Message, namespace: &str, random: &mut Random) {
    let replica = random.below(100_000);
    let instance = random.next();
    resource.text(
        1,
        "service.name",
        random.pick(&["checkout", "inventory", "payments"]),
    );
    resource.text(1, "service.namespace", namespace);
    resource.text(1, "service.version", "2.14.1");
    resource.text(1, "service.instance.id", format!("{instance:016x}"));
    resource.text(1, "deployment.environment", "staging");
    resource.text(1, "telemetry.sdk.name", "opentelemetry");
    resource.text(1, "telemetry.sdk.language", "python");
    resource.text(1, "telemetry.sdk.version", "1.39.1");
    resource.text(1, "k8s.namespace.name", "shop-prod");
    resource.text(
        1,
        "k8s.pod.name",
        format!("checkout-6f7d9c5b4d-{replica:05}"),
    );
    resource.text(
        1,
        "k8s.node.name",
        format!("node-{:02}.eu-west-1.internal", replica % 40),
    );
    resource.text(1, "host.name", format!("node-{:02}", replica % 40));
}

/// The `index`-th instrumentation scope of a resource.
pub(super) fn scope(message: &mut Message, index: usize) {
    let name = ["opentelemetry.instrumentation.http", "shop.orders"][index % 2];
    message.nested(1, |scope| {
        scope.bytes(1, name);
        scope.bytes(2, "0.60b1");
    });
}

/// `items` spans, log records or data points for one scope.
pub(super) fn records(scope: &mut Message, signal: Signal, items: usize, random: &mut Random) {
    match signal {
        Signal::Logs => (0..items).for_each(|i| scope.nested(2, |log| log_record(log, i, random))),
        Signal::Metrics => metrics(scope, items, random),
        Signal::Traces => spans(scope, items, random),
    }
}

/// The first `count` (at most 10) attributes of an HTTP call as fields `number`.
///
/// The record edits of the scenarios name keys among the first 7, so every signal has them.
fn attributes(record: &mut Message, number: u32, count: usize, random: &mut Random) {
    let user = random.below(1_000_000);
    let route = random.pick(&ROUTES);
    let page = random.below(90) + 10;
    for index in 0..count {
        match index {
            0 => record.text(number, "http.request.method", random.pick(&METHODS)),
            1 => record.text(number, "http.route", route),
            2 => record.text(number, "server.address", random.pick(&HOSTS)),
            3 => record.text(number, "enduser.id", format!("user-{user:06}")),
            4 => record.int(
                number,
                "http.response.status_code",
                200 + random.below(4) * 100,
            ),
            5 => record.text(
                number,
                "url.query",
                format!("page={page}&size=50&sort=created_at"),
            ),
            6 => record.text(
                number,
                "url.path",
                route.replace("{id}", &format!("{user:06}")),
            ),
            7 => record.text(
                number,
                "network.peer.address",
                format!("10.42.{}.{}", 100 + user % 100, 100 + user / 100 % 100),
            ),
            8 => record.int(number, "server.port", 8_080),
            _ => record.text(number, "network.protocol.version", "1.1"),
        }
    }
}

/// Traces of five spans, each the child of the one before.
fn spans(scope: &mut Message, items: usize, random: &mut Random) {
    let mut trace = [0; 16];
    let mut parent = None;
    for index in 0..items {
        if index % 5 == 0 {
            trace[..8].copy_from_slice(&random.next().to_be_bytes());
            trace[8..].copy_from_slice(&random.next().to_be_bytes());
            parent = None;
        }
        let id = random.next().to_be_bytes();
        let start = EPOCH + index as u64 * 1_000_000;
        scope.nested(2, |span| {
            span.bytes(1, trace);
            span.bytes(2, id);
            if let Some(parent) = parent {
                span.bytes(4, parent);
            }
            span.bytes(5, "POST /api/v1/orders/{id}/items");
            span.varint(6, 2);
            span.fixed64(7, start);
            span.fixed64(8, start + random.below(50_000_000));
            attributes(span, 9, 8, random);
            span.nested(15, |status| status.varint(3, 1));
        });
        parent = Some(id);
    }
}

fn log_record(log: &mut Message, index: usize, random: &mut Random) {
    let time = EPOCH + index as u64 * 1_000_000;
    let order = random.below(1_000_000);
    log.fixed64(1, time);
    log.varint(2, 9);
    log.bytes(3, "INFO");
    log.nested(5, |any| {
        any.bytes(
            1,
            format!("order {order:06} confirmed, stock reserved in store 14"),
        );
    });
    attributes(log, 6, 7, random);
    log.bytes(
        9,
        [random.next().to_be_bytes(), random.next().to_be_bytes()].concat(),
    );
    log.bytes(10, random.next().to_be_bytes());
    log.fixed64(11, time + 1_000);
}

/// Metrics of five data points: a gauge, a cumulative sum and a histogram in turn.
fn metrics(scope: &mut Message, items: usize, random: &mut Random) {
    for (index, first) in (0..items).step_by(5).enumerate() {
        let points = 5.min(items - first);
        scope.nested(2, |metric| match index % 3 {
            0 => {
                metric.bytes(1, "http.server.active_requests");
                metric.bytes(3, "{request}");
                metric.nested(5, |gauge| {
                    (0..points).for_each(|_| gauge.nested(1, |point| number(point, random)));
                });
            }
            1 => {
                metric.bytes(1, "http.server.request.total");
                metric.bytes(3, "{request}");
                metric.nested(7, |sum| {
                    (0..points).for_each(|_| sum.nested(1, |point| number(point, random)));
                    sum.varint(2, 2);
                    sum.varint(3, 1);
                });
            }
            _ => {
                metric.bytes(1, "http.server.request.duration");
                metric.bytes(3, "s");
                metric.nested(9, |histogram| {
                    (0..points).for_each(|_| histogram.nested(1, |point| buckets(point, random)));
                    histogram.varint(2, 2);
                });
            }
        });
    }
}

fn number(point: &mut Message, random: &mut Random) {
    point.fixed64(2, EPOCH - 60_000_000_000);
    point.fixed64(3, EPOCH);
    point.fixed64(6, random.below(1_000_000));
    attributes(point, 7, 10, random);
}

/// A histogram point with the seven buckets of a latency histogram.
fn buckets(point: &mut Message, random: &mut Random) {
    let counts: [u64; 7] = std::array::from_fn(|_| random.below(1_000));
    point.fixed64(2, EPOCH - 60_000_000_000);
    point.fixed64(3, EPOCH);
    point.fixed64(4, counts.iter().sum());
    point.fixed64(5, (random.below(1_000_000) as f64 / 1_000.0).to_bits());
    point.packed64(6, counts.into_iter());
    point.packed64(
        7,
        [0.005, 0.025, 0.1, 0.5, 1.0, 5.0]
            .map(f64::to_bits)
            .into_iter(),
    );
    attributes(point, 9, 10, random);
}
