//! What a user sees.

use headwater_config::{Document, Options, Resolver, render_human, render_json};
use headwater_core::ComponentKind;
use headwater_core::config::{
    Code, Config, Diagnostics, NameValues, Opaque, Optional, Origin, Source, SourceKind,
    Validation, load,
};

#[derive(Debug, Clone, Default, Config)]
struct Receiver {
    protocols: Protocols,
}

#[derive(Debug, Clone, Default, Config)]
struct Protocols {
    grpc: Optional<Server>,
    http: Optional<Server>,
}

#[derive(Debug, Clone, Default, Config)]
struct Server {
    endpoint: String,
    max_recv_msg_size_mib: u32,
    include_metadata: bool,
}

#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
#[config(removed(key = "batcher", help = "write `sending_queue::batch`"))]
struct Exporter {
    endpoint: String,
    timeout: std::time::Duration,
    headers: NameValues,
    password: Opaque,
    #[config(alias = "compress", deprecated = "write `compression`")]
    compression: Compression,
    retries: u8,
}

#[derive(Debug, Clone, Copy, Default, Config)]
enum Compression {
    #[default]
    Gzip,
    Zstd,
    None,
}

impl Exporter {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.endpoint.is_empty() {
            validation.error("endpoint", "requires a non-empty \"endpoint\"");
        }
        if self.retries > 10 {
            validation.error("retries", "must be at most 10");
        }
    }
}

/// Resolves, splits, decodes the receivers and exporters, as a collector does.
fn diagnose(resolver: &Resolver<'_>) -> Diagnostics {
    let resolved = resolver.resolve();
    let mut diagnostics = resolved.diagnostics;
    let document = Document::parse(resolved.root, Options::default(), &mut diagnostics);
    for (kind, exporter) in [
        (ComponentKind::Receiver, false),
        (ComponentKind::Exporter, true),
    ] {
        for entry in document.components(kind) {
            let path = format!("{}::{}", kind.section(), entry.id);
            if exporter {
                let loaded: Option<Exporter> =
                    load(&path, &entry.key, &entry.node, &mut diagnostics);
                drop(loaded);
            } else {
                let loaded: Option<Receiver> =
                    load(&path, &entry.key, &entry.node, &mut diagnostics);
                drop(loaded);
            }
        }
    }
    diagnostics
}

fn yaml(text: &str) -> Diagnostics {
    let fetched = Text(text.to_owned());
    diagnose(
        &Resolver::new()
            .fetcher(fetched)
            .environment(variable)
            .uri("http://h/otelcol.yaml"),
    )
}

fn variable(name: &str) -> Option<String> {
    (name == "TIMEOUT").then(|| "hunter2".to_owned())
}

struct Text(String);

impl headwater_config::Fetch for Text {
    fn fetch(&self, _: &str) -> Result<String, String> {
        Ok(self.0.clone())
    }
}

const TEN_MISTAKES: &str = "\
receivers:
  otlp:
    protocols:
      grpc:
        endpont: 0.0.0.0:4317
        max_recv_msg_size_mib: \"16\"
      htpp:
  my-receiver:
processors:
  batch:
exporters:
  otlp:
    endpoint: backend:4317
    timeout: 5
    timeout: 10 s
    compress: gzipp
    batcher: {enabled: true}
    headers:
      authorization: 42
  otlp/b:
    endpoint: b:4317
    retries: 300
    timeout: ${env:TIMEOUT}
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [batch, memory_limiter, batch]
      exporters: [otpl]
    metrics:
      receivers: [otlp]
    span:
      receivers: [otlp]
";

#[test]
fn ten_mistakes_are_reported_at_once() {
    insta::assert_snapshot!(render_human(&yaml(TEN_MISTAKES), false));
}

#[test]
fn programs_get_one_object_per_line() {
    insta::assert_snapshot!(render_json(&yaml(TEN_MISTAKES)));
}

const GOOD: &str = "
receivers: {otlp: }
exporters:
  otlp:
    endpoint: backend:4317
service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp]}}}
";

fn with_exporter(lines: &str) -> String {
    let text = GOOD.replace("    endpoint: backend:4317\n", lines);
    render_human(&yaml(&text), false)
}

#[test]
fn a_mistake_in_yaml_is_shown_where_it_is() {
    insta::assert_snapshot!(with_exporter("    endpoint: a: b\n"), @"");
    insta::assert_snapshot!(with_exporter("    endpoint: a\n\tpassword: b\n"), @"");
    insta::assert_snapshot!(with_exporter("    password: \"hunter2\\q\"\n"), @"");
    insta::assert_snapshot!(with_exporter("    headers: {value: \"hunter2\\q\"}\n"), @"");
}

#[test]
fn a_missing_key_is_shown_at_its_section() {
    insta::assert_snapshot!(with_exporter("    retries: 3\n"), @"");
}

#[test]
fn a_set_is_shown_without_its_value_in_the_name() {
    let resolver = Resolver::new()
        .uri(format!("yaml:{GOOD}"))
        .set("exporters.otlp.timeout=often")
        .set("exporters.otlp.password=[hunter2]");
    let rendered = render_human(&diagnose(&resolver), false);
    assert!(!rendered.contains("hunter2"), "{rendered}");
    insta::assert_snapshot!(rendered, @"");
}

#[test]
fn secrets_are_never_shown() {
    let text = GOOD.replace(
        "    endpoint: backend:4317\n",
        "    endpoint: backend:4317\n    password: {a: hunter2}\n    \
         headers: {x: hunter2, y: [hunter2], z: 5}\n    compression: {hunter: 2}\n",
    );
    let diagnostics = yaml(&text);
    assert_eq!(diagnostics.errors().count(), 4, "{diagnostics:?}");
    let rendered = render_human(&diagnostics, false) + &render_json(&diagnostics);
    assert!(!rendered.contains("hunter2"), "{rendered}");
    insta::assert_snapshot!(render_human(&diagnostics, false), @"");
}

#[test]
fn colors_are_on_request() {
    let diagnostics = yaml(&GOOD.replace("exporters: [otlp]", "exporters: [otpl]"));
    let plain = render_human(&diagnostics, false);
    let colored = render_human(&diagnostics, true);
    assert!(!plain.contains('\u{1b}') && colored.contains("\u{1b}[1;31merror[C0207]\u{1b}[0m"));
    let mut stripped = colored;
    while let Some(start) = stripped.find('\u{1b}') {
        let end = start + stripped[start..].find('m').unwrap();
        stripped.replace_range(start..=end, "");
    }
    assert_eq!(stripped, plain);
}

#[test]
fn long_lines_wide_letters_and_tabs_are_shown_well() {
    let long = format!("{}\tkey: übel {}", "x".repeat(200), "y".repeat(200));
    let source = Source::new(
        SourceKind::File,
        "a.yaml",
        format!("one\r\n{long}\r\nthree"),
    );
    let mut diagnostics = Diagnostics::new();
    let start = source.text.find("übel").unwrap();
    diagnostics
        .error(Code::INVALID_VALUE, "it is bad")
        .at(&Origin::text(&source, start, start + "übel".len()))
        .label("this");
    diagnostics
        .warning(Code::QUESTIONABLE, "it spans lines")
        .at(&Origin::text(&source, 0, start))
        .also(
            &Origin::text(&source, source.text.len(), source.text.len() + 9),
            "the end",
        );
    diagnostics
        .error(Code::CANNOT_READ, "it has no place")
        .help("look elsewhere");
    diagnostics.note(Code::NO_EFFECT, "for the log only");
    insta::assert_snapshot!(render_human(&diagnostics, false), @"");
}
