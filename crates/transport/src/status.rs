//! [`Status`]: how a request ended, for gRPC and HTTP alike.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use headwater_core::auth::AuthError;
use headwater_core::rpc::Code;
use headwater_core::{ConsumeError, ErrorKind};

/// The wait suggested to a sender when backpressure gives none. A refusal without a wait is
/// permanent to OTLP clients, so there is always one. Source: OTLP specification, "Throttling".
pub const DEFAULT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Why a request failed: a gRPC code, a message, and perhaps when to try again.
///
/// HTTP servers and clients use it too; the mapping of codes is in [``http::status``].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    code: Code,
    message: Cow<'static, str>,
    retry_delay: Option<Duration>,
}

impl Status {
    /// A status of `code`; `message` is a lower-case phrase without a full stop.
    #[must_use]
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_delay: None,
        }
    }

    /// Adds the wait that the far side should keep before it tries again (gRPC RetryInfo, HTTP
    /// Retry-After).
    #[must_use]
    pub fn with_retry_delay(mut self, delay: Duration) -> Self {
        self.retry_delay = Some(delay);
        self
    }

    /// The gRPC code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The wait asked for, if any.
    #[must_use]
    pub const fn retry_delay(&self) -> Option<Duration> {
        self.retry_delay
    }

    /// Whether an OTLP client may send the same request again.
    ///
    /// Resource exhaustion is retryable only with a retry delay. Source: OTLP specification,
    /// "Failures".
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.code.is_retryable()
            || (self.code == Code::ResourceExhausted && self.retry_delay.is_some())
    }

    /// The error that an exporter returns for this answer of its backend.
    #[must_use]
    pub fn into_consume_error(self) -> ConsumeError {
        let kind = if self.is_retryable() {
            ErrorKind::Retryable {
                after: self.retry_delay,
            }
        } else {
            ErrorKind::Permanent
        };
        let code = self.code;
        ConsumeError::new(kind, self.to_string()).with_code(code)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rpc error: code = {} desc = {}", self.code, self.message)
    }
}

impl std::error::Error for Status {}

impl From<&ConsumeError> for Status {
    /// A code that a backend gave is kept; else permanent is INTERNAL, refused is
    /// RESOURCE_EXHAUSTED with a wait, and everything else UNAVAILABLE.
    fn from(error: &ConsumeError) -> Self {
        let (code, delay) = match error.kind() {
            ErrorKind::Permanent => (Code::Internal, None),
            ErrorKind::Retryable { after } => (Code::Unavailable, after),
            ErrorKind::Refused { after } => (
                Code::ResourceExhausted,
                Some(after.unwrap_or(DEFAULT_RETRY_DELAY)),
            ),
        };
        // OK inside an error would tell the client that its data arrived.
        let code = error
            .code()
            .filter(|code| *code != Code::Ok)
            .unwrap_or(code);
        Self {
            code,
            message: error.chain().into(),
            retry_delay: delay,
        }
    }
}

impl From<ConsumeError> for Status {
    fn from(error: ConsumeError) -> Self {
        Self::from(&error)
    }
}

impl From<headwater_core::BudgetExceeded> for Status {
    fn from(error: headwater_core::BudgetExceeded) -> Self {
        Self::new(Code::ResourceExhausted, error.to_string()).with_retry_delay(DEFAULT_RETRY_DELAY)
    }
}

impl From<AuthError> for Status {
    /// UNAUTHENTICATED; RESOURCE_EXHAUSTED with the wait if the credentials were not looked at.
    fn from(error: AuthError) -> Self {
        let retry_delay = error.retry_after();
        let code = match retry_delay {
            Some(_) => Code::ResourceExhausted,
            None => Code::Unauthenticated,
        };
        Self {
            code,
            message: error.message.into(),
            retry_delay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consume_errors_become_the_codes_of_the_otlp_receiver() {
        let status = |error: ConsumeError| {
            let status = Status::from(&error);
            (status.code(), status.retry_delay())
        };
        let second = Duration::from_secs(1);
        assert_eq!(status(ConsumeError::permanent("x")), (Code::Internal, None));
        assert_eq!(
            status(ConsumeError::retryable("x", None)),
            (Code::Unavailable, None)
        );
        assert_eq!(
            status(ConsumeError::refused("x", None)),
            (Code::ResourceExhausted, Some(second))
        );
        assert_eq!(
            status(ConsumeError::permanent("x").with_code(Code::InvalidArgument)),
            (Code::InvalidArgument, None)
        );
        assert_eq!(
            status(ConsumeError::retryable("x", Some(second)).with_code(Code::Ok)),
            (Code::Unavailable, Some(second))
        );
    }

    #[test]
    fn exhaustion_is_retryable_only_with_a_wait() {
        let status = Status::new(Code::ResourceExhausted, "queue is full");
        assert!(status.clone().into_consume_error().is_permanent());
        let status = status.with_retry_delay(Duration::from_secs(2));
        assert_eq!(
            status.into_consume_error().after(),
            Some(Duration::from_secs(2))
        );
    }
}
