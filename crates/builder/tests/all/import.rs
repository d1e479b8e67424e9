//! Manifests of the OpenTelemetry Collector Builder.

use headwater_builder::catalog::Catalog;
use headwater_builder::import::import;
use headwater_builder::load::read_tree;
use headwater_core::config::Diagnostics;

use super::fixture::{Checkout, brief};

fn imported(yaml: &str) -> (Checkout, String, String) {
    let checkout = Checkout::new();
    let path = checkout.write("ocb.yaml", yaml);
    let catalog = Catalog::read(checkout.root()).unwrap();
    let mut diagnostics = Diagnostics::new();
    let tree = read_tree(&path, &mut diagnostics).unwrap();
    let toml = import(&tree, &catalog, &mut diagnostics);
    let said = brief(&diagnostics);
    (checkout, toml, said)
}

const MANIFEST: &str = r#"dist:
  module: github.com/acme/collector
  name: AcmeCol
  description: Acme "tenant" collector
  version: 1.4.0
  output_path: ./build
  otelcol_version: 0.86.0

receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v0.149.0
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/receiver/zipkinreceiver v0.149.0
  - gomod: github.com/acme/collector/acmereceiver v1.0.0
    path: ../acmereceiver
  - import: go.opentelemetry.io/collector/receiver/nopreceiver

processors:
  - gomod: go.opentelemetry.io/collector/processor/memorylimiterprocessor v0.149.0
  - gomod: go.opentelemetry.io/collector/processor/batchprocessor v0.149.0
    name: batch2

exporters:
  - gomod: go.opentelemetry.io/collector/exporter/otlpexporter v0.149.0
  - gomod: go.opentelemetry.io/collector/exporter/debugexporter v0.149.0
  - gomod: go.opentelemetry.io/collector/exporter/loggingexporter v0.86.0
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexportr v0.149.0

extensions:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension v0.149.0
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage v0.86.0
    import: github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage

providers:
  - gomod: go.opentelemetry.io/collector/confmap/provider/envprovider v1.55.0
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/confmap/provider/s3provider v0.149.0

converters:
  - gomod: go.opentelemetry.io/collector/confmap/converter/expandconverter v0.110.0

telemetry:
  gomod: go.opentelemetry.io/collector/service v0.149.0
  import: go.opentelemetry.io/collector/service/telemetry/otelconftelemetry

replaces:
  - github.com/acme/x => ../x

conf_resolver:
  default_uri_scheme: file

telemtry: {}
"#;

#[test]
fn what_has_a_counterpart_is_translated() {
    let (checkout, toml, _) = imported(MANIFEST);
    insta::assert_snapshot!(toml);
    let (loaded, said) = checkout.load(&toml);
    assert_eq!(said, "", "what is written can be read");
    assert_eq!(loaded.unwrap().plan.components.len(), 6);
}

#[test]
fn what_has_no_counterpart_is_reported() {
    let (_, _, said) = imported(MANIFEST);
    insta::assert_snapshot!(said);
}

#[test]
fn every_component_of_the_checkout_can_be_imported() {
    let root = super::repository::root();
    let catalog = Catalog::read(&root).unwrap();
    for component in catalog.iter() {
        let (kind, section) = (component.kind, component.kind.section());
        for name in std::iter::once(&component.type_name).chain(&component.aliases) {
            let module = format!("example.com/x/{}{kind}", name.replace('_', ""));
            let yaml = format!("{section}:\n  - gomod: {module} v1.0.0\n");
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("ocb.yaml");
            std::fs::write(&path, yaml).unwrap();
            let mut diagnostics = Diagnostics::new();
            let tree = read_tree(&path, &mut diagnostics).unwrap();
            let toml = import(&tree, &catalog, &mut diagnostics);
            let expected = format!("{section} = [\n    \"{}\",\n]", component.type_name);
            assert!(toml.contains(&expected), "{module} gives\n{toml}");
        }
    }
}
