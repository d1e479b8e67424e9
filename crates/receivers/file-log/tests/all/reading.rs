//! What comes out of a file.

use std::fs;

use crate::support::{Folder, Running, attributes, numbered};

#[tokio::test]
async fn lines_arrive_in_order_with_the_name_of_their_file() {
    let folder = Folder::new();
    folder.write("a.log", "one\r\n  two \n\nthree\n");
    let running = Running::start(&folder.yaml("")).await;
    assert_eq!(running.wait(3).await, ["one", "two", "three"]);
    folder.write("a.log", "four\n");
    assert_eq!(running.wait_exactly(4).await[3], "four");
    let records = running.records();
    assert_eq!(attributes(&records[0]), ["log.file.name=a.log"]);
    assert_eq!(records[0].time_unix_nano, 0);
    assert!(records[0].observed_time_unix_nano > 0);
    running.stop().await;
}

#[tokio::test]
async fn start_at_end_skips_what_is_there_and_reads_new_files_whole() {
    let folder = Folder::new();
    folder.write("a.log", "old\n");
    let running = Running::start(&folder.yaml("start_at: end")).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    folder.write("a.log", "new\n");
    folder.write("b.log", "first\n");
    let mut bodies = running.wait_exactly(2).await;
    bodies.sort();
    assert_eq!(bodies, ["first", "new"]);
    running.stop().await;
}

#[tokio::test]
async fn a_line_without_end_waits_and_is_then_sent() {
    let folder = Folder::new();
    folder.write("a.log", "whole\nbegin");
    let running = Running::start(&folder.yaml("force_flush_period: 200ms")).await;
    assert_eq!(running.wait(1).await, ["whole"]);
    folder.write("a.log", " and end\nhalf");
    assert_eq!(running.wait(3).await, ["whole", "begin and end", "half"]);
    folder.write("a.log", " rest\n");
    assert_eq!(running.wait_exactly(4).await[3], "rest");
    running.stop().await;
}

#[tokio::test]
async fn every_attribute_of_the_file_can_be_had() {
    let folder = Folder::new();
    fs::write(folder.path("real.txt"), "one\ntwo\n").unwrap();
    std::os::unix::fs::symlink(folder.path("real.txt"), folder.path("a.log")).unwrap();
    let running = Running::start(&folder.yaml(
        "include_file_path: true
include_file_name_resolved: true
include_file_path_resolved: true
include_file_permissions: true
include_file_owner_name: true
include_file_record_number: true
include_file_record_offset: true
attributes: {a: b, upper: 'EXPR(upper(body))'}",
    ))
    .await;
    running.wait(2).await;
    let found = attributes(&running.records()[1]);
    let real = fs::canonicalize(folder.path("real.txt")).unwrap();
    for expected in [
        "log.file.name=a.log".to_owned(),
        format!("log.file.path={}", folder.path("a.log").display()),
        "log.file.name_resolved=real.txt".to_owned(),
        format!("log.file.path_resolved={}", real.display()),
        "log.file.record_number=2".to_owned(),
        "log.file.record_offset=4".to_owned(),
        "a=b".to_owned(),
        "upper=TWO".to_owned(),
    ] {
        assert!(found.contains(&expected), "{expected} in {found:?}");
    }
    assert!(
        found
            .iter()
            .any(|a| a.starts_with("log.file.permissions=6")),
        "{found:?}"
    );
    running.stop().await;
}

#[tokio::test]
async fn entries_of_several_lines_begin_with_a_pattern() {
    let folder = Folder::new();
    folder.write("a.log", "2026 one\n  at a\n  at b\n2026 two\n");
    let yaml = "multiline: {line_start_pattern: '^\\d{4} '}\nforce_flush_period: 100ms";
    let running = Running::start(&folder.yaml(yaml)).await;
    assert_eq!(
        running.wait_exactly(2).await,
        ["2026 one\n  at a\n  at b", "2026 two"]
    );
    running.stop().await;
}

#[tokio::test]
async fn long_lines_are_split_or_cut() {
    let folder = Folder::new();
    folder.write("a.log", format!("{}\nshort\n", "x".repeat(25)));
    let split = Running::start(&folder.yaml("max_log_size: 10")).await;
    assert_eq!(
        split.wait_exactly(4).await,
        ["xxxxxxxxxx", "xxxxxxxxxx", "xxxxx", "short"]
    );
    split.stop().await;
    fs::remove_dir_all(folder.positions()).unwrap();
    let yaml = folder.yaml("max_log_size: 10\nmax_log_size_behavior: truncate");
    let cut = Running::start(&yaml).await;
    assert_eq!(cut.wait_exactly(2).await, ["xxxxxxxxxx", "short"]);
    cut.stop().await;
}

