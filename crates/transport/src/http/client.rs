//! The HTTP client.

mod connection;
mod cookies;
mod pool;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use headwater_core::auth::{ClientAuthenticator, ClientRequest};
use headwater_core::rpc::Code;
use headwater_core::{Context, worker};
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, LOCATION, PROXY_AUTHORIZATION,
    USER_AGENT, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use self::connection::SendError;
use self::cookies::Jar;
use self::pool::{Pool, Route};
use super::{Proxies, Url};
use crate::Status;
use crate::compression::Compressor;
use crate::connect::Connector;
use crate::grpc::{Frames, Message};

/// Redirects that are followed. Source: Go `net/http.Client`.
const MOST_REDIRECTS: usize = 10;
/// How much of an answer [`Client::post`] reads. Source: Go `otlphttpexporter`.
pub const POST_ANSWER: usize = 64 << 10;

/// How a client behaves.
#[derive(Clone)]
pub struct ClientOptions {
    /// How long a request may take as a whole; `None` for as long as it likes.
    pub timeout: Option<Duration>,
    /// Headers of every request; they replace those of the request. `host` replaces the URL's.
    pub headers: HeaderMap,
    /// The `user-agent`, unless the headers have one.
    pub user_agent: HeaderValue,
    /// Compression of bodies; `None` sends them plain.
    pub compressor: Option<Compressor>,
    /// Signs requests, after compression. A request that it cannot sign fails with UNAVAILABLE.
    pub authenticator: Option<Arc<dyn ClientAuthenticator>>,
    /// Proxies.
    pub proxies: Proxies,
    /// Idle connections to keep per worker. Default: 100.
    pub max_idle: usize,
    /// Idle connections to keep per host and worker. Default: as many.
    pub max_idle_per_host: usize,
    /// Connections per host and worker; requests beyond wait.
    pub max_per_host: Option<usize>,
    /// How long an idle connection is kept. Default: 90 s.
    pub idle_timeout: Option<Duration>,
    /// Whether connections are used again. Default: true.
    pub keep_alive: bool,
    /// Ping an HTTP/2 server that has been silent for this long.
    pub ping_after: Option<Duration>,
    /// How long the answer to a ping may take. Default: 15 s.
    pub ping_timeout: Duration,
    /// Whether cookies are kept and sent. Default: false.
    pub cookies: bool,
    /// Whether HTTP/2 is offered in the TLS handshake. Default: true.
    pub http2: bool,
    /// Whether redirects are followed; otherwise they are answers as any. Default: true.
    pub follow_redirects: bool,
    /// TLS and proxies. Default: neither.
    pub connector: Connector,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            timeout: None,
            headers: HeaderMap::new(),
            user_agent: HeaderValue::from_static(concat!("headwater/", env!("CARGO_PKG_VERSION"))),
            compressor: None,
            authenticator: None,
            proxies: Proxies::none(),
            max_idle: 100,
            max_idle_per_host: 100,
            max_per_host: None,
            idle_timeout: Some(Duration::from_secs(90)),
            keep_alive: true,
            ping_after: None,
            ping_timeout: Duration::from_secs(15),
            cookies: false,
            http2: true,
            follow_redirects: true,
            connector: Connector::default(),
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers may hold secrets.
        f.debug_struct("ClientOptions")
            .field("timeout", &self.timeout)
            .field("compressor", &self.compressor)
            .finish_non_exhaustive()
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The target.
    pub url: Url,
    /// Headers besides those of the client.
    pub headers: HeaderMap,
    /// The body, not compressed.
    pub body: Message,
    /// How much of the answer is read, in bytes; what is beyond is left out.
    pub answer_limit: usize,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it was sent, at most as long as the request's limit.
    pub body: Bytes,
    /// Whether there was more of the body.
    pub truncated: bool,
}

impl Answer {
    /// What the server wrote, word by word, on one line of at most `most` characters.
    #[must_use]
    pub fn quote(&self, most: usize) -> String {
        String::from_utf8_lossy(&self.body)
            .trim()
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(most)
            .collect()
    }
}

/// An HTTP client with a pool of connections per worker. Cheap to clone; clones share pools.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    options: Arc<ClientOptions>,
    /// By worker.
    pools: Mutex<Vec<Option<Arc<Pool>>>>,
    jar: Option<Jar>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.options).finish()
    }
}

impl Client {
    /// A client without connections.
    #[must_use]
    pub fn new(options: ClientOptions) -> Self {
        let jar = options.cookies.then(Jar::default);
        Self(Arc::new(Inner {
            options: Arc::new(options),
            pools: Mutex::default(),
            jar,
        }))
    }

