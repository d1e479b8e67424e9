//! From spans to series.

use headwater_aggregation::point::{AttributeList, Exemplar, LONGEST_RESOURCE, LONGEST_SERIES};
use headwater_aggregation::span::{self, SpanParts};
use headwater_aggregation::{Buckets, Fingerprint, Fingerprints, LinkedMap};
use headwater_core::Context;
use headwater_core::pdata::view::{Attributes, ResourceSpans, ScopeSpans, Span, Text};

use crate::adjusted::AdjustedCounts;
use crate::config::{Naming, SpanMetricsConfig};
use crate::dimensions::{Dimensions, Family, Values};
use crate::key::{Intrinsic, Subject};
use crate::resource::{ResourceMetrics, Resources};
use crate::series::{Observation, Room};

/// What the configuration says, compiled.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) config: SpanMetricsConfig,
    pub(crate) dimensions: Dimensions,
    intrinsic: Intrinsic,
    pub(crate) buckets: Buckets,
    /// Calls and durations have the same dimensions, so one series holds both.
    pub(crate) joined: bool,
    /// Whether resources are told apart and written.
    pub(crate) by_resource: bool,
    nanoseconds: f64,
    per_table: usize,
    exemplars: usize,
}

impl Plan {
    pub(crate) fn new(config: SpanMetricsConfig, instance: String) -> Self {
        let dimensions = Dimensions::new(&config);
        let buckets = if config.histogram.disable {
            Buckets::None
        } else if let Some(exponential) = config.histogram.exponential.as_ref() {
            Buckets::Exponential(exponential.max_size)
        } else {
            Buckets::Explicit(config.bounds().into())
        };
        let exemplars = if config.exemplars.enabled {
            usize::try_from(config.exemplars.max_per_data_point).unwrap_or(0)
        } else {
            0
        };
        Self {
            intrinsic: Intrinsic::new(&config, instance),
            joined: config.histogram.disable || dimensions.calls == dimensions.durations,
            by_resource: config.naming == Naming::Contrib || config.add_resource_attributes,
            nanoseconds: config.unit().nanoseconds(),
            per_table: usize::try_from(config.aggregation_cardinality_limit).unwrap_or(0),
            exemplars,
            dimensions,
            buckets,
            config,
        }
    }
}

/// All series.
#[derive(Debug)]
pub(crate) struct Aggregator {
    pub(crate) plan: Plan,
    prints: Fingerprints,
    pub(crate) resources: Resources,
    /// How many series there are.
    pub(crate) series: usize,
    /// When delta series were sent last, by resource and series.
    pub(crate) last_times: LinkedMap<Fingerprint, u64>,
    adjusted: AdjustedCounts,
    key: Vec<u8>,
}

/// The time of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// Nanoseconds since 1970.
    pub(crate) unix_nano: u64,
    /// Milliseconds since the connector was made.
    pub(crate) elapsed: u64,
}

/// What stays the same for the spans of a scope.
struct Place<'a, 's> {
    service: &'a [u8],
    scope: Option<(Text<'a>, Text<'a>)>,
    resource: &'s Values<'a>,
    now: Now,
}

/// Buffers that are used again for each span of a batch.
#[derive(Default)]
struct Scratch<'a> {
    span: Values<'a>,
    event: Values<'a>,
}

impl Aggregator {
    pub(crate) fn new(plan: Plan, now: u64) -> Self {
        Self {
            resources: Resources::new(plan.config.resource_metrics_cache_size as usize),
            plan,
            prints: Fingerprints::default(),
            series: 0,
            last_times: LinkedMap::default(),
            adjusted: AdjustedCounts::new(now),
            key: Vec::with_capacity(256),
        }
    }

    /// Counts the spans of `entries`, resource entries that came with `context`, until there are
    /// none left, or so many resources had to make room that they should be sent first. Returns
    /// whether the latter is so.
    pub(crate) fn aggregate<'a>(
        &mut self,
        entries: &mut impl Iterator<Item = &'a [u8]>,
        context: &Context,
        now: Now,
    ) -> bool {
        let mut scratch = Scratch::default();
        let mut values = Values::default();
        for entry in entries {
            self.resource(entry, context, now, &mut values, &mut scratch);
            if self.resources.is_crowded() {
                return true;
            }
        }
        false
    }

    fn resource<'a>(
        &mut self,
        entry: &'a [u8],
        context: &Context,
        now: Now,
        values: &mut Values<'a>,
        scratch: &mut Scratch<'a>,
    ) {
        let resource = ResourceSpans::new(entry).resource();
        let attributes = resource.attributes();
        // Without a service there is nothing to count by, as upstream.
        let Some(service) = attributes.get("service.name") else {
            return;
        };
        let service = service.as_text().map_or(&[][..], |text| text.as_bytes());
        values.reset(&self.plan.dimensions);
        values.offer_all(&self.plan.dimensions, attributes);
        let key = self.resource_key(attributes, context);
        let by_resource = self.plan.by_resource;
        let new = || ResourceMetrics {
            context: context.clone(),
            resource: if by_resource {
                encode_attributes(attributes)
            } else {
                Box::default()
            },
            calls: Default::default(),
            durations: Default::default(),
            events: Default::default(),
            seen: now.elapsed,
        };
        let Self {
            plan,
            prints,
            resources,
            series,
            adjusted,
            key: key_buffer,
            ..
        } = self;
        let Some(metrics) = resources.get_or_insert(key, new) else {
            return;
        };
        metrics.seen = now.elapsed;
        let mut counter = Counter {
            plan,
            prints,
            metrics,
            series,
            adjusted,
            key: key_buffer,
        };
        for entry in span::scopes(entry) {
            let scope = ScopeSpans::new(entry).scope();
            let place = Place {
                service,
                scope: counter
                    .plan
                    .intrinsic
                    .wants_scope(scope.name())
                    .then(|| (scope.name(), scope.version())),
                resource: values,
                now,
            };
            for bytes in span::spans(entry) {
                counter.span(bytes, &place, scratch);
            }
        }
    }

    fn resource_key(&self, attributes: Attributes<'_>, context: &Context) -> Fingerprint {
        let keys = &self.plan.config.resource_metrics_key_attributes;
        let print = if !self.plan.by_resource {
            0
        } else if keys.is_empty() {
            self.prints.of_attributes(attributes)
        } else {
            self.prints.of_selected(attributes, |name| {
                keys.iter().any(|key| key.as_bytes() == name)
            })
        };
        match context.tenant() {
            None => print,
            Some(tenant) => print ^ self.prints.of(tenant.as_bytes()),
        }
    }
}

