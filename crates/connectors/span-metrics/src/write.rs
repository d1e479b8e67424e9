//! From series to metrics.

use std::collections::BTreeMap;

use headwater_aggregation::point::{
    Common, Header, Kind, Temporality, put_metric, put_sum, put_text,
};
use headwater_aggregation::{Fingerprint, LinkedMap};
use headwater_core::bytes::Bytes;
use headwater_core::pdata::edit::put_nested;
use headwater_core::pdata::wire::put_len_field;
use headwater_core::{Batch, Context, Signal};

use crate::aggregator::{Aggregator, Now, Plan};
use crate::config::Naming;
use crate::resource::{ResourceMetrics, Standing};
use crate::series::{Series, Table};

/// Why metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    /// The interval has passed.
    Due,
    /// Too many resources had to make room; only they are written.
    Crowded,
    /// The connector stops.
    Last,
}

/// The metrics of one tenant.
#[derive(Default)]
struct Request {
    context: Context,
    bytes: Vec<u8>,
    points: usize,
}

impl Aggregator {
    /// Writes what there is, one batch per tenant, and forgets what need not be kept.
    pub(crate) fn flush(&mut self, flush: Flush, now: Now) -> Vec<Batch> {
        let mut requests: BTreeMap<Option<String>, Request> = BTreeMap::new();
        let (plan, last_times) = (&self.plan, &mut self.last_times);
        let most = plan.config.timestamps();
        let visit = |key: Fingerprint, resource: &mut ResourceMetrics, standing: Standing| {
            let tenant = resource.context.tenant().map(ToOwned::to_owned);
            let request = requests.entry(tenant).or_default();
            request.context = resource.context.clone();
            if plan.config.is_delta() {
                continue_starts(key, resource, now.unix_nano, most, last_times);
            }
            let mut writer = Writer {
                plan,
                time: now.unix_nano,
                hides_first: flush == Flush::Due
                    && standing == Standing::Current
                    && !plan.config.is_delta(),
                points: 0,
            };
            writer.resource(&mut request.bytes, resource);
            request.points += writer.points;
        };
        if flush == Flush::Crowded {
            self.resources.each_evicted(visit);
        } else {
            self.resources.each(visit);
        }
        self.settle(flush, now);
        requests
            .into_values()
            .filter(|request| request.points > 0)
            .map(|request| {
                let payload = Bytes::from(request.bytes);
                Batch::new(Signal::Metrics, payload, request.points).with_context(request.context)
            })
            .collect()
    }

    /// Forgets what has been sent or has not been seen for long.
    fn settle(&mut self, flush: Flush, now: Now) {
        if flush != Flush::Crowded && self.plan.config.is_delta() {
            self.resources.clear();
            self.series = 0;
            return;
        }
        self.series -= self.resources.forget_evicted();
        if flush == Flush::Crowded {
            return;
        }
        let config = &self.plan.config;
        let oldest = |expiration: std::time::Duration| {
            let expiration = u64::try_from(expiration.as_millis()).unwrap_or(u64::MAX);
            // 0 is never. What is exactly as old as that is gone, as upstream.
            if expiration == 0 {
                0
            } else {
                (now.elapsed + 1).saturating_sub(expiration)
            }
        };
        let (resources, series) = (
            oldest(config.metrics_expiration),
            oldest(config.series_expiration),
        );
        if resources == 0 && series == 0 && !config.exemplars.enabled {
            return;
        }
        let mut gone = 0;
        self.resources.retain(|resource| {
            if resource.seen < resources {
                gone += resource.len();
                return false;
            }
            gone += resource.calls.settle(series)
                + resource.durations.settle(series)
                + resource.events.settle(series);
            true
        });
        self.series -= gone;
    }
}

/// Delta points begin when the last one of their series ended, if that is remembered.
fn continue_starts(
    resource: Fingerprint,
    metrics: &mut ResourceMetrics,
    now: u64,
    most: usize,
    last_times: &mut LinkedMap<Fingerprint, u64>,
) {
    let tables = [
        &mut metrics.calls,
        &mut metrics.durations,
        &mut metrics.events,
    ];
    for (salt, table) in (1..).zip(tables) {
        for (key, series) in table.iter_mut() {
            let key = resource.rotate_left(32) ^ key.wrapping_add(salt);
            if let Some(last) = last_times.touch(&key) {
                series.start = std::mem::replace(last, now);
                continue;
            }
            if last_times.len() >= most {
                last_times.pop_front();
            }
            last_times.insert(key, now);
        }
    }
}

