//! The documentation of the codes.

use std::collections::BTreeSet;

use headwater_core::config::Code;

#[test]
fn every_code_is_documented_and_every_documented_code_exists() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    let text = std::fs::read_to_string(path).unwrap();
    let documented: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .filter_map(|title| title.split(' ').next())
        .collect();
    let existing: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(documented, existing);
}

#[test]
fn every_code_has_an_example_and_says_what_to_write() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    let text = std::fs::read_to_string(path).unwrap();
    for section in text.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        assert!(title.contains(' '), "{title}: no title");
        assert!(
            section.contains("```") || section.contains('`'),
            "{title}: no example"
        );
        assert!(
            section.contains("Write"),
            "{title}: does not say what to write"
        );
    }
}
