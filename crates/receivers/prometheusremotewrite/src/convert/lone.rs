//! Exemplars that come in an entry of their own: Prometheus writes each sample, each histogram and each
//! exemplar as an entry with the labels of its series.

use std::collections::HashMap;

use headwater_core::pdata::owned::{Exemplar, KeyValue, Metric, MetricData};
use headwater_prometheus::remote_write::Series;

use super::{Builder, Place, Scope, Shape, exemplar, target};
use crate::known::Target;

/// The exemplars of one entry, until all points of the request are known.
pub(super) struct Lone {
    target: Target,
    scope: Scope,
    name: String,
    attributes: Vec<KeyValue>,
    exemplars: Vec<Exemplar>,
}

impl Lone {
    pub(super) fn new(series: &Series<'_>, scope: Scope, attributes: Vec<KeyValue>) -> Self {
        Self {
            target: target(series),
            scope,
            name: series.label("__name__").to_owned(),
            attributes,
            exemplars: series.exemplars.iter().map(exemplar).collect(),
        }
    }
}

/// Every kind of point that an exemplar may belong to. What the entry says of its family may be less
/// than what the entry of the sample said.
const SHAPES: [Shape; 5] = [
    Shape::Sum { monotonic: true },
    Shape::Gauge,
    Shape::Exponential,
    Shape::Histogram,
    Shape::Sum { monotonic: false },
];

impl Builder<'_> {
    /// Gives exemplars to the newest point of their series in this request. Without one there is no
    /// place for them in OTLP: they are not counted as written.
    pub(super) fn place_lone(&mut self, all: Vec<Lone>) {
        // The points of a metric by their attributes, made once for each metric that needs it.
        let mut points: HashMap<Place, HashMap<String, usize>> = HashMap::new();
        for lone in all {
            let Some(&resource) = self.targets.get(&lone.target) else {
                continue;
            };
            let attributes = text(&lone.attributes);
            let (mut scope, mut name) = (lone.scope, lone.name);
            for shape in SHAPES {
                let key = (resource, scope, name, shape);
                let place = self.places.get(&key).copied();
                (_, scope, name, _) = key;
                let Some(place) = place else {
                    continue;
                };
                let metric = self
                    .resources
                    .get_mut(place.0)
                    .and_then(|resource| resource.scope_metrics.get_mut(place.1))
                    .and_then(|scope| scope.metrics.get_mut(place.2));
                let Some(metric) = metric else {
                    continue;
                };
                let known = points.entry(place).or_insert_with(|| index(metric));
                let to = known.get(&attributes).and_then(|at| slot(metric, *at));
                if let Some(to) = to {
                    self.request.written.exemplars += lone.exemplars.len();
                    to.extend(lone.exemplars);
                    break;
                }
            }
        }
    }
}

/// Attributes as one text: all of them are texts here, and sorted as the labels were.
fn text(attributes: &[KeyValue]) -> String {
    let mut text = String::new();
    for pair in attributes {
        text += &format!("{:?}={:?},", pair.key, pair.value);
    }
    text
}

fn index(metric: &Metric) -> HashMap<String, usize> {
    fn of<'a>(attributes: impl Iterator<Item = &'a Vec<KeyValue>>) -> HashMap<String, usize> {
        // A later one of the same series takes the place of an earlier one.
        attributes
            .enumerate()
            .map(|(at, attributes)| (text(attributes), at))
            .collect()
    }
    match &metric.data {
        Some(MetricData::Gauge(it)) => of(it.data_points.iter().map(|point| &point.attributes)),
        Some(MetricData::Sum(it)) => of(it.data_points.iter().map(|point| &point.attributes)),
        Some(MetricData::Histogram(it)) => of(it.data_points.iter().map(|point| &point.attributes)),
        Some(MetricData::ExponentialHistogram(it)) => {
            of(it.data_points.iter().map(|point| &point.attributes))
        }
        _ => HashMap::new(),
    }
}

fn slot(metric: &mut Metric, at: usize) -> Option<&mut Vec<Exemplar>> {
    match metric.data.as_mut()? {
        MetricData::Gauge(it) => Some(&mut it.data_points.get_mut(at)?.exemplars),
        MetricData::Sum(it) => Some(&mut it.data_points.get_mut(at)?.exemplars),
        MetricData::Histogram(it) => Some(&mut it.data_points.get_mut(at)?.exemplars),
        MetricData::ExponentialHistogram(it) => Some(&mut it.data_points.get_mut(at)?.exemplars),
        MetricData::Summary(_) => None,
    }
}
