//! Whether two jobs of a Prometheus that scrape the same target have the same series.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use prometheus_tests::{PATIENCE, Prometheus};

use crate::samples::now;

pub(crate) type Labels = BTreeMap<String, String>;

/// What may be different.
pub(crate) struct Allowed {
    /// Series that only the first job has, by their names.
    pub(crate) missing: fn(&str) -> bool,
    /// Series that only the second job has, by their names.
    pub(crate) more: fn(&str) -> bool,
    /// What the first job calls otherwise than the second.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// Series that have another value at each scrape, by their names.
    pub(crate) moving: fn(&str) -> bool,
}

impl Allowed {
    pub(crate) const NOTHING: Self = Self {
        missing: |_| false,
        more: |_| false,
        renamed: &[],
        moving: |_| false,
    };

    /// The resource is a series after OTLP.
    pub(crate) const OTLP: Self = Self {
        more: |name| name == "target_info",
        ..Self::NOTHING
    };
}

/// The labels that say who scraped, and not what.
fn comparable(mut labels: Labels) -> Labels {
    labels.remove("job");
    // As contrib's exporter, ours names the scope that a point came with: the receiver.
    labels.retain(|name, _| !name.starts_with("otel_scope_"));
    // A scrape over protobuf, and any by Prometheus 3, writes bounds as 1.0 and 4.194304e+06.
    for bound in ["quantile", "le"] {
        if let Some(value) = labels.get_mut(bound)
            && let Ok(number) = value.trim_start_matches('+').parse::<f64>()
        {
            *value = number.to_string();
        }
    }
    labels
}

/// The series of a job now, and their values as text: NaN is NaN there.
pub(crate) fn series(prometheus: &Prometheus, job: &str) -> BTreeMap<Labels, String> {
    prometheus
        .query_at(&format!("{{job=\"{job}\"}}"), now())
        .into_iter()
        .map(|sample| {
            let value = match sample.histogram {
                Some(histogram) => histogram.to_string(),
                None => sample.value.to_string(),
            };
            (comparable(sample.labels), value)
        })
        .collect()
}

/// The exemplars of a job: labels of the series, labels, value and time of the exemplar.
pub(crate) fn exemplars(prometheus: &Prometheus, job: &str) -> BTreeSet<String> {
    let around = [now() / 1000 - 3600, now() / 1000 + 3600].map(|time| time.to_string());
    let query = format!("{{job=\"{job}\"}}");
    let parameters = [
        ("query", query.as_str()),
        ("start", around[0].as_str()),
        ("end", around[1].as_str()),
    ];
    let found = prometheus.api("query_exemplars", &parameters);
    let of_series = |entry: &serde_json::Value| -> Vec<String> {
        let labels = comparable(prometheus_tests::labels(&entry["seriesLabels"]));
        let exemplars = entry["exemplars"].as_array().cloned().unwrap_or_default();
        exemplars
            .iter()
            .map(|exemplar| format!("{labels:?} {exemplar}"))
            .collect()
    };
    found
        .as_array()
        .unwrap()
        .iter()
        .flat_map(of_series)
        .collect()
}

/// Waits until `done` says yes.
pub(crate) async fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What is different between two jobs, a line for each series.
fn differences(prometheus: &Prometheus, jobs: [&str; 2], allowed: &Allowed) -> Vec<String> {
    let [mut first, second] = jobs.map(|job| series(prometheus, job));
    for (name, other) in allowed.renamed {
        let named: Vec<_> = first
            .keys()
            .filter(|labels| labels["__name__"] == *name)
            .cloned()
            .collect();
        for mut labels in named {
            let value = first.remove(&labels).unwrap_or_default();
            labels.insert("__name__".to_owned(), (*other).to_owned());
            first.insert(labels, value);
        }
    }
    let mut found = Vec::new();
    for (labels, value) in &first {
        let name = labels["__name__"].as_str();
        match second.get(labels) {
            // How long it took is not the same, nor which scrape was the first.
            _ if matches!(name, "scrape_duration_seconds" | "scrape_series_added") => {}
            None if (allowed.missing)(name) => {}
            None => found.push(format!("only {}: {labels:?} {value}", jobs[0])),
            Some(other) if other == value || (allowed.moving)(name) => {}
            Some(other) => found.push(format!("{labels:?}: {value} and {other}")),
        }
    }
    for (labels, value) in &second {
        if !first.contains_key(labels) && !(allowed.more)(&labels["__name__"]) {
            found.push(format!("only {}: {labels:?} {value}", jobs[1]));
        }
    }
    found
}

/// Both jobs have at least so many series, the same ones with the same values.
pub(crate) async fn alike(
    prometheus: &Prometheus,
    jobs: [&str; 2],
    least: usize,
    allowed: &Allowed,
) {
    let there = |job| series(prometheus, job).len() >= least;
    wait("both jobs have been scraped", || {
        jobs.iter().all(|job| there(job))
    })
    .await;
    // One of the two may be a scrape ahead.
    let began = Instant::now();
    loop {
        let found = differences(prometheus, jobs, allowed);
        if found.is_empty() {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(8), "{found:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
