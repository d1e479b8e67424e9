//! The receiver: its two servers, started and stopped together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::{Component, ComponentError, Host, Outputs, Receiver, Settings};
use headwater_transport::{Serving, listen};

use crate::config::{HttpConfig, OtlpConfig};
use crate::export::Export;
use crate::{grpc, http};

pub(crate) struct OtlpReceiver {
    settings: Settings,
    config: OtlpConfig,
    outputs: Outputs,
    serving: Mutex<Vec<Serving>>,
}

impl OtlpReceiver {
    pub(crate) fn new(settings: Settings, config: OtlpConfig, outputs: Outputs) -> Self {
        Self {
            settings,
            config,
            outputs,
            serving: Mutex::default(),
        }
    }

    fn export(&self, transport: &str) -> Arc<Export> {
        Arc::new(Export::new(&self.settings, self.outputs.clone(), transport))
    }

    fn start_grpc(&self, host: &Host) -> Result<(), ComponentError> {
        let Some(config) = self.config.protocols.grpc.as_ref() else {
            return Ok(());
        };
        let handler = grpc::Handler::new(self.export("grpc"));
        let methods = handler.methods();
        let mut options = config.options();
        options.other_protocol_hint = self
            .config
            .protocols
            .http
            .as_ref()
            .map(|http| format!("OTLP/HTTP is served on {}", http.server.address.endpoint));
        let server = config
            .server_with(host, methods, handler, options)
            .map_err(failed("gRPC"))?;
        let bound = config.bind(host.workers()).map_err(failed("gRPC"))?;
        let serving = Serving::start(host, bound, &server).map_err(failed("gRPC"))?;
        tracing::info!(
            parent: &self.settings.span,
            endpoint = %serving.local_addr(),
            "Starting GRPC server"
        );
        self.keep(serving, "grpc");
        Ok(())
    }

    fn start_http(&self, host: &Host) -> Result<(), ComponentError> {
        let Some(config) = self.config.protocols.http.as_ref() else {
            return Ok(());
        };
        let HttpConfig { server, .. } = config;
        let handler = http::Handler::new(self.export("http"), config);
        let mut options = server.options().map_err(failed("HTTP"))?;
        options.other_protocol_hint = self
            .config
            .protocols
            .grpc
            .as_ref()
            .map(|grpc| format!("OTLP/gRPC is served on {}", grpc.address.endpoint));
        let built = server
            .server_with(host, handler, options)
            .map_err(failed("HTTP"))?;
        let bound = server.bind(host.workers()).map_err(failed("HTTP"))?;
        let serving = Serving::start(host, bound, &built).map_err(failed("HTTP"))?;
        tracing::info!(
            parent: &self.settings.span,
            endpoint = %serving.local_addr(),
            "Starting HTTP server"
        );
        self.keep(serving, "http");
        Ok(())
    }

    /// Remembers a running server and warns if it cannot be reached from outside a container.
    fn keep(&self, serving: Serving, protocol: &str) {
        let key = format!(
            "receivers::{}::protocols::{protocol}::endpoint",
            self.settings.id
        );
        if let Some(hint) = listen::container_hint(serving.local_addr(), &key) {
            tracing::warn!(parent: &self.settings.span, "{hint}");
        }
        self.serving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(serving);
    }
}

fn failed<E>(protocol: &'static str) -> impl Fn(E) -> ComponentError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| ComponentError::with_source(format!("start the OTLP/{protocol} server"), error)
}

#[async_trait]
impl Component for OtlpReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        self.start_grpc(host)?;
        self.start_http(host)
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let serving =
            std::mem::take(&mut *self.serving.lock().unwrap_or_else(PoisonError::into_inner));
        for server in serving {
            server.shutdown(deadline).await;
        }
        Ok(())
    }
}

impl Receiver for OtlpReceiver {}
