//! Processors, and items to show them.

use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::graph::Environment;
use headwater_core::{Batch, BuiltProcessor, Processor, Signal};
use headwater_processor_probabilistic_sampler::{Config, factory};
use headwater_testkit::otlp::{
    KeyValue, LogRecord, LogsData, Request, ResourceLogs, ResourceSpans, ScopeLogs, ScopeSpans,
    Span, TracesData,
};
use headwater_testkit::{Recorder, environment};

pub(crate) struct Setup {
    pub(crate) environment: Environment,
    pub(crate) processor: Arc<dyn Processor>,
    signal: Signal,
}

impl Setup {
    pub(crate) fn new(signal: Signal, yaml: &str) -> Self {
        let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
        let environment = environment();
        let id = "probabilistic_sampler".parse().unwrap();
        let settings = environment.pipeline_settings(&id, &signal.as_str().parse().unwrap());
        let next = Arc::new(Recorder::new());
        let built = factory().build_processor(settings, &config, next);
        let BuiltProcessor::Inline(processor) = built.unwrap() else {
            panic!("a sampler holds no data")
        };
        Self {
            environment,
            processor,
            signal,
        }
    }

    fn process(&self, request: &Request, items: usize) -> Option<Request> {
        let batch = Batch::new(self.signal, Bytes::from(request.encode()), items);
        let batch = self.processor.process(batch).unwrap()?;
        let bytes = batch.payload().to_contiguous();
        Some(Request::decode(self.signal, &bytes).unwrap())
    }

    /// The spans that are kept.
    pub(crate) fn spans(&self, spans: Vec<Span>) -> Vec<Span> {
        let items = spans.len();
        let data = TracesData {
            resource_spans: vec![ResourceSpans {
                scope_spans: vec![ScopeSpans {
                    spans,
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        };
        match self.process(&Request::Traces(data), items) {
            Some(Request::Traces(mut data)) => {
                data.resource_spans.remove(0).scope_spans.remove(0).spans
            }
            _ => Vec::new(),
        }
    }

    /// The records that are kept.
    pub(crate) fn logs(&self, log_records: Vec<LogRecord>) -> Vec<LogRecord> {
        let items = log_records.len();
        let data = LogsData {
            resource_logs: vec![ResourceLogs {
                scope_logs: vec![ScopeLogs {
                    log_records,
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }],
        };
        match self.process(&Request::Logs(data), items) {
            Some(Request::Logs(mut data)) => {
                data.resource_logs
                    .remove(0)
                    .scope_logs
                    .remove(0)
                    .log_records
            }
            _ => Vec::new(),
        }
    }
}

/// A trace id whose randomness has these highest 8 bits.
pub(crate) fn trace_id(random: u8) -> Vec<u8> {
    let mut id = vec![7; 16];
    id[9] = random;
    id
}

pub(crate) fn span(random: u8, trace_state: &str) -> Span {
    Span {
        trace_id: trace_id(random),
        trace_state: trace_state.to_owned(),
        ..Span::default()
    }
}

pub(crate) fn log(random: u8, attributes: Vec<KeyValue>) -> LogRecord {
    LogRecord {
        trace_id: trace_id(random),
        attributes,
        ..LogRecord::default()
    }
}