#[tokio::test]
async fn encodings_become_text_and_bytes_stay_bytes() {
    for (name, content, expected) in [
        (
            "utf-16le",
            &b"\xff\xfea\0\xe9\0\n\0b\0\n\0"[..],
            vec!["aé", "b"],
        ),
        (
            "utf-16be",
            &b"\0a\0\xe9\0\r\0\n\0b\0\n"[..],
            vec!["aé", "b"],
        ),
        ("gbk", &b"\xc4\xe3\n\xba\xc3\n"[..], vec!["你", "好"]),
        ("utf-8", &b"a\xffb\n"[..], vec!["a\u{fffd}b"]),
        (
            "utf-8-raw",
            &b"ok\na\xffb\n"[..],
            vec!["ok", "bytes b\"a\\xffb\""],
        ),
        ("nop", &b"a\nb"[..], vec!["bytes b\"a\\nb\""]),
    ] {
        let folder = Folder::new();
        folder.write("a.log", content);
        let running = Running::start(&folder.yaml(&format!("encoding: {name}"))).await;
        assert_eq!(
            running.wait_exactly(expected.len()).await,
            expected,
            "{name}"
        );
        running.stop().await;
    }
}

#[tokio::test]
async fn the_header_of_a_file_becomes_attributes_of_its_lines() {
    let folder = Folder::new();
    folder.write("a.log", "# app=web\n# host=h1\nline\n# no header\n");
    let yaml = "header: {pattern: '^#', metadata_operators: [{type: regex_parser, regex: '^# (?P<k>\\w+)=(?P<v>\\w+)$'}, \
                {type: add, field: attributes.app, value: 'EXPR(attributes.v)', if: 'attributes.k == \"app\"'}, \
                {type: retain, fields: [attributes.app]}]}";
    let running = Running::start(&folder.yaml(yaml)).await;
    assert_eq!(running.wait(2).await, ["line", "# no header"]);
    running.stop().await;
    // Known after a restart as well.
    folder.write("a.log", "later\n");
    let running = Running::start(&folder.yaml(yaml)).await;
    assert_eq!(running.wait_exactly(1).await, ["later"]);
    assert!(attributes(&running.records()[0]).contains(&"app=web".to_owned()));
    running.stop().await;
}

#[tokio::test]
async fn containerd_lines_become_records_of_their_pod() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("ns_pod_0a-1/app")).unwrap();
    folder.write(
        "ns_pod_0a-1/app/0.log",
        "2026-01-02T03:04:05.1Z stdout P one\n2026-01-02T03:04:05.2Z stdout F two\n\
         2026-01-02T03:04:05.3Z stderr F three\n",
    );
    let yaml =
        "include: ['{logs}/*/*/*.log']\ninclude_file_path: true\noperators: [{type: container}]";
    let running = Running::start(&folder.yaml(yaml)).await;
    assert_eq!(running.wait_exactly(2).await, ["onetwo", "three"]);
    running.stop().await;
}

#[tokio::test]
async fn many_lines_of_many_files_arrive_once() {
    let folder = Folder::new();
    for file in 0..20 {
        folder.write(
            &format!("{file}.log"),
            numbered(file * 1000..(file + 1) * 1000),
        );
    }
    let running = Running::start(&folder.yaml("max_concurrent_files: 4")).await;
    let mut bodies = running.wait_exactly(20_000).await;
    bodies.sort();
    let expected: Vec<_> = numbered(0..20_000).lines().map(str::to_owned).collect();
    assert_eq!(bodies, expected);
    running.stop().await;
}

#[tokio::test]
async fn excluded_files_are_left_alone_and_ordering_picks_the_newest() {
    let folder = Folder::new();
    for name in ["a.1.log", "a.2.log", "a.10.log", "b.3.log", "a.99.log"] {
        folder.write(name, format!("{name}\n"));
    }
    let yaml = "exclude: ['**/a.99.log']\nordering_criteria: {regex: '\\.(?P<n>\\d+)\\.log$', group_by: '/(?P<app>\\w)\\.', sort_by: [{sort_type: numeric, regex_key: n}]}";
    let running = Running::start(&folder.yaml(yaml)).await;
    let mut bodies = running.wait_exactly(2).await;
    bodies.sort();
    assert_eq!(bodies, ["a.10.log", "b.3.log"]);
    running.stop().await;
}

#[tokio::test]
async fn files_are_deleted_once_they_were_delivered() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..100));
    let running = Running::start(&folder.yaml("delete_after_read: true")).await;
    running.wait_exactly(100).await;
    crate::support::until("deleted", || !folder.path("a.log").exists()).await;
    running.stop().await;
}

#[tokio::test]
async fn polling_finds_what_watching_finds() {
    let folder = Folder::new();
    folder.write("a.log", "one\n");
    let running = Running::start(&folder.yaml("watch: poll")).await;
    running.wait(1).await;
    folder.write("a.log", "two\n");
    folder.write("b.log", "three\n");
    let mut bodies = running.wait_exactly(3).await;
    bodies.sort();
    assert_eq!(bodies, ["one", "three", "two"]);
    running.stop().await;
}

#[tokio::test]
async fn packed_files_are_unpacked() {
    let folder = Folder::new();
    fs::write(folder.path("a.gz"), gzip(numbered(0..1000).as_bytes())).unwrap();
    folder.write("b.log", "plain\n");
    let yaml = "include: ['{logs}/*']\ncompression: auto";
    let running = Running::start(&folder.yaml(yaml)).await;
    running.wait_exactly(1001).await;
    running.stop().await;
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
