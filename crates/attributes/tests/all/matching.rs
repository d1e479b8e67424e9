use headwater_attributes::Selection;
use headwater_core::Signal;
use headwater_core::pdata::edit::{
    LogEditor, MetricEditor, PointEditor, ResourceEditor, Rewrite, ScopeEditor, SpanEditor, Verdict,
};
use headwater_testkit::otlp::{
    AnyValue, Data, Gauge, LogRecord, LogsData, Metric, MetricsData, NumberDataPoint, Resource,
    ResourceLogs, ResourceMetrics, ScopeLogs, ScopeMetrics, Span,
};
use prost::Message;

use crate::{attributes, boolean, double, edited, int, list, map, request, section, text};

/// Drops what is not selected.
struct Keep<'a>(headwater_attributes::Selected<'a>);

const fn enter_if(selected: bool) -> Verdict {
    if selected {
        Verdict::Enter
    } else {
        Verdict::Drop
    }
}

impl Rewrite for Keep<'_> {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        enter_if(self.0.resource(resource))
    }
    fn wants_scopes(&self) -> bool {
        self.0.wants_scopes()
    }
    fn scope(&mut self, scope: &mut ScopeEditor<'_>) -> Verdict {
        enter_if(self.0.scope(scope))
    }
    fn metric(&mut self, metric: &mut MetricEditor<'_>) -> Verdict {
        enter_if(self.0.metric(metric))
    }
    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        enter_if(self.0.span(span))
    }
    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        enter_if(self.0.log(log))
    }
    fn point(&mut self, _: &mut PointEditor<'_>) -> Verdict {
        Verdict::Keep
    }
}

fn selects(signal: Signal, yaml: &str, request: Vec<u8>) -> bool {
    let section = section(yaml);
    let selection = Selection::compile(signal, &section.matching).unwrap();
    !edited(signal, request, &mut Keep(selection.start())).is_empty()
}

fn span() -> Vec<u8> {
    let span = Span {
        name: "GET /things".to_owned(),
        kind: 2,
        attributes: attributes([
            ("env", text("dev")),
            ("code", int(200)),
            ("ratio", double(0.5)),
            ("ok", boolean(true)),
            ("list", list([int(1), text("a")])),
            ("map", map([("x", int(1)), ("y", text("b"))])),
        ]),
        ..Span::default()
    };
    let resource = attributes([("service.name", text("svcA")), ("host.type", text("n1"))]);
    request(resource, ("lib", "1.2"), span).encode_to_vec()
}

#[test]
fn include_selects_spans_by_every_property() {
    for (properties, expected) in [
        ("match_type: strict, services: [x, svcA]", true),
        ("match_type: strict, services: [svc]", false),
        ("match_type: regexp, services: [svc]", true),
        ("match_type: regexp, services: ['^vc']", false),
        ("match_type: strict, span_names: [GET /things]", true),
        ("match_type: strict, span_names: [GET]", false),
        ("match_type: regexp, span_names: ['x', '^GET']", true),
        ("match_type: strict, span_kinds: [SPAN_KIND_SERVER]", true),
        ("match_type: strict, span_kinds: [SPAN_KIND_CLIENT]", false),
        ("match_type: regexp, span_kinds: [SERVER]", true),
        (
            "match_type: strict, resources: [{key: host.type, value: n1}]",
            true,
        ),
        (
            "match_type: strict, resources: [{key: host.type}, {key: absent}]",
            false,
        ),
        ("match_type: strict, libraries: [{name: lib}]", true),
        (
            "match_type: strict, libraries: [{name: lib, version: '1.2'}]",
            true,
        ),
        (
            "match_type: strict, libraries: [{name: lib, version: ''}]",
            false,
        ),
        // All libraries must match, as in the Collector.
        (
            "match_type: strict, libraries: [{name: lib}, {name: other}]",
            false,
        ),
        (
            "match_type: regexp, libraries: [{name: '^l', version: '^1'}]",
            true,
        ),
        (
            "match_type: strict, attributes: [{key: env, value: dev}, {key: code, value: 200}]",
            true,
        ),
        (
            "match_type: strict, attributes: [{key: env, value: dev}, {key: code, value: 201}]",
            false,
        ),
        ("match_type: strict, attributes: [{key: env}]", true),
        ("match_type: strict, attributes: [{key: absent}]", false),
        // Of the same text, but another type.
        (
            "match_type: strict, attributes: [{key: code, value: '200'}]",
            false,
        ),
        (
            "match_type: strict, attributes: [{key: ratio, value: 0.5}, {key: ok, value: true}]",
            true,
        ),
        (
            "match_type: strict, attributes: [{key: list, value: [1, a]}]",
            true,
        ),
        (
            "match_type: strict, attributes: [{key: list, value: [a, 1]}]",
            false,
        ),
        (
            "match_type: strict, attributes: [{key: map, value: {y: b, x: 1}}]",
            true,
        ),
        (
            "match_type: strict, attributes: [{key: map, value: {x: 1}}]",
            false,
        ),
        (
            "match_type: regexp, attributes: [{key: code, value: '^2..$'}]",
            true,
        ),
        (
            "match_type: regexp, attributes: [{key: ratio, value: '^0\\.5$'}, {key: ok, value: tru}]",
            true,
        ),
        (
            "match_type: regexp, attributes: [{key: list, value: '.*'}]",
            false,
        ),
        (
            "match_type: strict, services: [svcA], span_names: [other]",
            false,
        ),
        (
            "match_type: strict, services: [other], span_names: [GET /things]",
            false,
        ),
    ] {
        let include = format!("include: {{{properties}}}");
        assert_eq!(
            selects(Signal::Traces, &include, span()),
            expected,
            "{include}"
        );
        let exclude = format!("exclude: {{{properties}}}");
        assert_eq!(
            selects(Signal::Traces, &exclude, span()),
            !expected,
            "{exclude}"
        );
    }
}

