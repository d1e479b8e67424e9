//! The unary client.

mod answer;
mod calls;
mod channel;
mod connect;
mod target;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use headwater_core::auth::{ClientAuthenticator, ClientRequest};
use headwater_core::config::Config;
use headwater_core::rpc::Code;
use headwater_core::{Context, worker};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use self::channel::Channel;
use super::body::{Frames, PREFIX, prefix};
use super::{Message, headers};
use crate::Status;
use crate::compression::Compressor;
use crate::connect::Connector;
use crate::http2::{Field, Reason};

pub use self::target::{ClientTarget, TargetError};

/// How addresses of a target are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Config)]
pub enum Balancer {
    /// Connects to all and takes turns. Upstream's default.
    #[default]
    RoundRobin,
    /// Uses the first that works. gRPC's own default, which an empty name asks for.
    #[config(alias = "")]
    PickFirst,
}

/// HTTP/2 pings of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientKeepAlive {
    /// Ping a silent server after this; at least 10 s, as in grpc-go.
    pub time: Duration,
    /// Reconnect if the ping is not answered within this.
    pub timeout: Duration,
    /// Ping while no request is open.
    pub permit_without_stream: bool,
}

/// How a client behaves.
#[derive(Clone)]
pub struct ClientOptions {
    /// Where to send.
    pub target: ClientTarget,
    /// Use of several addresses.
    pub balancer: Balancer,
    /// Compression of requests; `None` sends them plain.
    pub compressor: Option<Compressor>,
    /// Headers of every request.
    pub headers: HeaderMap,
    /// The `user-agent`.
    pub user_agent: HeaderValue,
    /// Replaces the target's host in `:authority`.
    pub authority: Option<String>,
    /// Whether requests wait while no connection can be had, up to their timeout. Otherwise
    /// they fail as soon as connecting has failed.
    pub wait_for_ready: bool,
    /// Pings; `None` sends none.
    pub keepalive: Option<ClientKeepAlive>,
    /// Signs requests. A request that it cannot sign fails with UNAVAILABLE.
    pub authenticator: Option<Arc<dyn ClientAuthenticator>>,
    /// The largest answer in bytes. Default: 4 MiB.
    pub max_message: usize,
    /// TLS and proxies. Default: neither.
    pub connector: Connector,
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers may hold secrets.
        f.debug_struct("ClientOptions")
            .field("target", &self.target)
            .field("balancer", &self.balancer)
            .field("compressor", &self.compressor)
            .finish_non_exhaustive()
    }
}

impl ClientOptions {
    /// A plaintext client of `target` with upstream's defaults.
    #[must_use]
    pub fn plaintext(target: ClientTarget) -> Self {
        Self {
            target,
            balancer: Balancer::default(),
            compressor: None,
            headers: HeaderMap::new(),
            user_agent: HeaderValue::from_static(concat!("headwater/", env!("CARGO_PKG_VERSION"))),
            authority: None,
            wait_for_ready: false,
            keepalive: None,
            authenticator: None,
            max_message: super::DEFAULT_MAX_MESSAGE,
            connector: Connector::default(),
        }
    }
}

/// A method of one client, prepared once.
#[derive(Debug)]
pub struct Method {
    /// Tells methods apart, also those of different clients.
    id: u64,
    uri: Uri,
    headers: HeaderMap,
    /// The header of the timeout that is used every time.
    timeout: OnceLock<(Duration, HeaderValue)>,
}

fn next_id() -> u64 {
    static IDS: AtomicU64 = AtomicU64::new(0);
    IDS.fetch_add(1, Ordering::Relaxed)
}

impl Method {
    /// The same method with one more header, which replaces those of the same name. Keep it for as
    /// long as the header is the same: connections remember what they have sent.
    #[must_use]
    pub fn with_header(&self, name: HeaderName, value: HeaderValue) -> Self {
        let mut headers = self.headers.clone();
        headers.insert(name, value);
        Self {
            id: next_id(),
            uri: self.uri.clone(),
            headers,
            timeout: OnceLock::new(),
        }
    }
}

/// A unary gRPC client. Cheap to clone; clones share connections.
///
/// Every worker has connections of its own, so that a request never crosses threads.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    options: Arc<ClientOptions>,
    /// By worker.
    channels: Mutex<Vec<Option<Arc<Channel>>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.options).finish()
    }
}

impl Client {
    /// A client that is not connected yet.
    #[must_use]
    pub fn new(options: ClientOptions) -> Self {
        Self(Arc::new(Inner {
            options: Arc::new(options),
            channels: Mutex::default(),
        }))
    }

