//! Classic histograms and summaries: one point of several series.

use headwater_prometheus::exposition::is_stale;

use crate::cache::{Cache, Group, Kind, Role};
use crate::samples::Samples;

use super::point::{put_fixed, put_nested, put_number, put_packed};

/// What the series of a group say, gathered from their samples. The buffers are used again.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Bounds and values, by bound.
    bounds: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
    stale: bool,
    /// Milliseconds, of the first sample.
    pub(crate) timestamp: i64,
    /// Encoded exemplars of all its series.
    pub(crate) exemplars: Vec<u8>,
    /// The encoded fields of the point but those that every point has.
    pub(crate) body: Vec<u8>,
}

/// What a group of samples amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A point.
    Point,
    /// Nothing that OTLP could hold.
    Nothing,
}

impl Gathered {
    /// Gathers the samples of `group` and encodes the point.
    pub(crate) fn gather(
        &mut self,
        cache: &Cache,
        samples: &Samples,
        group: &Group,
        kind: Kind,
    ) -> Verdict {
        self.clear();
        let mut next = group.first;
        self.timestamp = samples
            .list
            .get(next as usize)
            .map_or(0, |sample| sample.timestamp);
        while let Some(sample) = samples.list.get(next as usize) {
            // Source: Go prometheusreceiver: samples of a point must agree about the time.
            if sample.timestamp == self.timestamp {
                let series = cache.series(sample.series);
                self.add(series.role, series.aux, sample.value, sample.is_stale());
                self.exemplars.extend_from_slice(samples.exemplars(next));
            }
            next = sample.next;
        }
        self.bounds.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        self.bounds
            .dedup_by(|(later, _), (bound, _)| later == bound);
        match kind {
            Kind::Summary => self.summary(),
            _ => self.histogram(),
        }
    }

    fn clear(&mut self) {
        self.bounds.clear();
        self.exemplars.clear();
        self.body.clear();
        self.sum = None;
        self.count = None;
        self.stale = false;
    }

    fn add(&mut self, role: Role, aux: u64, value: f64, stale: bool) {
        match role {
            Role::Sum => {
                self.sum = Some(value);
                self.stale |= stale;
            }
            Role::Count => {
                self.count = Some(value);
                self.stale |= stale;
            }
            Role::Bound => self.bounds.push((f64::from_bits(aux), value)),
            _ => {}
        }
    }

    fn histogram(&mut self) -> Verdict {
        let Some(count) = self.count else {
            return Verdict::Nothing;
        };
        if let Some((bound, _)) = self.bounds.last()
            && *bound == f64::INFINITY
        {
            self.bounds.pop();
        }
        if !self.stale {
            // A bucket that is gone on its own is as if it had not been there.
            self.bounds.retain(|(_, value)| !is_stale(*value));
            let mut before = 0.0;
            for value in self.bounds.iter().map(|(_, value)| *value).chain([count]) {
                if value.is_nan() || value < before {
                    return Verdict::Nothing;
                }
                before = value;
            }
            put_fixed(&mut self.body, 4, count as u64);
            if let Some(sum) = self.sum {
                put_fixed(&mut self.body, 5, sum.to_bits());
            }
        }
        let stale = self.stale;
        let buckets = self.bounds.len() + 1;
        let bounds = &self.bounds;
        let in_bucket = |at: usize| {
            let upper = bounds.get(at).map_or(count, |(_, value)| *value);
            let lower = at
                .checked_sub(1)
                .and_then(|before| bounds.get(before))
                .map_or(0.0, |(_, value)| *value);
            if stale { 0 } else { (upper - lower) as u64 }
        };
        put_packed(&mut self.body, 6, (0..buckets).map(in_bucket));
        put_packed(
            &mut self.body,
            7,
            self.bounds.iter().map(|(bound, _)| bound.to_bits()),
        );
        if self.stale {
            put_number(&mut self.body, 10, 1);
        }
        Verdict::Point
    }

    fn summary(&mut self) -> Verdict {
        let Some(count) = self.count else {
            return Verdict::Nothing;
        };
        self.exemplars.clear();
        if !self.stale {
            put_fixed(&mut self.body, 4, count as u64);
            if let Some(sum) = self.sum {
                put_fixed(&mut self.body, 5, sum.to_bits());
            }
        }
        let mut quantile = Vec::with_capacity(18);
        for (rank, value) in &self.bounds {
            quantile.clear();
            put_fixed(&mut quantile, 1, rank.to_bits());
            if !self.stale {
                put_fixed(&mut quantile, 2, value.to_bits());
            }
            put_nested(&mut self.body, 6, &quantile);
        }
        if self.stale {
            put_number(&mut self.body, 8, 1);
        }
        Verdict::Point
    }
}
