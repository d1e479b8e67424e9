//! A server that answers as a closure says.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// The first line.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    /// The values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.iter();
        let values = values.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or("")
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status and headers, and a body whose length is said.
    Whole(&'static str, String, Vec<u8>),
    /// Bytes as they are, then silence.
    Raw(Vec<u8>),
    /// A body without end.
    Endless,
}

/// An answer with text.
pub(crate) fn text(body: &str) -> Reply {
    Reply::Whole("200 OK", String::new(), body.as_bytes().to_vec())
}

/// An answer with a status and headers, each with its line break.
pub(crate) fn status(status: &'static str, headers: &str) -> Reply {
    Reply::Whole(status, headers.to_owned(), Vec::new())
}

/// A running server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, handler).await
    }

    pub(crate) async fn start_with(
        tls: Option<TlsAcceptor>,
        handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let running = server.clone();
        let handler = Arc::new(handler);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                running.connections.fetch_add(1, Ordering::SeqCst);
                let (server, handler, tls) = (running.clone(), Arc::clone(&handler), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => server.serve(socket, &*handler).await,
                        Some(tls) => match tls.accept(socket).await {
                            Ok(socket) => server.serve(socket, &*handler).await,
                            Err(error) => Err(error),
                        },
                    }
                });
            }
        });
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The last request.
    pub(crate) fn last(&self) -> Seen {
        self.requests().pop().unwrap_or_default()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn serve(
        &self,
        mut socket: impl AsyncRead + AsyncWrite + Unpin,
        handler: &(impl Fn(&Seen) -> Reply + ?Sized),
    ) -> io::Result<()> {
        loop {
            let request = read(&mut socket).await?;
            self.seen.lock().unwrap().push(request.clone());
            match handler(&request) {
                Reply::Whole(status, headers, body) => {
                    let length = body.len();
                    let head =
                        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
                    socket.write_all(head.as_bytes()).await?;
                    socket.write_all(&body).await?;
                }
                Reply::Raw(bytes) => {
                    socket.write_all(&bytes).await?;
                    pending::<()>().await;
                }
                Reply::Endless => {
                    socket
                        .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                        .await?;
                    loop {
                        socket.write_all(&[b'x'; 65536]).await?;
                    }
                }
            }
        }
    }
}

async fn read(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut request = Seen {
        line: lines.next().unwrap_or_default().to_owned(),
        ..Seen::default()
    };
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        request
            .headers
            .push((name.to_owned(), value.trim().to_owned()));
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    request.body = String::from_utf8(body).unwrap();
    Ok(request)
}
