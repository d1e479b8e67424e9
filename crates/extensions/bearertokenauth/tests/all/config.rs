//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_extension_bearertokenauth::Config;

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}

#[test]
fn there_has_to_be_a_token_and_not_two_ways_to_say_it() {
    for (keys, expected) in [
        ("", "no bearer token provided"),
        (
            "{token: a, tokens: [b]}",
            "either tokens or token should be provided, not both",
        ),
        ("tokens: [a, '']", "a token is empty"),
        (
            "{token: a, header: 'a b'}",
            "characters that HTTP does not allow",
        ),
    ] {
        let error = decode::<Config>(keys).unwrap_err();
        assert!(error.contains(expected), "{keys}: {error}");
    }
    let (config, warnings) = decode::<Config>("{token: hunter2, filename: /x}").unwrap();
    assert!(
        warnings.contains("configured token(s) are ignored"),
        "{warnings}"
    );
    assert!(!format!("{config:?}").contains("hunter2"));
}
