//! A client of any bytes on a connection to the gRPC server: whatever it sends, however it is
//! cut, and whether it reads the answers or not, the server comes to an end, writes well-formed
//! frames and holds nothing afterwards.
#![no_main]

#[path = "http2/peer.rs"]
mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use headwater_core::auth::{AuthError, ServerAuthenticator};
use headwater_core::{Budget, Identity, Ticket};
use headwater_transport::grpc::{Request, ServerOptions, UnaryHandler};
use headwater_transport::{Status, Stopper, fuzzing};
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;

const METHODS: [&str; 3] = ["/s/Echo", "/s/Slow", "/s/Hang"];

#[derive(Clone, Default)]
struct Handler {
    budget: Budget,
    working: Arc<AtomicUsize>,
}

struct Working(Arc<AtomicUsize>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl UnaryHandler for Handler {
    fn admit(&self, _: usize, bytes: usize) -> Result<Ticket, Status> {
        Ok(self.budget.try_charge(bytes)?)
    }

    async fn call(&self, request: Request) -> Result<Bytes, Status> {
        self.working.fetch_add(1, Ordering::Relaxed);
        let _working = Working(Arc::clone(&self.working));
        match request.method {
            0 => {}
            1 => tokio::time::sleep(Duration::from_millis(100)).await,
            _ => std::future::pending().await,
        }
        Ok(request.message)
    }
}

/// Takes its time, and takes nobody without a token.
struct Doorman;

#[async_trait::async_trait]
impl ServerAuthenticator for Doorman {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if headers.contains_key("authorization") {
            Ok(Identity::default())
        } else {
            Err(AuthError::new("who are you?"))
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, seed], rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    let handler = Handler::default();
    peer::runtime().block_on(async {
        let options = ServerOptions {
            max_message: 1 << 20,
            max_concurrent_streams: if choice & 1 == 0 { 0 } else { 3 },
            max_connection_idle: (choice & 2 != 0).then_some(Duration::from_secs(60)),
            include_metadata: choice & 4 != 0,
            ping_min_time: Duration::from_millis(u64::from(choice & 4)),
            ..ServerOptions::default()
        };
        let doorman = || Arc::new(Doorman) as Arc<dyn ServerAuthenticator>;
        let doorman = (choice & 8 != 0).then(doorman);
        let server = fuzzing::server(METHODS.to_vec(), handler.clone(), options, doorman);
        let (stopper, (ours, theirs)) = (Stopper::default(), tokio::io::duplex(64 << 10));
        let stop = stopper.stop();
        let serving = tokio::spawn(async move { fuzzing::serve(&server, theirs, stop).await });
        let bytes = peer::bytes(rest, choice & 16 != 0, &[]);
        let talking = peer::Peer {
            seed,
            reads: choice & 32 == 0,
            stays: choice & 64 != 0,
        };
        let stopping = async {
            if choice & 128 != 0 {
                tokio::time::sleep(Duration::from_millis(u64::from(seed))).await;
                let now = tokio::time::Instant::now().into_std();
                stopper.stop_by(now + Duration::from_secs(10));
            }
        };
        let (answer, ()) = tokio::join!(talking.talk(ours, &bytes), stopping);
        peer::check(&answer, 0);
        let end = tokio::time::timeout(Duration::from_hours(24), serving);
        end.await.expect("the server ends").expect("nothing panics");
        assert_eq!(handler.working.load(Ordering::Relaxed), 0);
        assert_eq!(handler.budget.held(), 0);
    });
});
