//! From labels to a place in a metric: what happens when a series is seen for the first time.

use std::hash::BuildHasher as _;

use headwater_prometheus::Labels;
use headwater_prometheus::exposition::MetricType;

use super::stream::SCOPE_PREFIX;
use super::{Cache, Group, Kind, NONE, Resource, Role, Scope, Series, Stream, StreamKey, Text};
use crate::failure::Failure;
use crate::resource::put_attribute;
use crate::rules::{NAME, SeriesRules};

/// The scope of series that name none.
/// Source: Go `prometheusreceiver/internal/metadata.ScopeName`; backends show it as `otel_scope_name`.
const SCOPE_NAME: &str =
    "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver";

/// The metric that describes the target itself.
const TARGET_INFO: &str = "target_info";

/// Labels that are no attributes of data points, besides those of the scope.
const HIDDEN: [&str; 5] = [NAME, "job", "instance", "__scheme__", "__metrics_path__"];

/// What a series carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A number.
    Float,
    /// A native histogram with exponential buckets.
    Exponential,
    /// A native histogram with custom buckets.
    Custom,
}

impl Shape {
    /// Whether a series of `role` can carry it.
    #[inline]
    pub(crate) fn fits(self, role: Role) -> bool {
        match role {
            Role::Vacant | Role::Unresolved => false,
            Role::Dropped => true,
            Role::Native => self != Self::Float,
            _ => self == Self::Float,
        }
    }
}

/// Where a metric's name and kind come from.
struct Metric<'a> {
    /// The name of the OTLP metric.
    name: &'a str,
    /// The family that describes it.
    family: &'a str,
    kind: MetricType,
    /// Whether the series holds the start time of a counter.
    created: bool,
}

