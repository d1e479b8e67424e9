//! OTLP requests, decoded by the structs of the `opentelemetry-proto` crate.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use prost::Message as _;

/// What kind of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The name of its pipelines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// The path of OTLP/HTTP.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }

    /// The method of OTLP/gRPC.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }

    /// The signal of an HTTP path or a gRPC method.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|signal| path == signal.path() || path == signal.method())
    }
}

/// A request message of any signal.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Spans.
    Traces(ExportTraceServiceRequest),
    /// Data points.
    Metrics(ExportMetricsServiceRequest),
    /// Log records.
    Logs(ExportLogsServiceRequest),
}

impl Message {
    /// Decodes a protobuf body.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_protobuf(signal: Signal, body: &[u8]) -> Result<Self, String> {
        let message = match signal {
            Signal::Traces => ExportTraceServiceRequest::decode(body).map(Self::Traces),
            Signal::Metrics => ExportMetricsServiceRequest::decode(body).map(Self::Metrics),
            Signal::Logs => ExportLogsServiceRequest::decode(body).map(Self::Logs),
        };
        message.map_err(|error| error.to_string())
    }

    /// As a protobuf body.
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        match self {
            Self::Traces(message) => message.encode_to_vec(),
            Self::Metrics(message) => message.encode_to_vec(),
            Self::Logs(message) => message.encode_to_vec(),
        }
    }

    /// Removes an attribute from every span and log record.
    pub fn remove_attribute(&mut self, key: &str) {
        let remove = |attributes: &mut Vec<KeyValue>| attributes.retain(|one| one.key != key);
        match self {
            Self::Traces(message) => {
                let scopes = message
                    .resource_spans
                    .iter_mut()
                    .flat_map(|one| &mut one.scope_spans);
                scopes
                    .flat_map(|one| &mut one.spans)
                    .for_each(|one| remove(&mut one.attributes));
            }
            Self::Logs(message) => {
                let scopes = message
                    .resource_logs
                    .iter_mut()
                    .flat_map(|one| &mut one.scope_logs);
                let records = scopes.flat_map(|one| &mut one.log_records);
                records.for_each(|one| remove(&mut one.attributes));
            }
            Self::Metrics(_) => {}
        }
    }

    /// Whose telemetry it is.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        match self {
            Self::Traces(_) => Signal::Traces,
            Self::Metrics(_) => Signal::Metrics,
            Self::Logs(_) => Signal::Logs,
        }
    }
}
