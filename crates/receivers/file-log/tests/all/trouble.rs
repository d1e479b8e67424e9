//! Files that change under the reader, names that nobody expects, patterns that explode elsewhere.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::{Folder, Running, numbered, sorted, until};

#[tokio::test]
async fn text_that_is_no_utf8_and_no_utf16_comes_out_as_valid_text() {
    let folder = Folder::new();
    folder.write("a.log", b"\xc3\x28 \xf0\x9f\x98 \xed\xa0\x80\nnext\n");
    let running = Running::start(&folder.yaml("")).await;
    let bodies = running.wait_exactly(2).await;
    assert!(
        bodies[0].contains('\u{fffd}') && bodies[1] == "next",
        "{bodies:?}"
    );
    running.stop().await;

    let folder = Folder::new();
    // A lone surrogate, a line, and half a unit at the end.
    let mut wide = vec![0x00, 0xd8, b'x', 0, b'\n', 0, b'o', 0, b'k', 0, b'\n', 0];
    wide.push(0x41);
    folder.write("a.log", &wide);
    let running =
        Running::start(&folder.yaml("encoding: utf-16le\nforce_flush_period: 100ms")).await;
    let bodies = running.wait(2).await;
    assert_eq!(bodies[..2], ["\u{fffd}x", "ok"]);
    folder.write("a.log", b"\0\n\0");
    until("the unit that was half there", || {
        running
            .bodies()
            .last()
            .is_some_and(|body| body.contains('A') || body.contains('\u{fffd}'))
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn a_file_that_is_deleted_is_read_to_its_end_and_a_new_one_from_its_beginning() {
    let folder = Folder::new();
    let path = folder.path("a.log");
    folder.write("a.log", numbered(0..10));
    let running = Running::start(&folder.yaml("")).await;
    running.wait_exactly(10).await;
    let mut open = fs::OpenOptions::new().append(true).open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    // Whoever had it open still writes.
    std::io::Write::write_all(&mut open, numbered(10..20).as_bytes()).unwrap();
    running.wait(20).await;
    for round in 2..6 {
        folder.write("a.log", numbered(round * 10..round * 10 + 10));
        running.wait(round * 10 + 10).await;
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(running.wait_exactly(60).await.len(), 60);
    running.stop().await;
}

#[tokio::test]
async fn what_is_reached_in_several_ways_is_read_once() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..10));
    fs::hard_link(folder.path("a.log"), folder.path("hard.log")).unwrap();
    std::os::unix::fs::symlink(folder.path("a.log"), folder.path("soft.log")).unwrap();
    fs::create_dir(folder.path("deep")).unwrap();
    std::os::unix::fs::symlink(folder.path(""), folder.path("deep/circle")).unwrap();
    let running = Running::start(&folder.yaml("include: ['{logs}/**/*.log']")).await;
    running.wait_exactly(10).await;
    folder.write("hard.log", numbered(10..20));
    running.wait_exactly(20).await;
    running.stop().await;
}

#[tokio::test]
async fn ten_thousand_files_at_once_are_all_read() {
    let folder = Folder::new();
    for file in 0..10_000 {
        fs::write(
            folder.path(&format!("{file:05}.log")),
            format!("line {file:06}\n"),
        )
        .unwrap();
    }
    let running = Running::start(&folder.yaml("max_concurrent_files: 100")).await;
    let bodies = sorted(running.wait(10_000).await);
    assert_eq!(bodies.join("\n") + "\n", numbered(0..10_000));
    folder.write("09999.log", "more\n");
    running.wait(10_001).await;
    running.stop().await;
}

#[tokio::test]
async fn times_that_go_backwards_hide_no_line() {
    let folder = Folder::new();
    let path = folder.path("a.log");
    folder.write("a.log", numbered(0..1));
    let running = Running::start(&folder.yaml("watch: poll")).await;
    running.wait(1).await;
    for line in 1..6 {
        folder.write("a.log", numbered(line..line + 1));
        let hours = Duration::from_secs(3600 * line as u64);
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - hours).unwrap();
        running.wait(line + 1).await;
    }
    let file = fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(1_000_000))
        .unwrap();
    folder.write("a.log", numbered(6..7));
    running.wait_exactly(7).await;
    running.stop().await;
}

#[tokio::test]
async fn patterns_that_explode_elsewhere_take_linear_time() {
    let folder = Folder::new();
    let line = format!("{}!\n", "a".repeat(50_000));
    folder.write("a.log", line.repeat(20));
    let running = Running::start(&folder.yaml(
        "operators:
  - {type: regex_parser, regex: '^(?P<x>(a+)+)$', on_error: send_quiet}
  - {type: filter, expr: 'body matches \"^(a|a?)+$\"'}
  - {type: regex_replace, regex: '(a*)*b', replace_with: x, field: body}",
    ))
    .await;
    running.wait_exactly(20).await;
    running.stop().await;
}

#[tokio::test]
async fn names_and_kinds_that_nobody_expects() {
    let folder = Folder::new();
    let odd = folder.path(" '\n\u{e9}.log");
    crate::support::append(&odd, "odd\n");
    // Globs are text: a name that is none is passed over.
    let junk = std::ffi::OsStr::from_bytes(b"\xff\xfe.log");
    crate::support::append(&folder.path("").join(junk), "no text\n");
    let fifo = folder.path("fifo.log");
    // A reader that opened it would wait for ever.
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    std::os::unix::net::UnixListener::bind(folder.path("socket.log")).unwrap();
    folder.write("a.log", "a\n");
    let running = Running::start(&folder.yaml("include_file_path: true")).await;
    assert_eq!(sorted(running.wait_exactly(2).await), ["a", "odd"]);
    running.stop().await;
    folder.write("a.log", "b\n");
    let running = Running::start(&folder.yaml("")).await;
    assert_eq!(running.wait_exactly(1).await, ["b"]);
    running.stop().await;
}
