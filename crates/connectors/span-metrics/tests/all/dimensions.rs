//! Where the values of dimensions come from.

use headwater_testkit::otlp::{Span, TracesData};
use headwater_testkit::{attribute, spans_of};

use crate::support::{CALLS, DURATION, flushed, of, span, start};

fn with(name: &str, attributes: Vec<headwater_testkit::otlp::KeyValue>) -> Span {
    Span {
        attributes,
        ..span(name, 1)
    }
}

fn sent(spans: Vec<Span>) -> TracesData {
    spans_of(&[("service.name", "s"), ("region", "eu")], spans)
}

const PLAIN: &str = "exclude_dimensions: [collector.instance.id, service.name, span.name, \
                     span.kind, status.code]";

#[tokio::test(start_paused = true)]
async fn spans_win_over_resources_and_both_over_defaults() {
    let setup = crate::support::start_plain(&format!(
        "{PLAIN}\ndimensions: [{{name: region}}, {{name: method, default: GET}}, {{name: none}}]"
    ))
    .await;
    setup
        .send(&sent(vec![
            with(
                "a",
                vec![attribute("region", "us"), attribute("method", "PUT")],
            ),
            with("b", vec![]),
        ]))
        .await;
    assert_eq!(
        of(&flushed(&setup).await, CALLS),
        [
            format!("{CALLS}{{method=GET,region=eu}} 0"),
            format!("{CALLS}{{method=PUT,region=us}} 0")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_number_and_its_text_are_one_series_of_the_kind_that_came_first() {
    let setup =
        crate::support::start_plain(&format!("{PLAIN}\ndimensions: [{{name: code}}]")).await;
    setup
        .send(&sent(vec![
            with("a", vec![attribute("code", 200_i64)]),
            with("a", vec![attribute("code", "200")]),
            with("a", vec![attribute("code", 201_i64)]),
        ]))
        .await;
    flushed(&setup).await;
    assert_eq!(
        of(&flushed(&setup).await, CALLS),
        [
            format!("{CALLS}{{code=200}} 2"),
            format!("{CALLS}{{code=201}} 1")
        ]
    );
}

/// The Collector's key leaves out what is absent, so that these two would be one series there.
#[tokio::test(start_paused = true)]
async fn the_same_value_of_another_dimension_is_another_series() {
    let setup =
        crate::support::start_plain(&format!("{PLAIN}\ndimensions: [{{name: a}}, {{name: b}}]"))
            .await;
    let spans = vec![
        with("x", vec![attribute("a", "1x")]),
        with("x", vec![attribute("b", "1x")]),
    ];
    setup.send(&sent(spans)).await;
    assert_eq!(
        of(&flushed(&setup).await, CALLS),
        [format!("{CALLS}{{a=1x}} 0"), format!("{CALLS}{{b=1x}} 0")]
    );
}

#[tokio::test(start_paused = true)]
async fn calls_and_durations_may_have_dimensions_of_their_own() {
    let setup = start(
        "calls_dimensions: [{name: url}]
histogram: {dimensions: [{name: method}], explicit: {buckets: [1s]}}",
    )
    .await;
    let url = |url: &str| with("a", vec![attribute("url", url), attribute("method", "GET")]);
    setup.send(&sent(vec![url("/1a"), url("/2a")])).await;
    flushed(&setup).await;
    let points = flushed(&setup).await;
    assert_eq!(of(&points, CALLS).len(), 2);
    let durations = of(&points, DURATION);
    assert_eq!(durations.len(), 1);
    assert!(durations[0].contains("method=GET") && durations[0].contains("count=2"));
    assert!(!durations[0].contains("url"));
}

#[tokio::test(start_paused = true)]
async fn patterns_take_every_attribute_that_they_match() {
    let setup = crate::support::start_plain(&format!(
        "{PLAIN}\ndimensions: [{{glob: 'http.*'}}, {{glob: reg*}}]"
    ))
    .await;
    setup
        .send(&sent(vec![
            with(
                "x",
                vec![attribute("http.b", "2x"), attribute("http.a", "1x")],
            ),
            with(
                "x",
                vec![attribute("http.a", "1x"), attribute("http.b", "2x")],
            ),
            with(
                "x",
                vec![attribute("http.a", "2x"), attribute("other", "2x")],
            ),
        ]))
        .await;
    flushed(&setup).await;
    assert_eq!(
        of(&flushed(&setup).await, CALLS),
        [
            format!("{CALLS}{{http.a=1x,http.b=2x,region=eu}} 2"),
            format!("{CALLS}{{http.a=2x,region=eu}} 1"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn scopes_become_dimensions_if_they_are_named() {
    let setup = start("include_instrumentation_scope: [scope]").await;
    let mut data = sent(vec![span("a", 1)]);
    let mut other = data.resource_spans[0].scope_spans[0].clone();
    other.scope.as_mut().unwrap().name = "other".to_owned();
    data.resource_spans[0].scope_spans.push(other);
    setup.send(&data).await;
    let points = flushed(&setup).await;
    let scopes: Vec<_> = points
        .iter()
        .filter(|point| point.metric == CALLS)
        .map(|point| {
            let version = point.attributes.get("span.instrumentation.scope.version");
            (
                point.attributes.get("span.instrumentation.scope.name"),
                version,
            )
        })
        .collect();
    let (name, version) = ("scope".to_owned(), "\"1\"".to_owned());
    assert!(
        scopes.contains(&(Some(&name), Some(&version))),
        "{scopes:?}"
    );
    assert!(scopes.contains(&(None, None)), "{scopes:?}");
}

#[tokio::test(start_paused = true)]
async fn resources_are_told_apart_by_the_attributes_that_are_named() {
    let setup = start("resource_metrics_key_attributes: [service.name]").await;
    for pod in ["a", "b"] {
        let resource = [("service.name", "s"), ("pod", pod)];
        setup.send(&spans_of(&resource, vec![span("x", 1)])).await;
    }
    flushed(&setup).await;
    let points = flushed(&setup).await;
    assert_eq!(of(&points, CALLS).len(), 1);
    assert!(of(&points, CALLS)[0].ends_with(" 2"));
    assert_eq!(points[0].resource["pod"], "a");
}
