//! The example `three-patterns`: one platform's tenants on one machine, shown by its own script.

use std::process::Stdio;
use std::time::Duration;

use headwater_e2e::{Binary, binary, clients, wait};
use tokio::process::Command;

/// The script asks the backends itself and fails if anything is missing; what it prints is the table
/// that its README shows.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn telemetry_of_all_three_patterns_arrives() {
    let run = Command::new(binary::root().join("examples/three-patterns/run"))
        .env("HEADWATER_BIN", Binary::headwater().path)
        .env("PATTERN_A_BIN", Binary::pattern_a().path)
        .env("PATTERN_B_BIN", Binary::pattern_b().path)
        .env("PATTERN_C_BIN", Binary::pattern_c().path)
        .env("HUB_BIN", Binary::hub().path)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let limit = Duration::from_secs(240);
    let finished = wait::at_most(limit, "examples/three-patterns/run", run)
        .await
        .unwrap();
    let shown = clients::shown(&finished);
    assert!(finished.status.success(), "{shown}");
    for expected in [
        "everything arrived",
        "go-api-server-pattern-a",
        "go-api-server-pattern-b",
        "vcluster-3/go-api-server-pattern-c",
        "traces_spanmetrics_calls_total",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    println!("{shown}");
}