    /// Posts a body and returns the answer with its first 64 KiB.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn post(
        &self,
        url: &Url,
        content_type: HeaderValue,
        body: Message,
        context: &Context,
    ) -> Result<Answer, Status> {
        let mut headers = HeaderMap::with_capacity(1);
        headers.insert(CONTENT_TYPE, content_type);
        let url = url.clone();
        let (method, answer_limit) = (Method::POST, POST_ANSWER);
        self.send(
            Request {
                method,
                url,
                headers,
                body,
                answer_limit,
            },
            context,
        )
        .await
    }

    /// Sends a request and returns the answer.
    ///
    /// Up to ten redirects are followed: all of a GET or HEAD; of others only 307 and 308, with
    /// the body. To another host, or from TLS to plaintext, neither the client's headers nor
    /// credentials are sent.
    ///
    /// # Errors
    /// A [`Status`] when there is no answer: UNAVAILABLE, also if the request cannot be signed,
    /// DEADLINE_EXCEEDED after the client's timeout, FAILED_PRECONDITION if a request with a body
    /// is answered 301 to 303, which would make it a GET. An answer of any other HTTP status is no
    /// error.
    ///
    /// # Cancel safety
    /// Dropping the future ends the request; the server may have processed it.
    pub async fn send(&self, request: Request, context: &Context) -> Result<Answer, Status> {
        let target = request.url.clone();
        let work = self.follow(request, context);
        let Some(timeout) = self.0.options.timeout else {
            return work.await;
        };
        tokio::time::timeout(timeout, work)
            .await
            .unwrap_or_else(|_| {
                let text = format!("no answer from {target} within {timeout:?}");
                Err(Status::new(Code::DeadlineExceeded, text))
            })
    }

    async fn follow(&self, mut request: Request, context: &Context) -> Result<Answer, Status> {
        let body = self.encode(&mut request)?;
        let mut trusted = true;
        for _ in 0..=MOST_REDIRECTS {
            let hop = (&request, body.clone(), trusted);
            let answer = self.exchange(hop, context).await?;
            if !self.0.options.follow_redirects {
                return Ok(answer);
            }
            let next = match next_hop(&request, &answer) {
                Next::None => return Ok(answer),
                Next::Lossy(location) => return Err(lossy(&request, &answer, &location)),
                Next::Hop(next) => next,
            };
            if !is_same_site(&request.url, &next) {
                // For all further hops: who was not to know may not pass it on either.
                trusted = false;
                for name in [AUTHORIZATION, COOKIE, WWW_AUTHENTICATE, PROXY_AUTHORIZATION] {
                    request.headers.remove(name);
                }
            }
            request.url = next;
        }
        let text = format!(
            "stopped after {MOST_REDIRECTS} redirects, the last to {}",
            request.url
        );
        Err(Status::new(Code::Unavailable, text))
    }

    /// Compresses the body and says so in the headers.
    fn encode(&self, request: &mut Request) -> Result<Frames, Status> {
        let message = std::mem::take(&mut request.body);
        let compressor = self.0.options.compressor;
        let Some(compressor) = compressor.filter(|_| !message.is_empty()) else {
            return Ok(Frames::unframed(&message));
        };
        let bytes = compressor
            .compress_to_bytes(message.segments())
            .map_err(|error| Status::new(Code::Internal, error.to_string()))?;
        let name = HeaderValue::from_static(compressor.encoding().http_name());
        request.headers.insert(CONTENT_ENCODING, name);
        Ok(Frames::single(bytes))
    }

    /// `trusted`: whether the host may see credentials.
    async fn exchange(
        &self,
        (request, body, trusted): (&Request, Frames, bool),
        context: &Context,
    ) -> Result<Answer, Status> {
        let url = &request.url;
        let options = &self.0.options;
        let route = Route::new(
            url,
            options
                .proxies
                .for_host(url.is_tls(), url.host(), url.port()),
        );
        let mut headers = self.headers(request, trusted);
        if trusted {
            self.authorize(request, &mut headers, &body, context)
                .await?;
        }
        if let Some(proxy) = route.plain_proxy()
            && let Some(value) = proxy.authorization()
        {
            headers.insert(PROXY_AUTHORIZATION, value.clone());
        }
        let pool = self.pool();
        let mut body = body;
        loop {
            let connection = pool
                .get(&route)
                .await
                .map_err(|error| failed(request, &error.to_string()))?;
            let reused = connection.is_reused();
            let again = reused
                && !connection.is_shared()
                && request.method.is_safe()
                && !body.has_remaining();
            let parts = (request.method.clone(), url, headers.clone());
            match connection.exchange(parts, body, request.answer_limit).await {
                Ok((answer, connection)) => {
                    if let Some(connection) = connection {
                        pool.put(&route, connection);
                    }
                    if let Some(jar) = &self.0.jar {
                        jar.store(url, &answer.headers);
                    }
                    return Ok(answer);
                }
                // The server closed an idle connection just when it was used again.
                Err(SendError::NotSent(unsent)) if reused => body = unsent,
                // Or while the request was on its way. What only asks may be asked again, as Go does.
                Err(SendError::NoAnswer(_)) if again => body = Frames::default(),
                Err(error) => return Err(failed(request, &error.to_string())),
            }
        }
    }

    fn headers(&self, request: &Request, trusted: bool) -> HeaderMap {
        let options = &self.0.options;
        let mut headers = request.headers.clone();
        // Any of them may be a key.
        for (name, value) in options.headers.iter().filter(|_| trusted) {
            headers.insert(name.clone(), value.clone());
        }
        headers
            .entry(USER_AGENT)
            .or_insert_with(|| options.user_agent.clone());
        if let Some(value) = request.url.authorization() {
            headers
                .entry(AUTHORIZATION)
                .or_insert_with(|| value.clone());
        }
        if let Some(cookies) = self.0.jar.as_ref().and_then(|jar| jar.header(&request.url)) {
            headers.insert(COOKIE, cookies);
        }
        headers
    }

    async fn authorize(
        &self,
        request: &Request,
        headers: &mut HeaderMap,
        body: &Frames,
        context: &Context,
    ) -> Result<(), Status> {
        let Some(authenticator) = &self.0.options.authenticator else {
            return Ok(());
        };
        let bytes = if authenticator.needs_body() {
            let mut body = body.clone();
            let length = body.remaining();
            body.copy_to_bytes(length)
        } else {
            Bytes::new()
        };
        let mut signed = ClientRequest {
            method: &request.method,
            uri: request.url.uri(),
            headers,
            body: &bytes,
            context,
        };
        let authorized = authenticator.authorize(&mut signed).await;
        // It is we who failed, not the server who refused: the next attempt may do better.
        authorized.map_err(|error| failed(request, &error.message))
    }

    fn pool(&self) -> Arc<Pool> {
        let index = worker::current();
        let mut pools = self.0.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() <= index {
            pools.resize_with(index + 1, || None);
        }
        let options = &self.0.options;
        Arc::clone(pools[index].get_or_insert_with(|| Pool::new(Arc::clone(options))))
    }
}

