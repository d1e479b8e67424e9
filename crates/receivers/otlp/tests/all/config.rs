//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_receiver_otlp::Config;

#[test]
fn a_protocol_that_is_named_without_keys_has_the_default_endpoint() {
    let (config, _) = decode::<Config>("protocols: {grpc: , http: }").unwrap();
    let grpc = config.protocols.grpc.as_ref().unwrap();
    let http = config.protocols.http.as_ref().unwrap();
    assert_eq!(grpc.address.endpoint, "localhost:4317");
    assert_eq!(http.server.address.endpoint, "localhost:4318");
    assert_eq!(http.traces_url_path, "/v1/traces");
}

#[test]
fn a_protocol_that_is_not_named_is_off() {
    let (config, _) = decode::<Config>("protocols: {grpc: {}}").unwrap();
    assert!(config.protocols.grpc.is_some());
    assert!(!config.protocols.http.is_some());
}

#[test]
fn no_protocol_at_all_is_an_error() {
    for yaml in ["", "protocols: {}"] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(
            error.contains("must specify at least one protocol"),
            "{error}"
        );
    }
}

#[test]
fn keys_of_the_server_and_of_the_receiver_stand_side_by_side() {
    let yaml =
        "protocols: {http: {endpoint: 'x:1', traces_url_path: in, cors: {allowed_origins: ['*']}}}";
    let (config, _) = decode::<Config>(yaml).unwrap();
    let http = config.protocols.http.as_ref().unwrap();
    assert_eq!(http.path(headwater_core::Signal::Traces), "/in");
    assert!(http.server.cors.is_some());
    let error = decode::<Config>("protocols: {http: {endpont: x, profiles_url_path: y}}");
    let error = error.unwrap_err();
    assert!(
        error.contains("endpont") && error.contains("profiles_url_path"),
        "{error}"
    );
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
