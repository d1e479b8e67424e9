//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_receiver_udp_log::Config;

#[test]
fn every_key_of_the_collector_is_accepted() {
    let (_, warnings) = decode::<Config>(
        "{listen_address: '127.0.0.1:0', add_attributes: true, one_log_per_packet: true, encoding: utf-8, \
         multiline: {line_end_pattern: a}, preserve_leading_whitespaces: true, preserve_trailing_whitespaces: true, \
         async: {readers: 2, processors: 2, max_queue_length: 10}, attributes: {a: b}, resource: {c: d}, \
         operators: [{type: noop}], retry_on_failure: {enabled: true}, storage: file_storage, id: x}",
    )
    .unwrap();
    assert!(!warnings.contains("error"), "{warnings}");
}

#[test]
fn mistakes_are_reported_in_upstreams_words() {
    for (yaml, message) in [
        ("{}", "missing required parameter 'listen_address'"),
        (
            "{listen_address: ':1', async: {max_queue_length: 2000000}}",
            "must be at most 1000000",
        ),
        (
            "{listen_address: ':1', multiline: {line_start_pattern: '('}}",
            "compile regex",
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
