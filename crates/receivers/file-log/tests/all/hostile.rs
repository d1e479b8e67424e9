//! Files nobody would want to read.

use std::fs;
use std::io::Write;

use crate::support::{Folder, Running, numbered};

#[tokio::test]
async fn binary_junk_comes_out_as_text_with_replacements() {
    let folder = Folder::new();
    let mut junk: Vec<u8> = (0..200_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    junk.push(b'\n');
    folder.write("a.log", &junk);
    folder.write("a.log", "after\n");
    let running = Running::start(&folder.yaml("")).await;
    crate::support::until("the last line", || {
        running.bodies().last().is_some_and(|body| body == "after")
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn a_line_of_a_hundred_megabytes_comes_in_pieces_of_bounded_size() {
    let folder = Folder::new();
    let mut file = fs::File::create(folder.path("a.log")).unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&piece).unwrap();
    }
    file.write_all(b"\nafter\n").unwrap();
    let running = Running::start(&folder.yaml("")).await;
    crate::support::until("all of it", || {
        running.recorder.items().iter().sum::<usize>() == 101
    })
    .await;
    let largest = running
        .recorder
        .batches()
        .iter()
        .map(|batch| batch.bytes())
        .max()
        .unwrap();
    assert!(largest < 3 << 20, "{largest}");
    running.stop().await;
}

#[tokio::test]
async fn a_thousand_empty_and_idle_files_do_no_harm() {
    let folder = Folder::new();
    for file in 0..1000 {
        folder.write(
            &format!("{file}.log"),
            if file % 2 == 0 { "" } else { "x\n" },
        );
    }
    let running = Running::start(&folder.yaml("max_concurrent_files: 10")).await;
    running.wait_exactly(500).await;
    folder.write("0.log", "was empty\n");
    folder.write("1.log", "more\n");
    running.wait_exactly(502).await;
    running.stop().await;
}

#[tokio::test]
async fn a_folder_and_a_broken_link_that_match_are_passed_over() {
    let folder = Folder::new();
    fs::create_dir(folder.path("folder.log")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", folder.path("broken.log")).unwrap();
    std::os::unix::fs::symlink(folder.path("circle.log"), folder.path("circle.log")).unwrap();
    folder.write("a.log", "x\n");
    let running = Running::start(&folder.yaml("")).await;
    running.wait_exactly(1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_budget_that_is_used_up_stops_reading_until_there_is_room() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..20_000));
    let environment = headwater_testkit::environment();
    let recorder = headwater_testkit::Recorder::new();
    let receiver = crate::support::build(
        &folder.yaml(""),
        &environment,
        std::sync::Arc::new(recorder.clone()),
    );
    let budget = headwater_core::Budget::new(1000);
    let held = budget.charge(1000);
    let host = headwater_testkit::host_with(std::collections::BTreeMap::new(), budget);
    receiver.start(&host).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(recorder.calls(), 0);
    drop(held);
    crate::support::until("some of it", || recorder.calls() > 0).await;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    receiver.shutdown(deadline).await.unwrap();
}
