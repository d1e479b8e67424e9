//! The nop exporter: takes everything and sends it nowhere. For measuring what comes before it.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::config::Config as ConfigTrait;
use headwater_core::ledger::Account;
use headwater_core::{
    Batch, Component, ComponentError, ConsumeError, Consumer, Exporter, ExporterFactory, Factory,
    Settings, Signal, Stability,
};

/// There is nothing to configure.
#[derive(Debug, Clone, Default, PartialEq, Eq, ConfigTrait)]
pub struct Config {}

/// The factory of the `nop` exporter.
#[must_use]
pub fn factory() -> Factory {
    Factory::exporter(NopExporterFactory)
}

headwater_core::register!(factory);

struct NopExporterFactory;

impl ExporterFactory for NopExporterFactory {
    type Config = Config;
    const TYPE: &'static str = "nop";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Stable)
    }

    fn build(&self, settings: Settings, _: Config) -> Result<Arc<dyn Exporter>, ComponentError> {
        Ok(Arc::new(NopExporter {
            account: settings.account,
        }))
    }
}

struct NopExporter {
    account: Account,
}

impl Component for NopExporter {}

#[async_trait]
impl Consumer for NopExporter {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        self.account.received(batch.items());
        self.account.sent(batch.items());
        Ok(())
    }
}

impl Exporter for NopExporter {}
