//! The program as it is used by hand.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const LOAD: &str = env!("CARGO_BIN_EXE_load");

/// `load run` with a volume that takes no time, and `arguments`.
fn run(arguments: &[&str]) -> std::io::Result<Output> {
    let common = [
        "run", "--volume", "20000", "--settle", "0.1", "--quiet", "0.5",
    ];
    Command::new(LOAD).args(common).args(arguments).output()
}

/// The cells of the table's rows.
fn rows(output: &Output) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let behind_header = text.split_once("|---|").map_or("", |(_, rest)| rest);
    let rows = behind_header
        .lines()
        .skip(1)
        .filter(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

#[test]
fn a_forwarder_loses_nothing_in_any_case() {
    let output = run(&[
        "--floor",
        "--scenario",
        "passthrough,gzip",
        "--items",
        "10,300",
    ])
    .unwrap();
    assert!(output.status.success(), "{output:?}");
    let rows = rows(&output);
    assert_eq!(rows.len(), 4, "{output:?}");
    for row in rows {
        assert_eq!(
            (row[3].as_str(), row[16].as_str()),
            ("floor", "0"),
            "{row:?}"
        );
        assert!(row[4].parse::<u64>().unwrap() > 0, "{row:?}");
    }
}

#[test]
fn what_a_collector_swallows_is_lost() {
    let void = format!(
        "void={LOAD} sink --grpc 127.0.0.1:{{{{grpc_in}}}} --http 127.0.0.1:{{{{http_in}}}}"
    );
    let output = run(&["--collector", &void, "--items", "100"]).unwrap();
    let rows = rows(&output);
    assert_eq!(
        (rows[0][3].as_str(), rows[0][16].as_str()),
        ("void", "20000"),
        "{output:?}"
    );
}

#[test]
fn a_hub_that_swallows_everything_delivers_nothing_of_any_signal() {
    let void = format!(
        "void={LOAD} sink --grpc 127.0.0.1:{{{{grpc_in}}}} --http 127.0.0.1:{{{{metrics}}}}"
    );
    let output = Command::new(LOAD)
        .args([
            "hub",
            "--collector",
            &void,
            "--rate",
            "2000",
            "--items",
            "100",
        ])
        .args(["--duration", "0.2", "--settle", "0.1", "--quiet", "0.2"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // Of 25 points, 20 are numbers and 5 are histograms of nine samples.
    assert_eq!(rows(&output)[0][11], "400, 1040, 400", "{output:?}");
}

#[test]
fn a_collector_that_cannot_start_ends_the_run_with_its_words() {
    let output = run(&["--collector", "broken=/bin/ls --no-such-option"]).unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("broken: ended with") && text.contains("no-such-option"),
        "{text}"
    );
}

#[test]
fn an_interrupted_run_leaves_no_collector_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (script, pid) = (
        folder.path().join("never-ready.sh"),
        folder.path().join("pid"),
    );
    fs::write(
        &script,
        "echo $$ > \"$1.new\"; mv \"$1.new\" \"$1\"; sleep 60",
    )
    .unwrap();
    let collector = format!(
        "x=/bin/sh {} {} {{{{config}}}}",
        script.display(),
        pid.display()
    );
    let mut load = Command::new(LOAD)
        .args(["run", "--collector", &collector])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !pid.exists() && started.elapsed() < Duration::from_secs(20) {
        pause();
    }
    let pid = fs::read_to_string(&pid).unwrap().trim().to_owned();
    kill_process(
        Pid::from_raw(load.id().cast_signed()).unwrap(),
        Signal::TERM,
    )
    .unwrap();
    load.wait().unwrap();
    assert!(
        !Path::new("/proc").join(&pid).exists(),
        "process {pid} still runs"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing else runs on this thread"
)]
fn pause() {
    thread::sleep(Duration::from_millis(10));
}
