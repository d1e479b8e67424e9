//! Cargo features that a manifest switches on.

use headwater_builder::generate::generate;

use super::fixture::{Checkout, manifest};

const TABLE: &str = "[features.processors]\nbatch = [\"count\"]\n\
     [features.exporters]\notlp = [\"compression\"]\n";

/// The line of a component in the generated `Cargo.toml`.
fn line(checkout: &Checkout, manifest: &str, package: &str) -> String {
    let (loaded, said) = checkout.load(manifest);
    assert!(!said.contains("error["), "{said}");
    let cargo_toml = generate(&loaded.unwrap().plan).swap_remove(0).text;
    let mut lines = cargo_toml.lines();
    let line = lines.find(|line| line.starts_with(&format!("{package} = ")));
    line.unwrap_or_else(|| panic!("{package} in\n{cargo_toml}"))
        .to_owned()
}

/// What is said about the features `own` of a crate from elsewhere, and about a table of features.
fn said_about(own: &str, features: &str) -> String {
    let checkout = Checkout::new();
    checkout.write(
        "mine/Cargo.toml",
        "[package]\nname = \"my-processor\"\n[features]\nfast = []\n",
    );
    let mine = format!("{{ crate = \"my-processor\", path = \"../../mine\", features = [{own}] }}");
    let components =
        format!("processors = [\"batch\", {mine}]\nexporters = [\"otlp_grpc\", \"debug\"]\n");
    checkout.load(&(manifest(&components) + features)).1
}

#[test]
fn a_component_that_is_named_by_type_or_alias_gets_its_features() {
    let checkout = Checkout::new();
    let listed = manifest("processors = [\"batch\"]\nexporters = [\"otlp_grpc\"]") + TABLE;
    let all = "components = \"all\"\n[distribution]\nname = \"all\"\nversion = \"1\"\n".to_owned();
    for manifest in [listed, all + TABLE] {
        for (package, features) in [
            ("headwater-processor-batch", "features = [\"count\"] }"),
            (
                "headwater-exporter-otlp-grpc",
                "features = [\"compression\"] }",
            ),
        ] {
            let line = line(&checkout, &manifest, package);
            assert!(line.ends_with(features), "{line}");
        }
    }
}

#[test]
fn features_of_a_crate_of_ones_own_are_those_of_its_entry_and_of_the_table() {
    let checkout = Checkout::new();
    checkout.write(
        "mine/Cargo.toml",
        "[package]\nname = \"mine\"\n[package.metadata.headwater]\nkind = \"processor\"\n\
         type = \"mine\"\n[features]\nfast = []\n\
         [dependencies]\nzip = { version = \"1\", optional = true }\n",
    );
    let entry = "{ crate = \"mine\", path = \"../../mine\", features = [\"fast\"] }";
    let text = manifest(&format!("processors = [{entry}]"));
    let text = text + "[features.processors]\nmine = [\"zip\", \"default\"]\n";
    let line = line(&checkout, &text, "mine");
    assert!(
        line.ends_with("features = [\"fast\", \"zip\", \"default\"] }"),
        "{line}"
    );
}

#[test]
fn a_component_that_the_manifest_lacks_is_named() {
    insta::assert_snapshot!(said_about(
        "\"fast\"",
        "[features.processors]\nbatsh = [\"count\"]\nmemory_limiter = []\notlp_grpc = []\n\
         [features.receivers]\nkafka = [\"lz4\"]\n"
    ));
}

#[test]
fn a_feature_that_the_crate_lacks_is_answered_with_those_it_has() {
    insta::assert_snapshot!(said_about(
        "\"slow\"",
        "[features.processors]\nbatch = [\"cuont\", \"zip\"]\n\
         [features.exporters]\ndebug = [\"colours\"]\n"
    ));
}

#[test]
fn what_is_written_twice_is_shown_at_both_places() {
    insta::assert_snapshot!(said_about(
        "\"fast\", \"fast\"",
        "[features.processors]\nbatch = [\"count\", \"size\", \"count\"]\n\
         [features.exporters]\notlp_grpc = [\"compression\"]\notlp = []\n"
    ));
}

#[test]
fn a_table_of_another_shape_is_refused() {
    insta::assert_snapshot!(said_about(
        "",
        "[features]\nbatch = [\"count\"]\nprocessors = { batch = \"count\" }\n"
    ));
}

#[test]
fn features_of_a_published_crate_are_left_to_cargo() {
    let checkout = Checkout::new();
    let text = manifest("processors = [\"batch\"]")
        + "[features.processors]\nbatch = [\"newer\"]\n[build]\nheadwater = { version = \"9\" }\n";
    let line = line(&checkout, &text, "headwater-processor-batch");
    assert!(line.ends_with("features = [\"newer\"] }"), "{line}");
}
