//! Mistakes in manifests, and what is said about them.

use headwater_builder::check::check;
use headwater_core::config::Diagnostics;

use super::fixture::{Checkout, brief, manifest};

fn said_about(text: &str) -> String {
    let (loaded, said) = Checkout::new().load(text);
    assert!(!said.is_empty());
    assert!(loaded.is_none() || !said.contains("error["), "{said}");
    said
}

#[test]
fn every_mistake_is_reported_at_once() {
    insta::assert_snapshot!(said_about(
        r#"
[distribution]
name = "My Collector"
versoin = "1"

[components]
recievers = ["otlp"]
receivers = "otlp"
processors = [7]
exporters = [{ path = "../x" }, { crate = "x" }, { crate = "x", path = "y", version = "1", tag = "v1" }]

[build]
allocator = "mimaloc"
profile = "tiny"
"#
    ));
}

#[test]
fn an_unknown_component_gets_a_suggestion_and_the_list() {
    let checkout = Checkout::new();
    let (_, said) = checkout.load(&manifest(
        "receivers = [\"oltp\", \"otlp/2\"]\nprocessors = [\"debug\"]\nexporters = [\"otlp\"]\n\
         connectors = [\"forward\"]",
    ));
    insta::assert_snapshot!(said);
}

#[test]
fn a_manifest_that_is_not_toml_is_shown_where_it_ends() {
    insta::assert_snapshot!(said_about("[distribution]\nname = \"a\nversion = \"1\"\n"));
}

#[test]
fn a_component_that_is_listed_twice_is_linked_once() {
    let checkout = Checkout::new();
    let (loaded, said) = checkout.load(&manifest("receivers = [\"otlp\", \"otlp\"]"));
    assert!(said.contains("this component is listed twice"), "{said}");
    assert_eq!(loaded.unwrap().plan.components.len(), 1);
}

#[test]
fn a_crate_from_elsewhere_must_be_what_the_manifest_says() {
    let checkout = Checkout::new();
    checkout.write(
        "mine/Cargo.toml",
        "[package]\nname = \"mine\"\n[package.metadata.headwater]\nkind = \"exporter\"\n\
         type = \"mine\"\n",
    );
    for (entry, expected) in [
        (
            "{ crate = \"mine\", path = \"../../mine\" }",
            "`mine` is exporter `mine`",
        ),
        (
            "{ crate = \"thine\", path = \"../../mine\" }",
            "is called `mine`",
        ),
        ("{ crate = \"mine\", path = \"../nowhere\" }", "cannot read"),
    ] {
        let (_, said) = checkout.load(&manifest(&format!("processors = [{entry}]")));
        assert!(
            said.contains("error[") && said.contains(expected),
            "{expected} in:\n{said}"
        );
    }
    let mine = "exporters = [{ crate = \"mine\", path = \"../../mine\" }]";
    let (loaded, said) = checkout.load(&manifest(mine));
    assert_eq!(said, "");
    assert_eq!(
        loaded.unwrap().plan.components[0].type_name.as_deref(),
        Some("mine")
    );
}

#[test]
fn a_missing_configuration_is_reported_at_its_key() {
    let (_, said) = Checkout::new()
        .load("[distribution]\nname = \"a\"\nversion = \"1\"\nconfig = \"config.yaml\"\n");
    assert!(
        said.contains("cannot read") && said.contains("manifest.toml:4:10"),
        "{said}"
    );
}

#[test]
fn a_configuration_that_uses_more_than_the_manifest_lists_is_refused() {
    let checkout = Checkout::new();
    checkout.write(
        "distributions/a/config.yaml",
        "receivers:\n  otlp:\nexporters:\n  otlp/hub:\n  otlp_http:\n  debg:\n\
         service:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      \
         exporters: [otlp/hub, otlp_http, debg]\n",
    );
    let text = manifest("receivers = [\"otlp\"]\nexporters = [\"otlp_grpc\", \"debug\"]")
        .replace("version", "config = \"config.yaml\"\nversion");
    let (loaded, said) = checkout.load(&text);
    assert_eq!(said, "");
    let loaded = loaded.unwrap();
    let mut diagnostics = Diagnostics::new();
    check(
        loaded.config.as_ref().unwrap(),
        &loaded.plan,
        &mut diagnostics,
    );
    insta::assert_snapshot!(brief(&diagnostics));
}
