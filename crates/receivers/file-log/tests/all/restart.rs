//! Restarts, refusals, and disks that are full.

use std::fs;
use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_testkit::{Answer, Recorder};

use crate::support::{Folder, Running, build, numbered, sorted, storage_host, until};

fn lines(range: std::ops::Range<usize>) -> Vec<String> {
    numbered(range).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    for round in 1..4 {
        let running = Running::start(&folder.yaml("")).await;
        let expected = lines((round - 1) * 100..round * 100);
        assert_eq!(running.wait_exactly(100).await, expected);
        running.stop().await;
        folder.write("a.log", numbered(round * 100..(round + 1) * 100));
    }
}

#[tokio::test]
async fn what_was_rotated_away_while_nobody_ran_is_still_read() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let running = Running::start(&folder.yaml("")).await;
    running.wait(100).await;
    running.stop().await;
    folder.write("a.log", numbered(100..150));
    fs::rename(folder.path("a.log"), folder.path("a.log.1")).unwrap();
    folder.write("a.log", numbered(150..200));
    let running = Running::start(&folder.yaml("start_at: end")).await;
    assert_eq!(sorted(running.wait_exactly(100).await), lines(100..200));
    running.stop().await;
}

#[tokio::test]
async fn a_file_restored_under_another_inode_goes_on_where_it_was() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let running = Running::start(&folder.yaml("")).await;
    running.wait(100).await;
    running.stop().await;
    // As a volume that is mounted elsewhere.
    fs::copy(folder.path("a.log"), folder.path("tmp")).unwrap();
    fs::rename(folder.path("tmp"), folder.path("a.log")).unwrap();
    folder.write("a.log", numbered(100..120));
    let running = Running::start(&folder.yaml("")).await;
    assert_eq!(running.wait_exactly(20).await, lines(100..120));
    running.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_offered_until_it_is_taken_and_the_position_waits() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let recorder = Recorder::new();
    for _ in 0..3 {
        let error = ConsumeError::refused("the queue is full", Some(Duration::from_millis(20)));
        recorder.answer(Answer::Fail(error));
    }
    let running = Running::with(&folder.yaml(""), recorder.clone()).await;
    assert_eq!(running.wait_exactly(100).await, lines(0..100));
    assert_eq!(recorder.calls(), 4);
    running.stop().await;
}

#[tokio::test]
async fn what_was_not_taken_before_the_end_is_read_again() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let recorder = Recorder::new();
    recorder.answer(Answer::Hang);
    let environment = headwater_testkit::environment();
    let receiver = build(
        &folder.yaml(""),
        &environment,
        std::sync::Arc::new(recorder.clone()),
    );
    receiver.start(&headwater_testkit::host()).await.unwrap();
    recorder.wait_for_calls(1).await;
    let deadline = std::time::Instant::now() + Duration::from_millis(300);
    receiver.shutdown(deadline).await.unwrap();
    let running = Running::start(&folder.yaml("")).await;
    assert_eq!(running.wait_exactly(100).await, lines(0..100));
    running.stop().await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_dropped_and_booked() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let recorder = Recorder::new();
    recorder.answer(Answer::Fail(ConsumeError::permanent("no")));
    let running = Running::with(&folder.yaml(""), recorder.clone()).await;
    until("offered", || recorder.calls() == 1).await;
    folder.write("a.log", numbered(100..110));
    assert_eq!(running.wait_exactly(10).await, lines(100..110));
    running.stop().await;
    let balances = running.environment.ledger.balances();
    let balance = balances.values().next().unwrap();
    assert_eq!((balance.received, balance.sent), (110, 10));
    assert_eq!(balance.dropped.get("permanent_error"), Some(&100));
}

#[tokio::test]
async fn lines_that_operators_filter_or_drop_are_booked() {
    let folder = Folder::new();
    folder.write("a.log", "keep\nfilter\nbroken\n");
    let running = Running::start(&folder.yaml(
        "operators: [{type: filter, expr: 'body == \"filter\"'}, {type: json_parser, on_error: drop, if: 'body == \"broken\"'}]",
    ))
    .await;
    running.wait_exactly(1).await;
    running.stop().await;
    let balances = running.environment.ledger.balances();
    let balance = balances.values().next().unwrap();
    assert_eq!(
        (balance.received, balance.sent, balance.filtered),
        (3, 1, 1)
    );
    assert_eq!(balance.dropped.get("operator_failed"), Some(&1));
}

