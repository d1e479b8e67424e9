//! HTTP/1.1, written to the socket byte by byte.

#![expect(
    clippy::unwrap_used,
    reason = "only tests use it, which fail by panicking"
)]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::PATIENCE;

/// An answer.
#[derive(Debug)]
pub struct HttpAnswer {
    /// Its status.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// A header by its name in lower case; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as text.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Sends one request on a connection of its own and reads until the server closes it. `line` is
/// method and path; each of `headers` ends with a line end.
///
/// # Panics
/// If there is no answer within [`PATIENCE`].
pub async fn http_request(
    address: SocketAddr,
    line: &str,
    headers: &str,
    body: &[u8],
) -> HttpAnswer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let in_time = tokio::time::timeout(PATIENCE, reading).await;
    in_time.unwrap().unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let body = answer.split_off(end.unwrap() + 4);
    let head = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    HttpAnswer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body,
    }
}
