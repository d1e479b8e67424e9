//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_extension_headers_setter::Config;

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}

#[test]
fn every_header_needs_a_name_and_one_source_unless_it_is_deleted() {
    for (keys, expected) in [
        ("", "missing headers configuration"),
        ("headers: [{value: a}]", "missing header name"),
        ("headers: [{key: a}]", "missing header source"),
        (
            "headers: [{key: a, value: b, from_context: c}]",
            "only one of",
        ),
        (
            "headers: [{key: a, from_tenant: true, from_attribute: c}]",
            "only one of",
        ),
        (
            "headers: [{key: 'a b', value: c}]",
            "characters that HTTP does not allow",
        ),
        (
            "headers: [{key: a, value: \"b\\nc\"}]",
            "perhaps a line break",
        ),
        ("headers: [{key: a, value: b, action: replace}]", "replace"),
    ] {
        let error = decode::<Config>(keys).unwrap_err();
        assert!(error.contains(expected), "{keys}: {error}");
    }
    decode::<Config>("headers: [{key: a, action: delete}]").unwrap();
}

#[test]
fn values_are_never_shown() {
    let keys = "headers: [{key: a, value: hunter2, default_value: hunter2}]";
    let (config, _) = decode::<Config>(keys).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
