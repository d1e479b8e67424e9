//! Components, service and pipelines.

use headwater_config::{Document, Options, Resolver};
use headwater_core::ComponentKind;
use headwater_core::config::{Diagnostics, Severity};

const GOOD: &str = "
receivers: {otlp: , nop/a: }
processors: {batch: , memory_limiter: }
exporters: {otlp_grpc: , debug: }
connectors: {forward: }
extensions: {health_check: }
service:
  extensions: [health_check, health_check]
  telemetry: {logs: {level: debug}}
  pipelines:
    traces:
      receivers: [otlp, nop/a, otlp]
      processors: [memory_limiter, batch]
      exporters: [otlp_grpc, forward, otlp_grpc]
    traces/2:
      receivers: [forward]
      exporters: [debug]
";

fn parse_with(yaml: &str, options: Options) -> (Document, Diagnostics) {
    let resolved = Resolver::new().uri(format!("yaml:{yaml}")).resolve();
    let mut diagnostics = resolved.diagnostics;
    let document = Document::parse(resolved.root, options, &mut diagnostics);
    (document, diagnostics)
}

fn parse(yaml: &str) -> (Document, Diagnostics) {
    parse_with(yaml, Options::default())
}

/// Code, line and path of the errors in a good configuration with something changed.
fn errors_after(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    let (_, diagnostics) = parse(&GOOD.replacen(from, to, 1));
    diagnostics
        .errors()
        .map(|item| {
            let line = item.span().map_or(0, |span| span.position().0);
            format!("{} {line} {}", item.code, item.path)
        })
        .collect()
}

fn messages(yaml: &str) -> Vec<String> {
    let (_, diagnostics) = parse(yaml);
    diagnostics
        .errors()
        .map(|item| item.message.clone())
        .collect()
}

