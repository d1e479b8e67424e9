//! The receiver: its server, started and stopped.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::{Component, ComponentError, Host, Outputs, Receiver, Settings};
use headwater_transport::{Serving, listen};

use crate::config::ZipkinConfig;
use crate::server::Handler;

pub(crate) struct ZipkinReceiver {
    settings: Settings,
    config: ZipkinConfig,
    outputs: Outputs,
    serving: Mutex<Option<Serving>>,
}

impl ZipkinReceiver {
    pub(crate) fn new(settings: Settings, config: ZipkinConfig, outputs: Outputs) -> Self {
        Self {
            settings,
            config,
            outputs,
            serving: Mutex::default(),
        }
    }
}

fn failed<E>(error: E) -> ComponentError
where
    E: std::error::Error + Send + Sync + 'static,
{
    ComponentError::with_source("start the Zipkin server", error)
}

#[async_trait]
impl Component for ZipkinReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let (server, key) = self.config.server();
        let parse = self.config.parse_string_tags;
        let handler = Handler::new(&self.settings, parse, &self.outputs);
        let built = server.server(host, handler).map_err(failed)?;
        let bound = server.bind(host.workers()).map_err(failed)?;
        let serving = Serving::start(host, bound, &built).map_err(failed)?;
        tracing::info!(
            parent: &self.settings.span,
            endpoint = %serving.local_addr(),
            "Starting HTTP server"
        );
        let key = format!("receivers::{}::{key}", self.settings.id);
        if let Some(hint) = listen::container_hint(serving.local_addr(), &key) {
            tracing::warn!(parent: &self.settings.span, "{hint}");
        }
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let serving = self
            .serving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(serving) = serving {
            serving.shutdown(deadline).await;
        }
        Ok(())
    }
}

impl Receiver for ZipkinReceiver {}
