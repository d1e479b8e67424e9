//! Targets of a role, reported whenever they change.

mod related;
mod session;

use async_trait::async_trait;
use headwater_discovery::{Discovery, Health, Updates};

use crate::cluster::{Cluster, ClusterError};
use crate::labels::Targets;
use crate::objects::{EndpointSlice, Endpoints, Ingress, Node, Pod, Service};
use crate::options::{Options, Role};
use session::{Ended, Reported, Session};

/// Discovers the targets of a role.
///
/// There is a group per object, whose source is that of Prometheus (`pod/namespace/name`). Nothing is
/// reported before every kind that the role needs has been listed; after that only what has changed.
#[derive(Debug)]
pub struct KubernetesDiscovery {
    options: Options,
    health: Health,
}

impl KubernetesDiscovery {
    /// Nothing is connected before the discovery runs.
    ///
    /// # Errors
    /// [`ClusterError`] if it is clear already that the API server cannot be spoken to.
    pub fn new(options: Options) -> Result<Self, ClusterError> {
        Cluster::new(options.cluster.clone()).check()?;
        let health = Health::new(format!("kubernetes_sd {}", options.role.as_str()));
        Ok(Self { options, health })
    }

    async fn run_role<K: Targets>(&self, updates: &Updates) {
        let mut reported = Reported::default();
        loop {
            let session = Session::<K>::start(&self.options, self.health.clone());
            match session.run(updates, &mut reported).await {
                Ended::NobodyListens => return,
                // The runtime that another user of the same watch had started it on is gone.
                Ended::WatchOver => tracing::debug!("Kubernetes watch has ended, starting another"),
            }
        }
    }
}

#[async_trait]
impl Discovery for KubernetesDiscovery {
    async fn run(self: Box<Self>, updates: Updates) {
        match self.options.role {
            Role::Node => self.run_role::<Node>(&updates).await,
            Role::Pod => self.run_role::<Pod>(&updates).await,
            Role::Service => self.run_role::<Service>(&updates).await,
            Role::Endpoints => self.run_role::<Endpoints>(&updates).await,
            Role::EndpointSlice => self.run_role::<EndpointSlice>(&updates).await,
            Role::Ingress => self.run_role::<Ingress>(&updates).await,
        }
    }

    fn health(&self) -> Option<Health> {
        Some(self.health.clone())
    }
}