    /// Where it sends.
    #[must_use]
    pub fn target(&self) -> &ClientTarget {
        &self.0.options.target
    }

    /// Begins to connect the calling worker, without waiting.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn connect(&self) {
        let _ = self.channel();
    }

    /// Prepares calls of the method with this full path, for example
    /// `/opentelemetry.proto.collector.trace.v1.TraceService/Export`.
    #[must_use]
    pub fn method(&self, path: &'static str) -> Method {
        let options = &self.0.options;
        let authority = options
            .authority
            .as_deref()
            .unwrap_or(&options.target.authority);
        let scheme = if options.connector.is_tls() {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query(PathAndQuery::from_static(path))
            .build()
            // An authority with odd characters; no server would take it either.
            .unwrap_or_else(|_| Uri::from_static(path));
        let mut map = options.headers.clone();
        map.insert(header::TE, HeaderValue::from_static("trailers"));
        map.insert(header::CONTENT_TYPE, headers::CONTENT_TYPE);
        map.entry(header::USER_AGENT)
            .or_insert_with(|| options.user_agent.clone());
        map.insert(headers::GRPC_ACCEPT_ENCODING, headers::ACCEPTED);
        if let Some(compressor) = options.compressor {
            let name = compressor.encoding().grpc_name();
            map.insert(headers::GRPC_ENCODING, HeaderValue::from_static(name));
        }
        Method {
            id: next_id(),
            uri,
            headers: map,
            timeout: OnceLock::new(),
        }
    }

    /// Sends one message and returns the answer's.
    ///
    /// A request that surely was not processed (its connection was being closed) is sent again
    /// once by itself. `timeout` covers everything, waiting for a connection included.
    ///
    /// # Errors
    /// The server's [`Status`], or UNAVAILABLE, DEADLINE_EXCEEDED and the like with a message
    /// that names the server.
    ///
    /// # Cancel safety
    /// Dropping the future resets the request; the server may have processed it.
    pub async fn call(
        &self,
        method: &Method,
        message: &Message,
        context: &Context,
        timeout: Option<Duration>,
    ) -> Result<Bytes, Status> {
        let work = self.call_unbounded(method, message, context, timeout);
        let Some(timeout) = timeout else {
            return work.await;
        };
        tokio::time::timeout(timeout, work)
            .await
            .unwrap_or_else(|_| {
                let target = &self.0.options.target;
                let text = format!("no answer from {target} within {timeout:?}");
                Err(Status::new(Code::DeadlineExceeded, text))
            })
    }

    async fn call_unbounded(
        &self,
        method: &Method,
        message: &Message,
        context: &Context,
        timeout: Option<Duration>,
    ) -> Result<Bytes, Status> {
        let channel = self.channel();
        let mut again = true;
        loop {
            let picked = channel.pick().await?;
            let call = self.prepare(method, message, context, timeout).await?;
            match picked.sender.exchange(call).await {
                Ok(answer) => return Ok(answer),
                Err(CallError::NotProcessed(_)) if again => again = false,
                Err(error) => return Err(answer::status_of(error, &picked.address)),
            }
        }
    }

    async fn prepare<'a>(
        &self,
        method: &'a Method,
        message: &Message,
        context: &Context,
        timeout: Option<Duration>,
    ) -> Result<Call<'a>, Status> {
        let frames = self.frames(message)?;
        let headers = self.authorize(method, context, &frames, timeout).await?;
        let timeout = timeout.map(|timeout| method.timeout_header(timeout));
        Ok(Call {
            method,
            headers,
            timeout,
            frames,
        })
    }

    fn frames(&self, message: &Message) -> Result<Frames, Status> {
        let too_long = || Status::new(Code::ResourceExhausted, "the message is larger than 4 GiB");
        let Some(compressor) = self.0.options.compressor else {
            return Frames::plain(message).ok_or_else(too_long);
        };
        let mut framed = vec![0; PREFIX];
        compressor
            .compress(message.segments(), &mut framed)
            .map_err(|error| Status::new(Code::Internal, error.to_string()))?;
        let prefix = prefix(true, framed.len() - PREFIX).ok_or_else(too_long)?;
        framed[..PREFIX].copy_from_slice(&prefix);
        Ok(Frames::single(framed.into()))
    }

    /// The headers of a request as an authenticator has completed them; `None` without one.
    async fn authorize(
        &self,
        method: &Method,
        context: &Context,
        frames: &Frames,
        timeout: Option<Duration>,
    ) -> Result<Option<HeaderMap>, Status> {
        let Some(authenticator) = &self.0.options.authenticator else {
            return Ok(None);
        };
        let mut frames = frames.clone();
        let length = if authenticator.needs_body() {
            frames.remaining()
        } else {
            0
        };
        let body = frames.copy_to_bytes(length);
        let mut headers = method.headers.clone();
        if let Some(timeout) = timeout {
            headers.insert(headers::GRPC_TIMEOUT, method.timeout_header(timeout).0);
        }
        let mut request = ClientRequest {
            method: &http::Method::POST,
            uri: &method.uri,
            headers: &mut headers,
            body: &body,
            context,
        };
        authenticator
            .authorize(&mut request)
            .await
            // It is we who failed, not the server who refused: the next attempt may do better.
            .map_err(|error| Status::new(Code::Unavailable, error.message))?;
        Ok(Some(headers))
    }

    fn channel(&self) -> Arc<Channel> {
        let index = worker::current();
        let mut channels = self
            .0
            .channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if channels.len() <= index {
            channels.resize_with(index + 1, || None);
        }
        let channel = &mut channels[index];
        Arc::clone(channel.get_or_insert_with(|| Channel::open(Arc::clone(&self.0.options))))
    }
}

