//! The command line: exit codes, formats, streams.

use std::process::{Command, Output};

use super::fixture::{Checkout, manifest};

fn builder(checkout: &Checkout, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_builder"))
        .args(arguments)
        .current_dir(checkout.root())
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn exit_codes_tell_usage_configuration_and_failure_apart() {
    let checkout = Checkout::new();
    checkout.write("good.toml", &manifest("receivers = [\"otlp\"]"));
    checkout.write("bad.toml", &manifest("receivers = [\"oltp\"]"));
    checkout.write("distributions/taken/manifest.toml", "");
    for (arguments, code) in [
        (&["--version"][..], 0),
        (&["check", "good.toml"], 0),
        (&["chek", "good.toml"], 64),
        (&[], 64),
        (&["run", "good.toml", "--target", "x"], 64),
        (&["new", "Not A Name"], 64),
        (&["check", "bad.toml"], 78),
        (&["check", "missing.toml"], 78),
        (&["new", "taken"], 1),
    ] {
        let output = builder(&checkout, arguments);
        let said = text(&output.stderr) + &text(&output.stdout);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?} said {said}"
        );
        assert!(!said.is_empty() || code == 0, "{arguments:?} says why");
    }
}

#[test]
fn programs_get_one_object_for_each_mistake() {
    let checkout = Checkout::new();
    checkout.write(
        "bad.toml",
        &manifest("receivers = [\"oltp\"]\nexporters = [\"debgu\"]"),
    );
    let output = builder(&checkout, &["check", "bad.toml", "--error-format", "json"]);
    let lines: Vec<serde_json::Value> = text(&output.stderr)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["file"], "bad.toml");
    assert_eq!(
        (lines[0]["line"].as_u64(), lines[0]["column"].as_u64()),
        (Some(6), Some(14))
    );
    assert_eq!(lines[1]["path"], "components::exporters::0");
    assert!(output.stdout.is_empty());

    let output = builder(
        &checkout,
        &["new", "a", "--path", "/", "--error-format", "json"],
    );
    let line: serde_json::Value = serde_json::from_str(text(&output.stderr).trim()).unwrap();
    assert_eq!(line["severity"], "error");
}

