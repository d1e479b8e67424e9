use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::{Batch, Exporter, Signal};
use headwater_exporter_debug::{Config, factory};
use headwater_testkit::{environment, host};

use crate::requests::{logs, metrics, traces};

pub(crate) fn exporter(signal: Signal, yaml: &str) -> Arc<dyn Exporter> {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let environment = environment();
    let kind = headwater_core::ComponentKind::Exporter;
    let settings = environment.signal_settings(kind, &"debug".parse().unwrap(), signal);
    factory().build_exporter(settings, &config).unwrap()
}

/// What the exporter writes into a file.
async fn written(verbosity: &str, batches: &[Batch]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.txt");
    let yaml = format!(
        "{{verbosity: {verbosity}, use_internal_logger: false, output_paths: [{}]}}",
        file.display()
    );
    let exporter = exporter(batches[0].signal(), &yaml);
    exporter.start(&host()).await.unwrap();
    for batch in batches {
        exporter.consume(batch.clone()).await.unwrap();
    }
    exporter
        .shutdown(Instant::now() + Duration::from_secs(5))
        .await
        .unwrap();
    std::fs::read_to_string(file).unwrap()
}

fn check(name: &str, written: &str, expected: &str) {
    for (number, (ours, theirs)) in written.lines().zip(expected.lines()).enumerate() {
        assert_eq!(ours, theirs, "{name}:{}", number + 1);
    }
    assert_eq!(written.len(), expected.len(), "{name}");
}

/// The files hold what the Go collector 0.149 writes for the same requests.
macro_rules! as_the_collector {
    ($($name:ident: $request:ident $verbosity:literal $file:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let written = written($verbosity, &[$request()]).await;
            check($file, &written, include_str!(concat!("../../testdata/", $file)));
        }
    )*};
}

as_the_collector! {
    basic_traces_are_written_as_by_the_collector: traces "basic" "traces-basic.txt";
    basic_metrics_are_written_as_by_the_collector: metrics "basic" "metrics-basic.txt";
    basic_logs_are_written_as_by_the_collector: logs "basic" "logs-basic.txt";
    normal_traces_are_written_as_by_the_collector: traces "normal" "traces-normal.txt";
    normal_metrics_are_written_as_by_the_collector: metrics "normal" "metrics-normal.txt";
    normal_logs_are_written_as_by_the_collector: logs "normal" "logs-normal.txt";
    detailed_traces_are_written_as_by_the_collector: traces "detailed" "traces-detailed.txt";
    detailed_metrics_are_written_as_by_the_collector: metrics "detailed" "metrics-detailed.txt";
    detailed_logs_are_written_as_by_the_collector: logs "detailed" "logs-detailed.txt";
}

#[tokio::test]
async fn the_requests_of_a_batch_are_numbered_through() {
    let mut batch = traces();
    batch.append(traces());
    let written = written("detailed", &[batch]).await;
    assert!(
        written.starts_with("Traces\t{\"resource spans\": 4, \"spans\": 4}\n"),
        "{written}"
    );
    assert!(written.contains("ResourceSpans #3"));
}

#[tokio::test]
async fn files_are_appended_to() {
    let once = written("basic", &[logs()]).await;
    assert_eq!(written("basic", &[logs(), logs()]).await, once.repeat(2));
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_stops_the_start() {
    let yaml = "{use_internal_logger: false, output_paths: [/dev/null/nowhere]}";
    let error = exporter(Signal::Logs, yaml)
        .start(&host())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "cannot open /dev/null/nowhere");
}
