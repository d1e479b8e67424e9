//! Keys, defaults and mistakes.

use headwater_config::testing::decode;
use headwater_core::config::Config as _;
use headwater_core::{ComponentKind, Registry};
use headwater_exporter_tempo::{Config, factory};

#[test]
fn the_keys_of_the_otlp_exporter_all_work() {
    let yaml = "endpoint: tempo:4317\ntls: {insecure: true}\ntimeout: 7s\ncompression: none\n\
                headers: {X-Scope-OrgID: a}\nsending_queue: {queue_size: 5}\n\
                retry_on_failure: {enabled: false}";
    let (config, warnings) = decode::<Config>(yaml).unwrap();
    assert_eq!(warnings, "");
    assert_eq!(config.max_request_size, 4_000_000);
    assert_eq!(config.tenant_header, "X-Scope-OrgID");
    let (config, _) = decode::<Config>("http: {endpoint: 'http://tempo:4318'}").unwrap();
    assert!(config.http.is_some());
}

#[test]
fn mistakes_are_reported_where_they_are() {
    for (yaml, expected) in [
        ("tenant_id: a", "requires a non-empty \"endpoint\""),
        ("http: {}", "http::endpoint"),
        (
            "endpoint: a:1\nhttp: {endpoint: 'http://a'}",
            "cannot both be given",
        ),
        (
            "endpoint: a:1\ntenant_header: 'a b'",
            "not the name of a header",
        ),
        (
            "endpoint: a:1\ntenant_header: ''\ntenant_id: a",
            "have no effect",
        ),
        ("endpoint: a:1\nmax_request_size: 10", "1024 bytes"),
        ("endpoint: a:1\ntenant: x", "tenant_id"),
    ] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}\n{error}");
    }
}

#[test]
fn the_name_leads_to_the_factory() {
    for registry in [Registry::linked(), Registry::new().with(factory())] {
        let (found, by_alias) = registry.get(ComponentKind::Exporter, "tempo").unwrap();
        assert_eq!((found.component_type(), by_alias), ("tempo", false));
    }
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
