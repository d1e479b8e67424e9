//! The service with a receiver of ours as its backend.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use embedded::{PIPELINE, SpanShipper, serve, start_pipeline};
use headwater_config::testing::decode;
use headwater_core::pdata::json;
use headwater_core::{ComponentKind, Outputs, Signal};
use headwater_testkit::{Recorder, environment, host};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

#[tokio::test]
async fn every_greeting_is_a_span_at_the_backend() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let yaml = format!("protocols: {{grpc: {{endpoint: \"127.0.0.1:{port}\"}}}}");
    let (config, _) = decode::<headwater_receiver_otlp::Config>(&yaml).unwrap();
    let recorder = Recorder::new();
    let settings = environment().settings(ComponentKind::Receiver, &"otlp".parse().unwrap());
    let outputs = Outputs::new().with(Signal::Traces, Arc::new(recorder.clone()));
    let backend = headwater_receiver_otlp::factory()
        .build_receiver(settings, &config, outputs)
        .unwrap();
    backend.start(&host()).await.unwrap();

    let yaml = PIPELINE.replace(
        "${env:OTLP_ENDPOINT:-localhost:4317}",
        &format!("127.0.0.1:{port}"),
    );
    let (pipeline, source) = start_pipeline(&yaml).await.unwrap();
    let spans = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("greeter").build())
        .with_batch_exporter(SpanShipper::new(source, Handle::current()))
        .build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, spans.tracer("greeter")));

    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"ada\ngrace\n").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "hello ada\nhello grace\n");

    tokio::task::spawn_blocking(move || spans.shutdown())
        .await
        .unwrap()
        .unwrap();
    let ended = pipeline.shutdown().await;
    assert!(ended.errors.is_empty(), "{ended:?}");
    server.abort();
    backend
        .shutdown(Instant::now() + Duration::from_secs(5))
        .await
        .unwrap();

    let mut text = Vec::new();
    for batch in recorder.batches() {
        json::to_json(Signal::Traces, batch.payload(), &mut text).unwrap();
    }
    let text = String::from_utf8(text).unwrap();
    assert_eq!(recorder.items().iter().sum::<usize>(), 2);
    for expected in ["ada", "grace", "greeter", "deployment.environment.name"] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}
