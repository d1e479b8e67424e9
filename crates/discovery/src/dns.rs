//! Targets in DNS records. Source: Prometheus 3, `discovery/dns`.

mod message;
mod resolver;

use std::time::Duration;

use async_trait::async_trait;
use headwater_prometheus::Labels;
use headwater_prometheus::scrape_config::{DnsRecord, DnsSdConfig};

use crate::refresh::{self, Answer, Source};
use crate::{Discovery, Health, TargetGroup, Updates};
use message::Record;
pub use resolver::Resolver;

/// `dns_sd_configs`: asks for names every `refresh_interval`. A name that cannot be resolved keeps what
/// it had; one that does not exist loses it.
#[derive(Debug)]
pub struct DnsDiscovery {
    asker: Asker,
    interval: Duration,
    health: Health,
}

#[derive(Debug)]
struct Asker {
    names: Vec<String>,
    record: DnsRecord,
    port: u16,
    /// None for the system's, whose settings are read every time.
    resolver: Option<Resolver>,
    /// The last good answer for each name.
    known: Vec<Option<TargetGroup>>,
}

impl DnsDiscovery {
    /// Asks the servers of `/etc/resolv.conf`.
    #[must_use]
    pub fn new(config: &DnsSdConfig) -> Self {
        let names: Vec<_> = config.names.iter().map(ToString::to_string).collect();
        Self {
            health: Health::new(format!("dns_sd {}", names.join(", "))),
            asker: Asker {
                known: names.iter().map(|_| None).collect(),
                names,
                record: config.record,
                port: config.port,
                resolver: None,
            },
            interval: config.refresh_interval.get(),
        }
    }

    /// Asks other servers.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Resolver) -> Self {
        self.asker.resolver = Some(resolver);
        self
    }
}

#[async_trait]
impl Discovery for DnsDiscovery {
    async fn run(self: Box<Self>, updates: Updates) {
        let Self {
            asker,
            interval,
            health,
        } = *self;
        refresh::run(asker, interval, &health, &updates).await;
    }

    fn health(&self) -> Option<Health> {
        Some(self.health.clone())
    }
}

impl Source for Asker {
    async fn ask(&mut self) -> Result<Answer, String> {
        let resolver = match &self.resolver {
            Some(resolver) => resolver.clone(),
            None => Resolver::from_system()
                .map_err(|error| format!("could not load resolv.conf: {error}"))?,
        };
        let lookups = self
            .names
            .iter()
            .map(|name| resolver.lookup(name, self.record));
        let mut errors = Vec::new();
        let found = futures_util::future::join_all(lookups).await;
        for ((name, known), found) in self.names.iter().zip(&mut self.known).zip(found) {
            match found {
                Ok(records) => *known = Some(group(name, self.port, &records)),
                Err(error) => errors.push(error.to_string()),
            }
        }
        let error = (!errors.is_empty()).then(|| errors.join("; "));
        if self.known.iter().all(Option::is_none)
            && let Some(error) = error
        {
            return Err(error);
        }
        Ok(Answer {
            groups: self.known.iter().flatten().cloned().collect(),
            error,
        })
    }
}

fn group(name: &str, port: u16, records: &[Record]) -> TargetGroup {
    TargetGroup {
        source: name.into(),
        targets: records
            .iter()
            .filter_map(|record| target(name, port, record))
            .collect(),
        labels: Labels::new(),
    }
}

fn target(name: &str, port: u16, record: &Record) -> Option<Labels> {
    let mut labels = Labels::new();
    labels.set("__meta_dns_name", name);
    let address = match record {
        Record::A(address) => format!("{address}:{port}"),
        Record::Aaaa(address) => format!("[{address}]:{port}"),
        Record::Srv { target, port } => {
            labels.set("__meta_dns_srv_record_target", target);
            labels.set("__meta_dns_srv_record_port", &port.to_string());
            joined(target, *port)
        }
        Record::Mx(target) => {
            labels.set("__meta_dns_mx_record_target", target);
            joined(target, port)
        }
        Record::Ns(target) => {
            labels.set("__meta_dns_ns_record_target", target);
            joined(target, port)
        }
        // A name that stands for another comes with the records of that.
        Record::Other => return None,
    };
    labels.set("__address__", &address);
    Some(labels)
}

/// Host and port, without the dot at the end of names.
fn joined(host: &str, port: u16) -> String {
    format!("{}:{port}", host.trim_end_matches('.'))
}
