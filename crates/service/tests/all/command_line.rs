//! The command line, its output and its exit codes.

use headwater_service::{Distribution, run_with};

use crate::components::{Journal, registry};

const DISTRIBUTION: Distribution = Distribution {
    command: "hwtest",
    description: "A distribution for tests",
    version: "1.2.3",
    default_config: None,
};

const GOOD: &str =
    "yaml:{receivers: {nop: }, processors: {traces_only: }, exporters: {nop: , nop/2: },
    connectors: {forward: }, service: {pipelines: {
      traces: {receivers: [nop], processors: [traces_only], exporters: [nop, forward]},
      traces/out: {receivers: [forward], exporters: [nop/2]}}}}";

/// Runs a command: exit code, standard output, standard error.
pub(crate) fn command(journal: &Journal, arguments: &[&str]) -> (u8, String, String) {
    of(DISTRIBUTION, journal, arguments)
}

fn of(distribution: Distribution, journal: &Journal, arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["hwtest"].iter().chain(arguments);
    let code = run_with(
        distribution,
        registry(journal),
        arguments,
        &mut out,
        &mut err,
    );
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

fn fine(arguments: &[&str]) -> String {
    let (code, out, err) = command(&Journal::default(), arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    out
}

#[test]
fn the_version_is_printed_as_upstream_prints_it() {
    assert_eq!(fine(&["--version"]), "hwtest version 1.2.3\n");
    assert_eq!(fine(&["-v"]), "hwtest version 1.2.3\n");
}

#[test]
fn help_names_every_command() {
    let help = fine(&["--help"]);
    for verb in [
        "validate",
        "components",
        "print-config",
        "graph",
        "featuregate",
        "targets",
    ] {
        assert!(help.contains(verb), "{help}");
    }
    assert_eq!(fine(&["-h"]).lines().next(), help.lines().next());
}

#[test]
fn wrong_usage_has_a_code_of_its_own() {
    for arguments in [
        &["--nonsense"][..],
        &["validat"],
        &["graph", "--format=png"],
    ] {
        let (code, out, err) = command(&Journal::default(), arguments);
        assert_eq!((code, out.as_str()), (64, ""), "{arguments:?}");
        assert!(err.contains("error"), "{err}");
    }
    let (code, _, err) = command(&Journal::default(), &[]);
    assert_eq!(
        (code, err.as_str()),
        (64, "Error: at least one config flag must be provided\n")
    );
    let (code, _, err) = command(&Journal::default(), &["validate", "--error-format", "json"]);
    let line =
        "{\"severity\":\"error\",\"message\":\"at least one config flag must be provided\"}\n";
    assert_eq!((code, err.as_str()), (64, line));
}

#[test]
fn a_good_configuration_is_validated_in_silence() {
    assert_eq!(fine(&["validate", "--config", GOOD]), "");
    assert_eq!(
        fine(&["--config", GOOD, "--feature-gates", "-x,+y", "validate"]),
        ""
    );
}

#[test]
fn nothing_is_started_to_validate() {
    let journal = Journal::default();
    let config = "yaml:{receivers: {port: {fail: not here}}, exporters: {nop: },
        extensions: {guard: }, service: {extensions: [guard],
        pipelines: {traces: {receivers: [port], exporters: [nop]}}}}";
    let (code, _, err) = command(&journal, &["validate", "--config", config]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(journal.lock().unwrap().is_empty());
}

#[test]
fn an_alias_works_and_warns_in_upstreams_words() {
    let config = "yaml:{receivers: {harbour: }, exporters: {nop: },
        service: {pipelines: {traces: {receivers: [harbour], exporters: [nop]}}}}";
    let (code, out, err) = command(&Journal::default(), &["validate", "--config", config]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(
        err.starts_with(
            "warning[C0302]: \"harbour\" alias is deprecated; use \"port\" instead in \
             receivers::harbour\n"
        ),
        "{err}"
    );
}

#[test]
fn the_built_in_configuration_is_used_without_a_config() {
    let distribution = Distribution {
        default_config: GOOD.strip_prefix("yaml:"),
        ..DISTRIBUTION
    };
    let journal = Journal::default();
    let (code, _, err) = of(distribution, &journal, &["validate"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, out, _) = of(distribution, &journal, &["graph", "--format", "text"]);
    assert_eq!(code, 0);
    assert!(out.contains("traces_only"), "{out}");
}

#[test]
fn components_are_listed_in_upstreams_shape() {
    let out = fine(&["components"]);
    let shown: Vec<&str> = out
        .lines()
        .take_while(|line| !line.starts_with("connectors"))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    buildinfo:
        command: hwtest
        description: A distribution for tests
        version: 1.2.3
    receivers:
        - name: nop
          module: ""
          stability:
            logs: Stable
            metrics: Stable
            traces: Stable
        - name: port
          module: ""
          stability:
            logs: Undefined
            metrics: Beta
            traces: Beta
    processors:
        - name: traces_only
          module: ""
          stability:
            logs: Undefined
            metrics: Undefined
            traces: Alpha
    exporters:
        - name: nop
          module: ""
          stability:
            logs: Stable
            metrics: Stable
            traces: Stable
    "#);
    assert!(
        out.contains("\n        traces-to-metrics: Undefined\n"),
        "{out}"
    );
    assert!(out.contains("\n        extension: Development\n"), "{out}");
    assert!(out.contains("\nproviders:\n    - scheme: env\n"), "{out}");
}

#[test]
fn graphs_are_drawn_in_three_languages() {
    insta::assert_snapshot!(fine(&["graph", "--config", GOOD]), @r#"
    digraph pipelines {
        rankdir=LR;
        node [shape=box];
        n0 [label="nop\nreceiver"];
        n1 [label="traces_only\nprocessor", style=rounded];
        n2 [label="nop\nexporter"];
        n3 [label="nop/2\nexporter"];
        n4 [label="forward\nconnector", shape=hexagon];
        n0 -> n1 [label="traces"];
        n1 -> n2 [label="traces"];
        n1 -> n4 [label="traces"];
        n4 -> n3 [label="traces/out"];
    }
    "#);
    insta::assert_snapshot!(fine(&["graph", "--config", GOOD, "--format=mermaid"]), @r#"
    flowchart LR
        n0["nop<br/>receiver"]
        n1("traces_only<br/>processor")
        n2["nop<br/>exporter"]
        n3["nop/2<br/>exporter"]
        n4{{"forward<br/>connector"}}
        n0 -->|"traces"| n1
        n1 -->|"traces"| n2
        n1 -->|"traces"| n4
        n4 -->|"traces/out"| n3
    "#);
    insta::assert_snapshot!(fine(&["graph", "--config", GOOD, "--format=text"]), @r"
    traces
        from  nop
        via   traces_only
        to    nop
        to    forward (connector)
    traces/out
        from  forward (connector)
        to    nop/2
    ");
}

#[test]
fn every_value_says_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let yaml = "
receivers:
  port:
    spans: 3
    refuse: ${env:HEADWATER_TEST_UNSET}
    fail: ${env:CARGO_PKG_NAME}
exporters: {nop: }
service:
  pipelines:
    traces: {receivers: [port], exporters: [nop]}
";
    std::fs::write(&path, yaml).unwrap();
    let path = path.to_str().unwrap();
    let arguments = [
        "print-config",
        "--origin",
        "--config",
        path,
        "--set=receivers.port.port=1",
        "--set=service.telemetry.metrics.level=none",
    ];
    let out = fine(&arguments).replace(path, "a.yaml");
    let section = out.split("\nreceivers:\n").nth(1).unwrap();
    let section = section.split("    telemetry:\n").next().unwrap();
    insta::assert_snapshot!(section, @r"
        port:
            port: 1 # --set receivers.port.port
            endpoint: null # default
            spans: 3 # a.yaml:4:12
            fail: headwater-service # env:CARGO_PKG_NAME (a.yaml:6:11)
            give_up: null # default
            fatal: null # default
            stubborn: false # default
            refuse: null # env:HEADWATER_TEST_UNSET (a.yaml:5:13)
    service:
        extensions: [] # default
        pipelines:
            traces:
                exporters:
                    - nop # a.yaml:10:45
                processors: [] # default
                receivers:
                    - port # a.yaml:10:26
    ");
    assert!(
        out.contains("            level: none # --set service.telemetry.metrics.level"),
        "{out}"
    );
    assert!(out.contains("            level: info # default\n"), "{out}");

    let json = fine(&[&arguments[..], &["--format=json"]].concat()).replace(path, "a.yaml");
    assert!(
        json.contains("\"spans\": {\n        \"value\": 3,\n        \"origin\": \"a.yaml:4:12\"\n"),
        "{json}"
    );
}

#[test]
fn what_is_printed_can_be_run_again() {
    let printed = fine(&["print-config", "--config", GOOD]);
    let again = fine(&["print-config", "--config", &format!("yaml:{printed}")]);
    assert_eq!(printed, again);
    assert!(printed.contains("tick: 10s"), "{printed}");
    let json = fine(&["print-initial-config", "--config", GOOD, "--format=json"]);
    assert!(json.contains("\"tick\": 10000000000"), "{json}");
}

#[test]
fn a_wrong_configuration_is_printed_only_if_asked_for() {
    let config = "yaml:{receivers: {nop: , port: {prot: 1}}, exporters: {nop: }}";
    let (code, out, _) = command(&Journal::default(), &["print-config", "--config", config]);
    assert_eq!((code, out.as_str()), (78, ""));
    let out = fine(&["print-config", "--validate=false", "--config", config]);
    assert!(out.contains("receivers:\n    nop: {}\n"), "{out}");
}

#[test]
fn gates_are_listed_and_looked_up() {
    let out = fine(&["featuregate"]);
    assert!(out.starts_with("ID "), "{out}");
    assert!(out.contains("service.AllowNoPipelines "), "{out}");
    let out = fine(&[
        "featuregate",
        "service.AllowNoPipelines",
        "--feature-gates=service.AllowNoPipelines",
    ]);
    assert!(out.contains("Enabled: true\nStage: Alpha\n"), "{out}");
    let (code, _, err) = command(&Journal::default(), &["featuregate", "x"]);
    assert_eq!(
        (code, err.as_str()),
        (1, "Error: feature \"x\" not found\n")
    );
}

#[test]
fn a_gate_allows_a_configuration_without_pipelines() {
    let config = "yaml:{extensions: {guard: }, service: {extensions: [guard]}}";
    let (code, ..) = command(&Journal::default(), &["validate", "--config", config]);
    assert_eq!(code, 78);
    fine(&[
        "validate",
        "--feature-gates=service.AllowNoPipelines",
        "--config",
        config,
    ]);
}

#[test]
fn targets_says_where_nobody_answers() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let url = format!("--url=http://127.0.0.1:{port}");
    let (code, out, err) = command(&Journal::default(), &["targets", &url]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("/api/v1/targets?state=any"), "{err}");
    assert!(err.contains("api_server"), "{err}");
}
