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

/// Client errors that other content would get as well.
const NOT_OF_THE_CONTENT: [StatusCode; 6] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::PROXY_AUTHENTICATION_REQUIRED,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
];

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

    /// Whether the backend has written anything that it says.
    pub(crate) fn is_some(&self) -> bool {
        [self.samples, self.histograms, self.exemplars]
            .into_iter()
            .any(|count| count.is_some_and(|count| count > 0))
    }

    /// Whether the backend has said nothing: it does not know 2.0.
    pub(crate) const fn is_silent(&self) -> bool {
        self.samples.is_none() && self.histograms.is_none() && self.exemplars.is_none()
    }
}

/// Smaller requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Something in it is wrong: the requests that it was merged of.
    Parts,
    /// It is too large: its halves.
    Halves,
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
    /// It is no use; the reason, what was written all the same, and how more of it may arrive.
    GiveUp(&'static str, Written, Option<Remedy>),
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
    let remedy = if status == StatusCode::PAYLOAD_TOO_LARGE {
        Some(Remedy::Halves)
    } else if status.is_client_error() && !NOT_OF_THE_CONTENT.contains(&status) {
        Some(Remedy::Parts)
    } else {
        None
    };
    // Who says that something was written has written all that could be.
    let remedy = remedy.filter(|_| !written.is_some());
    Verdict::GiveUp(drop_reason(status), written, remedy)
}

/// What the backend wrote, word by word, on one line.
pub(crate) fn quote(answer: &Answer) -> String {
    answer.quote(QUOTED)
}

/// What an answer that is not success says.
pub(crate) fn describe(answer: &Answer) -> String {
    let text = quote(answer);
    let status = answer.status.as_u16();
    if text.is_empty() {
        format!("remote write returned HTTP status {status}")
    } else {
        format!("remote write returned HTTP status {status}: {text}")
    }
}
