//! From spans to calls, and from calls to series. One graph per tenant.

use std::sync::Arc;

use headwater_aggregation::point::{LONGEST_SERIES, overflow};
use headwater_aggregation::span::{self, SpanParts};
use headwater_aggregation::{Buckets, Fingerprints, now_unix_nano};
use headwater_core::Context;
use headwater_core::pdata::view::{AnyValue, Attributes, KeyValue, ResourceSpans};
use tokio::time::Instant;

use crate::config::{Naming, ServiceGraphConfig};
use crate::edge::{Connection, Edge, Side, Text, VirtualNode};
use crate::instruments::Instruments;
use crate::series::{Call, Table};
use crate::store::{Key, Store, Upserted};
use crate::write;

/// Attributes that name the server of a database call, before its own name does, with
/// `naming: tempo`.
const DATABASE_SERVERS: [&str; 4] = [
    "peer.service",
    "server.address",
    "network.peer.address",
    "network.peer.port",
];

/// A series is forgotten after so many milliseconds, as upstream.
const STALE: u64 = 15 * 60 * 1000;

/// The calls of one tenant.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) context: Context,
    store: Store,
    table: Table,
    prints: Fingerprints,
    /// When it began. Unit: nanoseconds since 1970.
    start: u64,
    base: Instant,
    key: Vec<u8>,
}

/// What a graph works with.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) config: ServiceGraphConfig,
    pub(crate) instruments: Instruments,
    /// Names of attributes that are looked for, each once.
    wanted: Vec<String>,
    dimensions: Vec<usize>,
    peers: Vec<usize>,
    databases: Vec<usize>,
    servers: Vec<usize>,
}

impl Plan {
    pub(crate) fn new(config: ServiceGraphConfig, instruments: Instruments) -> Self {
        let mut wanted: Vec<String> = Vec::new();
        let mut places = |names: &[String]| -> Vec<usize> {
            let mut place = |name: &String| {
                wanted
                    .iter()
                    .position(|known| known == name)
                    .unwrap_or_else(|| {
                        wanted.push(name.clone());
                        wanted.len() - 1
                    })
            };
            names.iter().map(&mut place).collect()
        };
        let dimensions = places(&config.dimensions);
        let peers = places(&config.virtual_node_peer_attributes);
        let databases = places(&config.database_name_attributes);
        let servers = match config.naming {
            Naming::Contrib => Vec::new(),
            Naming::Tempo => places(&DATABASE_SERVERS.map(ToOwned::to_owned)),
        };
        Self {
            config,
            instruments,
            wanted,
            dimensions,
            peers,
            databases,
            servers,
        }
    }

    fn buckets(&self) -> Buckets {
        match self.config.exponential_histogram_max_size {
            0 => Buckets::Explicit(self.config.bounds()),
            most => Buckets::Exponential(most),
        }
    }
}

/// The values of [`Plan::wanted`].
#[derive(Debug, Default)]
struct Values<'a>(Vec<Option<AnyValue<'a>>>);

impl<'a> Values<'a> {
    fn reset(&mut self, plan: &Plan) {
        self.0.clear();
        self.0.resize(plan.wanted.len(), None);
    }

    #[inline]
    fn offer(&mut self, plan: &Plan, attribute: &KeyValue<'a>) {
        let key = attribute.key();
        for (name, value) in plan.wanted.iter().zip(&mut self.0) {
            if key == name.as_str() && value.is_none() {
                *value = Some(attribute.value());
            }
        }
    }

    fn all(plan: &Plan, attributes: Attributes<'a>) -> Self {
        let mut values = Self::default();
        values.reset(plan);
        for attribute in attributes {
            values.offer(plan, &attribute);
        }
        values
    }
}

/// What a span knows of its call.
struct Half<'a, 's> {
    plan: &'s Plan,
    side: Side,
    connection: Connection,
    parts: &'s SpanParts<'a>,
    service: &'s Text,
    resource: &'s Values<'a>,
    span: &'s Values<'a>,
}

/// What is kept of a value: calls wait for their other half, so that nobody may fill the memory with
/// a few of them. As much as a label's value may have where Mimir's limits are the default ones.
const LONGEST_TEXT: usize = 2048;

fn text_of(value: &AnyValue<'_>) -> Text {
    let text = value.to_text();
    let Some(next) = text.get(LONGEST_TEXT) else {
        return text.as_ref().into();
    };
    // Not in the middle of a character.
    let mut end = LONGEST_TEXT;
    if next & 0xc0 == 0x80 {
        let begins = |byte: &u8| byte & 0xc0 != 0x80;
        end = text[..end].iter().rposition(begins).unwrap_or(end);
    }
    text[..end].into()
}

