//! The same files, read by the Go collector and by us at the same time: records are equal.
//!
//! Where the two differ on purpose, a test says so and asserts the difference:
//! * two files that begin alike, and stay alike for `fingerprint_size`: the Collector reads one;
//! * what is written between its last look and a truncation (copytruncate): the Collector loses it.
//!
//! Steps wait until both have read what is there, because the Collector loses what it has not seen.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use logs_tests::{Go, Ours, Record, append};
use tempfile::TempDir;

struct Both {
    folder: TempDir,
    ours: Ours,
    go: Go,
    expected: usize,
}

impl Both {
    /// Starts both with these keys; `{logs}` stands for the folder of the files. `None` without a
    /// Go collector.
    async fn start(keys: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let keys = keys.replace("{logs}", logs.to_str().unwrap());
        let keys = format!("start_at: beginning\n{keys}");
        let go = Go::start(&keys, folder.path()).await?;
        let ours = Ours::start(&keys, &folder.path().join("positions")).await;
        Some(Self {
            folder,
            ours,
            go,
            expected: 0,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    /// Writes, and waits until both have `records` more records.
    async fn write(&mut self, name: &str, text: impl AsRef<[u8]>, records: usize) {
        append(&self.path(name), text);
        self.wait(records).await;
    }

    async fn wait(&mut self, records: usize) {
        self.expected += records;
        self.go.at_least(self.expected).await;
        let (ours, expected) = (&self.ours, self.expected);
        logs_tests::until(
            || ours.count() >= expected,
            || format!("{} of {expected} are ours", ours.count()),
        )
        .await;
    }

    /// Ends both: every record must be the other's.
    async fn end(self) -> Vec<Record> {
        let ours = sorted(self.ours.exactly(self.expected).await);
        let go = sorted(self.go.records());
        self.ours.stop().await;
        self.go.stop().await;
        for (ours, go) in ours.iter().zip(&go) {
            assert_eq!(ours, go, "left is ours");
        }
        assert_eq!(ours.len(), go.len());
        ours
    }
}

fn sorted(mut records: Vec<Record>) -> Vec<Record> {
    records.sort();
    records
}

fn lines(name: &str, range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("{name} line {n:05}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_appended_in_pieces() {
    let keys = "include: ['{logs}/*.log']\ninclude_file_path: true\ninclude_file_record_number: true\n\
                include_file_record_offset: true";
    let Some(mut both) = Both::start(keys).await else {
        return;
    };
    both.write("a.log", lines("a", 0..100), 100).await;
    both.write("b.log", "crlf\r\n\n   white space \t\nunfini", 3)
        .await;
    both.write("b.log", "no end\nshed\n", 2).await;
    for round in 1..6 {
        both.write("a.log", lines("a", round * 100..round * 100 + 100), 100)
            .await;
    }
    both.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_moved_and_made_anew() {
    let Some(mut both) = Both::start("include: ['{logs}/a.log*']\ninclude_file_name: false").await
    else {
        return;
    };
    for round in 0..4 {
        let text = lines(&format!("round {round}"), 0..50);
        both.write("a.log", text, 50).await;
        for old in (0..round).rev() {
            let (from, to) = (format!("a.log.{old}"), format!("a.log.{}", old + 1));
            fs::rename(both.path(&from), both.path(&to)).unwrap();
        }
        fs::rename(both.path("a.log"), both.path("a.log.0")).unwrap();
        // Who still has the file open writes to it.
        both.write("a.log.0", lines(&format!("late {round}"), 0..3), 3)
            .await;
    }
    both.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_copied_and_truncated() {
    let Some(mut both) = Both::start("include: ['{logs}/a.log']").await else {
        return;
    };
    for round in 0..3 {
        both.write("a.log", lines(&format!("round {round}"), 0..60), 60)
            .await;
        fs::copy(both.path("a.log"), both.path("a.log.1")).unwrap();
        fs::File::create(both.path("a.log")).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    both.write("a.log", "end\n", 1).await;
    both.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_seen_before_a_truncation_is_read_from_the_copy_by_us_only() {
    let Some(mut both) = Both::start("include: ['{logs}/a.log']\npoll_interval: 2s").await else {
        return;
    };
    both.write("a.log", lines("first", 0..60), 60).await;
    append(&both.path("a.log"), lines("unseen", 0..5));
    fs::copy(both.path("a.log"), both.path("a.log.1")).unwrap();
    fs::File::create(both.path("a.log")).unwrap();
    append(&both.path("a.log"), "after\n");
    both.go.at_least(61).await;
    let ours = both.ours.exactly(66).await;
    assert_eq!(
        ours.iter().filter(|r| r.body.starts_with("unseen")).count(),
        5
    );
    let go = both.go.records();
    assert_eq!(
        go.iter().filter(|r| r.body.starts_with("unseen")).count(),
        0
    );
    both.ours.stop().await;
    both.go.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_files_that_are_packed_with_gzip() {
    let keys = "include: ['{logs}/a.log*']\ncompression: auto\ninclude_file_name: false";
    let Some(mut both) = Both::start(keys).await else {
        return;
    };
    // A packed file from before.
    pack(&lines("old", 0..40), &both.path("a.log.2.gz"));
    both.wait(40).await;
    both.write("a.log", lines("new", 0..40), 40).await;
    both.end().await;
}

fn pack(text: &str, to: &Path) {
    // A reader must not see half of it.
    let part = to.with_extension("part");
    let mut file = flate2::write::GzEncoder::new(
        fs::File::create(&part).unwrap(),
        flate2::Compression::default(),
    );
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap();
    fs::rename(part, to).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_container_runtimes() {
    let keys =
        "include: ['{logs}/*/*/*.log']\ninclude_file_path: true\noperators:\n  - type: container";
    let Some(mut both) = Both::start(keys).await else {
        return;
    };
    let pod = "shop_web-0_49cc7c1f-d370-2c40-b686-6ea7c6d849f6/app";
    fs::create_dir_all(both.path(pod)).unwrap();
    let cri = "2026-11-21T03:04:05.123456789Z stdout F first\n\
               2026-11-21T03:04:05.2Z stdout P begin \n\
               2026-11-21T03:04:05.3Z stdout P middle \n\
               2026-11-21T03:04:05.4Z stdout F end\n\
               2026-11-21T03:04:06Z stderr F \n\
               2026-11-21T03:04:07.5Z stderr F error: x\n";
    both.write(&format!("{pod}/0.log"), cri, 4).await;
    let crio = "2026-11-21T05:04:05.123456789+02:00 stdout F with an offset\n";
    both.write(&format!("{pod}/1.log"), crio, 1).await;
    let docker = "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T03:04:05.1Z\"}\n\
                  {\"log\":\"two\\n\",\"stream\":\"stderr\",\"attrs\":{\"a\":\"b\"},\"time\":\"2026-11-21T03:04:05.2Z\"}\n";
    both.write(&format!("{pod}/2.log"), docker, 2).await;
    both.write(&format!("{pod}/3.log"), "no such line\n", 1)
        .await;
    both.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_with_severity_and_time() {
    let keys = "include: ['{logs}/*.log']
operators:
  - type: json_parser
    timestamp: {parse_from: attributes.time, layout: '%Y-%m-%dT%H:%M:%S.%LZ'}
    severity: {parse_from: attributes.level}
  - type: move
    if: 'attributes.message != nil'
    from: attributes.message
    to: body
  - type: remove
    if: 'attributes.level != nil'
    field: attributes.level";
    let Some(mut both) = Both::start(keys).await else {
        return;
    };
    let text = r#"{"time":"2026-11-21T03:04:05.123Z","level":"warn","message":"m","n":1,"f":1.5,"big":12345678901234567890,"t":true,"z":null,"s":"a\u00e9\n","l":[1,"b",{"c":2}],"o":{"p":{"q":"r"}}}
{"time":"2026-11-21T03:04:05.999Z","level":"ERROR","message":""}
{"time":"yesterday","level":"odd","message":"bad time"}
{"level":"info"}
not json
[1,2]
{"broken":
"#;
    both.write("a.log", text, 7).await;
    both.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn regular_expressions_with_time_and_severity() {
    let keys = r"include: ['{logs}/*.log']
operators:
  - type: regex_parser
    regex: '^(?P<time>\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}),(?P<ms>\d+) \[(?P<sev>[A-Z]+)\] (?P<logger>[^:]+): (?P<message>.*)$'
    timestamp: {parse_from: attributes.time, layout: '%Y-%m-%d %H:%M:%S', location: Europe/Berlin}
    severity: {parse_from: attributes.sev, mapping: {warn: NOTICE, fatal: [CRIT, ALERT]}}
  - type: key_value_parser
    if: 'attributes.message matches `^[a-z]+=`'
    parse_from: attributes.message
    parse_to: attributes.kv
    on_error: send_quiet
  - type: add
    field: resource.team
    value: 'EXPR(attributes.logger == nil ? `none` : attributes.logger)'
  - type: filter
    expr: 'body contains `drop me`'";
    let Some(mut both) = Both::start(keys).await else {
        return;
    };
    let text = "2026-07-01 10:00:00,123 [INFO] shop.cart: added\n\
                2026-12-01 10:00:00,5 [NOTICE] shop: a=1 b='two words' c=\n\
                2026-12-01 10:00:00,5 [CRIT] shop: down\n\
                2026-12-01 10:00:00,5 [INFO] shop: drop me\n\
                Traceback (most recent call last)\n\
                2026-13-01 10:00:00,5 [WEIRD] x: y\n";
    both.write("a.log", text, 5).await;
    both.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_several_lines_joined_by_operator_or_by_pattern() {
    let recombine = r"include: ['{logs}/*.log']
include_file_path: true
preserve_leading_whitespaces: true
operators:
  - type: recombine
    combine_field: body
    is_first_entry: 'body matches `^[0-9]`'
    source_identifier: attributes[`log.file.path`]
    force_flush_period: 1s"
        .replace('`', "\"");
    let multiline = r"include: ['{logs}/*.log']
multiline: {line_start_pattern: '^\d'}
force_flush_period: 1s";
    let text = "1 first\n  at a\n  at b\n2 second\n3 third\n\tmore\n4 last\n";
    for (keys, name) in [(recombine.as_str(), "a.log"), (multiline, "b.log")] {
        let Some(mut both) = Both::start(keys).await else {
            return;
        };
        both.write(name, text, 4).await;
        let records = both.end().await;
        assert!(records.iter().any(|r| r.body == "1 first\n  at a\n  at b"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_files_that_begin_alike_the_collector_reads_one_and_we_read_all() {
    let Some(both) = Both::start("include: ['{logs}/*.log']").await else {
        return;
    };
    let head = "x".repeat(2000);
    for name in ["a", "b", "c"] {
        append(
            &both.path(&format!("{name}.part")),
            format!("{head}\n{name}\n"),
        );
        fs::rename(
            both.path(&format!("{name}.part")),
            both.path(&format!("{name}.log")),
        )
        .unwrap();
    }
    both.ours.exactly(6).await;
    both.go.at_least(2).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(
        both.go.count() < 6,
        "upstream has learnt it: mend the text above"
    );
    both.ours.stop().await;
    both.go.stop().await;
}
