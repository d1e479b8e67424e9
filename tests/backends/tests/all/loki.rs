//! The `loki` exporter pushes, LogQL answers.

use std::collections::BTreeMap;

use backends_tests::{Backend, escaped, program};
use headwater_core::pdata::owned::LogRecord;
use headwater_core::{Batch, Context, Signal};
use headwater_exporter_loki::{Config, Encoding, Format, factory};
use serde_json::Value;

use crate::logs::{Running, attributes, batch, now, record, resource, stream};

const MINUTE: u64 = 60_000_000_000;
const HOUR: u64 = 60 * MINUTE;

/// Small limits, so that they are reached.
fn config(folder: &str, address: std::net::SocketAddr) -> String {
    let (port, grpc) = (address.port(), backends_tests::free_port().port());
    format!(
        "auth_enabled: true
server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: {grpc}}}
common:
  {{instance_addr: 127.0.0.1, path_prefix: {folder}/l, replication_factor: 1, ring: {{kvstore: {{store: inmemory}}}}, storage: {{filesystem: {{chunks_directory: {folder}/l/c, rules_directory: {folder}/l/r}}}}}}
schema_config: {{configs: [{{from: 2020-10-24, store: tsdb, object_store: filesystem, schema: v13, index: {{prefix: index_, period: 24h}}}}]}}
distributor: {{max_recv_msg_size: 100000}}
limits_config: {{max_line_size: 1KB, max_line_size_truncate: false}}
analytics: {{reporting_enabled: false}}
"
    )
}

/// A line as it was read back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    time: u64,
    line: String,
    /// Labels and structured metadata.
    labels: BTreeMap<String, String>,
}

