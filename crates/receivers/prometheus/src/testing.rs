//! Targets that answer as they are told, and OTLP as lines of text.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use headwater_core::graph::Environment;
use headwater_core::pdata::{Payload, count_items};
use headwater_core::{Batch, ComponentKind, Signal};
use headwater_prometheus::Labels;
use headwater_prometheus::exposition::ParserOptions;
use headwater_prometheus::scrape_config::Target;
use headwater_testkit::otlp::{
    Data, Exemplar, KeyValue, Metric, NumberDataPoint, NumberValue, Request, ResourceMetrics, Value,
};
use headwater_testkit::{Recorder, environment};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::collect::SampleRules;
use crate::failure::Failure;
use crate::fetch::{Fetch, Fetched};
use crate::output::Output;
use crate::resource::ResourceRules;
use crate::rules::SeriesRules;
use crate::scrape::{Command, ScrapeLoop, Setup, Shared};
use crate::scratch::Pool;
use crate::targets::TargetState;

/// What a target answers to one scrape.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Text(&'static str),
    OpenMetrics(&'static str),
    Fail(Failure),
    Hang,
}

/// Answers in order; the last answer stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripted(Arc<Mutex<VecDeque<Reply>>>);

impl Scripted {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self(Arc::new(Mutex::new(replies.into_iter().collect())))
    }
}

#[async_trait]
impl Fetch for Scripted {
    async fn fetch(&self) -> Result<Fetched, Failure> {
        let reply = {
            let mut replies = self.0.lock().unwrap();
            if replies.len() > 1 {
                replies.pop_front()
            } else {
                replies.front().cloned()
            }
        };
        let (body, content_type) = match reply {
            Some(Reply::Text(body)) => (body, "text/plain; version=0.0.4"),
            Some(Reply::OpenMetrics(body)) => (body, "application/openmetrics-text; version=1.0.0"),
            Some(Reply::Fail(failure)) => return Err(failure),
            Some(Reply::Hang) | None => std::future::pending().await,
        };
        Ok(Fetched {
            body: body.into(),
            content_type: content_type.to_owned(),
        })
    }
}

/// The rules of a target `job="j", instance="h:1"`.
pub(crate) fn rules() -> SampleRules {
    let target: Labels = [("job", "j"), ("instance", "h:1")].into_iter().collect();
    let discovered: Labels = [("__scheme__", "http")].into_iter().collect();
    SampleRules {
        series: SeriesRules {
            resource: ResourceRules::new(&target, &discovered),
            target,
            version: "1.2.3".into(),
            ..SeriesRules::default()
        },
        honor_timestamps: true,
        ..SampleRules::default()
    }
}

/// A setup with an interval of ten seconds whose first scrape is at the next multiple of that.
pub(crate) fn setup(rules: SampleRules, fetch: Scripted) -> Setup {
    Setup {
        rules,
        fetch: Arc::new(fetch),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        fallback: None,
        options: ParserOptions::default(),
        extra: false,
        failure_log: None,
        hash: 0,
        seed: 0,
    }
}

/// A target that is scraped on a clock which begins at 1000 s.
pub(crate) struct Bench {
    pub(crate) environment: Environment,
    pub(crate) recorder: Recorder,
    pub(crate) state: Arc<TargetState>,
    pub(crate) commands: watch::Sender<Command>,
    pub(crate) task: tokio::task::JoinHandle<()>,
    seen: usize,
}

impl Bench {
    pub(crate) fn start(setup: Setup) -> Self {
        let environment = environment();
        let recorder = Recorder::new();
        let settings =
            environment.settings(ComponentKind::Receiver, &"prometheus".parse().unwrap());
        let shared = Shared {
            output: Output::new(&settings, Arc::new(recorder.clone())),
            clock: Clock::starting_at(Duration::from_secs(1000)),
            pool: Pool::default(),
            initial_offset: Duration::ZERO,
            span: tracing::Span::none(),
        };
        let target = Target {
            labels: setup.rules.series.target.clone(),
            discovered: Labels::new(),
            interval: Default::default(),
            timeout: Default::default(),
            url: "http://h:1/metrics".to_owned(),
            scrape_native_histograms: false,
            always_scrape_classic_histograms: false,
            convert_classic_histograms_to_nhcb: false,
        };
        let state = Arc::new(TargetState::new("j".into(), target));
        let setup = Arc::new(setup);
        let (commands, receiver) = watch::channel(Command::Run(Arc::clone(&setup)));
        let scrapes = ScrapeLoop::new(Arc::new(shared), Arc::clone(&state), setup, receiver);
        Self {
            environment,
            recorder,
            state,
            commands,
            task: tokio::spawn(scrapes.run()),
            seen: 0,
        }
    }

    /// Pushes the clock on.
    pub(crate) async fn after(&mut self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    /// What came since the last call, without the report series.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        let lines = self.all_lines();
        let report = |line: &String| line.contains(" up{") || line.contains(" scrape_");
        lines.into_iter().filter(|line| !report(line)).collect()
    }

    /// What came since the last call.
    pub(crate) fn all_lines(&mut self) -> Vec<String> {
        let batches = self.recorder.batches();
        let new = batches[self.seen..].iter().flat_map(lines_of).collect();
        self.seen = batches.len();
        assert_eq!(self.environment.ledger.imbalance(), 0);
        new
    }
}

