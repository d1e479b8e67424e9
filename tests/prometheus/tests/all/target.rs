//! A target whose page a test writes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// Answers every request with the same page, which can change.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) body: Arc<Mutex<String>>,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Target {
    /// In text 0.0.4, or in OpenMetrics if it ends as that does.
    pub(crate) fn new(body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let body = Arc::new(Mutex::new(body.to_owned()));
        let paths = Arc::new(Mutex::new(Vec::new()));
        let (served, asked) = (Arc::clone(&body), Arc::clone(&paths));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.extend(byte);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default();
                asked.lock().unwrap().push(path.to_owned());
                let body = served.lock().unwrap().clone();
                let content_type = if body.ends_with("# EOF\n") {
                    "application/openmetrics-text; version=1.0.0; charset=utf-8"
                } else {
                    "text/plain; version=0.0.4"
                };
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).ok();
            }
        });
        Self {
            address,
            body,
            paths,
        }
    }

    /// Shows another page from now on.
    pub(crate) fn show(&self, body: &str) {
        body.clone_into(&mut self.body.lock().unwrap());
    }

    /// The paths that were asked for, one for each request.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }
}