#[tokio::test]
async fn an_entry_that_waits_for_its_rest_holds_the_position_back() {
    let folder = Folder::new();
    let yaml = folder.yaml(
        "include_file_path: true\noperators: [{type: container, add_metadata_from_filepath: false}]",
    );
    folder.write(
        "a.log",
        "2026-01-01T00:00:00Z stdout F whole\n2026-01-01T00:00:00Z stdout P begin\n",
    );
    let running = Running::start(&yaml).await;
    assert_eq!(running.wait_exactly(1).await, ["whole"]);
    running.stop().await;
    folder.write("a.log", "2026-01-01T00:00:01Z stdout F end\n");
    let running = Running::start(&yaml).await;
    assert_eq!(running.wait_exactly(1).await, ["beginend"]);
    running.stop().await;
}

#[tokio::test]
async fn without_a_place_for_positions_reading_goes_on() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..10));
    // A file where the folder should be.
    fs::write(folder.positions(), "").unwrap();
    let running = Running::start(&folder.yaml("")).await;
    assert_eq!(running.wait_exactly(10).await, lines(0..10));
    running.stop().await;
}

#[tokio::test]
async fn when_positions_cannot_be_written_any_more_reading_goes_on() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..10));
    let running = Running::start(&folder.yaml("")).await;
    running.wait(10).await;
    fs::remove_dir_all(folder.positions()).unwrap();
    fs::write(folder.positions(), "").unwrap();
    folder.write("a.log", numbered(10..20));
    assert_eq!(running.wait_exactly(20).await, lines(0..20));
    running.stop().await;
}

#[tokio::test]
async fn a_second_receiver_of_the_same_name_makes_a_reload_stop_the_first() {
    let folder = Folder::new();
    let running = Running::start(&folder.yaml("")).await;
    let environment = headwater_testkit::environment();
    let second = build(
        &folder.yaml(""),
        &environment,
        std::sync::Arc::new(Recorder::new()),
    );
    let error = second.start(&headwater_testkit::host()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap();
    let kind = cause.downcast_ref::<std::io::Error>().unwrap().kind();
    assert_eq!(kind, std::io::ErrorKind::ResourceBusy);
    second.shutdown(std::time::Instant::now()).await.unwrap();
    running.stop().await;
    second.start(&headwater_testkit::host()).await.unwrap();
    second
        .shutdown(std::time::Instant::now() + Duration::from_secs(5))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_storage_extension_keeps_positions_as_well() {
    let folder = Folder::new();
    fs::create_dir(folder.positions()).unwrap();
    folder.write("a.log", numbered(0..100));
    let yaml = folder.yaml("storage: file_storage");
    for round in 1..4 {
        let host = storage_host(&folder.positions()).await;
        let running = Running::on(&yaml, Recorder::new(), &host).await;
        let expected = lines((round - 1) * 100..round * 100);
        assert_eq!(running.wait_exactly(100).await, expected);
        running.stop().await;
        folder.write("a.log", numbered(round * 100..(round + 1) * 100));
    }
    let files = fs::read_dir(folder.positions()).unwrap().flatten();
    let journals = files.filter(|file| file.path().extension().is_some_and(|e| e == "positions"));
    assert_eq!(journals.count(), 0);
}

#[tokio::test]
async fn a_storage_extension_that_is_not_there_is_named_at_the_start() {
    let folder = Folder::new();
    let yaml = folder.yaml("storage: file_storage/other");
    let environment = headwater_testkit::environment();
    let receiver = build(&yaml, &environment, std::sync::Arc::new(Recorder::new()));
    let error = receiver
        .start(&headwater_testkit::host())
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("storage extension 'file_storage/other' not found"),
        "{message}"
    );
    assert!(message.contains("service::extensions"), "{message}");
}
