//! OTLP/gRPC: one unary method per signal.

use std::sync::Arc;

use bytes::Bytes;
use headwater_core::{Signal, Ticket};
use headwater_transport::{Status, grpc};

use crate::export::Export;

/// The method of each signal, in the order of [`Signal::ALL`].
pub(crate) const METHODS: [&str; 3] = [
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
];

/// The response of a full success: an empty `partial_success` that is present, as upstream.
pub(crate) const SUCCESS: &[u8] = &[0x0a, 0x00];

/// Serves the signals that have a pipeline.
pub(crate) struct Handler {
    export: Arc<Export>,
    signals: Vec<Signal>,
}

impl Handler {
    pub(crate) fn new(export: Arc<Export>) -> Self {
        let signals = Signal::ALL
            .into_iter()
            .filter(|signal| export.has(*signal))
            .collect();
        Self { export, signals }
    }

    /// The paths to serve; a signal without pipeline is UNIMPLEMENTED.
    pub(crate) fn methods(&self) -> Vec<&'static str> {
        self.signals
            .iter()
            .map(|signal| METHODS[signal.index()])
            .collect()
    }
}

impl grpc::UnaryHandler for Handler {
    fn admit(&self, _: usize, bytes: usize) -> Result<Ticket, Status> {
        self.export.admit(bytes)
    }

    async fn call(&self, request: grpc::Request) -> Result<Bytes, Status> {
        let signal = self.signals[request.method];
        self.export
            .export(signal, request.message, request.context, request.ticket)
            .await?;
        Ok(Bytes::from_static(SUCCESS))
    }
}
