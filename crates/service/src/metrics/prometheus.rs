//! The Prometheus text format, with the names that upstream's endpoint gives.
//!
//! Source: OpenTelemetry's Prometheus exporter as the Collector sets it up; otelcol-core.

use std::fmt::Write;

use headwater_core::telemetry::{
    Family, Instrument, InstrumentKind, OpenFamily, OpenKind, OpenValue, SeriesValue,
};

use crate::telemetry::{ConstantLabels, PrometheusConfig};

/// Labels of one line, in order.
type Labels = Vec<(String, String)>;

/// How one endpoint writes its text.
#[derive(Debug, Clone)]
pub(crate) struct Exposition {
    suffixes: bool,
    /// Labels on every series: scope and resource, as configured.
    constant: Labels,
    /// The labels of `target_info`.
    target: Labels,
}

impl Exposition {
    /// `resource` are the attributes of this process, `version` that of the distribution.
    pub(crate) fn new(
        config: &PrometheusConfig,
        resource: &[(String, String)],
        version: &str,
    ) -> Self {
        let label = |(name, value): &(String, String)| (label_name(name), value.clone());
        let mut constant = Labels::new();
        if !config.without_scope_info {
            for (name, value) in [
                ("otel_scope_name", "headwater"),
                ("otel_scope_version", version),
                ("otel_scope_schema_url", ""),
            ] {
                constant.push((name.to_owned(), value.to_owned()));
            }
        }
        if let Some(choice) = &config.with_resource_constant_labels {
            let chosen = resource.iter().filter(|(name, _)| choice.takes(name));
            constant.extend(chosen.map(label));
        }
        Self {
            suffixes: config.suffixes(),
            constant,
            target: resource.iter().map(label).collect(),
        }
    }

    /// The text of `families`, of `open` ones, and what the endpoint adds itself.
    pub(crate) fn write(&self, families: &[Family], open: &[OpenFamily]) -> String {
        let mut text = String::with_capacity(4096);
        for family in families {
            self.family(&mut text, family);
        }
        for family in open {
            self.open_family(&mut text, family);
        }
        header(
            &mut text,
            "promhttp_metric_handler_errors_total",
            "Total number of internal errors encountered by the promhttp metric handler.",
            "counter",
        );
        for cause in ["encoding", "gathering"] {
            let labels = [("cause".to_owned(), cause.to_owned())];
            let name = "promhttp_metric_handler_errors_total";
            sample(&mut text, name, &labels, &0);
        }
        header(&mut text, "target_info", "Target metadata", "gauge");
        sample(&mut text, "target_info", &self.target, &1);
        text
    }

    fn family(&self, text: &mut String, family: &Family) {
        let instrument = &family.instrument;
        let name = self.name(instrument);
        let kind = match instrument.kind {
            InstrumentKind::Counter => "counter",
            InstrumentKind::Gauge => "gauge",
            InstrumentKind::Histogram(_) => "histogram",
        };
        header(text, &name, instrument.description, kind);
        for (attributes, value) in &family.series {
            let mut labels: Labels = attributes
                .iter()
                .map(|(name, value)| (label_name(name), value.clone()))
                .chain(self.constant.iter().cloned())
                .collect();
            // As upstream writes them.
            labels.sort();
            match value {
                SeriesValue::Number(value) => sample(text, &name, &labels, value),
                SeriesValue::Histogram(histogram) => {
                    let (bounds, counts) = (histogram.bounds, &histogram.counts);
                    write_histogram(text, &name, labels, bounds, counts, histogram.sum);
                }
            }
        }
    }

    /// Names and labels as their owner gives them, as a Prometheus client writes them.
    fn open_family(&self, text: &mut String, family: &OpenFamily) {
        let kind = match family.kind {
            OpenKind::Counter => "counter",
            OpenKind::Gauge => "gauge",
            OpenKind::Histogram => "histogram",
        };
        let name = label_name(&family.name);
        header(text, &name, &family.description, kind);
        for (labels, value) in &family.series {
            let labels = labels
                .iter()
                .map(|(name, value)| (label_name(name), value.clone()));
            let mut labels: Labels = labels.chain(self.constant.iter().cloned()).collect();
            labels.sort();
            match value {
                OpenValue::Number(value) => sample(text, &name, &labels, value),
                OpenValue::Histogram {
                    bounds,
                    counts,
                    sum,
                } => write_histogram(text, &name, labels, bounds, counts, *sum),
            }
        }
    }