/// Counts the spans of one resource.
struct Counter<'c> {
    plan: &'c Plan,
    prints: &'c Fingerprints,
    metrics: &'c mut ResourceMetrics,
    series: &'c mut usize,
    adjusted: &'c mut AdjustedCounts,
    key: &'c mut Vec<u8>,
}

impl Counter<'_> {
    #[inline]
    fn span<'a>(&mut self, bytes: &'a [u8], place: &Place<'a, '_>, scratch: &mut Scratch<'a>) {
        let plan = self.plan;
        let dimensions = &plan.dimensions;
        scratch.span.reset(dimensions);
        let parts = SpanParts::read(bytes, |attribute| {
            scratch.span.offer(dimensions, &attribute)
        });
        let adjusted = self.adjusted.of(parts.trace_state);
        let duration = parts.duration() as f64 / plan.nanoseconds;
        let exemplar = if plan.exemplars > 0 {
            span::id(parts.trace_id).map(|trace_id| Exemplar {
                trace_id,
                span_id: span::id(parts.span_id).unwrap_or_default(),
                value: duration,
            })
        } else {
            None
        };
        let seen = Observation {
            times: adjusted.times,
            duration,
            size: (bytes.len() as u64).wrapping_mul(adjusted.times),
            exemplar,
            now: place.now.elapsed,
        };
        let values = [&scratch.span, place.resource];
        let subject = Subject {
            service: place.service,
            span: &parts,
            extrapolated: adjusted.extrapolated,
            scope: place.scope,
            values: &values,
        };
        let start = place.now.unix_nano;
        let joined = if plan.joined {
            &plan.buckets
        } else {
            &Buckets::None
        };
        let (key, room) = self.place_of(&dimensions.calls, &subject);
        let attributes = || {
            plan.intrinsic
                .attributes(dimensions, &dimensions.calls, &subject)
        };
        let calls = &mut self.metrics.calls;
        *self.series += usize::from(calls.observe(key, &seen, joined, room, start, attributes));
        if !plan.joined {
            let (key, room) = self.place_of(&dimensions.durations, &subject);
            let attributes = || {
                plan.intrinsic
                    .attributes(dimensions, &dimensions.durations, &subject)
            };
            let durations = &mut self.metrics.durations;
            let made = durations.observe(key, &seen, &plan.buckets, room, start, attributes);
            *self.series += usize::from(made);
        }
        if plan.config.events.enabled {
            self.events(bytes, &subject, &seen, start, &mut scratch.event);
        }
    }

    #[cold]
    fn events<'a>(
        &mut self,
        bytes: &'a [u8],
        subject: &Subject<'a, '_>,
        seen: &Observation,
        start: u64,
        values: &mut Values<'a>,
    ) {
        let plan = self.plan;
        let dimensions = &plan.dimensions;
        let [span, resource] = subject.values else {
            return;
        };
        for event in Span::new(bytes).events() {
            values.reset(dimensions);
            values.offer_all(dimensions, event.attributes());
            // The span's attributes win, as upstream.
            let sources = [*span, &*values, *resource];
            let subject = Subject {
                values: &sources,
                ..*subject
            };
            let (key, room) = self.place_of(&dimensions.events, &subject);
            let attributes = || {
                plan.intrinsic
                    .attributes(dimensions, &dimensions.events, &subject)
            };
            let events = &mut self.metrics.events;
            let made = events.observe(key, seen, &Buckets::None, room, start, attributes);
            *self.series += usize::from(made);
        }
    }

    fn room(&self) -> Room {
        Room {
            per_table: self.plan.per_table,
            anywhere: (self.plan.config.max_series as usize).saturating_sub(*self.series),
            exemplars: self.plan.exemplars,
        }
    }

    #[inline]
    fn place_of(&mut self, family: &Family, subject: &Subject<'_, '_>) -> (Fingerprint, Room) {
        self.plan
            .intrinsic
            .key(self.key, &self.plan.dimensions, family, subject);
        let print = self.prints.of(self.key);
        let mut room = self.room();
        if self.key.len() > LONGEST_SERIES {
            room.anywhere = 0;
            *self.key = Vec::new();
        }
        (print, room)
    }
}

/// A resource with these attributes, as far as they fit, and nothing else.
fn encode_attributes(attributes: Attributes<'_>) -> Box<[u8]> {
    let mut list = AttributeList::default();
    for attribute in attributes {
        let key = attribute.key().as_bytes();
        list.push_within(LONGEST_RESOURCE, key, &attribute.value());
    }
    list.into_boxed()
}
