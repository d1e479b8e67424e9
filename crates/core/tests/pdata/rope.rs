use bytes::Bytes;
use headwater_core::Signal;
use headwater_core::pdata::schema::Message;
use headwater_core::pdata::{Payload, count_items};
use headwater_testkit::{Entropy, arbitrary};
use proptest::prelude::*;

use crate::flat::{Line, flat, items};
use crate::requests;

proptest! {
    #[test]
    fn items_are_what_a_decoder_finds((signal, request) in requests()) {
        prop_assert_eq!(count_items(signal, &request), Ok(items(&flat(signal, &request))));
    }

    #[test]
    fn concatenation_is_the_merge_of_requests(
        seeds in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5),
    ) {
        for signal in Signal::ALL {
            let requests: Vec<Vec<u8>> = seeds
                .iter()
                .map(|seed| arbitrary(Message::request(signal), &mut Entropy::new(seed)))
                .collect();
            let mut payload = Payload::new();
            for request in &requests {
                payload.append(Payload::from(Bytes::copy_from_slice(request)));
            }
            prop_assert_eq!(payload.len(), requests.iter().map(Vec::len).sum::<usize>());
            let merged = payload.into_contiguous();
            // Scopes of the deprecated field stand behind all others in `flat`.
            let records = |bytes: &[u8]| -> [Vec<Line>; 2] {
                let lines = flat(signal, bytes);
                let mut lists = lines.split(|line| matches!(line, Line::Legacy)).map(|lines| {
                    let records = lines.iter().filter(|line| matches!(line, Line::Record(_)));
                    records.cloned().collect()
                });
                [lists.next().unwrap(), lists.next().unwrap()]
            };
            let mut apart = [Vec::new(), Vec::new()];
            for request in &requests {
                for (all, some) in apart.iter_mut().zip(records(request)) {
                    all.extend(some);
                }
            }
            prop_assert_eq!(records(&merged), apart);
        }
    }
}
