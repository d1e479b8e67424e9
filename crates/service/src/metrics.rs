//! Own metrics: what is shown, how it is written as Prometheus text, and the endpoint.

mod books;
mod process;
mod prometheus;
mod server;

use std::sync::Arc;

use headwater_core::ledger::Ledger;
use headwater_core::telemetry::{Family, Level, OpenFamily, Telemetry};

pub(crate) use process::ProcessMetrics;
pub(crate) use prometheus::Exposition;
pub(crate) use server::{Endpoint, bind};

/// Everything that own metrics are read from. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) telemetry: Telemetry,
    pub(crate) ledger: Ledger,
    /// Keeps the process's series alive.
    _process: Arc<ProcessMetrics>,
}

impl Sources {
    pub(crate) fn new(telemetry: Telemetry, ledger: Ledger) -> Self {
        let process = Arc::new(ProcessMetrics::register(&telemetry));
        Self {
            telemetry,
            ledger,
            _process: process,
        }
    }

    /// Every instrument shown at `level`, ordered by name.
    pub(crate) fn read(&self, level: Level) -> Vec<Family> {
        let mut families = self.telemetry.snapshot(level);
        if level != Level::None {
            families.extend(books::families(&self.ledger));
        }
        families.sort_by_key(|family| family.instrument.name);
        families
    }

    /// The metrics that users have configured, from level basic on.
    pub(crate) fn read_open(&self, level: Level) -> Vec<OpenFamily> {
        match level {
            Level::None => Vec::new(),
            _ => self.telemetry.open_families(),
        }
    }
}
