//! What records become: labels, lines, structured metadata.

use headwater_core::Batch;
use headwater_core::pdata::owned::{KeyValue, LogRecord};
use headwater_exporter_loki::{Config, Encoding, Format, MetadataField};

use super::support::{
    Backend, Stream, T, attributes, bare, batch, config, record, resource, started, stream_batch,
};

/// The streams of the one push that a batch becomes.
async fn pushed(batch: Batch, change: impl FnOnce(&mut Config)) -> Vec<Stream> {
    let backend = Backend::start();
    let mut config = config(backend.address);
    change(&mut config);
    let setup = started(&config).await;
    let items = batch.items() as u64;
    setup.consume(batch).await;
    assert_eq!(setup.finish().await.sent, items);
    let received = backend.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].path, "/loki/api/v1/push");
    received[0].streams.clone()
}

fn service() -> Vec<KeyValue> {
    attributes(&[
        ("service.name", "api"),
        ("service.namespace", "shop"),
        ("service.instance.id", "i-1"),
        ("k8s.pod.name", "p"),
    ])
}

/// A record with severity, ids and attributes.
fn example() -> LogRecord {
    LogRecord {
        severity_number: 13,
        severity_text: "warning".into(),
        trace_id: vec![1; 16].into(),
        span_id: vec![2; 8].into(),
        attributes: attributes(&[("user.id", "u"), ("path", "/x")]),
        ..record(5, "hello")
    }
}

#[tokio::test]
async fn an_otlp_record_becomes_the_line_that_alloy_writes() {
    let streams = pushed(batch(vec![resource(service(), vec![example()])]), |_| {}).await;
    let (labels, entries) = &streams[0];
    assert_eq!(
        labels,
        r#"{exporter="OTLP", instance="i-1", job="shop/api", level="WARN"}"#
    );
    let line = r#"{"body":"hello","traceid":"01010101010101010101010101010101","spanid":"0202020202020202","severity":"warning","attributes":{"path":"/x","user.id":"u"},"resources":{"k8s.pod.name":"p","service.instance.id":"i-1","service.name":"api","service.namespace":"shop"},"instrumentation_scope":{"name":"lib","version":"1"}}"#;
    let metadata = "trace_id=01010101010101010101010101010101,span_id=0202020202020202".to_owned();
    assert_eq!(entries, &[(T as i64 + 5, line.to_owned(), metadata)]);
}