impl Half<'_, '_> {
    /// Resources first, as upstream.
    fn value(&self, place: usize) -> Option<Text> {
        let found = self.resource.0[place].or(self.span.0[place]);
        found.as_ref().map(text_of)
    }

    fn apply(&self, edge: &mut Edge) {
        let plan = self.plan;
        let seconds = self.parts.duration() as f64 / 1e9;
        edge.connection = self.connection;
        edge.failed |= self.parts.status == 2;
        if !plan.dimensions.is_empty() {
            edge.dimensions.resize(plan.dimensions.len() * 2, None);
            for (index, place) in plan.dimensions.iter().enumerate() {
                let at = index * 2 + usize::from(self.side == Side::Server);
                if let Some(value) = self.value(*place) {
                    edge.dimensions[at] = Some(value);
                }
            }
        }
        let tempo = plan.config.naming == Naming::Tempo;
        if tempo || self.side == Side::Client {
            let mut peers = plan.peers.iter();
            let peer = peers.find_map(|place| self.span.0[*place].as_ref().map(text_of));
            edge.peer = peer.or(edge.peer.take());
        }
        match self.side {
            Side::Server => {
                edge.server = Some(Arc::clone(self.service));
                edge.server_latency = seconds;
            }
            Side::Client => {
                edge.client = Some(Arc::clone(self.service));
                edge.client_latency = seconds;
                // The call of a database has no other span.
                let name = plan.databases.iter().find_map(|place| self.value(*place));
                if let Some(name) = name {
                    edge.connection = Connection::Database;
                    edge.server = Some(self.database_server().unwrap_or(name));
                    edge.server_latency = seconds;
                }
            }
        }
    }

    fn database_server(&self) -> Option<Text> {
        let [peer, address, host, port] = *self.plan.servers.as_slice() else {
            return None;
        };
        if let Some(name) = self.value(peer).or_else(|| self.value(address)) {
            return Some(name);
        }
        let host = self.value(host)?;
        Some(match self.value(port) {
            Some(port) => [&*host, b":", &*port].concat().into(),
            None => host,
        })
    }
}

impl Graph {
    pub(crate) fn new(plan: &Plan, context: Context) -> Self {
        let config = &plan.config;
        Self {
            context,
            store: Store::new(config.store.max_items as usize, config.store.ttl),
            table: Table::new(config.max_series as usize, plan.buckets()),
            prints: Fingerprints::default(),
            start: now_unix_nano(),
            base: Instant::now(),
            key: Vec::new(),
        }
    }

    /// Looks at the spans of a request; says how many were dropped.
    pub(crate) fn request(&mut self, plan: &Plan, request: &[u8], now: Instant) -> usize {
        let mut dropped = 0;
        for entry in span::resources(request) {
            let resource = ResourceSpans::new(entry).resource();
            let attributes = resource.attributes();
            let Some(service) = attributes.get("service.name") else {
                continue;
            };
            let service = text_of(&service);
            let values = Values::all(plan, attributes);
            let mut of_span = Values::default();
            for bytes in span::scopes(entry).flat_map(span::spans) {
                of_span.reset(plan);
                let parts = SpanParts::read(bytes, |attribute| of_span.offer(plan, &attribute));
                let (side, connection) = match parts.kind {
                    2 => (Side::Server, Connection::Unknown),
                    3 => (Side::Client, Connection::Unknown),
                    4 => (Side::Client, Connection::MessagingSystem),
                    5 => (Side::Server, Connection::MessagingSystem),
                    _ => continue,
                };
                let half = Half {
                    plan,
                    side,
                    connection,
                    parts: &parts,
                    service: &service,
                    resource: &values,
                    span: &of_span,
                };
                dropped += usize::from(!self.half(&half, now));
            }
        }
        dropped
    }

    /// Keeps what a span knows. False if there is no room.
    fn half(&mut self, half: &Half<'_, '_>, now: Instant) -> bool {
        let instruments = &half.plan.instruments;
        let span = match half.side {
            Side::Client => half.parts.span_id,
            Side::Server => half.parts.parent_span_id,
        };
        let key: Key = (
            half.parts.trace_id.try_into().unwrap_or_default(),
            span.try_into().unwrap_or_default(),
        );
        let is_new = match self.store.upsert(key, now, |edge| half.apply(edge)) {
            Upserted::Waits(is_new) => is_new,
            Upserted::Complete(edge, is_new) => {
                self.count(half.plan, &edge, now);
                is_new
            }
            Upserted::Dropped => {
                instruments.dropped_spans.add(1);
                return false;
            }
        };
        instruments.total_edges.add(u64::from(is_new));
        true
    }

