//! The exporter that the graph sees: tells the pusher that a shutdown has begun.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::{Batch, Component, ComponentError, ConsumeError, Consumer, Exporter, Host};

use crate::pusher::Loki;

pub(crate) struct LokiExporter {
    pub(crate) inner: Arc<dyn Exporter>,
    pub(crate) pusher: Arc<Loki>,
}

#[async_trait]
impl Consumer for LokiExporter {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        self.inner.consume(batch).await
    }
}

#[async_trait]
impl Component for LokiExporter {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        self.inner.start(host).await
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        self.pusher.stop();
        self.inner.shutdown(deadline).await
    }
}

impl Exporter for LokiExporter {}