fn lines(answer: &Value) -> Vec<Line> {
    let mut all = Vec::new();
    for stream in answer["data"]["result"].as_array().into_iter().flatten() {
        let labels: BTreeMap<String, String> = stream["stream"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        for value in stream["values"].as_array().unwrap() {
            all.push(Line {
                time: value[0].as_str().unwrap().parse().unwrap(),
                line: value[1].as_str().unwrap().to_owned(),
                labels: labels.clone(),
            });
        }
    }
    all.sort();
    all
}

struct Loki {
    backend: Backend,
    now: u64,
}

impl Loki {
    /// As many lines as `query` finds for a tenant, once there are so many.
    fn query(&self, tenant: &str, query: &str, count: usize) -> Vec<Line> {
        let target = format!(
            "/loki/api/v1/query_range?query={}&start={}&end={}&limit=5000&direction=forward",
            escaped(query),
            self.now - 24 * HOUR,
            self.now + HOUR
        );
        let found = self.backend.eventually(&target, tenant, |answer| {
            let found = lines(answer);
            (found.len() >= count).then_some(found)
        });
        eprintln!("ok: {tenant} {query}: {} lines", found.len());
        found
    }

    fn config(&self) -> Config {
        let mut config = Config {
            batch_size: 0,
            ..Config::default()
        };
        config.client.endpoint = format!("http://{}/loki/api/v1/push", self.backend.address);
        config
    }

    async fn push(&self, config: &Config, batches: Vec<Batch>) -> BTreeMap<&'static str, u64> {
        let exporter = Running::start(&factory(), Signal::Logs, config).await;
        for batch in batches {
            exporter.send(batch).await;
        }
        exporter.stop().await.dropped
    }

    async fn alloy_lines(&self) {
        let otlp = LogRecord {
            severity_number: 17,
            severity_text: "ERROR".into(),
            trace_id: vec![0xab; 16].into(),
            span_id: vec![1; 8].into(),
            attributes: attributes(&[("k", "v")]),
            ..record(self.now, "hello")
        };
        let service = attributes(&[("service.name", "api"), ("service.namespace", "shop")]);
        let mut config = self.config();
        config.tenant_id = "alloy".into();
        let lost = self
            .push(&config, vec![batch(vec![resource(service, vec![otlp])])])
            .await;
        assert!(lost.is_empty(), "{lost:?}");
        let found = self.query("alloy", r#"{job="shop/api", level="ERROR"}"#, 1);
        assert_eq!(found[0].time, self.now);
        assert_eq!(
            found[0].line,
            r#"{"body":"hello","traceid":"abababababababababababababababab","spanid":"0101010101010101","severity":"ERROR","attributes":{"k":"v"},"resources":{"service.name":"api","service.namespace":"shop"},"instrumentation_scope":{"name":"lib"}}"#
        );
        assert_eq!(found[0].labels["exporter"], "OTLP");
        let trace = "abababababababababababababababab";
        assert_eq!(found[0].labels["trace_id"], trace);
        let by_metadata = format!(r#"{{exporter="OTLP"}} | trace_id="{trace}""#);
        assert_eq!(self.query("alloy", &by_metadata, 1).len(), 1);
        let by_line = format!(r#"{{exporter="OTLP"}} | json | traceid="{trace}""#);
        assert_eq!(self.query("alloy", &by_line, 1).len(), 1);
    }

    async fn order(&self) {
        let mut config = self.config();
        config.format = Format::Raw;
        config.tenant_id = "order".into();
        let of = |from: u64| {
            let records = (from..from + 50).map(|n| record(self.now + n, &format!("{n:03}")));
            batch(vec![stream(&[("app", "order")], records.collect())])
        };
        let batches = (0..10).map(|n| of(n * 50)).collect();
        assert!(self.push(&config, batches).await.is_empty());
        let found = self.query("order", r#"{app="order"}"#, 500);
        let numbers: Vec<_> = found.iter().map(|line| line.line.clone()).collect();
        let expected: Vec<_> = (0..500).map(|n| format!("{n:03}")).collect();
        assert_eq!(numbers, expected);
    }

    async fn tenants_and_json(&self) {
        let mut config = self.config();
        config.encoding = Encoding::Json;
        let of = |tenant: &str| {
            let line = vec![record(self.now, &format!("of {tenant}"))];
            stream(&[("app", "t"), ("__tenant_id__", tenant)], line)
        };
        let in_context = batch(vec![stream(
            &[("app", "t")],
            vec![record(self.now, "of c")],
        )])
        .with_context(Context::default().with_tenant("c".into()));
        let batches = vec![batch(vec![of("a"), of("b")]), in_context];
        assert!(self.push(&config, batches).await.is_empty());
        for tenant in ["a", "b", "c"] {
            let found = self.query(tenant, r#"{app="t"}"#, 1);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].line, format!("of {tenant}"));
        }
    }

    async fn refusals(&self) {
        let mut config = self.config();
        config.tenant_id = "refusals".into();
        let many: Vec<_> = (0..20).map(|n| format!("l{n}")).collect();
        let mut many: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
        many.push(("app", "many"));
        let long = "x".repeat(2000);
        let good = [("app", "good")];
        let records = vec![
            record(self.now - 30 * 24 * HOUR, "too old"),
            record(self.now + 1, "one"),
            record(self.now + 2, &long),
            record(self.now + 3, "two"),
            record(self.now + HOUR, "too new"),
        ];
        let data = batch(vec![
            stream(&many, vec![record(self.now, "a"), record(self.now, "b")]),
            stream(&good, records),
            stream(&[("app", "other")], vec![record(self.now, "three")]),
        ]);
        let lost = self.push(&config, vec![data]).await;
        eprintln!("ok: refused {lost:?}");
        let expected = BTreeMap::from([
            ("greater_than_max_sample_age", 1),
            ("line_too_long", 1),
            ("max_label_names_per_series", 2),
            ("too_far_in_future", 1),
        ]);
        assert_eq!(lost, expected);
        let found = self.query("refusals", r#"{app=~".+"}"#, 3);
        let mut found: Vec<_> = found.iter().map(|line| line.line.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, ["one", "three", "two"]);
    }

    /// Lines behind the newest by more than Loki's window.
    async fn too_far_behind(&self) {
        let mut config = self.config();
        config.tenant_id = "behind".into();
        // By itself: beside a stream that is fine, Loki 3 answers 204 and throws the late line away.
        let of = |time, line| batch(vec![stream(&[("app", "late")], vec![record(time, line)])]);
        let batches = vec![of(self.now, "newest"), of(self.now - 10 * HOUR, "late")];
        let lost = self.push(&config, batches).await;
        eprintln!("ok: behind {lost:?}");
        assert_eq!(lost, BTreeMap::from([("too_far_behind", 1)]));
        assert_eq!(self.query("behind", r#"{app="late"}"#, 1).len(), 1);
    }

    async fn sizes(&self) {
        let mut config = self.config();
        config.tenant_id = "sizes".into();
        // Digits that snappy cannot shorten.
        let mut state = 1_u64;
        let mut noise = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{:016x}", state)
        };
        let records = (0..500).map(|n| {
            let line: String = (0..50).map(|_| noise()).collect();
            record(self.now + n, &line)
        });
        let data = batch(vec![stream(&[("app", "big")], records.collect())]);
        assert!(data.bytes() > 400_000);
        let lost = self.push(&config, vec![data]).await;
        assert!(lost.is_empty(), "{lost:?}");
        assert_eq!(self.query("sizes", r#"{app="big"}"#, 500).len(), 500);
    }

    async fn nobody(&self) {
        let data = || batch(vec![stream(&[("app", "n")], vec![record(self.now, "x")])]);
        let lost = self.push(&self.config(), vec![data()]).await;
        eprintln!("ok: without a tenant {lost:?}");
        assert_eq!(lost, BTreeMap::from([("http_401", 1)]));
    }

    /// The endpoint of Loki's own, beside it.
    async fn otlp(&self) {
        use headwater_exporter_otlp_http::{Config, factory};
        let mut config = Config {
            logs_endpoint: format!("http://{}/otlp/v1/logs", self.backend.address),
            ..Config::default()
        };
        config.client.headers.insert("X-Scope-OrgID", "otlp".into());
        let exporter = Running::start(&factory(), Signal::Logs, &config).await;
        let line = LogRecord {
            trace_id: vec![0xcd; 16].into(),
            attributes: attributes(&[("k.x", "v")]),
            ..record(self.now, "hello")
        };
        let service = attributes(&[("service.name", "api"), ("other.key", "o")]);
        exporter
            .send(batch(vec![resource(service, vec![line])]))
            .await;
        assert_eq!(exporter.stop().await.sent, 1);
        let found = self.query("otlp", r#"{service_name="api"}"#, 1);
        assert_eq!(found[0].line, "hello");
        let labels = &found[0].labels;
        let said = ["k_x", "other_key", "trace_id"].map(|name| labels[name].as_str());
        assert_eq!(said, ["v", "o", "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn loki_gives_back_what_was_pushed() {
    let Some(program) = program("LOKI_BIN", "e2e-loki") else {
        return;
    };
    let loki = Loki {
        backend: Backend::start(&program, config),
        now: now() - MINUTE,
    };
    loki.alloy_lines().await;
    loki.order().await;
    loki.tenants_and_json().await;
    loki.refusals().await;
    loki.too_far_behind().await;
    loki.sizes().await;
    loki.nobody().await;
    loki.otlp().await;
}
