//! Realistic export requests, the same ones for the same seed.

mod logs;
mod metrics;
mod put;
mod spans;

use headwater_core::Signal;
use put::{attribute, message, text};

/// How many of what a generated request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Resource entries, at least 1 if there are items.
    pub resources: usize,
    /// Scope entries of each resource, at least 1 if there are items.
    pub scopes: usize,
    /// Spans, log records or data points in all; they are dealt out evenly, in order.
    pub items: usize,
}

impl Shape {
    /// What one process sends: one resource, one scope.
    #[must_use]
    pub const fn of(items: usize) -> Self {
        Self {
            resources: 1,
            scopes: 1,
            items,
        }
    }
}

/// Makes serialized export requests.
///
/// Spans take about 400 bytes and carry 8 attributes, some an event or a link; log records about
/// 300 bytes with 5 attributes; metrics go through all five kinds. Values vary, sizes hardly do.
#[derive(Debug, Clone)]
pub struct Generator {
    state: u64,
}

impl Generator {
    /// A generator whose requests depend on `seed` and on what it has made before.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next serialized request of `signal`.
    #[must_use]
    pub fn request(&mut self, signal: Signal, shape: Shape) -> Vec<u8> {
        let entries = shape.resources.max(1) * shape.scopes.max(1);
        let mut out = Vec::with_capacity(shape.items * 450 + entries * 600);
        let mut left = shape.items;
        for resource in 0..shape.resources {
            message(&mut out, 1, |out| {
                message(out, 1, |out| self.resource(resource, out));
                for scope in 0..shape.scopes {
                    let after = (shape.resources - resource - 1) * shape.scopes;
                    let items = left.div_ceil(after + shape.scopes - scope);
                    left -= items;
                    message(out, 2, |out| {
                        message(out, 1, |out| {
                            text(out, 1, &format!("io.example.instrumentation-{scope}"));
                            text(out, 2, "1.4.2");
                        });
                        match signal {
                            Signal::Traces => self.spans(items, out),
                            Signal::Metrics => self.metrics(items, out),
                            Signal::Logs => self.log_records(items, out),
                        }
                        text(out, 3, "https://opentelemetry.io/schemas/1.27.0");
                    });
                }
            });
        }
        out
    }

    fn resource(&mut self, index: usize, out: &mut Vec<u8>) {
        let instance = self.hex(16);
        attribute(out, 1, "service.name", "checkout".into());
        attribute(out, 1, "service.instance.id", instance.as_str().into());
        attribute(out, 1, "k8s.namespace.name", "shop".into());
        attribute(
            out,
            1,
            "k8s.pod.name",
            format!("checkout-7d9c6b5f4-{index:05}").as_str().into(),
        );
        attribute(out, 1, "telemetry.sdk.language", "rust".into());
        attribute(out, 1, "deployment.environment.name", "production".into());
    }

    /// The next pseudo-random number (splitmix64).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which must not be 0.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8 | 1)
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(b"0123456789abcdef"[self.below(16) as usize]))
            .collect()
    }

    /// Nanoseconds since 1970, within one hour of the autumn of 2026.
    fn time(&mut self) -> u64 {
        1_790_000_000_000_000_000 + self.below(3_600_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::pdata::validate::{Level, validate};

    use super::*;

    #[test]
    fn requests_are_valid_and_hold_what_was_asked_for() {
        for signal in Signal::ALL {
            for (resources, scopes, items) in [(1, 1, 200), (3, 2, 100), (2, 2, 0), (4, 1, 3)] {
                let shape = Shape {
                    resources,
                    scopes,
                    items,
                };
                let request = Generator::new(7).request(signal, shape);
                assert_eq!(
                    validate(signal, &request, Level::Strict),
                    Ok(items),
                    "{shape:?}"
                );
            }
        }
    }

    #[test]
    fn equal_seeds_make_equal_requests() {
        for signal in Signal::ALL {
            let make = |seed| Generator::new(seed).request(signal, Shape::of(20));
            assert_eq!(make(1), make(1));
            assert_ne!(make(1), make(2));
        }
    }

    #[test]
    fn spans_take_about_400_bytes() {
        let request = Generator::new(1).request(Signal::Traces, Shape::of(1000));
        assert!(
            (380..440).contains(&(request.len() / 1000)),
            "{}",
            request.len() / 1000
        );
    }
}