fn failed(request: &Request, reason: &str) -> Status {
    Status::new(Code::Unavailable, format!("{}: {reason}", prefix(request)))
}

/// Go's wording: `Post "http://…"`.
fn prefix(request: &Request) -> String {
    let mut method = request.method.as_str().to_ascii_lowercase();
    if let Some(first) = method.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{method} \"{}\"", request.url)
}

/// Where an answer leads.
enum Next {
    None,
    Hop(Url),
    /// There, but as a GET without the body.
    Lossy(Url),
}

fn next_hop(request: &Request, answer: &Answer) -> Next {
    let location = answer
        .headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| request.url.redirect(location));
    let Some(location) = location else {
        return Next::None;
    };
    match answer.status.as_u16() {
        301..=303 if matches!(request.method, Method::GET | Method::HEAD) => Next::Hop(location),
        301..=303 => Next::Lossy(location),
        307 | 308 => Next::Hop(location),
        _ => Next::None,
    }
}

/// A login page that answers a GET with 200 has taken no data.
fn lossy(request: &Request, answer: &Answer, location: &Url) -> Status {
    // What a query holds may be a secret.
    let to = location.to_string();
    let to = to.split('?').next().unwrap_or_default();
    let text = format!(
        "{}: answered {} to {to}, where the data cannot follow; if {to} takes it, write that \
         address as the endpoint; if it is a login page, the request lacks credentials or the \
         endpoint is the one of a web page",
        prefix(request),
        answer.status
    );
    Status::new(Code::FailedPrecondition, text)
}

/// Whether credentials for `from` may be sent to `to`: the same host or one below it, and not in
/// plaintext where it was encrypted.
fn is_same_site(from: &Url, to: &Url) -> bool {
    let below = to
        .host()
        .strip_suffix(from.host())
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    below && (to.is_tls() || !from.is_tls())
}

/// The name under which a request names its host.
fn host_header(url: &Url, headers: &mut HeaderMap) -> HeaderValue {
    const NAME: HeaderName = HOST;
    headers
        .remove(NAME)
        .or_else(|| HeaderValue::try_from(url.authority()).ok())
        .unwrap_or_else(|| HeaderValue::from_static(""))
}