#[test]
fn a_new_distribution_passes_its_own_check() {
    let checkout = Checkout::new();
    let output = builder(&checkout, &["new", "mine"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let manifest = text(&output.stdout);
    assert_eq!(manifest.trim(), "distributions/mine/manifest.toml");
    let output = builder(&checkout, &["check", manifest.trim()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_distribution_can_be_made_from_configurations() {
    let checkout = Checkout::new();
    let config = |exporter: &str| {
        format!(
            "receivers:\n  otlp:\n  otlp/2:\nexporters:\n  {exporter}:\nservice:\n  pipelines:\n    \
             logs: {{receivers: [otlp, otlp/2], exporters: [{exporter}]}}\n"
        )
    };
    checkout.write("a.yaml", &config("debug"));
    checkout.write("b.yaml", &config("otlp"));
    let arguments = ["new", "mine", "--config", "a.yaml", "--config", "b.yaml"];
    let output = builder(&checkout, &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let path = "distributions/mine/manifest.toml";
    let manifest = std::fs::read_to_string(checkout.root().join(path)).unwrap();
    let expected = "receivers = [\"otlp\"]\nexporters = [\"debug\", \"otlp_grpc\"]\n";
    assert!(manifest.contains(expected), "{manifest}");
    let check = ["check", path, "--config", "a.yaml", "--config", "b.yaml"];
    let output = builder(&checkout, &check);
    assert!(output.status.success(), "{}", text(&output.stderr));

    checkout.write("c.yaml", &config("dbug"));
    let output = builder(&checkout, &["new", "other", "--config", "c.yaml"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).contains("did you mean `debug`?"));
    assert!(!checkout.root().join("distributions/other").exists());
}

#[test]
fn further_configurations_are_checked_against_the_manifest() {
    let checkout = Checkout::new();
    checkout.write(
        "m.toml",
        &manifest("receivers = [\"otlp\"]\nexporters = [\"debug\"]"),
    );
    let config = |exporter: &str| {
        format!(
            "receivers:\n  otlp:\nexporters:\n  {exporter}:\nservice:\n  pipelines:\n    \
             logs: {{receivers: [otlp], exporters: [{exporter}]}}\n"
        )
    };
    checkout.write("fits.yaml", &config("debug/x"));
    checkout.write("more.yaml", &config("otlp_grpc"));
    let fits = builder(&checkout, &["check", "m.toml", "--config", "fits.yaml"]);
    assert_eq!(fits.status.code(), Some(0), "{}", text(&fits.stderr));
    let more = builder(&checkout, &["check", "m.toml", "--config", "more.yaml"]);
    assert_eq!(more.status.code(), Some(78));
    assert!(
        text(&more.stderr).contains("more.yaml:4:3"),
        "{}",
        text(&more.stderr)
    );
}

#[test]
fn import_writes_a_manifest_that_check_accepts() {
    let checkout = Checkout::new();
    checkout.write(
        "ocb.yaml",
        "dist: {name: mine}\nreceivers:\n  - gomod: go.opentelemetry.io/collector/receiver/\
         otlpreceiver v0.149.0\n  - gomod: example.com/x/otherreceiver v1\n",
    );
    let output = builder(&checkout, &["import", "ocb.yaml", "--output", "m.toml"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("example.com/x/otherreceiver"));
    let check = builder(&checkout, &["check", "m.toml"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check.stderr));
}

#[test]
fn the_generated_crate_is_written_where_the_build_looks_for_it() {
    let checkout = Checkout::new();
    checkout.write("m.toml", &manifest("receivers = [\"otlp\"]"));
    let output = builder(&checkout, &["generate", "m.toml"]);
    assert_eq!(text(&output.stdout).trim(), "target/distributions/a");
    let folder = checkout.root().join("target/distributions/a");
    let main = std::fs::read_to_string(folder.join("src/main.rs")).unwrap();
    assert!(main.contains("use headwater_receiver_otlp as _;"), "{main}");
    assert!(folder.join("Cargo.toml").is_file());
}

/// The whole way on crates of a few lines: generated, locked, compiled, measured, stripped,
/// asked what it holds.
#[test]
fn a_small_distribution_is_built_and_runs() {
    let checkout = Checkout::new();
    let package = |name: &str| {
        format!("[package]\nname = \"headwater-{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
    };
    checkout.write("crates/service/Cargo.toml", &package("service"));
    checkout.write(
        "crates/service/src/lib.rs",
        "pub struct Distribution { pub command: &'static str, pub description: &'static str, \
         pub version: &'static str, pub default_config: Option<&'static str> }\n\
         pub fn main(d: Distribution) -> std::process::ExitCode {\n\
         match std::env::args().nth(1).as_deref() {\n\
         Some(\"components\") => println!(\"receivers:\\n  - name: otlp\"),\n\
         other => println!(\"{} {} {other:?} {}\", d.command, d.version, \
         d.default_config.unwrap_or_default().len()),\n}\nstd::process::ExitCode::SUCCESS\n}\n",
    );
    let allocators = "[features]\nmimalloc = []\njemalloc = []\n";
    checkout.write(
        "crates/allocator/Cargo.toml",
        &(package("allocator") + allocators),
    );
    checkout.write("crates/allocator/src/lib.rs", "pub fn install() {}\n");
    let transport = "[features]\ntls-ring = []\ntls-aws-lc = []\n";
    checkout.write(
        "crates/transport/Cargo.toml",
        &(package("transport") + transport),
    );
    checkout.write("crates/transport/src/lib.rs", "");
    let metadata = "[package.metadata.headwater]\nkind = \"receiver\"\ntype = \"otlp\"\n";
    checkout.write(
        "crates/receivers/otlp/Cargo.toml",
        &(package("receiver-otlp") + metadata),
    );
    checkout.write("crates/receivers/otlp/src/lib.rs", "");
    checkout.write("m.toml", &manifest("receivers = [\"otlp\"]"));

    let locked = builder(&checkout, &["build", "m.toml", "--locked", "--offline"]);
    assert_eq!(locked.status.code(), Some(1), "there is no lock file");
    assert!(
        text(&locked.stderr).contains("no Cargo.lock"),
        "{}",
        text(&locked.stderr)
    );

    checkout.write("Cargo.lock", "version = 4\n");
    let output = builder(&checkout, &["build", "m.toml", "--locked", "--offline"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    assert_eq!(printed.lines().last(), Some("target/distributions/a/a"));
    assert!(printed.contains("receiver otlp"), "{printed}");
    let folder = checkout.root().join("target/distributions/a");
    for file in [
        "Dockerfile",
        ".dockerignore",
        "sbom.cdx.json",
        "size.txt",
        "Cargo.lock",
    ] {
        assert!(folder.join(file).is_file(), "{file}");
    }

    let run = builder(
        &checkout,
        &["run", "m.toml", "--offline", "--", "--config", "x"],
    );
    assert_eq!(
        text(&run.stdout),
        "a 1.2.3 Some(\"--config\") 0\n",
        "{}",
        text(&run.stderr)
    );

    let both = manifest("receivers = [\"otlp\"]\nexporters = [\"debug\"]");
    checkout.write("m.toml", &both);
    checkout.write("crates/exporters/debug/src/lib.rs", "");
    let output = builder(&checkout, &["build", "m.toml", "--offline"]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "the program does not register `debug`"
    );
    assert!(
        text(&output.stderr).contains("missing: exporter debug"),
        "{}",
        text(&output.stderr)
    );
}
