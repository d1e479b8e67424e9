//! Telemetry as text.

mod counts;
mod detailed;
mod format;
mod normal;
mod points;

pub(crate) use counts::Counts;
pub(crate) use detailed::detailed;
pub(crate) use normal::normal;

use headwater_core::Batch;
use headwater_core::pdata::view::{
    LogsData, MetricsData, ResourceLogs, ResourceMetrics, ResourceSpans, TracesData,
};

/// The resources of a batch of traces, all requests in it together.
fn resource_spans(batch: &Batch) -> impl Iterator<Item = ResourceSpans<'_>> {
    batch
        .payload()
        .segments()
        .flat_map(|request| TracesData::new(request).resource_spans())
}

/// The same for metrics.
fn resource_metrics(batch: &Batch) -> impl Iterator<Item = ResourceMetrics<'_>> {
    batch
        .payload()
        .segments()
        .flat_map(|request| MetricsData::new(request).resource_metrics())
}

/// The same for logs.
fn resource_logs(batch: &Batch) -> impl Iterator<Item = ResourceLogs<'_>> {
    batch
        .payload()
        .segments()
        .flat_map(|request| LogsData::new(request).resource_logs())
}
