//! The processor as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actions;
mod config;
mod operations;

use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::pdata::count_items;
use headwater_core::{Batch, BuiltProcessor, Processor, Signal};
use headwater_processor_metrics_transform::{Config, factory};
use headwater_testkit::otlp::{
    AnyValue, Data, Gauge, KeyValue, Metric, MetricsData, NumberDataPoint, NumberValue, Request,
    Resource, ResourceMetrics, ScopeMetrics, Sum, Value,
};
use headwater_testkit::{Recorder, environment};

fn processor(yaml: &str) -> Arc<dyn Processor> {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let id = "metricstransform".parse().unwrap();
    let settings = environment().pipeline_settings(&id, &"metrics".parse().unwrap());
    match factory()
        .build_processor(settings, &config, Arc::new(Recorder::new()))
        .unwrap()
    {
        BuiltProcessor::Inline(processor) => processor,
        BuiltProcessor::Buffering(_) => panic!("metrics_transform holds no data"),
    }
}

fn batch(data: &MetricsData) -> Batch {
    let bytes = Request::Metrics(data.clone()).encode();
    let items = count_items(Signal::Metrics, &bytes).unwrap();
    Batch::new(Signal::Metrics, Bytes::from(bytes), items)
}

/// What becomes of a request.
fn transformed(yaml: &str, data: &MetricsData) -> MetricsData {
    let Some(batch) = processor(yaml).process(batch(data)).unwrap() else {
        return MetricsData::default();
    };
    let bytes = batch.payload().to_contiguous();
    assert_eq!(batch.items(), count_items(Signal::Metrics, &bytes).unwrap());
    match Request::decode(Signal::Metrics, &bytes).unwrap() {
        Request::Metrics(data) => data,
        _ => unreachable!(),
    }
}

fn label(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

/// A point at time 9 that began at 5, with labels written as `a=1,b=2`.
fn point(labels: &str, value: NumberValue) -> NumberDataPoint {
    let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    NumberDataPoint {
        attributes: pairs.map(|(key, value)| label(key, value)).collect(),
        start_time_unix_nano: 5,
        time_unix_nano: 9,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

fn int(labels: &str, value: i64) -> NumberDataPoint {
    point(labels, NumberValue::AsInt(value))
}

fn double(labels: &str, value: f64) -> NumberDataPoint {
    point(labels, NumberValue::AsDouble(value))
}

fn gauge(name: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    Metric {
        name: name.to_owned(),
        data: Some(Data::Gauge(Gauge { data_points })),
        ..Metric::default()
    }
}

fn sum(name: &str, data_points: Vec<NumberDataPoint>) -> Metric {
    Metric {
        name: name.to_owned(),
        data: Some(Data::Sum(Sum {
            data_points,
            aggregation_temporality: 2,
            is_monotonic: true,
        })),
        ..Metric::default()
    }
}

/// One resource with one scope.
fn request(metrics: Vec<Metric>) -> MetricsData {
    MetricsData {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource {
                attributes: vec![label("host", "h")],
                ..Resource::default()
            }),
            scope_metrics: vec![ScopeMetrics {
                metrics,
                schema_url: "schema".to_owned(),
                ..ScopeMetrics::default()
            }],
            schema_url: "resource schema".to_owned(),
            ..ResourceMetrics::default()
        }],
    }
}

/// Every point as `name{labels} value`, resource by resource.
fn shown(data: &MetricsData) -> Vec<String> {
    let mut out = Vec::new();
    for resource in &data.resource_metrics {
        for metric in resource
            .scope_metrics
            .iter()
            .flat_map(|scope| &scope.metrics)
        {
            let points = match &metric.data {
                Some(Data::Gauge(data)) => &data.data_points,
                Some(Data::Sum(data)) => &data.data_points,
                other => panic!("{other:?}"),
            };
            for point in points {
                let labels: Vec<_> = point
                    .attributes
                    .iter()
                    .map(|label| match label.value.as_ref().unwrap().value.as_ref() {
                        Some(Value::StringValue(text)) => format!("{}={text}", label.key),
                        other => format!("{}={other:?}", label.key),
                    })
                    .collect();
                let value = match point.value {
                    Some(NumberValue::AsInt(value)) => value.to_string(),
                    Some(NumberValue::AsDouble(value)) => format!("{value:?}"),
                    None => "nothing".to_owned(),
                };
                out.push(format!("{}{{{}}} {value}", metric.name, labels.join(",")));
            }
        }
    }
    out
}

/// What becomes of the metrics of one scope, point by point.
fn points(yaml: &str, metrics: Vec<Metric>) -> Vec<String> {
    shown(&transformed(yaml, &request(metrics)))
}
