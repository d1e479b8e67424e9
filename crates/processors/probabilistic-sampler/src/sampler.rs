//! How it is decided, compiled from the configuration.

use headwater_sampling::{MIN_PROBABILITY, Randomness, Threshold};

use crate::config::{AttributeSource, Mode, ProbabilisticSamplerConfig};

/// A hash has so many buckets.
const BUCKETS: u32 = 1 << 14;

/// What decides.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sampler {
    /// Nothing is kept, priorities aside.
    Never,
    /// A hash against a threshold.
    Hashing(Hashing),
    /// Randomness against a threshold, or against that of whoever sampled before if it is
    /// stricter.
    Equalizing(Threshold),
    /// Randomness against the threshold of whoever sampled before, made stricter.
    Proportional { ratio: f64, precision: u32 },
}

/// How hashes are made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hashing {
    threshold: Threshold,
    seed: u32,
    /// Logs only.
    pub(crate) by_trace_id: bool,
    /// Logs only; empty if there is none.
    pub(crate) attribute: String,
}

impl Sampler {
    pub(crate) fn new(config: &ProbabilisticSamplerConfig) -> Self {
        // In single precision, as upstream: the same traces must be kept.
        let percentage = (config.sampling_percentage as f32).min(100.0);
        if percentage == 0.0 {
            return Self::Never;
        }
        let ratio = (f64::from(percentage) / 100.0).max(MIN_PROBABILITY);
        let precision = config.sampling_precision;
        match config.mode {
            Mode::Equalizing => {
                let threshold = Threshold::of_probability(ratio, precision);
                Self::Equalizing(threshold.unwrap_or(Threshold::ALWAYS))
            }
            Mode::Proportional => Self::Proportional { ratio, precision },
            Mode::HashSeed => {
                let kept = (percentage * 163.84_f32) as u32;
                if kept == 0 {
                    return Self::Never;
                }
                Self::Hashing(Hashing {
                    threshold: Threshold::new(u64::from(BUCKETS - kept) << 42),
                    seed: config.hash_seed,
                    by_trace_id: config.attribute_source == AttributeSource::TraceId,
                    attribute: config.from_attribute.clone(),
                })
            }
        }
    }

    /// The threshold for an item that has passed `before`.
    pub(crate) fn decide(&self, before: Option<Threshold>) -> Threshold {
        match self {
            Self::Never => Threshold::NEVER,
            Self::Hashing(hashing) => hashing.threshold,
            Self::Equalizing(threshold) => before.unwrap_or(*threshold).max(*threshold),
            Self::Proportional { ratio, precision } => {
                let before = before.map_or(1.0, Threshold::probability);
                Threshold::of_probability(before * ratio, *precision).unwrap_or(Threshold::NEVER)
            }
        }
    }
}

impl Hashing {
    /// 56 bits of `bytes`: the decision by the hash, as it has always been, in the 14 highest
    /// ones; the rest is there to fill up. Source: Go `randomnessFromBytes`.
    pub(crate) fn randomness(&self, bytes: &[u8]) -> Randomness {
        let hash = fnv1a(fnv1a(0x811c_9dc5, &self.seed.to_le_bytes()), bytes);
        let bucket = u64::from(hash & (BUCKETS - 1));
        let top = u64::from(BUCKETS) - 1 - bucket;
        let unused = u64::from(hash >> 18);
        let mixed = unused ^ (unused << 10);
        Randomness::new((top << 42) | (mixed << 14) | bucket)
    }
}

fn fnv1a(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashing(sampling_percentage: f64, hash_seed: u32) -> Hashing {
        let config = ProbabilisticSamplerConfig {
            sampling_percentage,
            hash_seed,
            ..ProbabilisticSamplerConfig::default()
        };
        match Sampler::new(&config) {
            Sampler::Hashing(hashing) => hashing,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv1a(0x811c_9dc5, b""), 0x811c_9dc5);
        assert_eq!(fnv1a(0x811c_9dc5, b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn the_decision_is_the_hash_against_the_scaled_percentage() {
        for (percentage, kept) in [(0.01, 1_u32), (15.3, 2506), (50.0, 8192), (100.0, 16384)] {
            let hashing = hashing(percentage, 22);
            assert_eq!(hashing.threshold.value(), u64::from(16384 - kept) << 42);
            for n in 0..2000_u32 {
                let bytes = n.to_be_bytes();
                let seeded = fnv1a(fnv1a(0x811c_9dc5, &22_u32.to_le_bytes()), &bytes);
                let keeps = hashing.threshold.keeps(hashing.randomness(&bytes));
                assert_eq!(keeps, seeded & 0x3fff < kept, "{percentage} {n}");
            }
        }
    }

    #[test]
    fn shares_multiply_or_are_made_equal() {
        let sampler = |mode| {
            Sampler::new(&ProbabilisticSamplerConfig {
                sampling_percentage: 50.0,
                mode,
                ..ProbabilisticSamplerConfig::default()
            })
        };
        let text = |sampler: &Sampler, before: &str| {
            sampler
                .decide(Threshold::parse(before.as_bytes()))
                .to_text()
        };
        let equalizing = sampler(Mode::Equalizing);
        assert_eq!(text(&equalizing, ""), "8");
        assert_eq!(text(&equalizing, "c"), "c");
        assert_eq!(text(&equalizing, "4"), "8");
        let proportional = sampler(Mode::Proportional);
        assert_eq!(text(&proportional, ""), "8");
        assert_eq!(text(&proportional, "8"), "c");
        assert_eq!(text(&proportional, "ffffffffffffff"), "");
    }
}
