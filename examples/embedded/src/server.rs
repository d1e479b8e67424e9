//! The service itself: answers every line with a greeting, and makes a span of it.

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Tracer as _};
use opentelemetry_sdk::trace::SdkTracer;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Serves connections on `listener` until it is dropped.
///
/// # Errors
/// When no further connection can be accepted.
pub async fn serve(listener: TcpListener, tracer: SdkTracer) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that breaks ends by itself; the service goes on.
        tokio::spawn(greet(stream, tracer.clone()));
    }
}

async fn greet(stream: TcpStream, tracer: SdkTracer) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut name = String::new();
    while stream.read_line(&mut name).await? > 0 {
        let mut span = tracer
            .span_builder("greet")
            .with_kind(SpanKind::Server)
            .start(&tracer);
        span.set_attribute(KeyValue::new("greeting.name", name.trim().to_owned()));
        let answer = format!("hello {}\n", name.trim());
        stream.write_all(answer.as_bytes()).await?;
        span.end();
        name.clear();
    }
    Ok(())
}
