//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_core::{ComponentKind, Outputs, Signal};
use headwater_receiver_k8s_events::{Config, factory};
use headwater_testkit::{Recorder, environment, host};

#[test]
fn mistakes_are_reported() {
    for (yaml, message) in [
        (
            "auth_type: tls",
            "client certificates cannot be configured here",
        ),
        (
            "auth_type: serviceaccount",
            "did you mean `serviceAccount`?",
        ),
        ("namespaces: ['']", "a namespace is empty"),
        ("dedup_interval: 10x", "its unit is not"),
        ("dedup_interval: '-x'", "is not a duration"),
        ("stream: {job: ''}", "the label `job` is empty"),
        ("stream: {format: text}", "logfmt"),
        ("include: [a]", "unknown field `include`"),
    ] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(errors.contains(message), "{yaml}\n{errors}");
    }
}

#[test]
fn what_contrib_takes_is_taken() {
    let yaml = "{auth_type: kubeConfig, context: c, namespaces: [default, my_namespace], \
                storage: file_storage, dedup_interval: -1s}";
    let (_, warnings) = decode::<Config>(yaml).unwrap();
    assert_eq!(warnings, "");
    for yaml in [
        "",
        "auth_type: none",
        "dedup_interval: 5m",
        "dedup_interval: -1",
        "stream: {}",
    ] {
        decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    }
}

#[test]
fn what_has_no_effect_is_a_warning_that_says_what_to_do() {
    let (_, notes) = decode::<Config>("k8s_leader_elector: k8s_leader_elector").unwrap();
    assert!(
        notes.contains("each replica reports every event"),
        "{notes}"
    );
    assert!(notes.contains("run one replica"), "{notes}");
    let (_, notes) = decode::<Config>("context: c").unwrap();
    assert!(
        notes.contains("`context` has no effect without `auth_type: kubeConfig`"),
        "{notes}"
    );
}

#[tokio::test]
async fn what_cannot_work_is_an_error_at_the_start() {
    for (yaml, message) in [
        // Tests run in no cluster.
        ("{}", "write `auth_type: kubeConfig`"),
        ("auth_type: none", "write `auth_type: kubeConfig`"),
        (
            "{auth_type: kubeConfig, kubeconfig_file: /no/such/file}",
            "/no/such/file",
        ),
    ] {
        let (config, _) = decode::<Config>(yaml).unwrap();
        let environment = environment();
        let id = "k8s_events".parse().unwrap();
        let settings = environment.settings(ComponentKind::Receiver, &id);
        let outputs = Outputs::new().with(Signal::Logs, std::sync::Arc::new(Recorder::new()));
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        let error = receiver.start(&host()).await.unwrap_err();
        let error = format!("{error:?}");
        assert!(error.contains(message), "{yaml}: {error}");
    }
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}
