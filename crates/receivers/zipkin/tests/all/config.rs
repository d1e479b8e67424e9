//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_receiver_zipkin::Config;

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    // The server's keys stand in the README of the otlp receiver.
    for line in table.lines().filter(|line| {
        line.starts_with("| `parse")
            || line.contains("`protocols`")
            || line.contains("`protocols.http`")
    }) {
        assert!(readme.contains(line), "put this into README.md:\n{line}");
    }
}

#[test]
fn it_listens_where_zipkin_does_in_either_spelling() {
    let (config, _) = decode::<Config>("").unwrap();
    assert_eq!(config.server.address.endpoint, "localhost:9411");
    assert!(!config.parse_string_tags);
    assert!(!config.protocols.http.is_some());
    let yaml = "{parse_string_tags: true, protocols: {http: {max_request_body_size: 5}}}";
    let (config, _) = decode::<Config>(yaml).unwrap();
    let server = config.protocols.http.as_ref().unwrap();
    assert_eq!(server.address.endpoint, "localhost:9411");
    assert!(config.parse_string_tags);
    let both = "{endpoint: 'a:1', protocols: {http: {endpoint: 'b:1'}}}";
    let (_, warnings) = decode::<Config>(both).unwrap();
    assert!(
        warnings.contains("has no effect beside `protocols.http`"),
        "{warnings}"
    );
    let error = decode::<Config>("protocols: {udp: {}}").unwrap_err();
    assert!(error.contains("udp"), "{error}");
}
