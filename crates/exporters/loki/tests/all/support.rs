//! A scripted Loki, and an exporter that pushes to it.

use std::net::SocketAddr;
use std::time::Duration;

use headwater_core::pdata::owned::{
    InstrumentationScope, KeyValue, LogRecord, LogsData, Resource, ResourceLogs, ScopeLogs,
};
use headwater_core::{Batch, Signal};
use headwater_exporter_loki::{Config, factory};
use headwater_exporting::RetryConfig;
use headwater_loki::push::{from_json, streams};
use headwater_testkit::{ExporterSetup, Script};
use headwater_transport::http::{Handler, Request, Response, Server, ServerOptions};
use headwater_transport::listen::{self, Transport};
use headwater_transport::{Serve as _, Stopper};
use http::{HeaderMap, StatusCode};

/// Some time, in nanoseconds.
pub(crate) const T: u64 = 1_700_000_000_000_000_000;

/// A stream as it came: labels, and time, line and structured metadata of its entries.
pub(crate) type Stream = (String, Vec<(i64, String, String)>);

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) streams: Vec<Stream>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The lines of each stream, joined.
    pub(crate) fn lines(&self) -> Vec<(String, String)> {
        let joined = |(labels, entries): &Stream| {
            let lines: Vec<_> = entries.iter().map(|(_, line, _)| line.as_str()).collect();
            (labels.clone(), lines.join(" "))
        };
        self.streams.iter().map(joined).collect()
    }

    pub(crate) fn entries(&self) -> usize {
        self.streams.iter().map(|(_, entries)| entries.len()).sum()
    }
}

#[derive(Clone)]
struct Scripted(Script<Received, Response>);

fn read(request: &Request) -> Vec<Stream> {
    let json = request.headers["content-type"] == "application/json";
    let message = if json {
        from_json(&request.body).unwrap()
    } else {
        request.body.to_vec()
    };
    streams(&message)
        .unwrap()
        .map(|stream| {
            let entries = stream.entries().map(|entry| {
                let mut pairs: Vec<_> = entry.metadata().map(|(n, v)| format!("{n}={v}")).collect();
                if json {
                    // An object has no order.
                    pairs.sort_by_key(|pair| pair.starts_with("span_id"));
                }
                (entry.time, entry.line.to_string(), pairs.join(","))
            });
            (stream.labels().to_string(), entries.collect())
        })
        .collect()
}

impl Handler for Scripted {
    async fn call(&self, request: Request) -> Response {
        let received = Received {
            path: request.uri.to_string(),
            streams: read(&request),
            headers: request.headers,
        };
        let answer = self.0.take(received);
        answer.unwrap_or_else(|| Response::empty(StatusCode::NO_CONTENT))
    }
}

/// An answer with a text.
pub(crate) fn answer(status: u16, text: &str) -> Response {
    Response::text(StatusCode::from_u16(status).unwrap(), text.to_owned())
}

/// A running Loki; stops when dropped. Takes everything unless it is told otherwise.
pub(crate) struct Backend {
    script: Script<Received, Response>,
    pub(crate) address: SocketAddr,
    _stopper: Stopper,
}

impl Backend {
    pub(crate) fn start() -> Self {
        let bound = listen::bind(Transport::Tcp, "127.0.0.1:0", 1).unwrap();
        let address = bound.local_addr().tcp().unwrap();
        let listener = bound.split(1).unwrap().remove(0).into_listener().unwrap();
        let script = Script::new();
        // It takes snappy's block format, and hands out what was in it.
        let server = Server::new(Scripted(script.clone()), ServerOptions::default());
        let stopper = Stopper::default();
        tokio::spawn(server.serve(listener, stopper.stop()));
        Self {
            script,
            address,
            _stopper: stopper,
        }
    }

    pub(crate) fn say(&self, answers: impl IntoIterator<Item = Response>) {
        self.script.say(answers);
    }

    /// Answers what is not scripted.
    pub(crate) fn judge(&self, judge: impl Fn(&Received) -> Option<Response> + Send + 'static) {
        self.script.judge(judge);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.script.received()
    }

    pub(crate) async fn wait_for(&self, requests: usize) -> Vec<Received> {
        self.script.wait_for(requests).await
    }
}

/// An exporter to `address` that tries again at once and does not wait for more.
pub(crate) fn config(address: SocketAddr) -> Config {
    let mut config = Config {
        retry_on_failure: RetryConfig {
            initial_interval: Duration::from_millis(1),
            max_interval: Duration::from_millis(5),
            ..Config::default().retry_on_failure
        },
        batch_size: 0,
        ..Config::default()
    };
    config.client.endpoint = format!("http://{address}/loki/api/v1/push");
    config
}

/// The same, without any label that was not asked for.
pub(crate) fn bare(address: SocketAddr) -> Config {
    let mut config = config(address);
    config.default_labels_enabled.exporter = false;
    config.default_labels_enabled.level = false;
    config
}

/// Built and started.
pub(crate) async fn started(config: &Config) -> ExporterSetup {
    ExporterSetup::started(&factory(), Signal::Logs, config).await
}

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs
        .iter()
        .map(|(key, value)| KeyValue::new(*key, *value))
        .collect()
}

/// A record with a body.
pub(crate) fn record(at: u64, body: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: T + at,
        body: body.into(),
        ..LogRecord::default()
    }
}

/// Records of a resource.
pub(crate) fn resource(attributes: Vec<KeyValue>, log_records: Vec<LogRecord>) -> ResourceLogs {
    ResourceLogs {
        resource: Some(Resource {
            attributes,
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            scope: Some(InstrumentationScope {
                name: "lib".into(),
                version: "1".into(),
                ..InstrumentationScope::default()
            }),
            log_records,
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    }
}

pub(crate) fn batch(resource_logs: Vec<ResourceLogs>) -> Batch {
    let data = LogsData {
        resource_logs,
        ..LogsData::default()
    };
    let bytes = data.encode();
    let items = headwater_core::pdata::count_items(Signal::Logs, &bytes).unwrap();
    Batch::new(Signal::Logs, bytes, items)
}

/// A label's name and value.
type Label<'a> = (&'a str, &'a str);
/// Labels with lines.
pub(crate) type Lines<'a> = (&'a [Label<'a>], &'a [&'a str]);

/// Resources that are streams.
pub(crate) fn stream_batch(streams: &[Lines<'_>]) -> Batch {
    let entry = |(labels, lines): &Lines<'_>| {
        let mut labels = attributes(labels);
        labels.push(KeyValue::new("loki.stream", true));
        let lines = lines.iter().enumerate();
        let records = lines.map(|(at, line)| record(at as u64, line)).collect();
        resource(labels, records)
    };
    batch(streams.iter().map(entry).collect())
}