    fn name(&self, instrument: &Instrument) -> String {
        let mut name: String = instrument
            .name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '_' || c == ':' {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        if self.suffixes {
            if let Some(unit) = unit_name(instrument.unit)
                && !name.ends_with(unit)
            {
                name.push('_');
                name.push_str(unit);
            }
            if instrument.kind == InstrumentKind::Counter && !name.ends_with("_total") {
                name.push_str("_total");
            }
        }
        name
    }
}

impl ConstantLabels {
    fn takes(&self, name: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, name));
        (self.included.is_empty() || any(&self.included)) && !any(&self.excluded)
    }
}

/// Whether `name` matches `pattern`, in which `*` stands for any letters and `?` for one.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = &pattern[1..];
            let mut ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.any(|at| matches(rest, &name[at..]))
        }
        Some(first) => {
            let mut letters = name.chars();
            letters
                .next()
                .is_some_and(|letter| first == '?' || first == letter)
                && matches(&pattern[first.len_utf8()..], letters.as_str())
        }
    }
}

/// The word for a unit; units in curly brackets have none.
fn unit_name(unit: &str) -> Option<&str> {
    Some(match unit {
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        _ => return None,
    })
}

fn label_name(name: &str) -> String {
    let mut label: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if label.starts_with(|c: char| c.is_ascii_digit()) {
        label.insert(0, '_');
    }
    label
}

fn header(text: &mut String, name: &str, description: &str, kind: &str) {
    text.push_str("# HELP ");
    text.push_str(name);
    text.push(' ');
    for letter in description.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            letter => text.push(letter),
        }
    }
    writeln!(text, "\n# TYPE {name} {kind}").ok();
}

fn sample(
    text: &mut String,
    name: &str,
    labels: &[(String, String)],
    value: &dyn std::fmt::Display,
) {
    text.push_str(name);
    for (index, (name, value)) in labels.iter().enumerate() {
        text.push(if index == 0 { '{' } else { ',' });
        text.push_str(name);
        text.push_str("=\"");
        for letter in value.chars() {
            match letter {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                letter => text.push(letter),
            }
        }
        text.push('"');
    }
    if !labels.is_empty() {
        text.push('}');
    }
    writeln!(text, " {value}").ok();
}

fn write_histogram(
    text: &mut String,
    name: &str,
    mut labels: Labels,
    bounds: &[f64],
    counts: &[u64],
    sum: f64,
) {
    let bucket = format!("{name}_bucket");
    let bounds = bounds
        .iter()
        .map(ToString::to_string)
        .chain(["+Inf".to_owned()]);
    let mut seen = 0;
    for (bound, count) in bounds.zip(counts) {
        seen += count;
        labels.push(("le".to_owned(), bound));
        sample(text, &bucket, &labels, &seen);
        labels.pop();
    }
    sample(text, &format!("{name}_sum"), &labels, &sum);
    sample(text, &format!("{name}_count"), &labels, &seen);
}

#[cfg(test)]
mod tests {
    use headwater_core::telemetry::{Level, Telemetry};

    use super::*;

    const SENT: Instrument = Instrument {
        name: "otelcol_exporter_sent_spans",
        description: "Number of spans successfully sent to destination.",
        unit: "{span}",
        kind: InstrumentKind::Counter,
        level: Level::Basic,
    };
    const RSS: Instrument = Instrument {
        name: "otelcol_process_memory_rss",
        description: "Total physical memory",
        unit: "By",
        kind: InstrumentKind::Gauge,
        level: Level::Basic,
    };
    const SIZE: Instrument = Instrument {
        name: "otelcol_processor_batch_batch_send_size",
        description: "Number of units in the batch",
        unit: "{unit}",
        kind: InstrumentKind::Histogram(&[10.0, 25.0]),
        level: Level::Normal,
    };

    fn families() -> Vec<Family> {
        let telemetry = Telemetry::default();
        let attributes = vec![
            ("exporter", "otlp/\"a\"".to_owned()),
            ("server.port", "1".to_owned()),
        ];
        telemetry.counter(SENT, attributes).add(1_000_000);
        telemetry.gauge(RSS, Vec::new()).set(7);
        let sizes = telemetry.histogram(SIZE, vec![("processor", "batch".to_owned())]);
        for size in [5.0, 20.0, 30.0] {
            sizes.record(size);
        }
        telemetry.snapshot(Level::Normal)
    }

