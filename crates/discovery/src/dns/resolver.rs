//! Asks name servers. Source: Prometheus 3, `discovery/dns`; resolv.conf(5).

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use headwater_prometheus::scrape_config::DnsRecord;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::message::{Answer, InvalidName, Record, answer, question};

/// How long one server may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest datagram that is taken.
const DATAGRAM: usize = 4096;
const PORT: u16 = 53;
const NO_SUCH_NAME: u8 = 3;

/// Which servers are asked, and for which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    /// What is tried behind names that are not absolute.
    search: Vec<String>,
    /// Names with at least that many dots are tried as they are first.
    dots: usize,
}

/// Why a name could not be resolved. That it does not exist is no error.
#[derive(Debug, Error)]
pub(super) enum LookupError {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("could not resolve {name:?}: all servers responded with errors to at least one search domain{}", last(.reason))]
    Failed {
        name: String,
        reason: Option<String>,
    },
}

fn last(reason: &Option<String>) -> String {
    reason
        .as_ref()
        .map(|reason| format!(" (the last: {reason})"))
        .unwrap_or_default()
}

impl Resolver {
    /// Asks `servers`, and for names as they are.
    #[must_use]
    pub const fn new(servers: Vec<SocketAddr>) -> Self {
        Self {
            servers,
            search: Vec::new(),
            dots: 1,
        }
    }

    /// Tries `search` behind names that are not absolute.
    #[must_use]
    pub fn with_search(mut self, search: Vec<String>) -> Self {
        self.search = search;
        self
    }

    /// What `/etc/resolv.conf` says.
    pub(super) fn from_system() -> io::Result<Self> {
        Ok(Self::from_text(&fs::read_to_string("/etc/resolv.conf")?))
    }

    fn from_text(text: &str) -> Self {
        let mut resolver = Self::new(Vec::new());
        for line in text.lines() {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                    let server = address.map(|address| SocketAddr::new(address, PORT));
                    resolver.servers.extend(server);
                }
                Some("domain" | "search") => {
                    resolver.search = words.map(str::to_owned).collect();
                }
                Some("options") => {
                    let mut dots =
                        words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok());
                    resolver.dots = dots.next_back().unwrap_or(resolver.dots).min(15);
                }
                _ => {}
            }
        }
        if resolver.servers.is_empty() {
            let own = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT);
            resolver.servers.push(own);
        }
        resolver
    }

    /// The names to ask for, in order.
    fn names(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let itself = format!("{name}.");
        let searched = self.search.iter().map(|domain| {
            let dot = if domain.ends_with('.') { "" } else { "." };
            // The root as a search domain is the name itself.
            format!("{name}.{}{dot}", domain.trim_start_matches('.')).replace("..", ".")
        });
        let mut names: Vec<_> = searched.collect();
        // As many labels as dots and one more.
        if name.split('.').count() > self.dots {
            names.insert(0, itself);
        } else {
            names.push(itself);
        }
        names
    }

    /// The records of a name, or of the first of its completions that exists; none if none of them
    /// exists.
    pub(super) async fn lookup(
        &self,
        name: &str,
        record: DnsRecord,
    ) -> Result<Vec<Record>, LookupError> {
        let mut all_answered = true;
        let mut reason = None;
        for full in self.names(name) {
            match self.ask_any(&full, record).await? {
                Ok(answer) if answer.code == 0 => return Ok(answer.records),
                Ok(_) => {}
                Err(error) => {
                    all_answered = false;
                    reason = error;
                }
            }
        }
        if all_answered {
            return Ok(Vec::new());
        }
        let name = name.to_owned();
        Err(LookupError::Failed { name, reason })
    }

    /// The first usable answer of any server; the inner error is that of the last server.
    async fn ask_any(
        &self,
        name: &str,
        record: DnsRecord,
    ) -> Result<Result<Answer, Option<String>>, InvalidName> {
        let mut reason = None;
        for server in &self.servers {
            let message = question(random(), name, record, true)?;
            let asked = timeout(PATIENCE, datagram(*server, &message)).await;
            let asked = match asked {
                Ok(Ok(answer)) if answer.truncated => {
                    let message = question(random(), name, record, false)?;
                    timeout(PATIENCE, stream(*server, &message)).await
                }
                other => other,
            };
            match asked {
                Ok(Ok(answer)) if answer.code == 0 || answer.code == NO_SUCH_NAME => {
                    return Ok(Ok(answer));
                }
                Ok(Ok(answer)) => reason = Some(format!("{server} answered {}", code(answer.code))),
                Ok(Err(error)) => reason = Some(format!("{server}: {error}")),
                Err(_) => reason = Some(format!("{server}: no answer within 2s")),
            }
            if let Some(reason) = &reason {
                tracing::debug!(server = %server, name, reason, "DNS resolution failed");
            }
        }
        Ok(Err(reason))
    }
}

/// A number that others cannot guess.
fn random() -> u16 {
    RandomState::new().hash_one(0) as u16
}

async fn datagram(server: SocketAddr, question: &[u8]) -> io::Result<Answer> {
    let own: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((own, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // Anything else may come from somebody else.
        if let Some(answer) = answer(&buffer[..length], question) {
            return Ok(answer);
        }
    }
}

async fn stream(server: SocketAddr, question: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    let mut message = length.to_be_bytes().to_vec();
    message.extend(question);
    stream.write_all(&message).await?;
    let length = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await?;
    let answer = answer(&buffer, question);
    answer
        .filter(|answer| !answer.truncated)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no DNS message"))
}

/// Source: IANA, "DNS RCODEs".
fn code(code: u8) -> String {
    match code {
        1 => "FORMERR".to_owned(),
        2 => "SERVFAIL".to_owned(),
        4 => "NOTIMP".to_owned(),
        5 => "REFUSED".to_owned(),
        other => format!("code {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_says_where_and_for_what_to_ask() {
        let text = "# comment\nnameserver 10.0.0.10\nnameserver fe80::1%eth0\nnameserver ::1\n\
                    search ns.svc.cluster.local svc.cluster.local.\noptions ndots:5 timeout:1\n";
        let resolver = Resolver::from_text(text);
        let servers: Vec<_> = resolver.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.10:53", "[::1]:53"]);
        assert_eq!(
            resolver.names("_a._tcp.b"),
            [
                "_a._tcp.b.ns.svc.cluster.local.",
                "_a._tcp.b.svc.cluster.local.",
                "_a._tcp.b."
            ]
        );
        assert_eq!(resolver.names("a.b."), ["a.b."]);
        assert_eq!(resolver.names("a.b.c.d.e.f")[0], "a.b.c.d.e.f.");
        let none = Resolver::from_text("");
        assert_eq!(none.servers[0].to_string(), "127.0.0.1:53");
        assert_eq!(none.names("a"), ["a."]);
    }
}
