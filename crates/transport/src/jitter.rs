//! Random spread for timers. Not for secrets.

use std::hash::{BuildHasher as _, RandomState};

/// A random number in `0.0..1.0`, from the process's hash seeds.
pub(crate) fn unit() -> f64 {
    let bits = RandomState::new().hash_one(std::thread::current().id());
    // 53 bits fill the mantissa exactly.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A random factor within `1.0 ± spread`.
pub(crate) fn around_one(spread: f64) -> f64 {
    1.0 + spread * (unit() * 2.0 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_vary_and_stay_within_the_spread() {
        let factors: Vec<f64> = (0..100).map(|_| around_one(0.1)).collect();
        assert!(factors.iter().all(|factor| (0.9..=1.1).contains(factor)));
        assert!(factors.iter().any(|factor| factor != &factors[0]));
    }
}