#[test]
fn exclude_wins_over_include() {
    let include = "include: {match_type: strict, services: [svcA]}";
    for (exclude, expected) in [
        (
            "exclude: {match_type: strict, libraries: [{name: lib}]}",
            false,
        ),
        (
            "exclude: {match_type: strict, libraries: [{name: other}]}",
            true,
        ),
        (
            "exclude: {match_type: strict, resources: [{key: host.type}]}",
            false,
        ),
        (
            "exclude: {match_type: strict, span_names: [GET /things]}",
            false,
        ),
        ("exclude: {match_type: strict, span_names: [other]}", true),
    ] {
        let yaml = format!("{include}\n{exclude}");
        assert_eq!(
            selects(Signal::Traces, &yaml, span()),
            expected,
            "{exclude}"
        );
    }
    assert!(selects(Signal::Traces, "{}", span()));
}

#[test]
fn a_resource_without_a_service_has_a_name_of_its_own() {
    let request = request(Vec::new(), ("", ""), Span::default()).encode_to_vec();
    let yaml = "include: {match_type: strict, services: [<nil-service-name>]}";
    assert!(selects(Signal::Traces, yaml, request));
}

#[test]
fn what_is_known_of_one_resource_is_not_believed_of_the_next() {
    let mut one = request(
        attributes([("service.name", text("a"))]),
        ("x", ""),
        Span::default(),
    );
    let two = request(
        attributes([("service.name", text("b"))]),
        ("y", ""),
        Span::default(),
    );
    one.resource_spans.extend(two.resource_spans);
    let yaml = "include: {match_type: strict, services: [b], libraries: [{name: y}]}";
    let section = section(yaml);
    let selection = Selection::compile(Signal::Traces, &section.matching).unwrap();
    let kept = edited(
        Signal::Traces,
        one.encode_to_vec(),
        &mut Keep(selection.start()),
    );
    let kept = headwater_testkit::otlp::TracesData::decode(kept.as_slice()).unwrap();
    assert_eq!(kept.resource_spans, one.resource_spans[1..]);
}

fn log(severity_number: i32, body: AnyValue) -> Vec<u8> {
    let record = LogRecord {
        severity_number,
        severity_text: "Warn".to_owned(),
        body: Some(body),
        attributes: attributes([("env", text("dev"))]),
        ..LogRecord::default()
    };
    let scope = ScopeLogs {
        log_records: vec![record],
        ..ScopeLogs::default()
    };
    let resource = Resource {
        attributes: attributes([("a", int(1))]),
        ..Resource::default()
    };
    let entry = ResourceLogs {
        resource: Some(resource),
        scope_logs: vec![scope],
        ..ResourceLogs::default()
    };
    LogsData {
        resource_logs: vec![entry],
    }
    .encode_to_vec()
}

