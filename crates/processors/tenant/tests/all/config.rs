//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_processor_tenant::Config;

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}

#[test]
fn a_source_is_one_thing_and_there_has_to_be_one() {
    for (keys, expected) in [
        ("", "no source of a tenant"),
        ("from: [{}]", "exactly one of"),
        ("from: [{header: a, resource: b}]", "exactly one of"),
        (
            "{default: a, limits: {bytes_per_second: -1}}",
            "must not be negative",
        ),
        ("{default: a, max_tenants: 0}", "greater than 0"),
        ("{default: a, overrides: {b: {requests: 1}}}", "requests"),
    ] {
        let error = decode::<Config>(keys).unwrap_err();
        assert!(error.contains(expected), "{keys}: {error}");
    }
}

#[test]
fn a_header_that_anybody_can_write_is_warned_about() {
    let warned = |keys: &str| {
        let (_, warnings) = decode::<Config>(keys).unwrap();
        warnings.contains("in anybody's name")
    };
    assert!(warned("from: [{header: X-Scope-OrgID}]"));
    assert!(!warned(
        "from: [{identity: username}, {header: X-Scope-OrgID}]"
    ));
    assert!(!warned("{from: [{header: X-Scope-OrgID}], allowed: [a]}"));
}
