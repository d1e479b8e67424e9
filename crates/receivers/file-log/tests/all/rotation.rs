//! Files that are moved, copied, truncated, packed, deleted and made anew.

use std::fs;

use crate::reading::gzip;
use crate::support::{Folder, Running, numbered, sorted, until};

fn lines(range: std::ops::Range<usize>) -> Vec<String> {
    numbered(range).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_moved_file_is_read_to_its_end_and_not_again() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let running = Running::start(&folder.yaml("include: ['{logs}/a.log*']")).await;
    running.wait(100).await;
    folder.write("a.log", numbered(100..150));
    fs::rename(folder.path("a.log"), folder.path("a.log.1")).unwrap();
    folder.write("a.log", numbered(150..200));
    // The writer still has the old file open for a while.
    folder.write("a.log.1", numbered(200..250));
    assert_eq!(sorted(running.wait_exactly(250).await), lines(0..250));
    running.stop().await;
}

#[tokio::test]
async fn a_file_moved_to_a_name_that_is_not_read_is_still_read_to_its_end() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let running = Running::start(&folder.yaml("")).await;
    running.wait(100).await;
    folder.write("a.log", numbered(100..150));
    fs::rename(folder.path("a.log"), folder.path("a.old")).unwrap();
    folder.write("a.log", numbered(150..200));
    assert_eq!(sorted(running.wait(200).await), lines(0..200));
    folder.write("a.old", numbered(200..210));
    assert_eq!(sorted(running.wait_exactly(210).await), lines(0..210));
    running.stop().await;
}

#[tokio::test]
async fn many_quick_rotations_lose_nothing() {
    let folder = Folder::new();
    let running = Running::start(&folder.yaml("include: ['{logs}/a.log', '{logs}/a.log.*']")).await;
    for round in 0..30 {
        folder.write("a.log", numbered(round * 50..round * 50 + 50));
        tokio::time::sleep(std::time::Duration::from_millis(7)).await;
        if round >= 5 {
            // What nobody has read yet must not be deleted. The inode may be used again at once.
            let last = (round - 5) * 50 + 49;
            running.wait_for(&lines(last..last + 1)[0]).await;
        }
        for old in (1..5).rev() {
            let from = folder.path(&format!("a.log.{old}"));
            if from.exists() {
                fs::rename(from, folder.path(&format!("a.log.{}", old + 1))).unwrap();
            }
        }
        fs::rename(folder.path("a.log"), folder.path("a.log.1")).unwrap();
    }
    assert_eq!(sorted(running.wait_exactly(1500).await), lines(0..1500));
    running.stop().await;
}

#[tokio::test]
async fn a_truncated_file_is_read_from_its_beginning() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let running = Running::start(&folder.yaml("")).await;
    running.wait(100).await;
    fs::write(folder.path("a.log"), numbered(100..120)).unwrap();
    running.wait(120).await;
    // Longer than before, but not what it was.
    fs::write(folder.path("a.log"), numbered(500..800)).unwrap();
    let mut expected = lines(0..120);
    expected.extend(lines(500..800));
    assert_eq!(sorted(running.wait_exactly(420).await), expected);
    running.stop().await;
}

#[tokio::test]
async fn copytruncate_with_a_copy_that_is_read_repeats_and_loses_nothing() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let running = Running::start(&folder.yaml("include: ['{logs}/a.log*']")).await;
    running.wait(100).await;
    // Written since the last look, copied, then truncated.
    folder.write("a.log", numbered(100..130));
    fs::copy(folder.path("a.log"), folder.path("a.log.1")).unwrap();
    fs::write(folder.path("a.log"), "").unwrap();
    folder.write("a.log", numbered(130..160));
    assert_eq!(sorted(running.wait_exactly(160).await), lines(0..160));
    running.stop().await;
}

#[tokio::test]
async fn copytruncate_with_a_copy_that_is_not_read_loses_nothing_either() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let running = Running::start(&folder.yaml("")).await;
    running.wait(100).await;
    // Positions are signed when they are written.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    folder.write("a.log", numbered(100..130));
    fs::copy(folder.path("a.log"), folder.path("a.log.1")).unwrap();
    fs::write(folder.path("a.log"), "").unwrap();
    folder.write("a.log", numbered(130..160));
    assert_eq!(sorted(running.wait_exactly(160).await), lines(0..160));
    running.stop().await;
}

