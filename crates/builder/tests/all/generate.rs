//! The generated crate.

use std::path::Path;

use headwater_builder::generate::generate;

use super::fixture::Checkout;

const CONFIG: &str = "receivers:\n  otlp:\n";

fn generated(manifest: &str) -> String {
    let checkout = Checkout::new();
    checkout.write("distributions/a/config.yaml", CONFIG);
    checkout.write(
        "mine/Cargo.toml",
        "[package]\nname = \"my-processor\"\n[lib]\nname = \"mine\"\n",
    );
    let (loaded, said) = checkout.load(manifest);
    assert_eq!(said, "");
    let files = generate(&loaded.unwrap().plan);
    let shown = files
        .iter()
        .map(|file| format!("== {} ==\n{}", file.path, file.text));
    shown.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_usual_manifest() {
    insta::assert_snapshot!(generated(
        r#"
        [distribution]
        name = "pattern-a"
        description = "Tenant \"A\" collector"
        version = "0.1.0"
        config = "config.yaml"
        [components]
        receivers = ["otlp"]
        processors = ["memory_limiter", "batch"]
        exporters = ["otlp_grpc", "debug"]
        connectors = []
        extensions = ["health_check"]
        "#
    ));
}

#[test]
fn every_choice_and_every_source() {
    insta::assert_snapshot!(generated(
        r#"
        [distribution]
        name = "other"
        version = "2.0.0-rc.1+7"
        [components]
        receivers = [{ crate = "their-receiver", version = "1.2", features = ["tls"] }]
        processors = [{ crate = "my-processor", path = "../../mine" }]
        exporters = [{ crate = "git-exporter", git = "https://example.com/x", tag = "v1" }]
        [build]
        allocator = "mimalloc"
        tls = "none"
        profile = "small"
        "#
    ));
}

#[test]
fn everything_is_taken_from_the_folders() {
    let checkout = Checkout::new();
    let (loaded, said) = checkout.load(
        "components = \"all\"\n[distribution]\nname = \"all\"\nversion = \"1\"\n\
         [build]\ntls = \"aws-lc\"\nallocator = \"jemalloc\"\n",
    );
    assert_eq!(said, "");
    let plan = loaded.unwrap().plan;
    let packages: Vec<&str> = plan
        .components
        .iter()
        .map(|one| one.package.as_str())
        .collect();
    assert_eq!(
        packages,
        [
            "headwater-receiver-otlp",
            "headwater-processor-batch",
            "headwater-processor-memory-limiter",
            "headwater-exporter-debug",
            "headwater-exporter-otlp-grpc",
            "headwater-extension-health-check",
        ]
    );
    let cargo_toml = &generate(&plan)[0].text;
    assert!(
        cargo_toml.contains("features = [\"tls-aws-lc\"]"),
        "{cargo_toml}"
    );
    assert!(
        cargo_toml.contains("features = [\"jemalloc\"]"),
        "{cargo_toml}"
    );
}

#[test]
fn tls_is_chosen_only_if_a_component_opens_connections() {
    let checkout = Checkout::new();
    for (components, expected) in [
        ("exporters = [\"debug\"]", false),
        ("exporters = [\"debug\", \"otlp_grpc\"]", true),
        ("receivers = [\"otlp\"]", true),
        (
            "receivers = [{ crate = \"unknown\", version = \"1\" }]",
            true,
        ),
    ] {
        let (loaded, said) = checkout.load(&super::fixture::manifest(components));
        assert_eq!(said, "");
        let cargo_toml = &generate(&loaded.unwrap().plan)[0].text;
        assert_eq!(cargo_toml.contains("tls-ring"), expected, "{components}");
    }
}

#[test]
fn without_a_checkout_the_crates_are_the_published_ones() {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("manifest.toml");
    let text = super::fixture::manifest("receivers = [\"otlp\"]\nexporters = [\"otlp_http\"]");
    std::fs::write(&path, text).unwrap();
    // What `cargo test` sets would lead back into this repository.
    let builder = std::process::Command::new(env!("CARGO_BIN_EXE_builder"))
        .args(["generate", "manifest.toml"])
        .current_dir(elsewhere.path())
        .env_remove("CARGO_MANIFEST_DIR")
        .output()
        .unwrap();
    assert!(
        builder.status.success(),
        "{}",
        String::from_utf8_lossy(&builder.stderr)
    );
    let folder = String::from_utf8(builder.stdout).unwrap();
    assert_eq!(
        Path::new(folder.trim()),
        Path::new("target/distributions/a")
    );
    let generated = elsewhere.path().join(folder.trim()).join("Cargo.toml");
    let generated = std::fs::read_to_string(generated).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for package in [
        "headwater-service",
        "headwater-receiver-otlp",
        "headwater-exporter-otlp-http",
    ] {
        let line = format!("{package} = {{ version = \"={version}\" }}");
        assert!(generated.contains(&line), "{line} in\n{generated}");
    }
}