#[test]
fn a_good_configuration_is_split_into_its_parts() {
    let (document, diagnostics) = parse(GOOD);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let ids = |kind| {
        let entries = document.components(kind);
        entries
            .iter()
            .map(|entry| entry.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(ComponentKind::Receiver), ["otlp", "nop/a"]);
    assert_eq!(ids(ComponentKind::Processor), ["batch", "memory_limiter"]);
    assert_eq!(ids(ComponentKind::Exporter), ["otlp_grpc", "debug"]);
    assert_eq!(ids(ComponentKind::Connector), ["forward"]);
    assert_eq!(ids(ComponentKind::Extension), ["health_check"]);
    let service = &document.service;
    assert_eq!(service.extensions.len(), 1, "named twice, started once");
    let (_, telemetry) = service.telemetry.as_ref().unwrap();
    assert_eq!(telemetry.to_string(), "{logs: {level: debug}}");
    let traces = &service.pipelines[0];
    let named = |list: &[headwater_config::Reference]| {
        list.iter()
            .map(|reference| reference.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(traces.id.to_string(), "traces");
    assert_eq!(named(&traces.receivers), ["otlp", "nop/a"]);
    assert_eq!(named(&traces.processors), ["memory_limiter", "batch"]);
    assert_eq!(named(&traces.exporters), ["otlp_grpc", "forward"]);
    assert_eq!(traces.receivers[0].origin.to_string(), "yaml:12:19");
    assert_eq!(service.pipelines[1].id.name(), Some("2"));
}

#[test]
fn each_mistake_is_found_where_it_is() {
    for (from, to, errors) in [
        ("receivers: {otlp", "recievers: {otlp", vec!["C0104 2 "]),
        ("telemetry:", "telemetri:", vec!["C0104 9 service"]),
        (
            "processors: [mem",
            "processor: [mem",
            vec!["C0104 13 service::pipelines::traces"],
        ),
        ("{otlp: ,", "{my-otlp: , otlp: ,", vec!["C0204 2 receivers"]),
        ("{otlp: ,", "{otlp/: , otlp: ,", vec!["C0204 2 receivers"]),
        (
            "{otlp: ,",
            "{otlp: , ' otlp ': ,",
            vec!["C0205 2 receivers"],
        ),
        (
            "    traces:",
            "    trace:",
            vec!["C0210 11 service::pipelines"],
        ),
        (
            "    traces:",
            "    profiles:",
            vec!["C0212 11 service::pipelines"],
        ),
        (
            "    traces:",
            "    'traces/a b':",
            vec!["C0204 11 service::pipelines"],
        ),
        (
            "    traces/2:",
            "    'traces / 2':\n      receivers: [otlp]\n      exporters: [debug]\n    traces/2:",
            vec!["C0205 18 service::pipelines"],
        ),
        (
            "[forward]",
            "[]",
            vec!["C0206 15 service::pipelines::traces/2"],
        ),
        ("[debug]", "", vec!["C0206 15 service::pipelines::traces/2"]),
        (
            "[debug]",
            "debug",
            vec!["C0101 17 service::pipelines::traces/2::exporters"],
        ),
        (
            "[debug]",
            "[debug, 5]",
            vec!["C0101 17 service::pipelines::traces/2::exporters"],
        ),
        (
            "[debug]",
            "[debug, ~]",
            vec!["C0204 17 service::pipelines::traces/2::exporters"],
        ),
        (
            "[debug]",
            "[debugg]",
            vec!["C0207 17 service::pipelines::traces/2"],
        ),
        (
            "[memory_limiter, batch]",
            "[batch, batch]",
            vec!["C0208 13 service::pipelines::traces"],
        ),
        (
            "[health_check, ",
            "[zpages, ",
            vec!["C0207 8 service::extensions"],
        ),
        (
            "debug: }",
            "debug: , forward: }",
            vec!["C0209 5 connectors::forward"],
        ),
        (
            "{forward: }",
            "7",
            vec![
                "C0101 5 connectors",
                "C0207 14 service::pipelines::traces",
                "C0207 16 service::pipelines::traces/2",
            ],
        ),
    ] {
        let found = errors_after(from, to);
        let missing: Vec<_> = errors
            .iter()
            .filter(|error| !found.contains(&(**error).to_owned()))
            .collect();
        assert!(missing.is_empty(), "{to}: {missing:?} not in {found:?}");
        if !to.starts_with("recievers") && !to.starts_with("    ") {
            assert_eq!(found.len(), errors.len(), "{to}: {found:?}");
        }
    }
}

#[test]
fn messages_name_what_is_missing() {
    let (_, diagnostics) = parse(&GOOD.replace("[debug]", "[debugg, batch, nothing]"));
    let said: Vec<_> = diagnostics
        .errors()
        .map(|item| {
            let label = item
                .primary
                .as_ref()
                .map_or("", |label| label.text.as_str());
            format!(
                "{} | {label} | {}",
                item.message,
                item.help.clone().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "references exporter `debugg` which is not configured | did you mean `debug`? | ",
            "references exporter `batch` which is not configured |  | `batch` is configured as a processor",
            "references exporter `nothing` which is not configured |  | add `nothing` to the section `exporters`",
        ]
    );
}

#[test]
fn an_empty_configuration_is_one_mistake() {
    for yaml in ["", "{}", "service: {pipelines: {traces: }}", "receivers: "] {
        assert_eq!(messages(yaml).len(), 1, "{yaml}: {:?}", messages(yaml));
        assert!(
            messages(yaml)[0].starts_with("empty configuration"),
            "{yaml}"
        );
    }
    assert_eq!(
        messages("processors: {batch: }"),
        [
            "no receiver is configured",
            "no exporter is configured",
            "the service must have at least one pipeline"
        ]
    );
    let options = Options {
        allow_no_pipelines: true,
    };
    let (_, diagnostics) = parse_with("extensions: {health_check: }", options);
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
}

#[test]
fn an_empty_pipeline_lacks_both_ends() {
    let yaml = "{receivers: {nop: }, exporters: {nop: }, service: {pipelines: {logs: }}}";
    assert_eq!(
        messages(yaml),
        [
            "must have at least one receiver",
            "must have at least one exporter"
        ]
    );
}

#[test]
fn components_that_nothing_uses_are_noted() {
    let (_, diagnostics) = parse(&GOOD.replace("[memory_limiter, batch]", "[batch]"));
    let notes: Vec<_> = diagnostics
        .iter()
        .map(|item| (item.severity, item.path.as_str()))
        .collect();
    assert_eq!(notes, [(Severity::Note, "processors::memory_limiter")]);
}
