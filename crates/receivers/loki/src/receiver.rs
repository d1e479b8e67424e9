//! The receiver: its two servers, started and stopped together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::{Component, ComponentError, Host, Outputs, Receiver, Settings};
use headwater_transport::{Serving, listen};

use crate::config::LokiConfig;
use crate::intake::Intake;
use crate::{grpc, http};

pub(crate) struct LokiReceiver {
    settings: Settings,
    config: LokiConfig,
    outputs: Outputs,
    serving: Mutex<Vec<Serving>>,
}

impl LokiReceiver {
    pub(crate) fn new(settings: Settings, config: LokiConfig, outputs: Outputs) -> Self {
        Self {
            settings,
            config,
            outputs,
            serving: Mutex::default(),
        }
    }

    fn intake(&self, transport: &str) -> Result<Arc<Intake>, ComponentError> {
        Intake::new(
            &self.settings,
            &self.config,
            self.outputs.clone(),
            transport,
        )
    }

    fn start_grpc(&self, host: &Host) -> Result<(), ComponentError> {
        let Some(config) = self.config.protocols.grpc.as_ref() else {
            return Ok(());
        };
        let mut options = config.options();
        let handler = grpc::Handler::new(self.intake("grpc")?, options.include_metadata);
        // The tenant is in a header.
        options.include_metadata |= !self.config.tenant_header.is_empty();
        let server = config
            .server_with(host, vec![grpc::METHOD], handler, options)
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
        let options = config.options().map_err(failed("HTTP"))?;
        let (metadata, most) = (options.include_metadata, options.max_body);
        let handler = http::Handler::new(self.intake("http")?, metadata, most);
        let built = config
            .server_with(host, handler, options)
            .map_err(failed("HTTP"))?;
        let bound = config.bind(host.workers()).map_err(failed("HTTP"))?;
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
    move |error| ComponentError::with_source(format!("start the Loki {protocol} server"), error)
}

#[async_trait]
impl Component for LokiReceiver {
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

impl Receiver for LokiReceiver {}