#[tokio::test]
async fn hints_of_records_and_resources_make_labels_that_leave_the_line() {
    let mut hinted = service();
    hinted.extend(attributes(&[
        ("loki.resource.labels", "k8s.pod.name, missing"),
        ("loki.format", "json"),
    ]));
    let mut map = record(0, "x");
    map.attributes = vec![
        KeyValue::new("loki.attribute.labels", "user.id,http.method"),
        KeyValue::new("user.id", "u"),
        KeyValue::new("http", vec![KeyValue::new("method", "GET")]),
        KeyValue::new("level", "low"),
    ];
    map.severity_number = 9;
    let streams = pushed(batch(vec![resource(hinted, vec![map])]), |config| {
        config.structured_metadata.fields.clear();
    })
    .await;
    assert_eq!(
        streams[0].0,
        r#"{exporter="OTLP", http_method="GET", instance="i-1", job="shop/api", k8s_pod_name="p", level="low", user_id="u"}"#
    );
    let line = &streams[0].1[0].1;
    assert!(
        line.contains(r#""attributes":{"http":{"method":"GET"}}"#),
        "{line}"
    );
    assert!(
        !line.contains("k8s.pod.name") && !line.contains("loki."),
        "{line}"
    );
}

#[tokio::test]
async fn formats_are_chosen_by_the_hint_else_by_the_configuration() {
    let with = |hint: &str| LogRecord {
        attributes: attributes(&[("loki.format", hint), ("a", "b")]),
        ..record(0, "level=info text")
    };
    let records = vec![with("raw"), with("logfmt"), with("json"), with("unknown")];
    let streams = pushed(batch(vec![resource(Vec::new(), records)]), |config| {
        config.format = Format::Raw;
    })
    .await;
    let lines: Vec<_> = streams[0].1.iter().map(|entry| entry.1.as_str()).collect();
    assert_eq!(
        lines,
        [
            "level=info text",
            "level=info text= attribute_a=b instrumentation_scope_name=lib \
             instrumentation_scope_version=1",
            r#"{"body":"level=info text","attributes":{"a":"b"},"instrumentation_scope":{"name":"lib","version":"1"}}"#,
            "level=info text",
        ]
    );
}

#[tokio::test]
async fn labels_and_structured_metadata_are_chosen_by_the_configuration() {
    let streams = pushed(
        batch(vec![resource(service(), vec![example()])]),
        |config| {
            config.format = Format::Json;
            config.default_labels_enabled.exporter = false;
            config.default_labels_enabled.instance = false;
            config.external_labels.insert("cluster".into(), "c".into());
            config.external_labels.insert("job".into(), "not me".into());
            config
                .labels
                .resource
                .insert("k8s.pod.name".into(), "pod".into());
            config
                .labels
                .attributes
                .insert("user.id".into(), String::new());
            config.labels.record.severity = Some(String::new());
            let metadata = &mut config.structured_metadata;
            metadata.fields = vec![MetadataField::SeverityNumber, MetadataField::ScopeName];
            metadata.attributes = vec!["*".into()];
            metadata.resource = vec!["service.name".into()];
            config.trace_id_key = "traceID".into();
        },
    )
    .await;
    let (labels, entries) = &streams[0];
    assert_eq!(
        labels,
        r#"{cluster="c", job="shop/api", level="WARN", pod="p", severity="warning", user_id="u"}"#
    );
    let (_, line, metadata) = &entries[0];
    assert_eq!(
        metadata,
        "severity_number=13,scope_name=lib,service_name=api,path=/x"
    );
    assert_eq!(
        line,
        r#"{"body":"hello","traceID":"01010101010101010101010101010101","spanid":"0202020202020202","severity":"warning","resources":{"service.instance.id":"i-1","service.namespace":"shop"},"instrumentation_scope":{"name":"lib","version":"1"}}"#
    );
}

#[tokio::test]
async fn metadata_hints_work_on_records_and_resources() {
    let mut hinted = attributes(&[
        ("loki.attribute.structured_metadata", "a"),
        ("loki.resource.structured_metadata", "k8s.pod.name"),
        ("k8s.pod.name", "p"),
        ("rest", "r"),
    ]);
    hinted.push(KeyValue::new("loki.format", "json"));
    let mut own = record(0, "x");
    own.attributes = attributes(&[
        ("loki.attribute.structured_metadata", "b"),
        ("a", "1"),
        ("b", "2"),
        ("c", "3"),
    ]);
    let streams = pushed(batch(vec![resource(hinted, vec![own])]), |_| {}).await;
    let (_, line, metadata) = &streams[0].1[0];
    assert_eq!(metadata, "k8s_pod_name=p,a=1,b=2");
    assert!(
        line.contains(r#""attributes":{"c":"3"},"resources":{"rest":"r"}"#),
        "{line}"
    );
}

#[tokio::test]
async fn a_resource_that_is_a_stream_goes_out_as_it_is() {
    let mut labels = attributes(&[
        ("app", "a"),
        ("__path__", "/var/log"),
        ("empty", ""),
        ("job", "mine"),
    ]);
    labels.push(KeyValue::new("loki.stream", true));
    let mut line = example();
    line.attributes = attributes(&[("filename", "f")]);
    let streams = pushed(batch(vec![resource(labels, vec![line])]), |config| {
        config.external_labels.insert("no".into(), "label".into());
    })
    .await;
    assert_eq!(streams[0].0, r#"{app="a", job="mine", no="label"}"#);
    let entry = (T as i64 + 5, "hello".to_owned(), "filename=f".to_owned());
    assert_eq!(streams[0].1, [entry]);
}

#[tokio::test]
async fn the_same_labels_of_several_resources_are_one_stream_in_order() {
    let streams = pushed(
        stream_batch(&[
            (&[("a", "1")], &["l1", "l2"]),
            (&[("a", "2")], &["m1"]),
            (&[("a", "1")], &["l3"]),
        ]),
        |_| {},
    )
    .await;
    let lines = |at: usize| -> Vec<_> { streams[at].1.iter().map(|e| e.1.as_str()).collect() };
    assert_eq!(
        (streams.len(), lines(0), lines(1)),
        (2, vec!["l1", "l2", "l3"], vec!["m1"])
    );
}

#[tokio::test]
async fn a_stream_without_labels_is_sent_all_the_same() {
    let backend = Backend::start();
    let setup = started(&bare(backend.address)).await;
    setup
        .consume(batch(vec![resource(Vec::new(), vec![record(0, "x")])]))
        .await;
    assert_eq!(setup.finish().await.sent, 1);
    let labels = &backend.received()[0].streams[0].0;
    assert_eq!(labels, r#"{service_name="unknown_service"}"#);
}

#[tokio::test]
async fn json_says_the_same_as_protobuf() {
    let data = || batch(vec![resource(service(), vec![example(), record(1, "ä\n")])]);
    let protobuf = pushed(data(), |_| {}).await;
    let json = pushed(data(), |config| config.encoding = Encoding::Json).await;
    assert_eq!(json, protobuf);
}

#[tokio::test]
async fn a_record_without_time_gets_the_observed_one_else_now() {
    let observed = LogRecord {
        time_unix_nano: 0,
        observed_time_unix_nano: T + 7,
        ..record(0, "x")
    };
    let none = LogRecord {
        time_unix_nano: 0,
        ..record(0, "y")
    };
    let streams = pushed(
        batch(vec![resource(Vec::new(), vec![observed, none])]),
        |_| {},
    )
    .await;
    assert_eq!(streams[0].1[0].0, T as i64 + 7);
    assert!(streams[0].1[1].0 > T as i64 + 7);
}
