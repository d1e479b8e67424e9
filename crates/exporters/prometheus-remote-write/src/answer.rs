//! What an answer means. Source: "Prometheus Remote-Write 2.0 specification", which covers 1.0.

use std::time::{Duration, SystemTime};

use headwater_prometheus::remote_write::{
    EXEMPLARS_WRITTEN, HISTOGRAMS_WRITTEN, Message, SAMPLES_WRITTEN,
};
use headwater_transport::http::Answer;
use headwater_transport::http::status::{drop_reason, parse_retry_after};
use http::StatusCode;
use http::header::RETRY_AFTER;

/// How much of an answer gets into the log, in characters.
const QUOTED: usize = 1024;

/// What a backend of 2.0 says it has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Written {
    pub(crate) samples: Option<u64>,
    pub(crate) histograms: Option<u64>,
    pub(crate) exemplars: Option<u64>,
}

impl Written {
    fn read(answer: &Answer) -> Self {
        let count = |name: &str| answer.headers.get(name)?.to_str().ok()?.trim().parse().ok();
        Self {
            samples: count(SAMPLES_WRITTEN),
            histograms: count(HISTOGRAMS_WRITTEN),
            exemplars: count(EXEMPLARS_WRITTEN),
        }
    }

    /// Whether the backend has said nothing: it does not know 2.0.
    pub(crate) const fn is_silent(&self) -> bool {
        self.samples.is_none() && self.histograms.is_none() && self.exemplars.is_none()
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has arrived; what 2.0 says about it.
    Arrived(Written),
    /// Send it again, not before this time.
    Again(Option<Duration>),
    /// The backend does not take this message.
    OtherMessage,
    /// It is no use; the reason, and what was written all the same.
    GiveUp(&'static str, Written),
}

/// Reads the answer to a request of `message` that came at `now`.
pub(crate) fn read(message: Message, answer: &Answer, now: SystemTime) -> Verdict {
    let status = answer.status;
    let after = || {
        let value = answer.headers.get(RETRY_AFTER)?;
        parse_retry_after(value, now)
    };
    if status.is_success() {
        return Verdict::Arrived(Written::read(answer));
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Verdict::Again(after());
    }
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE && message == Message::V2 {
        return Verdict::OtherMessage;
    }
    let written = match message {
        Message::V1 => Written::default(),
        Message::V2 => Written::read(answer),
    };
    Verdict::GiveUp(drop_reason(status), written)
}

/// What the backend wrote, word by word, on one line.
pub(crate) fn quote(answer: &Answer) -> String {
    answer.quote(QUOTED)
}
