//! For the benchmarks: the two halves of a scrape without a target and a pipeline.

use headwater_prometheus::Labels;
use headwater_prometheus::exposition::{Format, ParserOptions};

use crate::cache::Cache;
use crate::collect::{Body, SampleRules, collect};
use crate::encode::Encoder;
use crate::resource::ResourceRules;
use crate::rules::SeriesRules;
use crate::samples::Samples;

/// A target's cache with the buffers of its scrapes.
#[derive(Debug)]
pub struct Scrape {
    rules: SampleRules,
    cache: Cache,
    samples: Samples,
    encoder: Encoder,
    time: i64,
}

impl Default for Scrape {
    fn default() -> Self {
        let target: Labels = [("job", "bench"), ("instance", "127.0.0.1:9100")]
            .into_iter()
            .collect();
        let discovered: Labels = [("__scheme__", "http")].into_iter().collect();
        Self {
            rules: SampleRules {
                series: SeriesRules {
                    resource: ResourceRules::new(&target, &discovered),
                    target,
                    version: "1.2.3".into(),
                    ..SeriesRules::default()
                },
                honor_timestamps: true,
                ..SampleRules::default()
            },
            cache: Cache::new(),
            samples: Samples::default(),
            encoder: Encoder::default(),
            time: 1_700_000_000_000,
        }
    }
}

impl Scrape {
    /// Reads a body, which is the next scrape; returns how many samples it has, `None` if it is bad.
    pub fn read(&mut self, bytes: &[u8], format: Format) -> Option<usize> {
        self.time += 1000;
        self.samples.clear();
        self.cache.begin();
        let body = Body {
            bytes,
            format,
            options: ParserOptions::default(),
        };
        let (cache, samples) = (&mut self.cache, &mut self.samples);
        let (_, read) = collect(&body, cache, samples, &self.rules, self.time, self.time);
        read.ok()?;
        self.cache.sweep();
        self.samples.settle(&self.cache);
        Some(self.samples.list.len())
    }

    /// Writes what was read last; returns how many bytes of OTLP that is. To be called again only
    /// after another `read`: a histogram is written once for each scrape.
    pub fn write(&mut self) -> usize {
        self.encoder.begin();
        let mut bytes = 0;
        let rules = &self.rules.series;
        while let Some(request) = self.encoder.next(&mut self.cache, &self.samples, rules) {
            bytes += request.payload.len();
        }
        bytes
    }
}