    fn resource() -> Vec<(String, String)> {
        [("service.name", "pattern-a"), ("service.version", "1.0")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn names_have_no_suffixes_by_default() {
        let text = Exposition::new(&PrometheusConfig::default(), &resource(), "1.0")
            .write(&families(), &[]);
        let expected = r#"# HELP otelcol_exporter_sent_spans Number of spans successfully sent to destination.
# TYPE otelcol_exporter_sent_spans counter
otelcol_exporter_sent_spans{exporter="otlp/\"a\"",server_port="1"} 1000000
# HELP otelcol_process_memory_rss Total physical memory
# TYPE otelcol_process_memory_rss gauge
otelcol_process_memory_rss 7
# HELP otelcol_processor_batch_batch_send_size Number of units in the batch
# TYPE otelcol_processor_batch_batch_send_size histogram
otelcol_processor_batch_batch_send_size_bucket{processor="batch",le="10"} 1
otelcol_processor_batch_batch_send_size_bucket{processor="batch",le="25"} 2
otelcol_processor_batch_batch_send_size_bucket{processor="batch",le="+Inf"} 3
otelcol_processor_batch_batch_send_size_sum{processor="batch"} 55
otelcol_processor_batch_batch_send_size_count{processor="batch"} 3
# HELP promhttp_metric_handler_errors_total Total number of internal errors encountered by the promhttp metric handler.
# TYPE promhttp_metric_handler_errors_total counter
promhttp_metric_handler_errors_total{cause="encoding"} 0
promhttp_metric_handler_errors_total{cause="gathering"} 0
# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_name="pattern-a",service_version="1.0"} 1
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn either_flag_brings_both_kinds_of_suffixes_back() {
        for (without_type_suffix, without_units) in [(false, true), (true, false)] {
            let config = PrometheusConfig {
                without_type_suffix,
                without_units,
                ..PrometheusConfig::default()
            };
            let text = Exposition::new(&config, &[], "").write(&families(), &[]);
            assert!(
                text.contains("\notelcol_exporter_sent_spans_total{"),
                "{text}"
            );
            assert!(
                text.contains("\notelcol_process_memory_rss_bytes 7\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn metrics_of_users_are_written_as_they_name_them() {
        let histogram = OpenValue::Histogram {
            bounds: [0.5, 1.0].into(),
            counts: vec![1, 0, 2],
            sum: 7.5,
        };
        let family = |name: &str, kind, value| OpenFamily {
            name: name.to_owned(),
            description: "Mine".to_owned(),
            kind,
            series: vec![(vec![("pod.name".to_owned(), "a".to_owned())], value)],
        };
        let open = [
            family("my_lines_total", OpenKind::Counter, OpenValue::Number(2.5)),
            family("my_seconds", OpenKind::Histogram, histogram),
        ];
        let text = Exposition::new(&PrometheusConfig::default(), &[], "1.0").write(&[], &open);
        let expected = r#"# HELP my_lines_total Mine
# TYPE my_lines_total counter
my_lines_total{pod_name="a"} 2.5
# HELP my_seconds Mine
# TYPE my_seconds histogram
my_seconds_bucket{pod_name="a",le="0.5"} 1
my_seconds_bucket{pod_name="a",le="1"} 1
my_seconds_bucket{pod_name="a",le="+Inf"} 3
my_seconds_sum{pod_name="a"} 7.5
my_seconds_count{pod_name="a"} 3
"#;
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn constant_labels_are_chosen_by_pattern() {
        let config = PrometheusConfig {
            without_scope_info: false,
            with_resource_constant_labels: Some(ConstantLabels {
                included: vec!["service.*".into()],
                excluded: vec!["*.version".into()],
            }),
            ..PrometheusConfig::default()
        };
        let text = Exposition::new(&config, &resource(), "1.0").write(&families(), &[]);
        let line = "otelcol_process_memory_rss{otel_scope_name=\"headwater\",\
                    otel_scope_schema_url=\"\",otel_scope_version=\"1.0\",\
                    service_name=\"pattern-a\"} 7\n";
        assert!(text.contains(line), "{text}");
    }
}
