//! How a sink answers.

use std::future::pending;
use std::time::Duration;

use super::respond::Reply;

/// How to answer a request.
#[derive(Debug, Clone, Default)]
pub enum Answer {
    /// Takes it.
    #[default]
    Take,
    /// Takes it, but only answers after a while.
    Slowly(Duration),
    /// Does not take it.
    Refuse {
        /// The HTTP status.
        http: u16,
        /// The gRPC code.
        grpc: u8,
        /// `Retry-After` or RetryInfo.
        after: Option<Duration>,
    },
    /// Success, with bytes that are no response message.
    Garbage,
    /// No answer at all.
    Never,
}

impl Answer {
    /// Refuses with this HTTP status or gRPC code.
    #[must_use]
    pub const fn refuse(http: u16, grpc: u8) -> Self {
        Self::Refuse {
            http,
            grpc,
            after: None,
        }
    }

    /// Asks to wait so long before the next try.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        match self {
            Self::Refuse { http, grpc, .. } => Self::Refuse {
                http,
                grpc,
                after: Some(delay),
            },
            other => other,
        }
    }

    /// Whether the request counts as taken when it comes.
    pub(super) fn takes(&self) -> bool {
        matches!(self, Self::Take)
    }

    /// Whether the request counts as taken after the wait.
    pub(super) fn takes_late(&self) -> bool {
        matches!(self, Self::Slowly(_))
    }

    pub(super) async fn reply(&self) -> Reply {
        match self {
            Self::Take => Reply::Success,
            Self::Slowly(delay) => {
                tokio::time::sleep(*delay).await;
                Reply::Success
            }
            Self::Refuse { http, grpc, after } => Reply::Error {
                http: *http,
                grpc: *grpc,
                after: *after,
            },
            Self::Garbage => Reply::Garbage,
            Self::Never => pending().await,
        }
    }
}
