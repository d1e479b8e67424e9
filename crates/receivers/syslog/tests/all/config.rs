//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_receiver_syslog::Config;

#[test]
fn every_key_of_the_collector_is_accepted() {
    let (_, warnings) = decode::<Config>(
        "{tcp: {listen_address: '127.0.0.1:0', max_log_size: 1MiB}, protocol: rfc5424, location: Europe/Berlin, \
         enable_octet_counting: true, allow_skip_pri_header: true, max_octets: 100, on_error: drop_quiet, \
         attributes: {a: b}, resource: {c: d}, operators: [{type: noop}], retry_on_failure: {enabled: true}, \
         storage: file_storage, id: x}",
    )
    .unwrap();
    assert!(!warnings.contains("error"), "{warnings}");
}

#[test]
fn mistakes_are_reported_in_upstreams_words() {
    for (yaml, message) in [
        ("{protocol: rfc5424}", "need tcp config or udp config"),
        ("{tcp: {listen_address: ':1'}}", "missing field 'protocol'"),
        (
            "{tcp: {listen_address: ':1'}, protocol: rfc1}",
            "unsupported protocol version: rfc1",
        ),
        (
            "{tcp: {}, protocol: rfc5424}",
            "missing required parameter 'listen_address'",
        ),
        (
            "{tcp: {listen_address: ':1'}, protocol: rfc3164, enable_octet_counting: true}",
            "only compatible with protocol rfc5424",
        ),
        (
            "{tcp: {listen_address: ':1'}, protocol: rfc5424, enable_octet_counting: true, non_transparent_framing_trailer: LF}",
            "only one of octet_counting or non_transparent_framing",
        ),
        (
            "{tcp: {listen_address: ':1'}, protocol: rfc5424, non_transparent_framing_trailer: CR}",
            "invalid non_transparent_framing_trailer 'CR'",
        ),
        (
            "{udp: {listen_address: ':1'}, protocol: rfc5424, enable_octet_counting: true}",
            "is not compatible with UDP",
        ),
        (
            "{tcp: {listen_address: ':1'}, protocol: rfc5424, location: Mars/Phobos}",
            "failed to load location",
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