impl Cache {
    /// Relabels and translates a series that `find` has not found, and remembers the outcome.
    ///
    /// # Errors
    /// What makes the whole scrape fail.
    pub(crate) fn add<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        text: Text,
        labels: impl Iterator<Item = (N, V)>,
        shape: Shape,
        rules: &SeriesRules,
    ) -> Result<u32, Failure> {
        let series = match rules.apply(labels)? {
            Some(labels) => self.translate(text, &labels, shape, rules)?,
            None => Series::new(text, Role::Dropped, &[]),
        };
        Ok(self.insert(series))
    }

    /// Finds out anew what the series `at` means. If it was live and is another series now, what it was
    /// stays behind as a series that nobody sees any more.
    ///
    /// # Errors
    /// What makes the whole scrape fail.
    pub(crate) fn renew<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        at: u32,
        labels: impl Iterator<Item = (N, V)>,
        shape: Shape,
        rules: &SeriesRules,
    ) -> Result<(), Failure> {
        let text = self.series[at].text();
        let mut series = match rules.apply(labels)? {
            Some(labels) => self.translate(text, &labels, shape, rules)?,
            None => Series::new(text, Role::Dropped, &[]),
        };
        if self.series[at].role == Role::Number {
            self.forget_identity(at);
        }
        let mut old = std::mem::take(&mut self.series[at]);
        (series.seen, series.next) = (old.seen, old.next);
        series.epoch = self.epoch;
        let known = !matches!(old.role, Role::Unresolved | Role::Vacant);
        let same = !known
            || (series.stream, series.group, series.role) == (old.stream, old.group, old.role)
                && series.attributes() == old.attributes()
            || self.is_retyped(&old, &series);
        if same || !old.live {
            series.live = old.live;
            old.live = false;
        }
        self.series[at] = series;
        // What is not seen is swept after this scrape.
        old.seen = 0;
        let live = old.live;
        let old = self.series.insert(old);
        if !live {
            if known {
                self.detach(old);
            }
            self.series.remove(old);
        }
        self.index_number(at);
        Ok(())
    }

    /// Whether both are the same number for Prometheus, and only its type is another.
    fn is_retyped(&self, old: &Series, new: &Series) -> bool {
        let key = |series: &Series| {
            let stream = &self.streams[series.stream];
            (stream.resource, stream.scope, &stream.name)
        };
        old.role == Role::Number
            && new.role == Role::Number
            && old.attributes() == new.attributes()
            && key(old) == key(new)
    }

    /// A series that the receiver reports itself, described as `help` and `unit`.
    ///
    /// # Errors
    /// [`Failure::NoJobOrInstance`].
    pub(crate) fn add_report(
        &mut self,
        metric: &str,
        (help, unit): (&str, &str),
        rules: &SeriesRules,
    ) -> Result<u32, Failure> {
        if !help.is_empty() {
            self.families.reserve(metric, help, unit);
        }
        let series = self.translate(Text::default(), &rules.report(metric), Shape::Float, rules)?;
        Ok(self.insert_hidden(series))
    }

    fn translate(
        &mut self,
        text: Text,
        labels: &Labels,
        shape: Shape,
        rules: &SeriesRules,
    ) -> Result<Series, Failure> {
        let own = |label: &str, fallback: &str| {
            Some(labels.get(label))
                .filter(|value| !value.is_empty())
                .unwrap_or(fallback)
                .to_owned()
        };
        let job = own("job", &rules.resource.job);
        let instance = own("instance", &rules.resource.instance);
        if job.is_empty() || instance.is_empty() {
            return Err(Failure::NoJobOrInstance);
        }
        let resource = self.resource_of(&job, &instance, rules);
        if labels.get(NAME) == TARGET_INFO && shape == Shape::Float {
            let encoded = info(labels, &job, &instance, rules);
            let mut series = Series::new(text, Role::Info, &encoded);
            self.resources[resource].users += 1;
            series.stream = resource;
            return Ok(series);
        }
        let metric = self.metric(labels.get(NAME));
        let kind = match shape {
            Shape::Float => Kind::of(metric.kind),
            Shape::Exponential => Kind::Exponential,
            Shape::Custom => Kind::Histogram,
        };
        let (role, aux) = role(&metric, labels, kind, shape);
        let name: Box<str> = match role {
            Role::NumberCreated => format!("{}_total", metric.family).into(),
            _ => metric.name.into(),
        };
        let family: Box<str> = metric.family.into();
        let attributes = attributes(labels, kind);
        let mut series = Series::new(
            text,
            role,
            if role.is_grouped() { &[] } else { &attributes },
        );
        series.aux = aux;
        if role == Role::Useless {
            // The resource was made for nothing.
            self.resources[resource].users += 1;
            self.release_resource(resource);
            return Ok(series);
        }
        let stream = self.stream_of(resource, labels, kind, name, family, rules);
        series.stream = stream;
        if role.is_grouped() {
            series.group = self.group_of(stream, &attributes);
        } else {
            self.streams[stream].users += 1;
        }
        if role == Role::NumberCreated {
            series.aux = self.hasher.hash_one(&*attributes);
            self.index_numbers(stream);
        }
        Ok(series)
    }

    fn metric<'a>(&'a self, metric: &'a str) -> Metric<'a> {
        let Some((family, described)) = self.families.of_metric(metric) else {
            return Metric {
                name: metric,
                family: metric,
                kind: MetricType::Unknown,
                created: false,
            };
        };
        let kind = described.kind;
        let suffix = metric.strip_prefix(family).unwrap_or_default();
        let name = match kind {
            MetricType::Histogram | MetricType::Summary | MetricType::Info => family,
            _ => metric,
        };
        Metric {
            name,
            family,
            kind,
            created: suffix == "_created",
        }
    }

    fn resource_of(&mut self, job: &str, instance: &str, rules: &SeriesRules) -> u32 {
        let key = (job.into(), instance.into());
        if let Some(known) = self.resource_index.get(&key) {
            return *known;
        }
        let encoded = rules.resource.attributes(job, instance).encode(1);
        let resource = self.resources.insert(Resource {
            job: job.into(),
            instance: instance.into(),
            encoded: encoded.into(),
            users: 0,
            info: None,
        });
        self.resource_index.insert(key, resource);
        resource
    }

    fn scope_of(&mut self, labels: &Labels, rules: &SeriesRules) -> u32 {
        let scope = Scope::of(labels.iter(), (SCOPE_NAME, &rules.version));
        let known = (0..self.scopes.places()).find(|at| {
            let known = &self.scopes[*at];
            known.users > 0
                && known.encoded == scope.encoded
                && known.schema_url == scope.schema_url
        });
        known.unwrap_or_else(|| self.scopes.insert(scope))
    }

    fn stream_of(
        &mut self,
        resource: u32,
        labels: &Labels,
        kind: Kind,
        name: Box<str>,
        family: Box<str>,
        rules: &SeriesRules,
    ) -> u32 {
        let scope = self.scope_of(labels, rules);
        let key = StreamKey {
            resource,
            scope,
            kind,
            name,
        };
        if let Some(known) = self.stream_index.get(&key) {
            return *known;
        }
        self.resources[resource].users += 1;
        self.scopes[scope].users += 1;
        let mut stream = Stream {
            resource,
            scope,
            kind,
            name: key.name.clone(),
            family,
            ..Stream::default()
        };
        let family = self.families.entry(&stream.family);
        stream.describe(family, rules.trim_suffixes);
        let at = self.streams.insert(stream);
        family.streams.push(at);
        self.stream_index.insert(key, at);
        at
    }

    /// Encodes the description of a stream again if it has changed.
    pub(crate) fn describe(&mut self, stream: u32, rules: &SeriesRules) {
        let stream = &mut self.streams[stream];
        if stream.header.is_empty()
            && let Some(family) = self.families.get(&stream.family)
        {
            stream.describe(family, rules.trim_suffixes);
        }
    }

    fn group_of(&mut self, stream: u32, attributes: &[u8]) -> u32 {
        let hash = self.group_hash(stream, attributes);
        let same = |at: &u32| {
            let group = &self.groups[*at];
            group.stream == stream && *group.attributes == *attributes
        };
        if let Some(known) = self.by_attributes.find(hash, same).copied() {
            self.groups[known].users += 1;
            return known;
        }
        self.streams[stream].users += 1;
        let group = self.groups.insert(Group {
            stream,
            attributes: attributes.into(),
            users: 1,
            first: NONE,
            last: NONE,
            ..Group::default()
        });
        let (groups, hasher) = (&self.groups, &self.hasher);
        self.by_attributes.insert_unique(hash, group, |at| {
            let group = &groups[*at];
            hasher.hash_one((group.stream, &*group.attributes))
        });
        group
    }

    /// Makes numbers of a stream known by their attributes, for the start times of counters.
    fn index_numbers(&mut self, stream: u32) {
        if self.streams[stream].numbers.is_some() {
            return;
        }
        self.streams[stream].numbers = Some(std::collections::HashMap::new());
        for at in 0..self.series.places() {
            if self.series[at].stream == stream {
                self.index_number(at);
            }
        }
    }

    /// Makes one number known by its attributes if its stream wants that.
    pub(super) fn index_number(&mut self, at: u32) {
        self.index_identity(at);
        let series = &self.series[at];
        if series.role != Role::Number {
            return;
        }
        if let Some(numbers) = &mut self.streams[series.stream].numbers {
            let hash = self.hasher.hash_one(series.attributes());
            let known = numbers.entry(hash).or_default();
            known.series = at;
            if known.start != 0 {
                self.series[at].aux = known.start;
            }
        }
    }
}

