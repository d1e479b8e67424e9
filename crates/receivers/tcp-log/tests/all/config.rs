//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_receiver_tcp_log::Config;

#[test]
fn every_key_of_the_collector_is_accepted() {
    let (_, warnings) = decode::<Config>(
        "{listen_address: '127.0.0.1:0', max_log_size: 2MiB, add_attributes: true, one_log_per_packet: true, \
         encoding: utf-8, multiline: {line_start_pattern: a, omit_pattern: true}, preserve_leading_whitespaces: true, \
         preserve_trailing_whitespaces: true, attributes: {a: b}, resource: {c: d}, operators: [{type: noop}], \
         retry_on_failure: {enabled: true}, storage: file_storage, id: x, type: tcp_input, output: y, \
         tls: {cert_file: a, key_file: b}}",
    )
    .unwrap();
    assert!(!warnings.contains("error"), "{warnings}");
}

#[test]
fn mistakes_are_reported_in_upstreams_words() {
    for (yaml, message) in [
        ("{}", "missing required parameter 'listen_address'"),
        (
            "{listen_address: ':1', max_log_size: 1000}",
            "must be equal to or greater than 65536 bytes",
        ),
        (
            "{listen_address: ':1', encoding: klingon}",
            "unsupported encoding 'klingon'",
        ),
        (
            "{listen_address: ':1', multiline: {line_start_pattern: a, line_end_pattern: b}}",
            "only one of line_start_pattern or line_end_pattern",
        ),
        (
            "{listen_address: ':1', operators: [{type: nothing}]}",
            "unsupported type 'nothing'",
        ),
        (
            "{listen_address: ':1', max_connections: 0}",
            "'max_connections' must be positive",
        ),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(message), "{yaml}\n{errors}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
