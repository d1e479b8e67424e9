//! Any bytes as a body in delimited protobuf.
#![no_main]

use headwater_prometheus::exposition::Format;
use libfuzzer_sys::fuzz_target;

#[path = "exposition/read.rs"]
mod read;

fuzz_target!(|data: &[u8]| read::read(data, Format::Protobuf));
