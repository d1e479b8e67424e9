//! A service that runs a pipeline inside itself: no collector beside it, no network between its
//! spans and their batch.
//!
//! Its spans are made with the OpenTelemetry SDK as in any service. Instead of an exporter that
//! sends each batch of the SDK away, [`SpanShipper`] hands them to a Headwater pipeline in the
//! same process, which edits, batches, queues and retries as configured.

mod in_process;
mod server;
mod shipper;

pub use in_process::InProcess;
pub use server::serve;
pub use shipper::SpanShipper;

use headwater_core::Registry;
use headwater_service::{Collector, RunningCollector};

/// The pipeline of [`start_pipeline`] without an exporter's endpoint, which comes from
/// `OTLP_ENDPOINT`.
pub const PIPELINE: &str = "
receivers:
  in_process:
processors:
  resource:
    attributes:
      - {key: deployment.environment.name, value: example, action: insert}
  batch:
    timeout: 1s
exporters:
  otlp_grpc:
    endpoint: ${env:OTLP_ENDPOINT:-localhost:4317}
    tls:
      insecure: true
service:
  pipelines:
    traces:
      receivers: [in_process]
      processors: [resource, batch]
      exporters: [otlp_grpc]
";

/// Starts a pipeline with this YAML on the current runtime. The components are listed one by one:
/// an embedding program decides itself what it contains.
///
/// # Errors
/// What is wrong with the configuration, rendered for people, or why it cannot start.
pub async fn start_pipeline(
    yaml: &str,
) -> Result<(RunningCollector, InProcess), Box<dyn std::error::Error>> {
    let source = InProcess::default();
    let registry = Registry::new()
        .with(source.factory())
        .with(headwater_processor_resource::factory())
        .with(headwater_processor_batch::factory())
        .with(headwater_exporter_otlp_grpc::factory());
    let collector = Collector::builder()
        .registry(registry)
        .config(yaml)
        .build()?;
    Ok((collector.start().await?, source))
}
