//! [`TenantCounters`]: one counter for each reason and tenant, for at most so many tenants.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use headwater_core::Settings;
use headwater_core::telemetry::{Counter, Instrument, Telemetry};

/// The tenant of all that are too many.
const OTHER: &str = "_other";

/// Counters with the labels `exporter`, `reason` and `tenant`. Beyond a number of tenants all
/// others are one, called `_other`: who invents tenants fills no memory.
pub struct TenantCounters {
    telemetry: Telemetry,
    instrument: Instrument,
    exporter: String,
    most: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    tenants: HashSet<Box<str>>,
    counters: HashMap<(&'static str, Box<str>), Counter>,
}

impl fmt::Debug for TenantCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantCounters")
            .field("instrument", &self.instrument.name)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl TenantCounters {
    /// Counters of `instrument` for at most `most` tenants.
    #[must_use]
    pub fn new(settings: &Settings, instrument: Instrument, most: usize) -> Self {
        Self {
            telemetry: settings.telemetry.clone(),
            instrument,
            exporter: settings.id.to_string(),
            most,
            known: Mutex::default(),
        }
    }

    /// Adds `n` for `reason` and a tenant; none has the empty name.
    pub fn add(&self, reason: &'static str, tenant: Option<&str>, n: usize) {
        if n == 0 {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tenant = tenant.unwrap_or("");
        if !tenant.is_empty() && !known.tenants.contains(tenant) {
            if known.tenants.len() < self.most {
                known.tenants.insert(tenant.into());
            } else {
                tenant = OTHER;
            }
        }
        let make = || {
            let attributes = vec![
                ("exporter", self.exporter.clone()),
                ("reason", reason.to_owned()),
                ("tenant", tenant.to_owned()),
            ];
            self.telemetry.counter(self.instrument, attributes)
        };
        let counter = known.counters.entry((reason, tenant.into()));
        counter.or_insert_with(make).add(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::telemetry::{InstrumentKind, Level, SeriesValue};
    use headwater_core::{ComponentKind, Signal};
    use headwater_testkit::environment;

    use super::*;

    #[test]
    fn tenants_beyond_the_bound_are_one() {
        let environment = environment();
        let id = "loki".parse().unwrap();
        let settings = environment.signal_settings(ComponentKind::Exporter, &id, Signal::Logs);
        let instrument = Instrument {
            name: "otelcol_x",
            description: "",
            unit: "1",
            kind: InstrumentKind::Counter,
            level: Level::Basic,
        };
        let counters = TenantCounters::new(&settings, instrument, 2);
        for tenant in ["a", "b", "c", "d", "a"] {
            counters.add("r", Some(tenant), 1);
        }
        counters.add("r", None, 3);
        counters.add("s", Some("b"), 0);
        let families = environment.telemetry.snapshot(Level::Basic);
        let family = families.iter().find(|f| f.instrument.name == "otelcol_x");
        let series = family.unwrap().series.iter().map(|(attributes, value)| {
            let SeriesValue::Number(value) = value else {
                panic!("no number")
            };
            (attributes[2].1.as_str(), *value)
        });
        let series: Vec<_> = series.collect();
        assert_eq!(series, [("", 3.0), ("_other", 2.0), ("a", 2.0), ("b", 1.0)]);
    }
}
