//! Targets that are written down, and those of files.

use crate::support::{Setup, line};

#[tokio::test(flavor = "multi_thread")]
async fn fixed_targets_are_read_with_their_labels() {
    let mut setup = Setup::new();
    setup.append("a/0.log", " one \ntwo\n");
    setup.append("a/skip.log", "no\n");
    setup.append("b/0.log", "b\n");
    setup
        .start(
            r#"
static_configs:
  - targets: [localhost]
    labels: {__path__: "$DIR/a/*.log", __path_exclude__: "**/skip.log", app: web, __tenant_id__: t}
  - targets: [localhost]
    labels: {__path__: "$DIR/b/0.log", app: api, drop: "yes"}
relabel_configs:
  - {source_labels: [drop], regex: "yes", action: drop}
  - {source_labels: [app], target_label: job, replacement: "shop/$$1"}
"#,
        )
        .await;
    let path = setup.path("a/0.log").display().to_string();
    let labels = [
        ("loki.stream", "true"),
        ("__tenant_id__", "t"),
        ("app", "web"),
        ("job", "shop/web"),
        ("filename", &path),
    ];
    let expected = [line(&labels, " one "), line(&labels, "two")];
    assert_eq!(setup.wait(2).await, expected);
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_targets_are_watched() {
    let mut setup = Setup::new();
    let target = |name: &str| {
        let path = setup.path(name).display().to_string();
        format!(r#"{{"targets":["x"],"labels":{{"__path__":"{path}","app":"{name}"}}}}"#)
    };
    let (one, two) = (target("one.log"), target("two.log"));
    let write = |list: String, folder: &std::path::Path| {
        std::fs::write(folder.join("new.tmp"), list).unwrap();
        std::fs::rename(folder.join("new.tmp"), folder.join("targets.json")).unwrap();
    };
    write(format!("[{one}]"), setup.folder.path());
    setup.append("one.log", "1\n");
    setup.append("two.log", "2\n");
    setup
        .start(
            "file_sd_configs: [{files: ['$DIR/targets.json']}]\nstream: false\nfilename_label: ''",
        )
        .await;
    assert_eq!(setup.wait(1).await, [line(&[("app", "one.log")], "1")]);
    write(format!("[{one},{two}]"), setup.folder.path());
    let second = line(&[("app", "two.log")], "2");
    assert_eq!(setup.wait(2).await[1], second);
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_targets_are_read_than_there_may_be() {
    let mut setup = Setup::new();
    for name in ["a.log", "b.log", "c.log"] {
        setup.append(name, &format!("{name}\n"));
    }
    let group = |name: &str| {
        format!("  - {{targets: [x], labels: {{__path__: '$DIR/{name}', app: '{name}'}}}}\n")
    };
    let groups: String = ["a.log", "b.log", "c.log"].map(group).concat();
    setup
        .start(&format!("static_configs:\n{groups}max_targets: 2"))
        .await;
    assert_eq!(setup.wait(2).await.len(), 2);
    setup.stop().await;
}
