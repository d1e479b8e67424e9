//! Requests that nobody should send, and those that need no change.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::count_items;
use headwater_core::{Batch, Signal};
use headwater_testkit::{Generator, Shape, arbitrary_requests};

use crate::support::Setup;

#[test]
fn any_bytes_are_sampled_or_refused() {
    for signal in [Signal::Traces, Signal::Logs] {
        for mode in ["hash_seed", "equalizing", "proportional"] {
            let yaml = format!(
                "{{sampling_percentage: 50, mode: {mode}, fail_closed: false, \
                 from_attribute: a, sampling_priority: b}}"
            );
            let setup = Setup::new(signal, &yaml);
            for bytes in arbitrary_requests(signal, 5, 100) {
                let Ok(items) = count_items(signal, &bytes) else {
                    continue;
                };
                let batch = Batch::new(signal, Bytes::from(bytes), items);
                if let Ok(Some(batch)) = setup.processor.process(batch) {
                    let left = batch.payload().to_contiguous();
                    assert_eq!(count_items(signal, &left).unwrap(), batch.items());
                }
            }
        }
    }
}

#[test]
fn what_is_kept_without_a_change_keeps_its_buffer() {
    let yaml = "{sampling_percentage: 100, mode: equalizing}";
    let setup = Setup::new(Signal::Traces, yaml);
    let bytes = Bytes::from(Generator::new(5).request(Signal::Traces, Shape::of(10)));
    let once = |bytes: Bytes| {
        let batch = Batch::new(Signal::Traces, bytes, 10);
        let batch = setup.processor.process(batch).unwrap().unwrap();
        batch.payload().to_contiguous()
    };
    let sampled = once(bytes);
    assert_eq!(once(sampled.clone()).as_ptr(), sampled.as_ptr());
}