#[cfg(feature = "fuzzing")]
impl Client {
    pub(crate) async fn open_io(
        &self,
        io: crate::io::Io,
    ) -> Option<(connect::Open, connect::Sender)> {
        let address = crate::connect::Address::Tcp(([127, 0, 0, 1], 0).into());
        let open = connect::over(&self.0.options, self.0.options.keepalive, io, &address)
            .await
            .ok()?;
        let sender = open.sender();
        Some((open, sender))
    }

    pub(crate) async fn call_on(
        &self,
        sender: connect::Sender,
        method: &Method,
        message: &Message,
        context: &Context,
        timeout: Option<Duration>,
    ) -> Result<Bytes, Status> {
        let call = self.prepare(method, message, context, timeout).await?;
        let exchange = sender.exchange(call);
        let answer = match timeout {
            Some(timeout) => tokio::time::timeout(timeout, exchange)
                .await
                .map_err(|_| Status::new(Code::DeadlineExceeded, "no answer"))?,
            None => exchange.await,
        };
        answer.map_err(|error| answer::status_of(error, "memory"))
    }
}

impl Method {
    /// The header of a timeout, and whether it is the usual one.
    fn timeout_header(&self, timeout: Duration) -> (HeaderValue, bool) {
        let render = || {
            let text = headers::format_timeout(timeout);
            HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("1S"))
        };
        let (usual, header) = self.timeout.get_or_init(|| (timeout, render()));
        if *usual == timeout {
            (header.clone(), true)
        } else {
            (render(), false)
        }
    }
}

/// One request.
struct Call<'a> {
    method: &'a Method,
    /// All of its headers, if an authenticator has completed them.
    headers: Option<HeaderMap>,
    /// Otherwise its timeout, and whether that is the method's usual one.
    timeout: Option<(HeaderValue, bool)>,
    frames: Frames,
}

impl Call<'_> {
    /// Requests with the same key have the same headers; `None` is unlike all others.
    fn key(&self) -> Option<(u64, bool)> {
        match (&self.headers, &self.timeout) {
            (None, None) => Some((self.method.id, false)),
            (None, Some((_, true))) => Some((self.method.id, true)),
            _ => None,
        }
    }

    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let uri = &self.method.uri;
        let pseudo = [
            (&b":method"[..], "POST"),
            (b":scheme", uri.scheme_str().unwrap_or("http")),
            (b":path", uri.path()),
            (
                b":authority",
                uri.authority().map_or("", |authority| authority.as_str()),
            ),
        ];
        let pseudo = pseudo
            .into_iter()
            .map(|(name, value)| Field::again(name, value.as_bytes()));
        let headers = self.headers.as_ref().unwrap_or(&self.method.headers).iter();
        let headers = headers.map(|(name, value)| Field::again(name.as_ref(), value.as_bytes()));
        let timeout = self.timeout.as_ref().filter(|_| self.headers.is_none());
        let timeout = timeout.map(|(value, usual)| Field {
            name: b"grpc-timeout",
            value: value.as_bytes(),
            repeats: *usual,
        });
        pseudo.chain(headers).chain(timeout)
    }
}

/// Why a call brought no message.
#[derive(Debug)]
enum CallError {
    /// The server said so.
    Status(Status),
    /// The server ended the request.
    Reset(Reason, Arc<str>),
    /// The connection broke; the server has not looked at the request.
    NotProcessed(Arc<str>),
    /// The connection broke; the server may have processed the request.
    Failed(Arc<str>),
}
