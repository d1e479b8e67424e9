//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_extension_basicauth::Config;

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}

#[test]
fn it_is_a_server_or_a_client_and_needs_to_know_which() {
    for (keys, expected) in [
        ("", "no credential source provided"),
        ("htpasswd: {}", "no credential source provided"),
        (
            "{htpasswd: {inline: 'a:b'}, client_auth: {username: a}}",
            "only one of `htpasswd` or `client_auth` can be specified",
        ),
        (
            "client_auth: {username: 'a:b'}",
            "invalid authorization format",
        ),
        ("client_auth: {usrname: a}", "usrname"),
    ] {
        let error = decode::<Config>(keys).unwrap_err();
        assert!(error.contains(expected), "{keys}: {error}");
    }
}

#[test]
fn passwords_are_never_shown() {
    let (config, _) = decode::<Config>("client_auth: {username: a, password: hunter2}").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let (config, _) = decode::<Config>("htpasswd: {inline: 'a:hunter2'}").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
