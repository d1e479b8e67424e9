//! The series that tell how a scrape went.

use crate::cache::{Cache, NONE};
use crate::collect::{Counts, SampleRules};
use crate::failure::Failure;
use crate::samples::Samples;
use headwater_prometheus::exposition::STALE_NAN;

/// Name, help and unit of each; without help it is a metric that nobody describes.
/// Source: Go `prometheusreceiver` `internalMetricMetadata`.
const SERIES: [(&str, &str, &str); 8] = [
    ("up", "The scraping was successful", ""),
    (
        "scrape_duration_seconds",
        "Duration of the scrape",
        "seconds",
    ),
    (
        "scrape_samples_scraped",
        "The number of samples the target exposed",
        "",
    ),
    (
        "scrape_samples_post_metric_relabeling",
        "The number of samples remaining after metric relabeling was applied",
        "",
    ),
    (
        "scrape_series_added",
        "The approximate number of new series in this scrape",
        "",
    ),
    ("scrape_timeout_seconds", "", ""),
    ("scrape_sample_limit", "", ""),
    ("scrape_body_size_bytes", "", ""),
];
/// Those that every target has.
const ALWAYS: usize = 5;

/// How a scrape went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) up: bool,
    pub(crate) duration: f64,
    pub(crate) counts: Counts,
    /// The size of the body, -1 if it was too large and 0 on other failures.
    pub(crate) body_size: f64,
}

/// The report series of one target.
#[derive(Debug)]
pub(crate) struct Report {
    /// Whether `extra_scrape_metrics` is set.
    pub(crate) extra: bool,
    /// In seconds.
    pub(crate) timeout: f64,
    places: [u32; SERIES.len()],
}

impl Report {
    pub(crate) const fn new(extra: bool, timeout: f64) -> Self {
        Self {
            extra,
            timeout,
            places: [NONE; SERIES.len()],
        }
    }

    /// The configuration has changed.
    pub(crate) fn renew(&mut self, extra: bool, timeout: f64) {
        *self = Self::new(extra, timeout);
    }

    /// Adds the samples of a scrape at `time`.
    ///
    /// # Errors
    /// If the target has no job or no instance.
    pub(crate) fn add(
        &mut self,
        outcome: &Outcome,
        cache: &mut Cache,
        samples: &mut Samples,
        rules: &SampleRules,
        time: i64,
    ) -> Result<(), Failure> {
        let counts = outcome.counts;
        let values = [
            f64::from(u8::from(outcome.up)),
            outcome.duration,
            counts.scraped as f64,
            counts.kept as f64,
            counts.added as f64,
            self.timeout,
            rules.sample_limit as f64,
            outcome.body_size,
        ];
        self.put(values, cache, samples, rules, time)
    }

    /// Adds the markers that end the report.
    ///
    /// # Errors
    /// As [`Report::add`].
    pub(crate) fn end(
        &mut self,
        cache: &mut Cache,
        samples: &mut Samples,
        rules: &SampleRules,
        time: i64,
    ) -> Result<(), Failure> {
        self.put([STALE_NAN; SERIES.len()], cache, samples, rules, time)
    }

    fn put(
        &mut self,
        values: [f64; SERIES.len()],
        cache: &mut Cache,
        samples: &mut Samples,
        rules: &SampleRules,
        time: i64,
    ) -> Result<(), Failure> {
        let count = if self.extra { SERIES.len() } else { ALWAYS };
        for ((place, (name, help, unit)), value) in
            self.places.iter_mut().zip(SERIES).zip(values).take(count)
        {
            if *place == NONE {
                *place = cache.add_report(name, (help, unit), &rules.series)?;
            }
            cache.see(*place);
            samples.push(cache, *place, value, time);
        }
        Ok(())
    }
}
