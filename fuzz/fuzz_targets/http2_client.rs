//! A server of any bytes on a connection of the gRPC client: every call ends, once, and what the
//! client writes is well-formed.
#![no_main]

#[path = "http2/peer.rs"]
mod peer;

use std::time::Duration;

use bytes::Bytes;
use headwater_transport::fuzzing;
use headwater_transport::grpc::ClientOptions;
use libfuzzer_sys::fuzz_target;

const PREFACE: usize = 24;

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, seed], rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    peer::runtime().block_on(async {
        let mut options = ClientOptions::plaintext("127.0.0.1:1".parse().expect("an address"));
        options.max_message = 1 << 20;
        let messages = [1, 10, 100_000, 0, 20_000].map(|length| Bytes::from(vec![7; length]));
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let timeout = (choice & 1 == 0).then_some(Duration::from_secs(5));
        let calling = tokio::spawn(async move {
            fuzzing::call(options, theirs, "/s/Echo", &messages, timeout).await
        });
        let bytes = peer::bytes(rest, choice & 16 != 0, &[]);
        let talking = peer::Peer {
            seed,
            reads: choice & 32 == 0,
            // Without a timeout it is the end of the connection that ends calls.
            stays: timeout.is_some() && choice & 64 != 0,
        };
        let said = talking.talk(ours, &bytes).await;
        peer::check(&said, PREFACE);
        let end = tokio::time::timeout(Duration::from_hours(24), calling);
        let answers = end.await.expect("every call ends").expect("nothing panics");
        assert!(answers.is_empty() || answers.len() == 5);
    });
});
