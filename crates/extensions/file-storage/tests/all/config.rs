//! What users write, and what they are told about it.

use std::time::Duration;

use headwater_config::testing::decode;
use headwater_extension_file_storage::Config;

#[test]
fn defaults_are_those_of_the_collector() {
    let (config, warnings) = decode::<Config>("directory: /tmp").unwrap();
    assert_eq!(warnings, "");
    assert_eq!(config.timeout, Duration::from_secs(1));
    assert!(!config.fsync && !config.create_directory && !config.recreate);
    assert_eq!(config.directory_permissions, "0750");
    assert_eq!(config.compaction.rebound_needed_threshold_mib, 100);
    assert_eq!(
        Config::default().directory.to_str(),
        Some("/var/lib/otelcol/file_storage")
    );
}

#[test]
fn every_key_of_the_collector_is_accepted() {
    let (config, warnings) = decode::<Config>(
        "{directory: /tmp, timeout: 5s, fsync: true, create_directory: true, \
         directory_permissions: '0700', recreate: true, compaction: {on_start: true, \
         on_rebound: true, directory: /tmp, rebound_needed_threshold_mib: 5, \
         rebound_trigger_threshold_mib: 3, max_transaction_size: 10, check_interval: 1s, \
         cleanup_on_start: true}}",
    )
    .unwrap();
    assert!(config.compaction.on_start && config.fsync && config.recreate);
    assert_eq!(warnings, "");
}

#[test]
fn mistakes_are_reported_in_upstreams_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let missing = folder.path().join("missing");
    for (yaml, message) in [
        (
            format!("directory: '{}'", missing.display()),
            "directory must exist",
        ),
        (
            format!("directory: '{}'", file.display()),
            "is not a directory",
        ),
        (
            "{directory: /tmp, compaction: {max_transaction_size: -1}}".to_owned(),
            "max transaction size for compaction cannot be less than 0",
        ),
        (
            "{directory: /tmp, compaction: {on_rebound: true, check_interval: 0s}}".to_owned(),
            "compaction check interval must be positive",
        ),
        (
            "{directory: /tmp, create_directory: true, directory_permissions: '0999'}".to_owned(),
            "must be a valid octal representation",
        ),
        (
            "{directory: /tmp, create_directory: true, directory_permissions: '7777'}".to_owned(),
            "contain invalid bits",
        ),
    ] {
        let errors = decode::<Config>(&yaml).unwrap_err();
        assert!(errors.contains(message), "{yaml}\n{errors}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