/// What a series is for, and the bits of its bound.
fn role(metric: &Metric<'_>, labels: &Labels, kind: Kind, shape: Shape) -> (Role, u64) {
    if shape != Shape::Float {
        return (Role::Native, 0);
    }
    match kind {
        Kind::Histogram | Kind::Summary => {
            let series = labels.get(NAME);
            if metric.created {
                return (Role::GroupCreated, 0);
            }
            if series.ends_with("_sum") {
                return (Role::Sum, 0);
            }
            if series.ends_with("_count") {
                return (Role::Count, 0);
            }
            match labels.get(kind.structural_label()).parse::<f64>() {
                Ok(bound) => (Role::Bound, bound.to_bits()),
                Err(_) => (Role::Useless, 0),
            }
        }
        Kind::Sum { monotonic: true } if metric.created => (Role::NumberCreated, 0),
        _ => (Role::Number, 0),
    }
}

/// The encoded attributes of a data point.
fn attributes(labels: &Labels, kind: Kind) -> Vec<u8> {
    let mut out = Vec::new();
    let number = kind.attributes_field();
    let structural = kind.structural_label();
    for (name, value) in labels.iter() {
        if HIDDEN.contains(&name) || name == structural || name.starts_with(SCOPE_PREFIX) {
            continue;
        }
        put_attribute(&mut out, number, name, value);
    }
    out
}

/// The encoded resource of a target that describes itself.
fn info(labels: &Labels, job: &str, instance: &str, rules: &SeriesRules) -> Vec<u8> {
    let mut attributes = rules.resource.attributes(job, instance);
    for (name, value) in labels.iter() {
        if !matches!(name, NAME | "job" | "instance") {
            attributes.put(name, value);
        }
    }
    attributes.encode(1)
}
