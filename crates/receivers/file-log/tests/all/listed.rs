//! Files that another component names.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_core::pdata::owned::LogsData;
use headwater_core::{Budget, ComponentKind, Outputs, Signal};
use headwater_receiver_file_log::{Config, FileLabels, FileList, Listed, receiver};
use headwater_testkit::{Recorder, environment, host_with};

use crate::support::{Folder, Running, attributes, numbered, text, until};

fn named(folder: &Folder, glob: &str, pod: &str) -> Listed {
    let labels = FileLabels {
        attributes: vec![("pod".to_owned(), pod.to_owned())],
        resource: vec![("node".to_owned(), "n1".to_owned())],
        path: Some("filename".to_owned()),
    };
    let glob = folder.path(glob).display().to_string();
    Listed::new(&glob, Some("/**/*.skip.log"), labels).unwrap()
}

async fn start(folder: &Folder, list: &FileList) -> Running {
    let yaml = folder.yaml("include: ['/nowhere/*.log']\ninclude_file_name: false");
    let (mut config, _) = decode::<Config>(&yaml).unwrap();
    config.include.clear();
    let environment = environment();
    let settings = environment.settings(ComponentKind::Receiver, &"pod_logs".parse().unwrap());
    let recorder = Recorder::new();
    let outputs = Outputs::new().with(Signal::Logs, Arc::new(recorder.clone()));
    let receiver = receiver(settings, config, outputs, list.clone());
    receiver
        .start(&host_with(BTreeMap::new(), Budget::default()))
        .await
        .unwrap();
    Running::of(environment, recorder, receiver)
}

fn pods(running: &Running) -> Vec<String> {
    running.records().iter().flat_map(attributes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_which_files_are_read_and_what_their_records_carry() {
    let folder = Folder::new();
    folder.write("a.log", "a1\n");
    folder.write("a.skip.log", "skipped\n");
    folder.write("b.log", "b1\n");
    let list = FileList::new();
    let running = start(&folder, &list).await;
    list.set(vec![
        named(&folder, "a*.log", "one"),
        named(&folder, "*a.log", "not this"),
    ]);
    assert_eq!(running.wait_exactly(1).await, ["a1"]);
    assert_eq!(pods(&running), ["pod=one"]);
    let batch = running.recorder.batches().remove(0);
    let data = LogsData::decode(&batch.payload().to_contiguous()).unwrap();
    let resource = &data.resource_logs[0].resource.as_ref().unwrap().attributes;
    assert_eq!(
        (resource[0].key.to_string(), text(&resource[0].value)),
        ("node".to_owned(), "n1".to_owned())
    );
    let path = folder.path("a.log").display().to_string();
    assert_eq!(
        (resource[1].key.to_string(), text(&resource[1].value)),
        ("filename".to_owned(), path)
    );

    list.set(vec![
        named(&folder, "a.log", "two"),
        named(&folder, "b.log", "b"),
    ]);
    running.wait(2).await;
    folder.write("a.log", "a2\n");
    running.wait(3).await;
    assert_eq!(pods(&running), ["pod=one", "pod=b", "pod=two"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_leaves_the_list_and_comes_back_goes_on_where_it_was() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..10));
    let list = FileList::new();
    let running = start(&folder, &list).await;
    list.set(vec![named(&folder, "a.log", "one")]);
    running.wait_exactly(10).await;
    list.set(Vec::new());
    list.set(vec![named(&folder, "a.log", "again")]);
    folder.write("a.log", numbered(10..12));
    let bodies = running.wait_exactly(12).await;
    assert_eq!(bodies.join("\n") + "\n", numbered(0..12));
    running.stop().await;

    let again = start(&folder, &list).await;
    folder.write("a.log", numbered(12..13));
    assert_eq!(again.wait_exactly(1).await, ["line 000012"]);
    until("read on after a restart", || pods(&again) == ["pod=again"]).await;
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_set_while_the_reader_pauses_is_looked_at_all_the_same() {
    let folder = Folder::new();
    folder.write("a.log", "a1\n");
    let list = FileList::new();
    let running = start(&folder, &list).await;
    // Nothing is due after this round, and the next list comes within its poll_interval.
    list.set(Vec::new());
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    list.set(vec![named(&folder, "a.log", "one")]);
    assert_eq!(running.wait_exactly(1).await, ["a1"]);
    running.stop().await;
}
