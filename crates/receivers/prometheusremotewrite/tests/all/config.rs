//! Keys, defaults and mistakes.

use headwater_config::testing::decode;
use headwater_core::config::Config as _;
use headwater_core::{ComponentKind, Registry};
use headwater_receiver_prometheusremotewrite::Config;

#[test]
fn nothing_has_to_be_written() {
    let (config, warnings) = decode::<Config>("{}").unwrap();
    assert_eq!(warnings, "");
    assert_eq!(config.server.address.endpoint, "localhost:9090");
    assert_eq!(config.path, "/api/v1/write");
}

#[test]
fn mistakes_are_reported_where_they_are() {
    for (yaml, expected) in [
        ("path: write", "must begin with `/`"),
        ("cache_size: 0", "must be positive"),
        ("endpoints: x", "did you mean `endpoint`?"),
    ] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn the_name_leads_to_the_factory() {
    let registry = Registry::linked();
    let name = "prometheusremotewrite";
    let (found, by_alias) = registry.get(ComponentKind::Receiver, name).unwrap();
    assert_eq!((found.component_type(), by_alias), (name, false));
}

#[test]
fn every_key_has_a_description() {
    for row in Config::type_schema().rows() {
        assert!(!row.doc.is_empty(), "{row:?}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
