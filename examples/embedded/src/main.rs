//! `cargo run -p embedded`, then `nc localhost 7878`; spans go to `OTLP_ENDPOINT`.

use embedded::{PIPELINE, SpanShipper, serve, start_pipeline};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "the example talks to the person who tries it"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (pipeline, source) = start_pipeline(PIPELINE).await?;
    let spans = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("greeter").build())
        .with_batch_exporter(SpanShipper::new(source, Handle::current()))
        .build();
    let listener = TcpListener::bind("127.0.0.1:7878").await?;
    println!("say a name to {}, end with ctrl-c", listener.local_addr()?);
    tokio::select! {
        served = serve(listener, spans.tracer("greeter")) => served?,
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    // The SDK waits for its last export, which needs this thread: let it wait on another.
    tokio::task::spawn_blocking(move || spans.shutdown()).await??;
    let balance = pipeline.shutdown().await;
    println!("{balance:?}");
    Ok(())
}
