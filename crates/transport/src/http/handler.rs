//! What an HTTP server asks of those who use it.

use std::borrow::Cow;
use std::future::Future;

use bytes::Bytes;
use headwater_core::auth::AuthError;
use headwater_core::rpc::Code;
use headwater_core::{Context, Ticket};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};

use super::status;
use crate::Status;
use crate::compression::DecompressError;

/// A request whose body has arrived complete and plain.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The target.
    pub uri: Uri,
    /// The headers as they were sent.
    pub headers: HeaderMap,
    /// Peer, arrival, identity and, with `include_metadata`, the headers.
    pub context: Context,
    /// The body, decompressed.
    pub body: Bytes,
    /// What [`Handler::admit`] gave for the body's bytes.
    pub ticket: Ticket,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Response {
    /// An answer with a body.
    #[must_use]
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// An answer in plain text.
    #[must_use]
    pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Sets a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

/// Why a request did not get to [`Handler::call`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The authenticator refused it.
    Unauthenticated(AuthError),
    /// The body is larger than `max_request_body_size`.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The `Content-Encoding` is unknown or not allowed.
    UnknownEncoding(String),
    /// The body is not what its `Content-Encoding` says, or decompresses to too much.
    Encoding(DecompressError),
    /// [`Handler::admit`] refused it.
    Refused(Status),
    /// The body did not arrive in time.
    Slow,
    /// The client stopped sending in the middle of the body.
    Incomplete,
}

impl Rejection {
    /// The HTTP status that upstream's servers answer with.
    #[must_use]
    pub const fn http_status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Refused(status) => status::from_code(status.code()),
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The rejection as a status with its message.
    #[must_use]
    pub fn status(&self) -> Status {
        let code = match self {
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::Refused(status) => return status.clone(),
            _ => Code::InvalidArgument,
        };
        Status::new(code, self.message().into_owned())
    }

    /// What is wrong, for the client.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        match self {
            Self::Unauthenticated(error) => error.message.as_str().into(),
            Self::TooLarge { limit } => {
                format!("http: request body too large: the limit is {limit} bytes").into()
            }
            Self::UnknownEncoding(name) => format!("unsupported Content-Encoding: {name}").into(),
            Self::Encoding(error) => error.to_string().into(),
            Self::Refused(status) => status.message().into(),
            Self::Slow => "the request body did not arrive in time".into(),
            Self::Incomplete => "the request body is not complete: unexpected EOF".into(),
        }
    }
}

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Looks at a request before its body is read: those for unknown paths, methods and content
    /// types need not be sent. Returns the answer to send at once, or `None` to go on.
    fn check(&self, head: &Parts) -> Option<Response> {
        let _ = head;
        None
    }

    /// Charges `bytes` before as many are read; an error refuses the request unread.
    ///
    /// Called once with the `Content-Length`, or several times where there is none; the tickets
    /// are merged. The ticket is corrected after decompression.
    ///
    /// # Errors
    /// Usually RESOURCE_EXHAUSTED with a retry delay.
    fn admit(&self, head: &Parts, bytes: usize) -> Result<Ticket, Status> {
        let _ = (head, bytes);
        Ok(Ticket::default())
    }

    /// Answers a request.
    ///
    /// # Cancel safety
    /// The future is dropped when the connection breaks, so what must be booked has to be booked
    /// by a guard.
    fn call(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// Shapes the answer to a request that was rejected on its way here. Plain text unless
    /// overridden. `Retry-After` and `WWW-Authenticate` are added to whatever it returns.
    fn reject(&self, head: &Parts, rejection: &Rejection) -> Response {
        let _ = head;
        Response::text(rejection.http_status(), rejection.message().into_owned())
    }
}
