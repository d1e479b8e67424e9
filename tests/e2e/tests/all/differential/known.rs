//! Differences that are meant: what both sides say is made alike before it is compared. The READMEs
//! of the components name each of them.

use headwater_e2e::Message;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric, number_data_point};

/// An id of zeros is no id. The Collector writes none; ours passes on what came.
pub(crate) fn zero_ids_are_none(message: &mut Message) {
    let clear = |id: &mut Vec<u8>| {
        if id.iter().all(|byte| *byte == 0) {
            id.clear();
        }
    };
    match message {
        Message::Traces(request) => request
            .resource_spans
            .iter_mut()
            .flat_map(|group| &mut group.scope_spans)
            .flat_map(|group| &mut group.spans)
            .for_each(|span| clear(&mut span.trace_id)),
        Message::Logs(request) => request
            .resource_logs
            .iter_mut()
            .flat_map(|group| &mut group.scope_logs)
            .flat_map(|group| &mut group.log_records)
            .for_each(|record| clear(&mut record.trace_id)),
        Message::Metrics(_) => {}
    }
}

/// What the Collector loses where groupbyattrs, metricstransform and routing make resources and
/// metrics anew: the schema URL, how many attributes were dropped, and a metric's metadata.
pub(crate) fn details_may_be_lost(message: &mut Message) {
    macro_rules! resources {
        ($groups:expr, $scopes:ident) => {
            for group in $groups {
                group.schema_url.clear();
                for scope in &mut group.$scopes {
                    scope.schema_url.clear();
                }
                if let Some(resource) = &mut group.resource {
                    resource.dropped_attributes_count = 0;
                }
            }
        };
    }
    match message {
        Message::Traces(request) => resources!(&mut request.resource_spans, scope_spans),
        Message::Logs(request) => resources!(&mut request.resource_logs, scope_logs),
        Message::Metrics(request) => {
            resources!(&mut request.resource_metrics, scope_metrics);
            for metric in request
                .resource_metrics
                .iter_mut()
                .flat_map(|group| &mut group.scope_metrics)
                .flat_map(|group| &mut group.metrics)
            {
                metric.metadata.clear();
                saturate(metric);
            }
        }
    }
}

/// A double that is too large for an integer: the largest one here, and in Go whatever the
/// processor makes of it (the smallest one on x86).
fn saturate(metric: &mut Metric) {
    let points = match &mut metric.data {
        Some(metric::Data::Gauge(gauge)) => &mut gauge.data_points,
        Some(metric::Data::Sum(sum)) => &mut sum.data_points,
        _ => return,
    };
    for point in points {
        if point.value == Some(number_data_point::Value::AsInt(i64::MIN)) {
            point.value = Some(number_data_point::Value::AsInt(i64::MAX));
        }
    }
}
