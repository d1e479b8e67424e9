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
    insta::assert_snapshot!(with_exporter("    endpoint: a: b\n"), @r#"
    error[C0050]: not valid YAML: mapping values are not allowed in this context
     --> http://h/otelcol.yaml:5:16
    5 |     endpoint: a: b
      |                ^
      = help: put a value that contains `: ` in quotes, or check the indentation
    "#);
    insta::assert_snapshot!(with_exporter("    endpoint: a\n\tpassword: b\n"), @r#"
    error[C0051]: a tab cannot indent in YAML
     --> http://h/otelcol.yaml:6:1
    6 |     password: [REDACTED]
      | ^^^^
      = help: indent with spaces
    "#);
    insta::assert_snapshot!(with_exporter("    password: \"hunter2\\q\"\n"), @r#"
    error[C0050]: not valid YAML: while parsing a quoted scalar, found unknown escape character
     --> http://h/otelcol.yaml:5:15
    5 |     password: [REDACTED]
      |               ^
      = help: use single quotes, where a backslash is nothing but a backslash
    "#);
    insta::assert_snapshot!(with_exporter("    headers: {value: \"hunter2\\q\"}\n"), @r#"
    error[C0050]: not valid YAML: while parsing a quoted scalar, found unknown escape character
     --> http://h/otelcol.yaml:5:22
    5 |     headers: {value: [REDACTED]
      |                      ^
      = help: use single quotes, where a backslash is nothing but a backslash
    "#);
}

#[test]
fn a_missing_key_is_shown_at_its_section() {
    insta::assert_snapshot!(with_exporter("    retries: 3\n"), @r#"
    error[C0107]: requires a non-empty "endpoint" in exporters::otlp::endpoint
     --> http://h/otelcol.yaml:4:3
    4 |   otlp:
      |   ^^^^
    "#);
}

#[test]
fn a_set_is_shown_without_its_value_in_the_name() {
    let resolver = Resolver::new()
        .uri(format!("yaml:{GOOD}"))
        .set("exporters.otlp.timeout=often")
        .set("exporters.otlp.password=[hunter2]");
    let rendered = render_human(&diagnose(&resolver), false);
    assert!(!rendered.contains("hunter2"), "{rendered}");
    insta::assert_snapshot!(rendered, @r#"
    error[C0105]: string `often` is not a duration: a number is missing in exporters::otlp::timeout
     --> --set exporters.otlp.timeout
    1 | exporters::otlp::timeout: often
      |                           ^^^^^
      = help: write a number with a unit, for example `200ms`, `5s` or `1m30s`

    error[C0101]: expected a string, found list in exporters::otlp::password
     --> --set exporters.otlp.password
    1 | exporters::otlp::password: [REDACTED]
      |                            ^^^^^^^^^^
    "#);
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
    insta::assert_snapshot!(render_human(&diagnostics, false), @r#"
    error[C0101]: expected a string, found map in exporters::otlp::password
     --> http://h/otelcol.yaml:6:15
    6 |     password: [REDACTED]
      |               ^^^^^^^^^^

    error[C0101]: expected a string, found list in exporters::otlp::headers::y
     --> http://h/otelcol.yaml:7:30
    7 |     headers: {x: [REDACTED], y: [REDACTED], z: [REDACTED]}
      |                                 ^^^^^^^^^^

    error[C0101]: expected a string, found integer in exporters::otlp::headers::z
     --> http://h/otelcol.yaml:7:44
    7 |     headers: {x: [REDACTED], y: [REDACTED], z: [REDACTED]}
      |                                                ^^^^^^^^^^
      = help: put the value in quotes

    error[C0101]: expected a string, found map in exporters::otlp::compression
     --> http://h/otelcol.yaml:8:18
    8 |     compression: {hunter: 2}
      |                  ^^^^^^^^^^^
      = help: one of: gzip, zstd, none
    "#);
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
    insta::assert_snapshot!(render_human(&diagnostics, false), @r#"
    error[C0001]: it has no place
      = help: look elsewhere

    warning[C0112]: it spans lines
     --> a.yaml:1:1
    1 | one
      | ^^^
     --> a.yaml:3:6
    3 | three
      |      - the end

    error[C0103]: it is bad
     --> a.yaml:2:207
    2 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx    key: übel yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
      |                                          ^^^^ this
    "#);
}
