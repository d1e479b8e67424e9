//! Every format, from a socket to OTLP.

use headwater_testkit::otlp::ResourceMetrics;

use crate::setup::{Setup, attributes, lines};
use crate::target::{Reply, Target};

const TEXT: &str = "\
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code=\"200\",method=\"get\"} 1027
http_requests_total{code=\"400\",method=\"get\"} 3
# TYPE temperature gauge
temperature -3.5
untyped_thing 7
# TYPE latency histogram
latency_bucket{path=\"/\",le=\"0.1\"} 2
latency_bucket{path=\"/\",le=\"1\"} 5
latency_bucket{path=\"/\",le=\"+Inf\"} 6
latency_sum{path=\"/\"} 4.5
latency_count{path=\"/\"} 6
# TYPE rpc summary
rpc{quantile=\"0.5\"} 0.2
rpc{quantile=\"0.99\"} 0.9
rpc_sum 10
rpc_count 20
";

#[tokio::test]
async fn text_becomes_metrics_of_every_type() {
    let target = Target::new(Reply::text(TEXT)).await;
    let mut setup = Setup::job(&target.address, "").await;
    let lines = setup.scrape(true).await;
    assert_eq!(
        lines[..6],
        [
            "counter http_requests_total{code=200,method=get} 1027",
            "counter http_requests_total{code=400,method=get} 3",
            "gauge temperature{} -3.5",
            "gauge untyped_thing{} 7",
            "histogram latency{path=/} 6 Some(4.5) [0.1, 1.0] [2, 3, 1]",
            "summary rpc{} 20 10 [(0.5, 0.2), (0.99, 0.9)]",
        ]
    );
    let request = &target.requests()[0];
    for header in [
        "accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,",
        "accept-encoding: gzip",
        "user-agent: test/0.0.0",
        "x-prometheus-scrape-timeout-seconds: 0.1",
    ] {
        assert!(request.to_lowercase().contains(header), "{request}");
    }
    setup.stop().await;
}

#[tokio::test]
async fn the_metric_says_what_the_target_says_about_it() {
    let body = "# TYPE wait_seconds counter\n# UNIT wait_seconds seconds\n# HELP wait_seconds Time \
                waited.\nwait_seconds_total{a=\"b\"} 3 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\",span_id=\"b7ad6b7169203331\",user=\"u\"} 0.5 1.5\nwait_seconds_created{a=\"b\"} 1700000000.5\n# EOF\n";
    let target = Target::new(Reply::openmetrics(body)).await;
    let mut setup = Setup::job(&target.address, "").await;
    let batch = setup
        .next(|batch| lines(batch).iter().any(|line| line.contains("wait")))
        .await;
    let metric = &batch[0].scope_metrics[0].metrics[0];
    assert_eq!(metric.name, "wait_seconds_total");
    assert_eq!(metric.description, "Time waited.");
    assert_eq!(metric.unit, "s");
    assert_eq!(attributes(&metric.metadata), "prometheus.type=counter");
    let Some(headwater_testkit::otlp::Data::Sum(sum)) = &metric.data else {
        panic!("a counter is a sum: {metric:?}");
    };
    let point = &sum.data_points[0];
    assert_eq!(point.start_time_unix_nano, 1_700_000_000_500_000_000);
    let exemplar = &point.exemplars[0];
    assert_eq!(exemplar.time_unix_nano, 1_500_000_000);
    assert_eq!(exemplar.trace_id[0], 0x0a);
    assert_eq!(exemplar.span_id[7], 0x31);
    assert_eq!(attributes(&exemplar.filtered_attributes), "user=u");
    assert_eq!(batch[0].scope_metrics[0].metrics.len(), 6, "and the report");
    setup.stop().await;
}

#[tokio::test]
async fn info_and_stateset_are_sums_and_gauge_histograms_gauges() {
    let body = "# TYPE build info\nbuild_info{version=\"1\"} 1\n# TYPE mode stateset\nmode{mode=\"on\"} 1\n\
                # TYPE size gaugehistogram\nsize_bucket{le=\"1.0\"} 2\nsize_bucket{le=\"+Inf\"} 3\nsize_gsum 4\nsize_gcount 3\n# EOF\n";
    let target = Target::new(Reply::openmetrics(body)).await;
    let mut setup = Setup::job(&target.address, "").await;
    let lines = setup.scrape(true).await;
    assert_eq!(
        lines[..6],
        [
            "sum build{version=1} 1",
            "sum mode{mode=on} 1",
            "gauge size_bucket{le=1.0} 2",
            "gauge size_bucket{le=+Inf} 3",
            "gauge size_gsum{} 4",
            "gauge size_gcount{} 3",
        ]
    );
    setup.stop().await;
}

fn resource(batch: &[ResourceMetrics], at: usize) -> String {
    attributes(&batch[at].resource.as_ref().unwrap().attributes)
}

#[tokio::test]
async fn the_resource_says_where_metrics_come_from() {
    let body = "# TYPE target info\ntarget_info{cluster=\"eu\",server_port=\"x\"} 1\na 1\n# EOF\n";
    let target = Target::new(Reply::openmetrics(body)).await;
    let keys = "relabel_configs: [{target_label: instance, replacement: 'shop.example:81'}]";
    let mut setup = Setup::job(&target.address, keys).await;
    let batch = setup.next(|batch| !lines(batch).is_empty()).await;
    assert_eq!(
        resource(&batch, 0),
        "service.name=j,server.address=shop.example,service.instance.id=shop.example:81,\
         server.port=81,url.scheme=http,cluster=eu,server_port=x"
    );
    assert!(
        !lines(&batch)
            .iter()
            .any(|line| line.contains("target_info"))
    );
    let scope = batch[0].scope_metrics[0].scope.as_ref().unwrap();
    assert!(
        scope.name.ends_with("/receiver/prometheusreceiver"),
        "{scope:?}"
    );
    assert_eq!(scope.version, "0.0.0");
    setup.stop().await;
}

#[tokio::test]
async fn labels_of_the_scope_make_a_scope_and_honoured_labels_a_resource() {
    let body = "a{otel_scope_name=\"lib\",otel_scope_version=\"2\",otel_scope_schema_url=\"https://s\",otel_scope_kind=\"k\",x=\"1\"} 1\n\
                b{job=\"other\",instance=\"i:1\"} 2\nc 3\na{otel_scope_name=\"lib\",otel_scope_version=\"2\",otel_scope_schema_url=\"https://s\",otel_scope_kind=\"k\",x=\"2\"} 4\n";
    let target = Target::new(Reply::text(body)).await;
    let mut setup = Setup::job(&target.address, "honor_labels: true").await;
    let batch = setup.next(|batch| lines(batch).len() > 5).await;
    let lib = batch
        .iter()
        .flat_map(|resource| &resource.scope_metrics)
        .find(|scope| scope.scope.as_ref().unwrap().name == "lib")
        .unwrap();
    assert_eq!(lib.scope.as_ref().unwrap().version, "2");
    assert_eq!(lib.schema_url, "https://s");
    assert_eq!(
        attributes(&lib.scope.as_ref().unwrap().attributes),
        "kind=k"
    );
    assert_eq!(lib.metrics.len(), 1, "both points are in one metric");
    let other = batch
        .iter()
        .find(|one| {
            attributes(&one.resource.as_ref().unwrap().attributes).contains("service.name=other")
        })
        .unwrap();
    assert_eq!(lines(std::slice::from_ref(other)), ["gauge b{} 2"]);
    setup.stop().await;
}

#[tokio::test]
async fn labels_that_clash_are_renamed_unless_they_are_honoured() {
    let body = "a{job=\"x\",exported_instance=\"e\",instance=\"y\"} 1\n";
    let target = Target::new(Reply::text(body)).await;
    let mut setup = Setup::job(&target.address, "").await;
    let lines = setup.scrape(true).await;
    assert_eq!(
        lines[0],
        "gauge a{exported_exported_instance=y,exported_instance=e,exported_job=x} 1"
    );
    setup.stop().await;
}

#[tokio::test]
async fn relabelling_edits_drops_and_renames() {
    let body = "# TYPE a_total counter\na_total{x=\"1\",y=\"2\"} 1\nb 2\nc 3\n";
    let target = Target::new(Reply::text(body)).await;
    let keys = "metric_relabel_configs:\n- {action: drop, source_labels: [__name__], regex: b}\n\
                - {action: labeldrop, regex: y}\n\
                - {source_labels: [__name__], regex: c, target_label: __name__, replacement: renamed}";
    let mut setup = Setup::job(&target.address, keys).await;
    let lines = setup.scrape(true).await;
    assert_eq!(lines[..2], ["counter a_total{x=1} 1", "gauge renamed{} 3"]);
    assert!(lines.contains(&"gauge scrape_samples_scraped{} 3".to_owned()));
    assert!(lines.contains(&"gauge scrape_samples_post_metric_relabeling{} 2".to_owned()));
    setup.stop().await;
}

#[tokio::test]
async fn suffixes_are_trimmed_if_that_is_asked_for() {
    let body =
        "# TYPE wait_seconds counter\n# UNIT wait_seconds seconds\nwait_seconds_total 3\n# EOF\n";
    let target = Target::new(Reply::openmetrics(body)).await;
    let yaml = format!(
        "trim_metric_suffixes: true\nconfig: {{scrape_configs: [{{job_name: j, scrape_interval: 100ms, \
         static_configs: [{{targets: ['{}']}}]}}]}}",
        target.address
    );
    let mut setup = Setup::new(&yaml).await;
    assert_eq!(setup.scrape(true).await[0], "counter wait{} 3");
    setup.stop().await;
}

#[tokio::test]
async fn a_large_scrape_becomes_requests_of_bounded_size() {
    let mut body = String::from("# TYPE big counter\n");
    for series in 0..20_000 {
        body.push_str(&format!(
            "big{{number=\"{series}\",kind=\"a rather long label value\"}} {series}\n"
        ));
    }
    let target = Target::new(Reply::text(&body)).await;
    let mut setup = Setup::job_every("2s", &target.address, "").await;
    let last = setup
        .next(|batch| lines(batch).contains(&"gauge up{} 1".to_owned()))
        .await;
    assert!(!last.is_empty());
    let batches = setup.recorder.batches();
    assert!(batches.len() > 4, "{}", batches.len());
    for batch in &batches {
        assert!(batch.bytes() < 400 << 10, "{}", batch.bytes());
    }
    let first: usize = batches.iter().map(headwater_core::Batch::items).sum();
    assert!(first >= 20_005, "{first}");
    drop(batches);
    setup.stop().await;
}

/// Appends a length-delimited field.
fn field(out: &mut Vec<u8>, number: u8, body: &[u8]) {
    out.push(number << 3 | 2);
    out.push(u8::try_from(body.len()).unwrap());
    out.extend_from_slice(body);
}

/// Appends a double.
fn double(out: &mut Vec<u8>, number: u8, value: f64) {
    out.push(number << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A metric family of `io.prometheus.client` with its length before it.
fn family(name: &str, kind: u8, metric: &[u8]) -> Vec<u8> {
    let mut family = Vec::new();
    field(&mut family, 1, name.as_bytes());
    family.extend_from_slice(&[3 << 3, kind]);
    field(&mut family, 4, metric);
    let mut out = vec![u8::try_from(family.len()).unwrap()];
    out.extend_from_slice(&family);
    out
}

#[tokio::test]
async fn protobuf_brings_native_histograms_and_start_times() {
    // A counter that began at 1700000000 s.
    let mut created = vec![1 << 3];
    let mut seconds = 1_700_000_000_u64;
    while seconds >= 0x80 {
        created.push(seconds as u8 | 0x80);
        seconds >>= 7;
    }
    created.push(seconds as u8);
    let mut counter = Vec::new();
    double(&mut counter, 1, 3.0);
    field(&mut counter, 3, &created);
    let mut metric = Vec::new();
    field(&mut metric, 3, &counter);
    let mut body = family("jobs_total", 0, &metric);
    // Schema 0, two buckets from index 1 on: 2 and 1 observations, one of zero.
    let mut histogram = vec![1 << 3, 4];
    double(&mut histogram, 2, 5.5);
    histogram.extend_from_slice(&[5 << 3, 0]);
    double(&mut histogram, 6, 0.001);
    histogram.extend_from_slice(&[7 << 3, 1]);
    field(&mut histogram, 12, &[1 << 3, 2, 2 << 3, 2]);
    field(&mut histogram, 13, &[4, 1]);
    let mut metric = Vec::new();
    field(&mut metric, 7, &histogram);
    body.extend(family("latency", 4, &metric));
    let content_type = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    let target = Target::new(Reply::typed(content_type, &body)).await;
    let mut setup = Setup::job(&target.address, "scrape_native_histograms: true").await;
    let batch = setup.next(|batch| lines(batch).len() > 6).await;
    let lines = lines(&batch);
    assert_eq!(lines[0], "counter jobs_total{} 3");
    assert_eq!(
        lines[1],
        "exponential latency{} 4 Some(5.5) 0 Some(Buckets { offset: 0, bucket_counts: [2, 1] })"
    );
    let Some(headwater_testkit::otlp::Data::Sum(sum)) = &batch[0].scope_metrics[0].metrics[0].data
    else {
        panic!("a counter is a sum");
    };
    assert_eq!(
        sum.data_points[0].start_time_unix_nano,
        1_700_000_000_000_000_000
    );
    let request = &target.requests()[0];
    assert!(
        request.contains("application/vnd.google.protobuf"),
        "protobuf is asked for: {request}"
    );
    setup.stop().await;
}
