//! An inline processor under test, with its surroundings.

#![expect(
    clippy::unwrap_used,
    reason = "only tests use it, which fail by panicking"
)]

use std::fmt;
use std::sync::Arc;

use headwater_core::bytes::Bytes;
use headwater_core::graph::Environment;
use headwater_core::pdata::count_items;
use headwater_core::{AnyConfig, Batch, BuiltProcessor, Factory, Processor, Signal};

use crate::otlp::{
    Data, Histogram, HistogramDataPoint, InstrumentationScope, Metric, MetricsData,
    NumberDataPoint, NumberValue, Request, ResourceMetrics, ScopeMetrics, Sum,
};
use crate::points::{Point, points};
use crate::{Recorder, environment};

/// An inline processor of one signal with its instruments.
pub struct InlineSetup {
    /// Its instruments.
    pub environment: Environment,
    /// The processor.
    pub processor: Arc<dyn Processor>,
}

impl fmt::Debug for InlineSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InlineSetup")
    }
}

impl InlineSetup {
    /// Builds the processor.
    ///
    /// # Panics
    /// If it cannot be built, or is not inline; so do all methods on any failure.
    #[must_use]
    pub fn new(factory: &Factory, signal: Signal, config: &dyn AnyConfig) -> Self {
        let environment = environment();
        let id = factory.component_type().parse().unwrap();
        let settings = environment.pipeline_settings(&id, &signal.as_str().parse().unwrap());
        let next = Arc::new(Recorder::new());
        let built = factory.build_processor(settings, config, next).unwrap();
        let BuiltProcessor::Inline(processor) = built else {
            panic!("the processor is not inline")
        };
        Self {
            environment,
            processor,
        }
    }

    /// What becomes of these metrics of one resource and scope: their points, none if nothing is
    /// left.
    #[must_use]
    pub fn points(&self, metrics: Vec<Metric>) -> Vec<Point> {
        let data = MetricsData {
            resource_metrics: vec![ResourceMetrics {
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(InstrumentationScope {
                        name: "scope".to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    metrics,
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            }],
        };
        self.request(&Request::Metrics(data).encode())
    }

    /// The same for a serialized request of metrics.
    #[must_use]
    pub fn request(&self, bytes: &[u8]) -> Vec<Point> {
        let items = count_items(Signal::Metrics, bytes).unwrap();
        let batch = Batch::new(Signal::Metrics, Bytes::copy_from_slice(bytes), items);
        let left = self.processor.process(batch).unwrap();
        left.map_or(Vec::new(), |batch| points(&[batch]))
    }
}

/// A monotonic sum of one point. Times in seconds since 1970.
#[must_use]
pub fn sum_of(
    name: &str,
    temporality: i32,
    (start, time): (u64, u64),
    value: NumberValue,
) -> Metric {
    Metric {
        name: name.to_owned(),
        data: Some(Data::Sum(Sum {
            data_points: vec![NumberDataPoint {
                start_time_unix_nano: start * 1_000_000_000,
                time_unix_nano: time * 1_000_000_000,
                value: Some(value),
                ..NumberDataPoint::default()
            }],
            aggregation_temporality: temporality,
            is_monotonic: true,
        })),
        ..Metric::default()
    }
}

/// A histogram of one point. Times in seconds since 1970.
#[must_use]
pub fn histogram_of(
    name: &str,
    temporality: i32,
    (start, time): (u64, u64),
    point: HistogramDataPoint,
) -> Metric {
    Metric {
        name: name.to_owned(),
        data: Some(Data::Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                start_time_unix_nano: start * 1_000_000_000,
                time_unix_nano: time * 1_000_000_000,
                ..point
            }],
            aggregation_temporality: temporality,
        })),
        ..Metric::default()
    }
}
