//! What is counted per tenant.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use headwater_core::telemetry::{
    Attributes, Counter, Instrument, InstrumentKind, Level, Observation, Telemetry,
};
use headwater_core::{Budget, ComponentId, Signal};

use crate::limits::Limit;

const fn instrument(
    name: &'static str,
    description: &'static str,
    unit: &'static str,
    kind: InstrumentKind,
) -> Instrument {
    Instrument {
        name,
        description,
        unit,
        kind,
        level: Level::Normal,
    }
}

const ACCEPTED: Instrument = instrument(
    "otelcol_tenant_accepted_items",
    "Number of spans, data points and log records that were taken from a tenant.",
    "{item}",
    InstrumentKind::Counter,
);
const BYTES: Instrument = instrument(
    "otelcol_tenant_accepted_bytes",
    "Serialized size of the telemetry that was taken from a tenant.",
    "By",
    InstrumentKind::Counter,
);
const REFUSED: Instrument = instrument(
    "otelcol_tenant_refused_items",
    "Number of items that were refused because a tenant was over a limit.",
    "{item}",
    InstrumentKind::Counter,
);
const IN_FLIGHT: Instrument = instrument(
    "otelcol_tenant_in_flight",
    "Bytes of a tenant that are held, in batches and queues.",
    "By",
    InstrumentKind::Gauge,
);
const UNASSIGNED: Instrument = instrument(
    "otelcol_tenant_unassigned_items",
    "Number of items that were refused because they have no tenant, or none that is allowed.",
    "{item}",
    InstrumentKind::Counter,
);
const FORGED: Instrument = instrument(
    "otelcol_tenant_forged_headers",
    "Number of requests whose header named another tenant than their sender.",
    "{request}",
    InstrumentKind::Counter,
);
const TENANTS: Instrument = instrument(
    "otelcol_tenant_active",
    "Number of tenants that are told apart at present.",
    "{tenant}",
    InstrumentKind::Gauge,
);

/// Why telemetry belongs to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unassigned {
    Missing,
    NotAllowed,
    Invalid,
}

/// Where series are made.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    telemetry: Telemetry,
    processor: String,
}

impl Meter {
    pub(crate) fn new(telemetry: &Telemetry, id: &ComponentId) -> Self {
        Self {
            telemetry: telemetry.clone(),
            processor: id.to_string(),
        }
    }

    fn attributes(&self) -> Attributes {
        vec![("processor", self.processor.clone())]
    }

    /// How many tenants there are; lives as long as the result.
    pub(crate) fn active(&self, count: Arc<AtomicU64>) -> Observation {
        let read = move || count.load(Ordering::Relaxed) as f64;
        self.telemetry.observe(TENANTS, self.attributes(), read)
    }
}

/// What is counted of telemetry that no tenant owns.
#[derive(Debug)]
pub(crate) struct Others {
    unassigned: [Counter; 3],
    pub(crate) forged: Counter,
}

impl Others {
    pub(crate) fn new(meter: &Meter) -> Self {
        let unassigned = ["missing", "not_allowed", "invalid"].map(|reason| {
            let mut attributes = meter.attributes();
            attributes.push(("reason", reason.to_owned()));
            meter.telemetry.counter(UNASSIGNED, attributes)
        });
        Self {
            unassigned,
            forged: meter.telemetry.counter(FORGED, meter.attributes()),
        }
    }

    pub(crate) fn unassigned(&self, why: Unassigned, items: usize) {
        self.unassigned[why as usize].add(items as u64);
    }
}

/// A growing number whose series is there from the first unit on, as long as its owner.
#[derive(Default)]
struct Cell(OnceLock<(Arc<AtomicU64>, Observation)>);

impl Cell {
    fn add(&self, more: usize, show: impl FnOnce(Arc<AtomicU64>) -> Observation) {
        let (number, _) = self.0.get_or_init(|| {
            let number = Arc::new(AtomicU64::new(0));
            let shown = show(Arc::clone(&number));
            (number, shown)
        });
        number.fetch_add(more as u64, Ordering::Relaxed);
    }
}

/// The series of one tenant, or of all that have none of their own. They vanish with it.
pub(crate) struct Series {
    meter: Meter,
    label: Arc<str>,
    accepted: [Cell; 3],
    bytes: Cell,
    refused: [Cell; 3],
    held: OnceLock<Observation>,
}

impl Series {
    pub(crate) fn new(meter: &Meter, label: Arc<str>) -> Self {
        Self {
            meter: meter.clone(),
            label,
            accepted: Default::default(),
            bytes: Cell::default(),
            refused: Default::default(),
            held: OnceLock::new(),
        }
    }

    fn attributes(&self, more: Option<(&'static str, &str)>) -> Attributes {
        let mut attributes = self.meter.attributes();
        if let Some((name, value)) = more {
            attributes.push((name, value.to_owned()));
        }
        attributes.push(("tenant", self.label.to_string()));
        attributes
    }

    fn show(
        &self,
        instrument: Instrument,
        more: Option<(&'static str, &str)>,
        number: Arc<AtomicU64>,
    ) -> Observation {
        let read = move || number.load(Ordering::Relaxed) as f64;
        self.meter
            .telemetry
            .observe(instrument, self.attributes(more), read)
    }

    pub(crate) fn accepted(&self, signal: Signal, items: usize, bytes: usize) {
        self.accepted[signal.index()].add(items, |number| {
            let signal = signal.to_string();
            self.show(ACCEPTED, Some(("signal", signal.as_str())), number)
        });
        self.bytes
            .add(bytes, |number| self.show(BYTES, None, number));
    }

    pub(crate) fn refused(&self, limit: Limit, items: usize) {
        self.refused[limit as usize].add(items, |number| {
            self.show(REFUSED, Some(("reason", limit.name())), number)
        });
    }

    /// Shows what is held of the tenant.
    pub(crate) fn show_held(&self, held: &Budget) {
        self.held.get_or_init(|| {
            let held = held.clone();
            let read = move || held.held() as f64;
            let attributes = self.attributes(None);
            self.meter.telemetry.observe(IN_FLIGHT, attributes, read)
        });
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}
