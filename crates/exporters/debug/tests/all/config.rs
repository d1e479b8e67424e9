use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_exporter_debug::{Config, Verbosity};

#[test]
fn defaults_are_those_of_the_collector() {
    let (config, warnings) = decode::<Config>("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.verbosity, Verbosity::Basic);
    assert_eq!(
        (config.sampling_initial, config.sampling_thereafter),
        (2, 1)
    );
    assert!(config.use_internal_logger && config.output_paths.is_none());
    assert!(config.sending_queue.as_ref().is_none() && warnings.is_empty());
}

#[test]
fn every_key_is_read() {
    let yaml = "
verbosity: DETAILED
sampling_initial: 10
sampling_thereafter: 50
use_internal_logger: false
output_paths: [stderr, /tmp/out]
sending_queue: {queue_size: 5}";
    let (config, _) = decode::<Config>(yaml).unwrap();
    assert_eq!(config.verbosity, Verbosity::Detailed);
    assert_eq!(
        (config.sampling_initial, config.sampling_thereafter),
        (10, 50)
    );
    assert!(!config.use_internal_logger);
    assert_eq!(
        config.output_paths.as_deref(),
        Some(&["stderr".to_owned(), "/tmp/out".to_owned()][..])
    );
    assert_eq!(
        config.sending_queue.as_ref().map(|queue| queue.queue_size),
        Some(5)
    );
}

#[test]
fn mistakes_get_the_messages_of_the_collector() {
    for (yaml, message) in [
        (
            "output_paths: [stderr]",
            "output_paths is not supported when use_internal_logger is true",
        ),
        (
            "{use_internal_logger: false, output_paths: []}",
            "output_paths must not be empty when use_internal_logger is false",
        ),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(message), "{yaml}: {errors}");
    }
    for (yaml, help) in [
        ("verbosity: none", "basic, normal, detailed"),
        ("verBosity: basic", "verbosity"),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(help), "{yaml}: {errors}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    assert!(
        include_str!("../../README.md").contains(&table),
        "the table should be\n{table}"
    );
}
