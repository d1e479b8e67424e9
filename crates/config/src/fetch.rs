//! Configurations from the network.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use crate::MAX_DOCUMENT_BYTES;

/// Fetches documents for `http:` and `https:` URIs. The program gives one that speaks TLS; see
/// [`PlainHttp`] for the one that does not.
pub trait Fetch {
    /// The body of a GET that was answered with 200.
    ///
    /// # Errors
    ///
    /// A phrase without the URL: it is printed next to it.
    fn fetch(&self, url: &str) -> Result<String, String>;
}

/// Fetches over HTTP without TLS. Blocks; follows at most five redirects; gives up after ten
/// seconds without progress; a document may have 16 MiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainHttp;

const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 5;

impl Fetch for PlainHttp {
    fn fetch(&self, url: &str) -> Result<String, String> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            match get(&url)? {
                Answer::Body(body) => return Ok(body),
                Answer::Redirect(location) if location.starts_with('/') => {
                    let (authority, _) = split(&url)?;
                    url = format!("http://{authority}{location}");
                }
                Answer::Redirect(location) => url = location,
            }
        }
        Err(format!("more than {MAX_REDIRECTS} redirects"))
    }
}

enum Answer {
    Body(String),
    Redirect(String),
}

/// Host with port, and path with query.
fn split(url: &str) -> Result<(&str, &str), String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("this program fetches only http:// URLs")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split('#').next().unwrap_or_default();
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if authority.is_empty() {
        return Err("the URL has no host".to_owned());
    }
    Ok((authority, path))
}

fn get(url: &str) -> Result<Answer, String> {
    let (authority, path) = split(url)?;
    let slash = if path.starts_with('/') { "" } else { "/" };
    // HTTP/1.0: the answer is neither chunked nor kept open.
    let request = format!(
        "GET {slash}{path} HTTP/1.0\r\nHost: {authority}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    let answer = exchange(authority, request.as_bytes()).map_err(|error| error.to_string())?;
    let head_end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or("the answer is not HTTP")?;
    let head = String::from_utf8_lossy(&answer[..head_end]);
    let body = &answer[head_end + 4..];
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1."))
        .and_then(|line| line.split(' ').nth(1))
        .ok_or("the answer is not HTTP")?;
    let header = |name: &str| {
        head.split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    match status {
        "200" => {}
        "301" | "302" | "303" | "307" | "308" => {
            let location = header("location").ok_or("a redirect without a location")?;
            return Ok(Answer::Redirect(location.to_owned()));
        }
        _ => return Err(format!("the answer has status {status}, not 200")),
    }
    let chunked = header("transfer-encoding")
        .is_some_and(|encoding| encoding.eq_ignore_ascii_case("chunked"));
    let body = if chunked {
        unchunk(body)?
    } else {
        body.to_vec()
    };
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| body.len() < length) {
        return Err("the answer ends early".to_owned());
    }
    String::from_utf8(body)
        .map(Answer::Body)
        .map_err(|_| "the answer is not UTF-8".to_owned())
}

fn exchange(authority: &str, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let address = if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let mut failure = std::io::Error::other("the host has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(mut stream) => {
                stream.set_read_timeout(Some(TIMEOUT))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                stream.write_all(request)?;
                let mut answer = Vec::new();
                let limit = MAX_DOCUMENT_BYTES as u64 + 64 * 1024;
                stream.take(limit + 1).read_to_end(&mut answer)?;
                if answer.len() as u64 > limit {
                    return Err(std::io::Error::other("the answer is larger than 16 MiB"));
                }
                return Ok(answer);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Joins the chunks of a body; some servers send them whatever was asked.
fn unchunk(mut body: &[u8]) -> Result<Vec<u8>, String> {
    let broken = || "the answer has broken chunks".to_owned();
    let mut joined = Vec::new();
    loop {
        let line_end = body
            .windows(2)
            .position(|window| window == b"\r\n")
            .ok_or_else(broken)?;
        let size = std::str::from_utf8(&body[..line_end]).map_err(|_| broken())?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| broken())?;
        body = &body[line_end + 2..];
        if size == 0 {
            return Ok(joined);
        }
        let chunk = body.get(..size).ok_or_else(broken)?;
        joined.extend_from_slice(chunk);
        body = body.get(size + 2..).ok_or_else(broken)?;
    }
}

/// A URL without what may be secret in it: user, password and query.
pub(crate) fn printable(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("//") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let path = path.split_once(['?', '#']).map_or(path, |(path, _)| path);
    format!("{scheme}//{authority}{path}")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers the requests that come with `answers`, one after the other.
    fn serve(answers: &'static [&'static str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let mut requests = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut buffer = [0; 1024];
                while !request.ends_with(b"\r\n\r\n") {
                    let count = stream.read(&mut buffer).unwrap();
                    assert_ne!(count, 0, "request ends early");
                    request.extend_from_slice(&buffer[..count]);
                }
                stream.write_all(answer.as_bytes()).unwrap();
                requests.push(String::from_utf8(request).unwrap());
            }
            requests
        });
        (url, thread)
    }

    #[test]
    fn the_body_of_a_200_is_the_document() {
        let (url, server) = serve(&["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na: 1"]);
        assert_eq!(
            PlainHttp.fetch(&format!("{url}/c.yaml?x=1#f")),
            Ok("a: 1".to_owned())
        );
        let requests = server.join().unwrap();
        assert!(
            requests[0].starts_with("GET /c.yaml?x=1 HTTP/1.0\r\n"),
            "{requests:?}"
        );
    }

    #[test]
    fn redirects_are_followed_and_chunks_joined() {
        let (url, server) = serve(&[
            "HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na:\r\n2;x\r\n 1\r\n0\r\n\r\n",
        ]);
        assert_eq!(PlainHttp.fetch(&url), Ok("a: 1".to_owned()));
        let requests = server.join().unwrap();
        assert!(requests[0].starts_with("GET / "), "{requests:?}");
        assert!(requests[1].starts_with("GET /other "), "{requests:?}");
    }

    #[test]
    fn everything_else_is_an_error() {
        for (answer, error) in [
            ("HTTP/1.1 404 Not Found\r\n\r\n", "status 404"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na: 1",
                "ends early",
            ),
            ("SSH-2.0-x\r\n\r\n", "not HTTP"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz",
                "broken chunks",
            ),
            ("HTTP/1.1 301 Moved\r\n\r\n", "without a location"),
        ] {
            let (url, server) = serve(Vec::leak(vec![answer]));
            let result = PlainHttp.fetch(&url);
            assert!(
                result.as_ref().is_err_and(|text| text.contains(error)),
                "{result:?}"
            );
            server.join().unwrap();
        }
        assert!(PlainHttp.fetch("https://localhost/").is_err());
        assert!(PlainHttp.fetch("http:///x").is_err());
    }

    #[test]
    fn a_url_is_printed_without_its_secrets() {
        assert_eq!(printable("https://u:p@h:1/a?t=1#x"), "https://h:1/a");
        assert_eq!(printable("http://h"), "http://h");
    }
}
