//! From jobs and targets to how targets are scraped.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::config::OrderedMap;
use headwater_prometheus::Labels;
use headwater_prometheus::exposition::ParserOptions;
use headwater_prometheus::scrape_config::{Job, ScrapeProtocol, Target};
use headwater_prometheus_http::{HttpClient, parse_url};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::collect::SampleRules;
use crate::encode::native::Resolution;
use crate::failure::Failure;
use crate::failure_log::FailureLog;
use crate::fetch::{Fetch, Fetched, HttpFetch};
use crate::resource::ResourceRules;
use crate::rules::SeriesRules;
use crate::schedule::fnv;
use crate::scrape::Setup;

/// Tells a target how long it has.
const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

/// What all targets of a receiver have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct Common {
    pub(crate) external: Labels,
    pub(crate) trim_suffixes: bool,
    pub(crate) version: Box<str>,
    pub(crate) seed: u64,
}

/// A target that may not be scraped, with the reason.
struct Forbidden(String);

#[async_trait]
impl Fetch for Forbidden {
    async fn fetch(&self) -> Result<Fetched, Failure> {
        Err(Failure::Fetch(self.0.clone()))
    }
}

/// How `target` of `job` is scraped; with `forbidden` it fails every scrape for that reason.
pub(crate) fn setup(
    job: &Job,
    target: &Target,
    client: &Result<HttpClient, String>,
    common: &Common,
    forbidden: Option<&str>,
) -> Setup {
    let public: Labels = target.public_labels().collect();
    let limits = &job.limits;
    let resource = ResourceRules::new(&public, &target.discovered);
    let rules = SampleRules {
        series: SeriesRules {
            target: public,
            honor_labels: job.honor_labels,
            relabel: job.metric_relabel.clone(),
            external: common.external.clone(),
            names: job.name_validation,
            label_limit: limits.labels,
            label_name_length_limit: limits.label_name_length,
            label_value_length_limit: limits.label_value_length,
            trim_suffixes: common.trim_suffixes,
            version: common.version.clone(),
            resource,
        },
        honor_timestamps: job.honor_timestamps,
        track_timestamps_staleness: job.track_timestamps_staleness,
        sample_limit: limits.samples,
        resolution: Resolution::new(
            limits.native_histogram_buckets,
            limits.native_histogram_min_bucket_factor,
        ),
        convert: target.convert_classic_histograms_to_nhcb,
    };
    let fetch: Arc<dyn Fetch> = match forbidden {
        Some(reason) => Arc::new(Forbidden(reason.to_owned())),
        None => match http(job, target, client) {
            Ok(fetch) => Arc::new(fetch),
            Err(reason) => Arc::new(Forbidden(reason)),
        },
    };
    Setup {
        rules,
        fetch,
        interval: target.interval.get(),
        timeout: target.timeout.get(),
        // As upstream's receiver, which does not leave it to Prometheus 3's default of none.
        fallback: job
            .fallback_scrape_protocol
            .or(Some(ScrapeProtocol::PrometheusText0_0_4)),
        options: ParserOptions {
            skip_created: false,
            ignore_native_histograms: !target.scrape_native_histograms,
            keep_classic_histograms: target.always_scrape_classic_histograms,
        },
        extra: job.extra_scrape_metrics,
        failure_log: FailureLog::new(&job.scrape_failure_log_file),
        hash: hash(target),
        seed: common.seed,
    }
}

fn http(
    job: &Job,
    target: &Target,
    client: &Result<HttpClient, String>,
) -> Result<HttpFetch, String> {
    let client = client.clone()?;
    let url = parse_url(&target.url).map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    let protocols = if target.scrape_native_histograms && !job.scrape_native_histograms {
        // The target wants what its job does not ask for.
        let mut protocols = vec![ScrapeProtocol::PrometheusProto];
        protocols.extend(
            job.scrape_protocols
                .iter()
                .filter(|known| **known != ScrapeProtocol::PrometheusProto),
        );
        ScrapeProtocol::accept(&protocols, job.name_escaping)
    } else {
        job.accept()
    };
    if let Ok(accept) = HeaderValue::try_from(protocols) {
        headers.insert(ACCEPT, accept);
    }
    let timeout = target.timeout.get();
    if let Ok(seconds) = HeaderValue::try_from(timeout.as_secs_f64().to_string()) {
        headers.insert(TIMEOUT_HEADER, seconds);
    }
    Ok(HttpFetch {
        client,
        url,
        headers,
        compression: job.enable_compression,
        body_limit: job.limits.body_size,
        timeout,
    })
}

/// What spreads targets over their interval: their labels and their URL.
pub(crate) fn hash(target: &Target) -> u64 {
    let mut parts: Vec<&[u8]> = Vec::new();
    for (name, value) in target.labels.iter() {
        parts.extend([name.as_bytes(), b"\xff", value.as_bytes(), b"\xff"]);
    }
    parts.push(target.url.as_bytes());
    fnv(&parts)
}

/// What spreads the same targets differently in every process: its host and its external labels.
pub(crate) fn seed(external: &Labels) -> u64 {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut parts: Vec<&[u8]> = vec![host.trim().as_bytes()];
    for (name, value) in external.iter() {
        parts.extend([name.as_bytes(), b"\xff", value.as_bytes(), b"\xff"]);
    }
    fnv(&parts)
}

/// `external_labels` with the environment in place of `$NAME` and `${NAME}`.
pub(crate) fn external_labels<T: AsRef<str>>(
    labels: &OrderedMap<T>,
    variable: impl Fn(&str) -> Option<String>,
) -> Labels {
    labels
        .iter()
        .map(|(name, value)| (name, expand(value.as_ref(), &variable)))
        .collect()
}

/// Source: Go `os.Expand`, and Prometheus, which takes `$$` for `$`.
fn expand(text: &str, variable: &impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'))
        {
            out.push_str(&variable(name).unwrap_or_default());
            rest = after;
        } else {
            let end = rest
                .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .unwrap_or(rest.len());
            if end == 0 {
                out.push('$');
            } else {
                out.push_str(&variable(&rest[..end]).unwrap_or_default());
                rest = &rest[end..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_in_external_labels() {
        let variable = |name: &str| (name == "ZONE").then(|| "eu-1".to_owned());
        for (text, expanded) in [
            ("$ZONE", "eu-1"),
            ("a-${ZONE}-b", "a-eu-1-b"),
            ("$$ZONE", "$ZONE"),
            ("${MISSING}x", "x"),
            ("cost: 5$", "cost: 5$"),
            ("${open", "${open"),
        ] {
            assert_eq!(expand(text, &variable), expanded, "{text}");
        }
    }
}
