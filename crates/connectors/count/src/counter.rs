//! Metrics that count, and their counts for one resource.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use headwater_core::config::{Node, Value as NodeValue};
use headwater_core::pdata::owned::{
    KeyValue, Metric, MetricData, NumberDataPoint, NumberValue, Sum, Text,
};
use headwater_core::pdata::view::{AnyValue, Attributes};
use headwater_ottl::{Conditions, ContextKind, Env, EvalError, Level};

use crate::config::CountConfig;

/// Aggregation temporality: since the last time.
const DELTA: i32 = 1;

/// The metrics that count in one context.
#[derive(Debug)]
pub(crate) struct Definitions {
    metrics: Vec<Definition>,
    /// How deep they look.
    pub(crate) level: Level,
}

#[derive(Debug)]
struct Definition {
    name: Text,
    description: Text,
    conditions: Conditions,
    attributes: Vec<Dimension>,
}

#[derive(Debug)]
struct Dimension {
    key: Text,
    default: Option<headwater_core::pdata::owned::AnyValue>,
}

impl Definitions {
    /// The metrics of a section; `None` if a condition is wrong.
    pub(crate) fn new(config: &CountConfig, context: ContextKind) -> Option<Self> {
        let mut metrics = Vec::new();
        let mut level = Level::Request;
        for (name, info) in config.section(context) {
            let conditions = info.compile(context)?;
            level = level.max(conditions.level());
            let mut attributes: Vec<Dimension> = Vec::new();
            for attribute in info.attributes {
                let key = Text::from(attribute.key);
                if attributes.iter().all(|known| known.key != key) {
                    let default = default_value(&attribute.default_value);
                    attributes.push(Dimension { key, default });
                }
            }
            if !attributes.is_empty() {
                // Attributes of the scope count, too.
                level = level.max(Level::Scope);
            }
            metrics.push(Definition {
                name: name.into(),
                description: info.description.into(),
                conditions,
                attributes,
            });
        }
        Some(Self { metrics, level })
    }

    /// Begins to count for a resource.
    pub(crate) fn start(&self) -> Counter<'_> {
        Counter {
            definitions: self,
            counts: self.metrics.iter().map(|_| Counts::default()).collect(),
            key: Vec::new(),
            start: 0,
            end: 0,
        }
    }
}

/// A default that is empty or 0 is none.
fn default_value(node: &Node) -> Option<headwater_core::pdata::owned::AnyValue> {
    match &node.value {
        NodeValue::String(text) if !text.is_empty() => Some(text.as_str().into()),
        NodeValue::Int(value) if *value != 0 => Some((*value).into()),
        NodeValue::Float(value) if *value != 0.0 => Some((*value).into()),
        _ => None,
    }
}

/// Counts of one resource.
#[derive(Debug)]
pub(crate) struct Counter<'d> {
    definitions: &'d Definitions,
    counts: Vec<Counts>,
    /// The attributes in hand, as the key under which they are counted.
    key: Vec<u8>,
    /// From when to when what was seen happened; 0 as long as nothing has a time.
    start: u64,
    end: u64,
}

/// The counts of one metric, by attributes, in the order in which they were seen first.
#[derive(Debug, Default)]
struct Counts {
    by_key: HashMap<Box<[u8]>, usize>,
    counts: Vec<(Vec<KeyValue>, u64)>,
}

impl Counter<'_> {
    /// Notes when something happened, if that is known.
    pub(crate) const fn saw(&mut self, time: u64) {
        if time == 0 {
            return;
        }
        if self.start == 0 {
            self.start = time;
            self.end = time;
        }
        if time < self.start {
            self.start = time;
        }
        if time > self.end {
            self.end = time;
        }
    }

    /// Counts a record under each metric that it belongs to.
    ///
    /// # Errors
    /// That of a condition that cannot be evaluated.
    pub(crate) fn count(&mut self, env: &Env<'_>) -> Result<(), EvalError> {
        for (definition, counts) in self.definitions.metrics.iter().zip(&mut self.counts) {
            let sources = [
                env.attributes(),
                env.scope.scope.attributes(),
                env.resource.resource.attributes(),
            ];
            self.key.clear();
            if !definition.key(&sources, &mut self.key) || !definition.conditions.eval(env)? {
                continue;
            }
            if let Some(index) = counts.by_key.get(&*self.key) {
                counts.counts[*index].1 += 1;
            } else {
                let index = counts.counts.len();
                counts.by_key.insert(self.key.as_slice().into(), index);
                counts.counts.push((definition.attributes(&sources), 1));
            }
        }
        Ok(())
    }

    /// Appends the metrics that have counted something.
    pub(crate) fn finish(self, metrics: &mut Vec<Metric>) {
        let (start, end) = if self.start == 0 {
            let now = now();
            (now, now)
        } else {
            (self.start, self.end)
        };
        for (definition, counts) in self.definitions.metrics.iter().zip(self.counts) {
            if counts.counts.is_empty() {
                continue;
            }
            let point = |(attributes, count): (Vec<KeyValue>, u64)| NumberDataPoint {
                attributes,
                start_time_unix_nano: start,
                time_unix_nano: end,
                value: Some(NumberValue::Int(count as i64)),
                ..NumberDataPoint::default()
            };
            metrics.push(Metric {
                name: definition.name.clone(),
                description: definition.description.clone(),
                data: Some(MetricData::Sum(Sum {
                    data_points: counts.counts.into_iter().map(point).collect(),
                    aggregation_temporality: DELTA,
                    is_monotonic: true,
                    ..Sum::default()
                })),
                ..Metric::default()
            });
        }
    }
}

impl Definition {
    /// Appends what tells sets of attributes apart; false if one is missing.
    fn key(&self, sources: &[Attributes<'_>], out: &mut Vec<u8>) -> bool {
        for dimension in &self.attributes {
            match dimension.find(sources) {
                Some(value) => put_key(&value, out),
                None if dimension.default.is_some() => out.push(b'-'),
                None => return false,
            }
        }
        true
    }

    fn attributes(&self, sources: &[Attributes<'_>]) -> Vec<KeyValue> {
        let attribute = |dimension: &Dimension| {
            let value = match dimension.find(sources) {
                Some(AnyValue::Int(value)) => value.into(),
                Some(AnyValue::Double(value)) => value.into(),
                Some(value) => {
                    let text = value.to_text();
                    Text::new(headwater_core::bytes::Bytes::copy_from_slice(&text)).into()
                }
                None => dimension.default.clone()?,
            };
            Some(KeyValue::new(dimension.key.clone(), value))
        };
        self.attributes.iter().filter_map(attribute).collect()
    }
}

impl Dimension {
    fn find<'a>(&self, sources: &[Attributes<'a>]) -> Option<AnyValue<'a>> {
        sources
            .iter()
            .find_map(|attributes| attributes.get(&self.key))
    }
}

/// Numbers by their bits, everything else as text.
fn put_key(value: &AnyValue<'_>, out: &mut Vec<u8>) {
    match value {
        AnyValue::Int(value) => {
            out.push(b'i');
            out.extend_from_slice(&value.to_le_bytes());
        }
        AnyValue::Double(value) => {
            out.push(b'd');
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        other => {
            let text = other.to_text();
            out.push(b's');
            out.extend_from_slice(&text.len().to_le_bytes());
            out.extend_from_slice(&text);
        }
    }
}

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
