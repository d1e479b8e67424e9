//! Pre-encoded OTLP requests that look like what SDKs and gateways send.
//!
//! Shapes: a span is about 400 bytes with 8 attributes, a log record about 376 with 7 attributes
//! and a body, a metric data point about 420 with 10 attributes. Every 50 records have a resource of their
//! own (12 attributes, about 450 bytes), every 25 a scope, so a request of one item is mostly
//! resource and one of 2,000 mostly records, as in the field. Ids are random and differ between
//! the requests of a pool; texts repeat as real telemetry does, which is what compressors see.

use headwater_core::Signal;

mod message;
mod records;

use message::Message;
use records::Random;

/// Records that share a resource.
const PER_RESOURCE: usize = 50;
/// Records that share a scope.
const PER_SCOPE: usize = 25;

/// How many tenants there are where a scenario tells them apart.
pub(crate) const TENANTS: usize = 300;

/// What a tenant is called.
pub(crate) fn tenant(index: usize) -> String {
    format!("tenant-{index:03}")
}

/// One `Export{Trace,Logs,Metrics}ServiceRequest` with `items` items; `seed` decides the ids.
pub(crate) fn request(signal: Signal, items: usize, seed: u64) -> Vec<u8> {
    made(signal, items, seed, |_| "shop".to_owned())
}

/// The same with resources of [`TENANTS`] tenants, which are in `service.namespace`.
pub(crate) fn request_of_tenants(signal: Signal, items: usize, seed: u64) -> Vec<u8> {
    let first = seed as usize * items.div_ceil(PER_RESOURCE);
    made(signal, items, seed, |index| {
        tenant((first + index) % TENANTS)
    })
}

fn made(signal: Signal, items: usize, seed: u64, namespace: impl Fn(usize) -> String) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut request = Message::default();
    for index in 0..items.div_ceil(PER_RESOURCE) {
        let records = PER_RESOURCE.min(items - index * PER_RESOURCE);
        request.nested(1, |resource| {
            resource.nested(1, |resource| {
                records::resource(resource, &namespace(index), &mut random);
            });
            for scope in 0..records.div_ceil(PER_SCOPE) {
                let records = PER_SCOPE.min(records - scope * PER_SCOPE);
                resource.nested(2, |message| {
                    records::scope(message, scope);
                    records::records(message, signal, records, &mut random);
                });
            }
        });
    }
    request.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::count;

    #[test]
    fn a_request_has_exactly_the_items_asked_for() {
        for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
            for items in [1, 10, 49, 50, 51, 200, 2_000] {
                let request = request(signal, items, 7);
                assert_eq!(
                    count(signal, &request),
                    Ok(items as u64),
                    "{signal:?} {items}"
                );
            }
        }
    }

    #[test]
    fn records_have_the_sizes_the_reports_speak_of() {
        for (signal, want) in [
            (Signal::Traces, 400),
            (Signal::Logs, 376),
            (Signal::Metrics, 422),
        ] {
            // The difference of two requests with as many resources leaves the records alone.
            let few = request(signal, 1_951, 3).len();
            let many = request(signal, 2_000, 3).len();
            let each = (many - few) as f64 / 49.0;
            let off = (each - f64::from(want)).abs();
            assert!(off < 6.0, "{signal:?}: {each} bytes");
        }
    }

    #[test]
    fn a_pool_has_resources_of_all_tenants() {
        let requests: Vec<Vec<u8>> = (0..75)
            .map(|seed| request_of_tenants(Signal::Traces, 200, seed))
            .collect();
        let all = requests.concat();
        for index in 0..TENANTS {
            let name = tenant(index);
            let found = all
                .windows(name.len())
                .filter(|part| *part == name.as_bytes());
            assert_eq!(found.count(), 1, "{name}");
        }
    }

    #[test]
    fn seeds_decide_the_bytes() {
        let one = request(Signal::Traces, 10, 1);
        assert_eq!(one, request(Signal::Traces, 10, 1));
        assert_ne!(one, request(Signal::Traces, 10, 2));
    }
}
