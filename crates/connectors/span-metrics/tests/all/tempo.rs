//! The names that Tempo's metrics-generator uses.

use headwater_testkit::{attribute, spans_of};

use crate::support::{flushed, of, span, start_plain};

#[tokio::test(start_paused = true)]
async fn metrics_are_those_of_tempos_generator() {
    let setup = start_plain("naming: tempo\ndimensions: [{name: http.method}]").await;
    let mut one = span("GET /", 3);
    one.attributes = vec![attribute("http.method", "GET")];
    for pod in ["a", "b"] {
        let resource = [("service.name", "shop"), ("pod", pod)];
        setup.send(&spans_of(&resource, vec![one.clone()])).await;
    }
    flushed(&setup).await;
    let points = flushed(&setup).await;
    let labels = "{http_method=GET,service=shop,span_kind=SPAN_KIND_SERVER,span_name=GET /,\
                  status_code=STATUS_CODE_UNSET}";
    assert_eq!(
        of(&points, "traces_spanmetrics_calls_total"),
        [format!("traces_spanmetrics_calls_total{labels} 2")]
    );
    let size = prost::Message::encoded_len(&one) * 2;
    assert_eq!(
        of(&points, "traces_spanmetrics_size_total"),
        [format!("traces_spanmetrics_size_total{labels} {size}")]
    );
    let latency = &of(&points, "traces_spanmetrics_latency")[0];
    assert!(
        latency.starts_with(&format!(
            "traces_spanmetrics_latency{labels} count=2 sum=0.006"
        )),
        "{latency}"
    );
    assert!(
        latency.contains("bounds=[0.002, 0.004, 0.008,"),
        "{latency}"
    );
    assert!(latency.ends_with("8.192, 16.384]"), "{latency}");
    assert!(
        points
            .iter()
            .all(|p| p.resource.is_empty() && p.unit.is_empty() && p.scope.is_empty())
    );
}

#[tokio::test(start_paused = true)]
async fn resources_stay_if_they_are_wanted() {
    let setup = start_plain("naming: tempo\nadd_resource_attributes: true").await;
    for pod in ["a", "b"] {
        let resource = [("service.name", "shop"), ("pod", pod)];
        setup.send(&spans_of(&resource, vec![span("x", 1)])).await;
    }
    let points = flushed(&setup).await;
    assert_eq!(of(&points, "traces_spanmetrics_calls_total").len(), 2);
    assert_eq!(points[0].resource["pod"], "a");
}