    /// Calls that have waited for too long: what can be told of them is counted.
    pub(crate) fn expire(&mut self, plan: &Plan, now: Instant) {
        while let Some((key, edge)) = self.store.expired(now) {
            self.expired(plan, key, edge, now);
        }
    }

    /// The same for all that wait, at the end.
    pub(crate) fn expire_all(&mut self, plan: &Plan, now: Instant) {
        while let Some((key, edge)) = self.store.pop() {
            self.expired(plan, key, edge, now);
        }
    }

    fn expired(&mut self, plan: &Plan, (_, span): Key, mut edge: Edge, now: Instant) {
        plan.instruments.expired_edges.add(1);
        let mut is_counted = false;
        let tempo = plan.config.naming == Naming::Tempo;
        let is_empty = |side: &Option<Text>| side.as_ref().is_none_or(|name| name.is_empty());
        if !plan.config.virtual_node_peer_attributes.is_empty() {
            edge.connection = Connection::VirtualNode;
            // A server's span without a parent: somebody outside has called.
            if is_empty(&edge.client) && span == [0; 8] {
                let outside = edge.peer.clone().filter(|_| tempo);
                edge.client = Some(outside.unwrap_or_else(|| (*b"user").into()));
                edge.virtual_node = VirtualNode::Client;
                self.count(plan, &edge, now);
                is_counted = true;
            }
            // Tempo does not guess whom a client has called.
            if is_empty(&edge.server) && !(tempo && edge.peer.is_none()) {
                let unknown = || (*b"unknown").into();
                edge.server = Some(edge.peer.clone().unwrap_or_else(unknown));
                edge.virtual_node = VirtualNode::Server;
                self.count(plan, &edge, now);
                is_counted = true;
            }
        }
        if !is_counted {
            plan.instruments.dead_letters.add(1);
        }
    }

    fn count(&mut self, plan: &Plan, edge: &Edge, now: Instant) {
        let key = &mut self.key;
        key.clear();
        let mut put = |bytes: Option<&[u8]>| {
            key.push(u8::from(bytes.is_some()));
            let bytes = bytes.unwrap_or_default();
            key.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            key.extend_from_slice(bytes);
        };
        put(edge.client.as_deref());
        put(edge.server.as_deref());
        put(Some(edge.connection.as_str().as_bytes()));
        for value in &edge.dimensions {
            put(value.as_deref());
        }
        if plan.config.virtual_node_extra_label {
            put(Some(edge.virtual_node.as_str().as_bytes()));
        }
        if plan.config.naming == Naming::Contrib {
            key.push(u8::from(edge.failed));
        }
        let call = Call {
            failed: edge.failed,
            server: edge.server_latency,
            client: edge.client_latency,
            now: self.elapsed(now),
        };
        let print = self.prints.of(&self.key);
        let has_room = self.key.len() <= LONGEST_SERIES;
        self.table.count(print, &call, has_room, |is_rest| {
            if is_rest {
                overflow()
            } else {
                write::attributes(&plan.config, edge)
            }
        });
    }

    fn elapsed(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.base).as_millis();
        u64::try_from(elapsed).unwrap_or(u64::MAX)
    }

    /// Forgets series that have not been seen for long.
    pub(crate) fn clean(&mut self, now: Instant) {
        let oldest = self.elapsed(now).saturating_sub(STALE);
        self.table.forget(oldest);
    }

    /// Whether nothing is kept.
    pub(crate) fn is_idle(&self) -> bool {
        self.store.len() == 0 && self.table.iter().next().is_none()
    }

    /// Everything as a request of metrics, and how many points it has.
    pub(crate) fn write(&self, plan: &Plan) -> (Vec<u8>, usize) {
        let offset = plan.config.metrics_timestamp_offset.as_nanos();
        let offset = u64::try_from(offset).unwrap_or(u64::MAX);
        let times = write::Times {
            start: self.start,
            now: now_unix_nano().saturating_sub(offset),
        };
        let mut out = Vec::new();
        let points = write::write(&mut out, plan.config.naming, &self.table, times);
        (out, points)
    }
}