/// The points of a batch, one line each.
pub(crate) fn lines_of(batch: &Batch) -> Vec<String> {
    let data = decode(batch.payload());
    let counted: usize = batch
        .payload()
        .segments()
        .map(|segment| count_items(Signal::Metrics, segment).unwrap())
        .sum();
    assert_eq!(counted, batch.items());
    data.iter()
        .flat_map(|resource| &resource.scope_metrics)
        .flat_map(|scope| &scope.metrics)
        .flat_map(lines_of_metric)
        .collect()
}

/// The resources of a batch.
pub(crate) fn decode(payload: &Payload) -> Vec<ResourceMetrics> {
    match Request::decode(Signal::Metrics, &payload.to_contiguous()).unwrap() {
        Request::Metrics(data) => data.resource_metrics,
        _ => Vec::new(),
    }
}

fn lines_of_metric(metric: &Metric) -> Vec<String> {
    let name = &metric.name;
    let line =
        |kind: &str, attributes: &[KeyValue], value: String, flags: u32, times: (u64, u64)| {
            let mut line = format!("{kind} {name}{{{}}} {value}", attributes_of(attributes));
            if flags != 0 {
                line.push_str(" stale");
            }
            let (start, time) = times;
            line.push_str(&format!(" @{}", time / 1_000_000));
            if start != 0 {
                line.push_str(&format!(" from {}", start / 1_000_000));
            }
            line
        };
    let number = |kind: &str, point: &NumberDataPoint| {
        let mut value = match point.value {
            Some(NumberValue::AsDouble(value)) => value.to_string(),
            Some(NumberValue::AsInt(value)) => format!("int {value}"),
            None => "-".to_owned(),
        };
        value.push_str(&exemplars_of(&point.exemplars));
        let times = (point.start_time_unix_nano, point.time_unix_nano);
        line(kind, &point.attributes, value, point.flags, times)
    };
    match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => {
            let points = gauge.data_points.iter();
            points.map(|point| number("gauge", point)).collect()
        }
        Data::Sum(sum) => {
            assert_eq!(sum.aggregation_temporality, 2);
            let kind = if sum.is_monotonic { "counter" } else { "sum" };
            let points = sum.data_points.iter();
            points.map(|point| number(kind, point)).collect()
        }
        Data::Histogram(histogram) => {
            assert_eq!(histogram.aggregation_temporality, 2);
            let points = histogram.data_points.iter();
            points
                .map(|point| {
                    let value = format!(
                        "count={} sum={:?} bounds={:?} counts={:?}{}",
                        point.count,
                        point.sum,
                        point.explicit_bounds,
                        point.bucket_counts,
                        exemplars_of(&point.exemplars)
                    );
                    let times = (point.start_time_unix_nano, point.time_unix_nano);
                    line("histogram", &point.attributes, value, point.flags, times)
                })
                .collect()
        }
        Data::ExponentialHistogram(histogram) => {
            let points = histogram.data_points.iter();
            points
                .map(|point| {
                    let side = |side: &Option<headwater_testkit::otlp::Buckets>| {
                        side.as_ref()
                            .map(|side| format!("{}:{:?}", side.offset, side.bucket_counts))
                            .unwrap_or_default()
                    };
                    let value = format!(
                        "count={} sum={:?} scale={} zero={}<={} +{} -{}",
                        point.count,
                        point.sum,
                        point.scale,
                        point.zero_count,
                        point.zero_threshold,
                        side(&point.positive),
                        side(&point.negative)
                    );
                    let times = (point.start_time_unix_nano, point.time_unix_nano);
                    line("exponential", &point.attributes, value, point.flags, times)
                })
                .collect()
        }
        Data::Summary(summary) => {
            let points = summary.data_points.iter();
            points
                .map(|point| {
                    let quantiles: Vec<_> = point
                        .quantile_values
                        .iter()
                        .map(|quantile| (quantile.quantile, quantile.value))
                        .collect();
                    let value = format!("count={} sum={} {quantiles:?}", point.count, point.sum);
                    let times = (point.start_time_unix_nano, point.time_unix_nano);
                    line("summary", &point.attributes, value, point.flags, times)
                })
                .collect()
        }
    }
}

/// `key=value` with commas between.
pub(crate) fn attributes_of(attributes: &[KeyValue]) -> String {
    let text = |pair: &KeyValue| {
        let value = match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => text.clone(),
            other => format!("{other:?}"),
        };
        format!("{}={value}", pair.key)
    };
    attributes.iter().map(text).collect::<Vec<_>>().join(",")
}

fn exemplars_of(exemplars: &[Exemplar]) -> String {
    exemplars
        .iter()
        .map(|exemplar| {
            let hex = |bytes: &[u8]| {
                bytes
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>()
            };
            format!(
                " #[{} trace={} span={} {:?} @{}]",
                attributes_of(&exemplar.filtered_attributes),
                hex(&exemplar.trace_id),
                hex(&exemplar.span_id),
                exemplar.value,
                exemplar.time_unix_nano / 1_000_000
            )
        })
        .collect()
}

/// Rules for the labels of series.
pub(crate) fn relabel(yaml: &str) -> headwater_prometheus::relabel::Rules {
    let yaml = format!("scrape_configs: [{{job_name: j, metric_relabel_configs: {yaml}}}]");
    let (config, _) = headwater_config::testing::decode::<
        headwater_prometheus::scrape_config::PrometheusConfig,
    >(&yaml)
    .unwrap();
    config.jobs().unwrap()[0].metric_relabel.clone()
}
