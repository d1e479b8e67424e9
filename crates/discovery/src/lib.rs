//! Service discovery: who finds out which targets there are.
//!
//! A [`Discovery`] reports groups of targets whenever they change. The scrape receiver and the readers
//! of pod logs both relabel what it reports into what they read. [`discoveries`] makes those that a
//! configuration asks for; the discovery of Kubernetes objects is a library of its own.

mod dns;
mod file;
mod fixed;
mod groups;
mod health;
mod http;
mod refresh;
mod report;
mod watch;

use std::sync::Arc;

use async_trait::async_trait;
use headwater_prometheus::Labels;
use headwater_prometheus::scrape_config::DiscoveryConfigs;
use headwater_prometheus_http::ClientError;
use tokio::sync::mpsc;

pub use dns::{DnsDiscovery, Resolver};
pub use file::FileDiscovery;
pub use fixed::StaticDiscovery;
pub use groups::{InvalidGroups, groups_from_json, groups_from_yaml};
pub use health::{Health, HealthStatus};
pub use http::HttpDiscovery;

/// Targets that were found together, for example the containers of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetGroup {
    /// Which group this is: unique within its discovery. A later group of the same source replaces
    /// this one; one without targets removes it.
    pub source: Arc<str>,
    /// The labels of each target, with `__address__`.
    pub targets: Vec<Labels>,
    /// Labels that every target of the group carries, unless it has its own of that name.
    pub labels: Labels,
}

/// Where a discovery sends the groups that have changed. It is bounded; sending waits while the reader
/// is busy.
pub type Updates = mpsc::Sender<Vec<TargetGroup>>;

/// A way to find targets.
#[async_trait]
pub trait Discovery: Send + std::fmt::Debug {
    /// Finds targets until the receiver of `updates` is gone or the future is dropped.
    ///
    /// The first update comes as soon as something is known. When its source fails, a discovery
    /// says so in the log, tries again, and sends nothing: the last good list stays.
    async fn run(self: Box<Self>, updates: Updates);

    /// How it goes, to be kept and looked at while it runs. A discovery that does not tell has none.
    fn health(&self) -> Option<Health> {
        None
    }
}

/// The discoveries that a job asks for, in the order static, file, HTTP, DNS. Those of
/// `kubernetes_sd_configs` are not among them.
///
/// # Errors
/// [`ClientError`] for an HTTP discovery whose URL or proxy cannot be used.
pub fn discoveries(
    configs: &DiscoveryConfigs,
    user_agent: &str,
) -> Result<Vec<Box<dyn Discovery>>, ClientError> {
    let mut all: Vec<Box<dyn Discovery>> = Vec::new();
    if !configs.static_configs.is_empty() {
        all.push(Box::new(StaticDiscovery::new(&configs.static_configs)));
    }
    for config in &configs.file_sd_configs {
        all.push(Box::new(FileDiscovery::new(config)));
    }
    for config in &configs.http_sd_configs {
        all.push(Box::new(HttpDiscovery::new(config, user_agent)?));
    }
    for config in &configs.dns_sd_configs {
        all.push(Box::new(DnsDiscovery::new(config)));
    }
    Ok(all)
}
