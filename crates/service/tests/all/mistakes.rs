//! What a user sees who has made mistakes.

use crate::command_line::command;
use crate::components::Journal;

/// The standard error stream of `validate` on this configuration, which has errors.
fn refused(yaml: &str) -> String {
    let (code, out, err) = command(
        &Journal::default(),
        &["validate", "--config", &format!("yaml:{yaml}")],
    );
    assert_eq!(code, 78, "{err}");
    assert_eq!(out, "");
    err
}

#[test]
fn ten_mistakes_are_reported_at_once() {
    let err = refused(
        "
receivers:
  nop:
  nopp:
  otlp:
  port:
    prot: 4317
processors:
  traces_only:
exporters:
  nop:
  logging:
  debug/x y:
connectors:
  forward:
service:
  extensions: [guard]
  telemetry:
    logs:
      level: loud
    metrics:
      level: none
      adress: localhost:8888
  pipelines:
    traces:
      receivers: [nop, ghost]
      processors: [traces_only]
      exporters: [nop]
    logs:
      receivers: [nop]
      processors: [traces_only]
      exporters: [nop, forward]
",
    );
    insta::assert_snapshot!(err, @r#"
    error[C0301]: unknown type: "nopp" for id: "nopp" (valid values: [nop port]) in receivers::nopp
     --> yaml:4:3
    4 |   nopp:
      |   ^^^^ did you mean `nop`?

    error[C0301]: unknown type: "otlp" for id: "otlp" (valid values: [nop port]) in receivers::otlp
     --> yaml:5:3
    5 |   otlp:
      |   ^^^^
      = help: the receiver `otlp` exists, but not in this program: add it to the manifest of the distribution and build again

    error[C0104]: unknown field `prot` in receivers::port
     --> yaml:7:5
    7 |     prot: 4317
      |     ^^^^ did you mean `port`?

    error[C0301]: the logging exporter was removed in favour of the debug exporter in exporters::logging
      --> yaml:12:3
    12 |   logging:
       |   ^^^^^^^
       = help: write `debug` and, for `loglevel: debug`, `verbosity: detailed`; here and in the pipelines

    error[C0204]: `debug/x y` is not an id: invalid character(s) in name "x y" in exporters
      --> yaml:13:3
    13 |   debug/x y:
       |   ^^^^^^^^^
       = help: a name has no blanks and none of + = < > | ~ ^ $ `

    error[C0207]: references extension `guard` which is not configured in service::extensions
      --> yaml:17:16
    17 |   extensions: [guard]
       |                ^^^^^
       = help: add `guard` to the section `extensions`

    error[C0103]: string `loud` is not one of the values it can have in service::telemetry::logs::level
      --> yaml:20:14
    20 |       level: loud
       |              ^^^^
       = help: one of: debug, info, warn, error, dpanic, panic, fatal

    error[C0104]: unknown field `adress` in service::telemetry::metrics
      --> yaml:23:7
    23 |       adress: localhost:8888
       |       ^^^^^^ did you mean `address`?

    error[C0207]: references receiver `ghost` which is not configured in service::pipelines::traces
      --> yaml:26:24
    26 |       receivers: [nop, ghost]
       |                        ^^^^^
       = help: add `ghost` to the section `receivers`

    error[C0303]: failed to create "traces_only" processor for data type "logs": telemetry type is not supported in service::pipelines::logs
      --> yaml:31:20
    31 |       processors: [traces_only]
       |                    ^^^^^^^^^^^
       = help: `traces_only` works with traces

    error[C0304]: connector "forward" used as exporter in [logs] pipeline but not used in any supported receiver pipeline in connectors::forward
      --> yaml:32:24
    32 |       exporters: [nop, forward]
       |                        ^^^^^^^
       = help: name it among the receivers of a pipeline whose signal it connects

    Error: invalid configuration: 11 errors
    "#);
}

#[test]
fn a_circle_of_connectors_is_drawn() {
    let err = refused(
        "
receivers: {nop: }
processors: {traces_only: }
exporters: {nop: }
connectors: {forward/a: , forward/b: }
service:
  pipelines:
    traces/in:
      receivers: [nop, forward/b]
      processors: [traces_only]
      exporters: [forward/a]
    traces/out:
      receivers: [forward/a]
      exporters: [forward/b, nop]
",
    );
    insta::assert_snapshot!(err, @r#"
    error[C0305]: cycle detected: connector "forward/b" (traces to traces) -> processor "traces_only" in pipeline "traces/in" -> connector "forward/a" (traces to traces) -> connector "forward/b" (traces to traces) in service::pipelines::traces/in
     --> yaml:8:5
    8 |     traces/in:
      |     ^^^^^^^^^

    Error: invalid configuration: 1 error
    "#);
}

#[test]
fn what_a_constructor_refuses_points_at_the_component() {
    let err = refused(
        "
receivers:
  port:
    refuse: there is no harbour
exporters:
  nop:
service:
  pipelines:
    traces:
      receivers: [port]
      exporters: [nop]
",
    );
    insta::assert_snapshot!(err, @r#"
    error[C0306]: failed to create "port" receiver: there is no harbour in receivers::port
     --> yaml:3:3
    3 |   port:
      |   ^^^^

    Error: invalid configuration: 1 error
    "#);
}

#[test]
fn a_file_that_is_missing_is_the_only_error() {
    let (code, _, err) = command(
        &Journal::default(),
        &["validate", "--config", "/nowhere/otelcol.yaml"],
    );
    assert_eq!(code, 78);
    insta::assert_snapshot!(err, @r"
    error[C0001]: cannot read `/nowhere/otelcol.yaml`: no such file

    Error: invalid configuration: 1 error
    ");
}

#[test]
fn errors_for_programs_are_one_object_on_each_line() {
    let (code, out, err) = command(
        &Journal::default(),
        &[
            "validate",
            "--error-format=json",
            "--config",
            "yaml:{receivers: {nopp: }}",
        ],
    );
    assert_eq!((code, out.as_str()), (78, ""));
    assert!(err.lines().count() > 1);
    for line in err.lines() {
        assert!(
            line.starts_with("{\"severity\":\"error\",\"code\":\"C0"),
            "{line}"
        );
        assert!(line.ends_with('}'), "{line}");
    }
    assert!(err.contains("did you mean `nop`?"), "{err}");
}

#[test]
fn a_configuration_can_come_from_the_network() {
    use std::io::{Read, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/otelcol.yaml", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let yaml = "{receivers: {nop: }, exporters: {nop: }, service: {pipelines: {\
                    traces: {receivers: [nop], exporters: [nop]}}}}";
        let good = format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{yaml}",
            yaml.len()
        );
        let bad = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        for answer in [good.as_str(), bad] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /otelcol.yaml HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let fetch = || command(&Journal::default(), &["validate", "--config", &url]);
    let (code, _, err) = fetch();
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, _, err) = fetch();
    assert_eq!(code, 78);
    assert!(err.contains("the server answered 404 Not Found"), "{err}");
    server.join().unwrap();
}
