//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_extension_oauth2client::Config;

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}

#[test]
fn what_a_grant_needs_is_asked_for() {
    let jwt = "grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'";
    for (keys, expected) in [
        ("", vec!["no ClientID", "no ClientSecret", "no TokenURL"]),
        (
            "{client_id: a, client_secret: b, token_url: 'x:y'}",
            vec!["invalid token_url"],
        ),
        (
            &format!("{{client_id: a, token_url: 'http://x/', {jwt}}}"),
            vec!["no key that signs assertions"],
        ),
        ("grant_type: password", vec!["password"]),
    ] {
        let error = decode::<Config>(keys).unwrap_err();
        for expected in expected {
            assert!(error.contains(expected), "{keys}: {error}");
        }
    }
    let files = "{client_id_file: /a, client_secret_file: /b, token_url: 'http://x/'}";
    let (config, _) = decode::<Config>(files).unwrap();
    assert_eq!(config.expiry_buffer.as_secs(), 300);
}

#[test]
fn secrets_are_never_shown() {
    let keys = "{client_id: a, client_secret: hunter2, client_certificate_key: hunter2, token_url: 'http://x/'}";
    let (config, _) = decode::<Config>(keys).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}
