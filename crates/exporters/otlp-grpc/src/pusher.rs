//! One request to the backend, and what its answer means.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_core::bytes::Bytes;
use headwater_core::pdata::json::PartialSuccess;
use headwater_core::rpc::Code;
use headwater_core::telemetry::Attributes;
use headwater_core::{Batch, BuildInfo, ComponentError, ConsumeError, Host, Signal, Worker};
use headwater_exporting::{Pusher, Sent};
use headwater_transport::config::GrpcClientConfig;
use headwater_transport::grpc::{Client, ClientTarget, Message, Method};

/// The method of each signal, in the order of [`Signal::ALL`].
const METHODS: [&str; 3] = [
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
];

struct Connected {
    client: Client,
    method: Method,
}

/// Calls the `Export` method of one signal.
pub(crate) struct GrpcPusher {
    path: &'static str,
    config: GrpcClientConfig,
    target: ClientTarget,
    user_agent: String,
    /// From start to shutdown.
    connected: Mutex<Option<Arc<Connected>>>,
}

impl GrpcPusher {
    pub(crate) fn new(
        signal: Signal,
        config: GrpcClientConfig,
        build_info: &BuildInfo,
    ) -> Result<Self, ComponentError> {
        let target: ClientTarget = config
            .endpoint
            .parse()
            .map_err(|error| ComponentError::with_source("invalid endpoint", error))?;
        Ok(Self {
            path: METHODS[signal.index()],
            config,
            target,
            user_agent: headwater_exporting::user_agent(build_info),
            connected: Mutex::default(),
        })
    }

    /// Where it sends, for the metrics.
    pub(crate) fn destination(&self) -> Attributes {
        let target = self.target.to_string();
        let named = target
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        let (host, port) = match named {
            Some((host, port)) => (host, Some(port)),
            None => (target.as_str(), None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        headwater_exporting::destination(host, port, self.path)
    }

    fn connected(&self) -> std::sync::MutexGuard<'_, Option<Arc<Connected>>> {
        self.connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Pusher for GrpcPusher {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let client = self
            .config
            .client(host, &self.user_agent)
            .map_err(|error| {
                ComponentError::with_source("failed to create the gRPC client", error)
            })?;
        let method = client.method(self.path);
        let tasks: Vec<_> = (0..host.workers())
            .map(|worker| {
                let client = client.clone();
                host.spawn(Worker::Index(worker), async move { client.connect() })
            })
            .collect();
        *self.connected() = Some(Arc::new(Connected { client, method }));
        for task in tasks {
            task.join().await;
        }
        Ok(())
    }

    async fn push(&self, batch: &Batch, timeout: Option<Duration>) -> Result<Sent, ConsumeError> {
        let connected = self.connected().clone();
        let Some(connected) = connected else {
            return Err(ConsumeError::retryable("the exporter is not running", None));
        };
        let message: Message = batch.payload().segments().cloned().collect();
        let Connected { client, method } = &*connected;
        match client
            .call(method, &message, batch.context(), timeout)
            .await
        {
            Ok(answer) => read(&answer),
            Err(status) => Err(status.into_consume_error()),
        }
    }

    fn keeps_timeout(&self) -> bool {
        true
    }

    async fn shutdown(&self, _: Instant) -> Result<(), ComponentError> {
        // The connections close with the last holder.
        self.connected().take();
        Ok(())
    }
}

/// What an answer says.
fn read(answer: &Bytes) -> Result<Sent, ConsumeError> {
    // Almost every answer is empty, or an empty `partial_success` that is present.
    if matches!(&answer[..], [] | [0x0a, 0x00]) {
        return Ok(Sent::complete());
    }
    match PartialSuccess::from_proto(answer) {
        Ok(partial) => Ok(Sent {
            partial: Some(partial),
            ..Sent::complete()
        }),
        // The backend may have taken the request: sending it again could double it.
        Err(error) => Err(
            ConsumeError::permanent("the answer is not an OTLP response")
                .with_code(Code::Internal)
                .with_source(error),
        ),
    }
}