#[tokio::test]
async fn a_file_that_is_packed_after_rotation_is_not_read_again() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..500));
    let yaml = "include: ['{logs}/a.log*']\ncompression: auto";
    let running = Running::start(&folder.yaml(yaml)).await;
    running.wait(500).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    fs::rename(folder.path("a.log"), folder.path("a.log.1")).unwrap();
    folder.write("a.log", numbered(500..600));
    running.wait(600).await;
    let content = fs::read(folder.path("a.log.1")).unwrap();
    fs::remove_file(folder.path("a.log.1")).unwrap();
    fs::write(folder.path("tmp"), gzip(&content)).unwrap();
    fs::rename(folder.path("tmp"), folder.path("a.log.1.gz")).unwrap();
    assert_eq!(sorted(running.wait_exactly(600).await), lines(0..600));
    running.stop().await;
}

#[tokio::test]
async fn files_that_begin_alike_are_told_apart() {
    let folder = Folder::new();
    let head = "# the same header of more than a thousand bytes\n".repeat(30);
    for file in 0..10 {
        folder.write(&format!("{file}.log"), format!("{head}line of {file}\n"));
    }
    let running = Running::start(&folder.yaml("")).await;
    running.wait_exactly(310).await;
    // And one more that comes later.
    folder.write("late.log", format!("{head}line of late\n"));
    let bodies = running.wait_exactly(341).await;
    assert_eq!(
        bodies
            .iter()
            .filter(|body| body.starts_with("line of"))
            .count(),
        11
    );
    running.stop().await;
}

#[tokio::test]
async fn files_with_the_same_content_are_all_read() {
    let folder = Folder::new();
    for file in 0..5 {
        folder.write(&format!("{file}.log"), numbered(0..10));
    }
    let running = Running::start(&folder.yaml("")).await;
    running.wait_exactly(50).await;
    running.stop().await;
}

#[tokio::test]
async fn hard_links_are_read_once() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..10));
    fs::hard_link(folder.path("a.log"), folder.path("b.log")).unwrap();
    let running = Running::start(&folder.yaml("")).await;
    running.wait(10).await;
    folder.write("b.log", numbered(10..20));
    assert_eq!(running.wait_exactly(20).await, lines(0..20));
    running.stop().await;
}

#[tokio::test]
async fn a_link_is_followed_through_rotation_behind_it() {
    let folder = Folder::new();
    fs::create_dir(folder.path("pods")).unwrap();
    folder.write("pods/0.log", numbered(0..10));
    std::os::unix::fs::symlink(folder.path("pods/0.log"), folder.path("app.log")).unwrap();
    let running = Running::start(&folder.yaml("")).await;
    running.wait(10).await;
    folder.write("pods/0.log", numbered(10..20));
    running.wait(20).await;
    folder.write("pods/0.log", numbered(20..30));
    fs::rename(
        folder.path("pods/0.log"),
        folder.path("pods/0.log.20260101-000000"),
    )
    .unwrap();
    folder.write("pods/0.log", numbered(30..40));
    assert_eq!(sorted(running.wait_exactly(40).await), lines(0..40));
    running.stop().await;
}

#[tokio::test]
async fn a_deleted_file_is_read_to_its_end_and_a_new_one_of_its_name_from_the_beginning() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..10));
    let running = Running::start(&folder.yaml("")).await;
    running.wait(10).await;
    folder.write("a.log", numbered(10..20));
    fs::remove_file(folder.path("a.log")).unwrap();
    folder.write("a.log", numbered(20..30));
    assert_eq!(sorted(running.wait_exactly(30).await), lines(0..30));
    running.stop().await;
}

#[tokio::test]
async fn folders_that_come_later_are_read() {
    let folder = Folder::new();
    let running = Running::start(&folder.yaml("include: ['{logs}/**/*.log']")).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    fs::create_dir_all(folder.path("x/y/z")).unwrap();
    folder.write("x/y/z/a.log", "deep\n");
    running.wait(1).await;
    folder.write("x/y/z/a.log", "deeper\n");
    assert_eq!(running.wait_exactly(2).await, ["deep", "deeper"]);
    fs::remove_dir_all(folder.path("x")).unwrap();
    fs::create_dir_all(folder.path("x/y")).unwrap();
    folder.write("x/y/b.log", "again\n");
    assert_eq!(running.wait_exactly(3).await[2], "again");
    running.stop().await;
}

#[tokio::test]
async fn a_file_that_stays_a_copy_is_not_read() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..10));
    let running = Running::start(&folder.yaml("include: ['{logs}/a.*']")).await;
    running.wait(10).await;
    until("signed", || {
        fs::read_dir(folder.positions())
            .unwrap()
            .flatten()
            .any(|entry| {
                fs::read_to_string(entry.path())
                    .unwrap_or_default()
                    .contains("\"off\":\"120\"")
            })
    })
    .await;
    fs::copy(folder.path("a.log"), folder.path("a.backup")).unwrap();
    folder.write("a.log", numbered(10..20));
    assert_eq!(running.wait_exactly(20).await, lines(0..20));
    running.stop().await;
}
