//! The subscriber that turns events into lines.

use std::time::SystemTime;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use super::line;
use super::spans::{self, Collect, Spans};
use super::{Logging, Settings};

/// Libraries whose lines only matter to whoever looks for a bug: shown at level debug.
const LIBRARIES: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "rustls",
    "tokio",
    "tokio_util",
    "tower",
    "want",
];

/// Writes every event as a line, as the configuration of its [`Logging`] says.
///
/// Made for few lines: each takes a lock and one system call per output.
pub struct LogSubscriber {
    logging: Logging,
    spans: Spans,
}

impl LogSubscriber {
    /// A subscriber that writes as `logging` says, also after that changes.
    #[must_use]
    pub fn new(logging: Logging) -> Self {
        Self {
            logging,
            spans: Spans::default(),
        }
    }
}

impl std::fmt::Debug for LogSubscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogSubscriber").field(&self.logging).finish()
    }
}

impl Settings {
    fn shows(&self, metadata: &Metadata<'_>) -> bool {
        let Some(level) = self.level else {
            return false;
        };
        let library = metadata.target().split("::").next().unwrap_or_default();
        *metadata.level() <= level
            && (level >= tracing::Level::DEBUG || !LIBRARIES.contains(&library))
    }
}

impl Subscriber for LogSubscriber {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Answered once per place in the code, and again when the configuration changes.
        if self.logging.settings().shows(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(
            self.logging
                .settings()
                .level
                .map_or(LevelFilter::OFF, LevelFilter::from_level),
        )
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logging.settings().shows(metadata)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut collect = Collect::default();
        attributes.record(&mut collect);
        let parent = attributes
            .parent()
            .cloned()
            .or_else(|| attributes.is_contextual().then(spans::current).flatten());
        self.spans.open(parent.as_ref(), collect.fields)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut collect = Collect::default();
        values.record(&mut collect);
        self.spans.extend(span, collect.fields);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let settings = self.logging.settings();
        let metadata = event.metadata();
        let mut collect = Collect::default();
        event.record(&mut collect);
        if let Some(sampler) = &settings.sampler
            && !sampler.admits(*metadata.level(), &collect.message)
        {
            return;
        }
        let span = event
            .parent()
            .cloned()
            .or_else(|| event.is_contextual().then(spans::current).flatten());
        let mut fields = span.map_or_else(Vec::new, |span| self.spans.fields(&span));
        fields.append(&mut collect.fields);
        let line = settings.format.write(&line::Event {
            metadata,
            at: SystemTime::now(),
            message: &collect.message,
            fields: &fields,
        });
        settings.outputs.write(&line);
    }

    fn enter(&self, span: &Id) {
        spans::enter(span);
    }

    fn exit(&self, span: &Id) {
        spans::exit(span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.spans.keep(id);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.spans.release(&id)
    }
}
