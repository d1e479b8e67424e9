//! From series to metrics.

use headwater_aggregation::point::{
    AttributeList, Common, Header, Kind, Temporality, put_metric, put_sum, put_text, tempo_label,
};
use headwater_core::pdata::edit::put_nested;
use headwater_core::pdata::view::Text;

use crate::config::{Naming, ServiceGraphConfig};
use crate::edge::{Edge, Side};
use crate::series::{Series, Table};

/// The attributes of the series of a call.
pub(crate) fn attributes(config: &ServiceGraphConfig, edge: &Edge) -> Box<[u8]> {
    let mut list = AttributeList::default();
    let text = |bytes: &Option<crate::edge::Text>| bytes.clone().unwrap_or_default();
    list.push(b"client", &Text::new(&text(&edge.client)));
    list.push(b"server", &Text::new(&text(&edge.server)));
    list.push(b"connection_type", edge.connection.as_str());
    if config.naming == Naming::Contrib {
        list.push(b"failed", &edge.failed);
    }
    for (index, value) in edge.dimensions.iter().enumerate() {
        let (Some(value), Some(name)) = (value, config.dimensions.get(index / 2)) else {
            continue;
        };
        let side = if index % 2 == 0 { "client" } else { "server" };
        let name = match config.naming {
            Naming::Contrib => format!("{side}_{name}"),
            Naming::Tempo => format!("{side}_{}", tempo_label(name)),
        };
        list.push(name.as_bytes(), &Text::new(value));
    }
    if config.virtual_node_extra_label {
        list.push(b"virtual_node", edge.virtual_node.as_str());
    }
    list.into_boxed()
}

/// When points are, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) start: u64,
    pub(crate) now: u64,
}

/// Appends one resource entry with everything; says how many points it has, and appends nothing
/// if there are none.
pub(crate) fn write(out: &mut Vec<u8>, naming: Naming, table: &Table, times: Times) -> usize {
    let mut points = 0;
    let mut writer = Writer {
        table,
        times,
        points: &mut points,
    };
    let before = out.len();
    put_nested(out, 1, |out| {
        put_nested(out, 2, |out| {
            if naming == Naming::Contrib {
                put_nested(out, 1, |out| put_text(out, 1, "traces_service_graph"));
            }
            writer.counts(out, "traces_service_graph_request_total", |series| {
                Some(series.calls)
            });
            writer.counts(out, "traces_service_graph_request_failed_total", |series| {
                Some(series.failed).filter(|failed| *failed > 0)
            });
            let (server, client) = match naming {
                Naming::Contrib => (
                    "traces_service_graph_request_server",
                    "traces_service_graph_request_client",
                ),
                Naming::Tempo => (
                    "traces_service_graph_request_server_seconds",
                    "traces_service_graph_request_client_seconds",
                ),
            };
            writer.latencies(out, server, Side::Server);
            writer.latencies(out, client, Side::Client);
        });
    });
    if points == 0 {
        out.truncate(before);
    }
    points
}

struct Writer<'w> {
    table: &'w Table,
    times: Times,
    points: &'w mut usize,
}

impl Writer<'_> {
    fn common<'s>(&self, series: &'s Series) -> Common<'s> {
        Common {
            attributes: &series.attributes,
            start: self.times.start,
            time: self.times.now,
            exemplars: &[],
        }
    }

    fn counts(&mut self, out: &mut Vec<u8>, name: &str, count: impl Fn(&Series) -> Option<u64>) {
        self.metric(out, (name, "", Kind::Sum), |writer, out, series| {
            let Some(count) = count(series) else {
                return false;
            };
            put_sum(out, &writer.common(series), count);
            true
        });
    }

    fn latencies(&mut self, out: &mut Vec<u8>, name: &str, side: Side) {
        let Some(kind) = self.table.buckets.kind() else {
            return;
        };
        self.metric(out, (name, "s", kind), |writer, out, series| {
            let latencies = match side {
                Side::Server => &series.server,
                Side::Client => &series.client,
            };
            latencies.put(out, &writer.common(series), &writer.table.buckets);
            true
        });
    }

    /// Appends a metric with the points that `point` appends, if there are any.
    fn metric(
        &mut self,
        out: &mut Vec<u8>,
        (name, unit, kind): (&str, &str, Kind),
        point: impl Fn(&Self, &mut Vec<u8>, &Series) -> bool,
    ) {
        let before = (out.len(), *self.points);
        let header = Header {
            name,
            unit,
            kind,
            temporality: Temporality::Cumulative,
        };
        put_metric(out, &header, |out| {
            for series in self.table.iter() {
                if point(self, out, series) {
                    *self.points += 1;
                }
            }
        });
        if *self.points == before.1 {
            out.truncate(before.0);
        }
    }
}
