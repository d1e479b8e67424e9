//! From the SDK's spans to a pipeline.

use headwater_core::bytes::Bytes;
use headwater_core::{Batch, Signal};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prost::Message;
use tokio::runtime::Handle;

use crate::InProcess;

/// An exporter of the OpenTelemetry SDK that hands spans to a pipeline in the same process.
///
/// The SDK's batch processor calls it on a thread of its own; the pipeline runs where the
/// shipper was made.
#[derive(Debug)]
pub struct SpanShipper {
    pipeline: InProcess,
    runtime: Handle,
    resource: ResourceAttributesWithSchema,
}

impl SpanShipper {
    /// Ships to `pipeline`, which runs on `runtime`.
    #[must_use]
    pub fn new(pipeline: InProcess, runtime: Handle) -> Self {
        Self {
            pipeline,
            runtime,
            resource: ResourceAttributesWithSchema::default(),
        }
    }
}

impl SpanExporter for SpanShipper {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        let items = spans.len();
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let request = ExportTraceServiceRequest { resource_spans };
        let bytes = Bytes::from(request.encode_to_vec());
        let batch = Batch::new(Signal::Traces, bytes, items);
        let pipeline = self.pipeline.clone();
        let sent = self
            .runtime
            .spawn(async move { pipeline.send(batch).await })
            .await;
        match sent {
            Ok(taken) => taken.map_err(|error| OTelSdkError::InternalFailure(error.chain())),
            Err(stopped) => Err(OTelSdkError::InternalFailure(stopped.to_string())),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}