#[test]
fn logs_are_selected_by_body_and_severity() {
    let warning = || log(13, text("disk is full"));
    for (properties, request, expected) in [
        (
            "match_type: strict, log_bodies: [disk is full]",
            warning(),
            true,
        ),
        ("match_type: strict, log_bodies: [disk]", warning(), false),
        ("match_type: regexp, log_bodies: [disk]", warning(), true),
        (
            "match_type: regexp, log_bodies: ['\"x\":1']",
            log(0, map([("x", int(1))])),
            true,
        ),
        (
            "match_type: strict, log_severity_texts: [Warn]",
            warning(),
            true,
        ),
        (
            "match_type: strict, log_severity_texts: [WARN]",
            warning(),
            false,
        ),
        (
            "match_type: strict, log_severity_number: {min: 13}",
            warning(),
            true,
        ),
        (
            "match_type: strict, log_severity_number: {min: 14}",
            warning(),
            false,
        ),
        (
            "match_type: strict, log_severity_number: {min: 1}",
            log(0, int(1)),
            false,
        ),
        (
            "match_type: strict, log_severity_number: {min: 9, match_undefined: true}",
            log(0, int(1)),
            true,
        ),
        (
            "match_type: strict, attributes: [{key: env, value: dev}]",
            warning(),
            true,
        ),
        (
            "match_type: strict, resources: [{key: a, value: 2}]",
            warning(),
            false,
        ),
    ] {
        let yaml = format!("include: {{{properties}}}");
        assert_eq!(selects(Signal::Logs, &yaml, request), expected, "{yaml}");
    }
}

#[test]
fn metrics_are_selected_by_name_only() {
    let point = NumberDataPoint {
        time_unix_nano: 1,
        ..NumberDataPoint::default()
    };
    let metric = Metric {
        name: "system.cpu.time".to_owned(),
        data: Some(Data::Gauge(Gauge {
            data_points: vec![point],
        })),
        ..Metric::default()
    };
    let scope = ScopeMetrics {
        metrics: vec![metric],
        ..ScopeMetrics::default()
    };
    let entry = ResourceMetrics {
        scope_metrics: vec![scope],
        ..ResourceMetrics::default()
    };
    let request = MetricsData {
        resource_metrics: vec![entry],
    }
    .encode_to_vec();
    for (properties, expected) in [
        ("match_type: strict, metric_names: [system.cpu.time]", true),
        ("match_type: strict, metric_names: [system.cpu]", false),
        ("match_type: regexp, metric_names: ['^system\\.']", true),
        // The Collector takes `resources` here and does not look at them.
        ("match_type: strict, resources: [{key: absent}]", true),
    ] {
        let yaml = format!("include: {{{properties}}}");
        assert_eq!(
            selects(Signal::Metrics, &yaml, request.clone()),
            expected,
            "{yaml}"
        );
    }
}

#[test]
fn properties_of_another_signal_are_refused_in_the_words_of_the_collector() {
    for (signal, yaml, path, message) in [
        (
            Signal::Traces,
            "log_bodies: [a]",
            "include::log_bodies",
            "log_bodies should not be specified for trace spans",
        ),
        (
            Signal::Traces,
            "metric_names: [a]",
            "include::metric_names",
            "metric_names should not be specified for trace spans",
        ),
        (
            Signal::Traces,
            "match_type: strict",
            "include",
            "at least one of \"attributes\", \"libraries\",  or \"resources\" field must be specified",
        ),
        (
            Signal::Traces,
            "match_type: strict, span_kinds: [SERVER]",
            "include::span_kinds",
            "span_kinds string must match one of the standard span kinds when match_type=strict: [SPAN_KIND_CLIENT SPAN_KIND_CONSUMER SPAN_KIND_INTERNAL SPAN_KIND_PRODUCER SPAN_KIND_SERVER]",
        ),
        (
            Signal::Logs,
            "services: [a]",
            "include::services",
            "services, span_names, span_kinds and metric_names are not valid for log records",
        ),
        (
            Signal::Logs,
            "match_type: strict",
            "include",
            "at least one of \"attributes\", \"libraries\", \"span_kinds\", \"resources\", \"log_bodies\", \"log_severity_texts\" or \"log_severity_number\" field must be specified",
        ),
        (
            Signal::Metrics,
            "attributes: [{key: a}]",
            "include::attributes",
            "\"span_names\", \"span_kinds\", \"log_bodies\", \"log_severity_texts\", \"log_severity_number\", \"services\", \"attributes\" and \"libraries\" are not valid for metrics",
        ),
        (
            Signal::Metrics,
            "match_type: strict",
            "include",
            "at least one of \"metric_names\" or \"resources\" field must be specified",
        ),
    ] {
        let yaml = if yaml.contains("match_type") {
            yaml.to_owned()
        } else {
            format!("match_type: strict, {yaml}")
        };
        let section = section(&format!("include: {{{yaml}}}"));
        let error = Selection::compile(signal, &section.matching).unwrap_err();
        assert_eq!(
            (error.path.as_str(), error.message.as_str()),
            (path, message),
            "{yaml}"
        );
    }
}
