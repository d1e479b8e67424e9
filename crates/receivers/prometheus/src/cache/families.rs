//! What a target says about its metric families.

use std::collections::HashMap;

use headwater_prometheus::exposition::MetricType;

/// The suffixes under which series of a family go. Source: Go `prometheusreceiver`
/// `trimmableSuffixes`; `_created` after Prometheus issue 14823.
const SUFFIXES: [&str; 6] = ["_bucket", "_count", "_sum", "_total", "_info", "_created"];

/// One family, or a metric without any metadata.
#[derive(Debug, Default)]
pub(crate) struct Family {
    /// Whether the target has described it.
    pub(crate) known: bool,
    /// Whether it is the receiver's own.
    reserved: bool,
    pub(crate) kind: MetricType,
    pub(crate) help: Box<str>,
    pub(crate) unit: Box<str>,
    /// The scrape in which it was last described.
    seen: u32,
    /// The streams that were made with this metadata.
    pub(crate) streams: Vec<u32>,
}

/// Families by name.
#[derive(Debug, Default)]
pub(crate) struct Families(HashMap<Box<str>, Family>);

/// What follows from a changed family.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Streams whose series mean something else now.
    pub(crate) retyped: Vec<u32>,
    /// Streams that are described in other words now.
    pub(crate) reworded: Vec<u32>,
}

impl Families {
    /// The family, made if need be.
    pub(crate) fn entry(&mut self, name: &str) -> &mut Family {
        if !self.0.contains_key(name) {
            self.0.insert(name.into(), Family::default());
        }
        self.0.entry(name.into()).or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Family> {
        self.0.get(name)
    }

    /// The family whose metadata a metric has, by its own name or without its suffix.
    pub(crate) fn of_metric<'a>(&'a self, metric: &'a str) -> Option<(&'a str, &'a Family)> {
        let known = |name| {
            self.0
                .get(name)
                .filter(|family| family.known)
                .map(|family| (name, family))
        };
        known(metric).or_else(|| known(without_suffix(metric)?))
    }

    /// Describes a metric that the receiver makes itself; a target cannot change that.
    pub(crate) fn reserve(&mut self, name: &str, help: &str, unit: &str) {
        let family = self.entry(name);
        family.known = true;
        family.reserved = true;
        family.kind = MetricType::Gauge;
        family.help = help.into();
        family.unit = unit.into();
    }

    /// Notes the type of a family.
    pub(crate) fn set_type(&mut self, name: &str, kind: MetricType, scrape: u32) -> Changed {
        let family = self.entry(name);
        family.seen = scrape;
        if family.reserved || family.known && family.kind == kind {
            return Changed::default();
        }
        let fresh = !family.known;
        family.known = true;
        family.kind = kind;
        let mut retyped = family.streams.clone();
        if fresh {
            for suffix in SUFFIXES {
                if let Some(other) = self.0.get(format!("{name}{suffix}").as_str())
                    && !other.known
                {
                    retyped.extend_from_slice(&other.streams);
                }
            }
        }
        Changed {
            retyped,
            reworded: Vec::new(),
        }
    }

    /// Notes the help text of a family.
    pub(crate) fn set_help(&mut self, name: &str, help: &str, scrape: u32) -> Changed {
        self.describe(name, scrape, |family| {
            let differs = *family.help != *help;
            if differs {
                family.help = help.into();
            }
            differs
        })
    }

    /// Notes the unit of a family.
    pub(crate) fn set_unit(&mut self, name: &str, unit: &str, scrape: u32) -> Changed {
        self.describe(name, scrape, |family| {
            let differs = *family.unit != *unit;
            if differs {
                family.unit = unit.into();
            }
            differs
        })
    }

    fn describe(
        &mut self,
        name: &str,
        scrape: u32,
        change: impl FnOnce(&mut Family) -> bool,
    ) -> Changed {
        let family = self.entry(name);
        family.seen = scrape;
        if family.reserved || !change(family) {
            return Changed::default();
        }
        let reworded = family.streams.clone();
        if family.known {
            return Changed {
                retyped: Vec::new(),
                reworded,
            };
        }
        // A family that is described has metadata, even without a type.
        let mut changed = self.set_type(name, MetricType::Unknown, scrape);
        changed.reworded = reworded;
        changed
    }

    /// Forgets families that no stream uses and that were not described since `oldest`.
    pub(crate) fn forget(&mut self, oldest: u32) {
        self.0.retain(|_, family| {
            !family.streams.is_empty() || family.reserved || family.seen >= oldest
        });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The name without the suffix that a family's series carry.
pub(crate) fn without_suffix(metric: &str) -> Option<&str> {
    SUFFIXES
        .iter()
        .filter_map(|suffix| metric.strip_suffix(suffix))
        .find(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_the_metadata_of_its_name_or_of_its_family() {
        let mut families = Families::default();
        families.set_type("http", MetricType::Histogram, 1);
        families.set_type("http_count", MetricType::Gauge, 1);
        assert_eq!(families.of_metric("http_bucket").unwrap().0, "http");
        assert_eq!(families.of_metric("http_count").unwrap().0, "http_count");
        assert!(families.of_metric("https").is_none());
        assert!(families.of_metric("_count").is_none());
    }

    #[test]
    fn a_new_type_names_the_streams_that_it_concerns() {
        let mut families = Families::default();
        families.entry("jobs_total").streams.push(7);
        let changed = families.set_type("jobs", MetricType::Counter, 1);
        assert_eq!(changed.retyped, [7]);
        assert_eq!(
            families.set_type("jobs", MetricType::Counter, 2),
            Changed::default()
        );
        families.entry("jobs").streams.push(8);
        assert_eq!(families.set_type("jobs", MetricType::Gauge, 3).retyped, [8]);
        assert_eq!(families.set_help("jobs", "Jobs.", 3).reworded, [8]);
    }

    #[test]
    fn what_nobody_uses_is_forgotten() {
        let mut families = Families::default();
        families.set_type("old", MetricType::Gauge, 1);
        families.set_type("used", MetricType::Gauge, 1);
        families.entry("used").streams.push(1);
        families.set_type("new", MetricType::Gauge, 9);
        families.forget(5);
        assert_eq!(families.len(), 2);
        assert!(families.get("old").is_none());
    }
}