struct Writer<'w> {
    plan: &'w Plan,
    time: u64,
    /// The first point of a sum is 0, so that Prometheus sees the increase from nothing.
    hides_first: bool,
    points: usize,
}

/// What is written of a series.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Count,
    Size,
    Duration,
}

impl Writer<'_> {
    fn resource(&mut self, out: &mut Vec<u8>, metrics: &mut ResourceMetrics) {
        let before = (out.len(), self.points);
        put_nested(out, 1, |out| {
            if !metrics.resource.is_empty() {
                put_len_field(out, 1, &metrics.resource);
            }
            put_nested(out, 2, |out| {
                if self.plan.config.naming == Naming::Contrib {
                    put_nested(out, 1, |out| put_text(out, 1, "spanmetricsconnector"));
                }
                self.metrics(out, metrics);
            });
        });
        if self.points == before.1 {
            out.truncate(before.0);
        }
    }

    fn metrics(&mut self, out: &mut Vec<u8>, metrics: &mut ResourceMetrics) {
        let unit = self.plan.config.unit().as_str();
        let tempo = self.plan.config.naming == Naming::Tempo;
        let (calls, latency) = if tempo {
            (
                "traces_spanmetrics_calls_total".to_owned(),
                "traces_spanmetrics_latency".to_owned(),
            )
        } else {
            (self.name("calls"), self.name("duration"))
        };
        if tempo {
            let name = "traces_spanmetrics_size_total";
            self.metric(out, (name, "", Kind::Sum), Part::Size, &mut metrics.calls);
        }
        // Behind the sizes, whose first point is hidden as well.
        self.metric(
            out,
            (&calls, "", Kind::Sum),
            Part::Count,
            &mut metrics.calls,
        );
        if let Some(kind) = self.plan.buckets.kind() {
            let table = if self.plan.joined {
                &mut metrics.calls
            } else {
                &mut metrics.durations
            };
            // A unit would become part of the name in Prometheus.
            let unit = if tempo { "" } else { unit };
            self.metric(out, (&latency, unit, kind), Part::Duration, table);
        }
        if self.plan.config.events.enabled {
            let name = if tempo {
                "traces_spanmetrics_events_total".to_owned()
            } else {
                self.name("events")
            };
            self.metric(
                out,
                (&name, "", Kind::Sum),
                Part::Count,
                &mut metrics.events,
            );
        }
    }

    fn name(&self, name: &str) -> String {
        let namespace = &self.plan.config.namespace;
        if namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{namespace}.{name}")
        }
    }

    fn metric(
        &mut self,
        out: &mut Vec<u8>,
        (name, unit, kind): (&str, &str, Kind),
        part: Part,
        table: &mut Table,
    ) {
        let before = (out.len(), self.points);
        let temporality = if self.plan.config.is_delta() {
            Temporality::Delta
        } else {
            Temporality::Cumulative
        };
        let header = Header {
            name,
            unit,
            kind,
            temporality,
        };
        put_metric(out, &header, |out| {
            for (_, series) in table.iter_mut() {
                self.point(out, series, part);
                self.points += 1;
            }
        });
        if self.points == before.1 {
            out.truncate(before.0);
        }
    }

    fn point(&self, out: &mut Vec<u8>, series: &mut Series, part: Part) {
        let common = Common {
            attributes: &series.attributes,
            start: series.start,
            time: self.time,
            exemplars: if part == Part::Size {
                &[]
            } else {
                &series.exemplars
            },
        };
        let hidden = self.hides_first && series.fresh;
        match part {
            Part::Duration => series.distribution.put(out, &common, &self.plan.buckets),
            Part::Size => put_sum(out, &common, if hidden { 0 } else { series.size }),
            Part::Count => put_sum(out, &common, if hidden { 0 } else { series.count }),
        }
        if part == Part::Count {
            series.fresh = false;
        }
    }
}
