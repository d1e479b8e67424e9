//! What Headwater knows of Kubernetes: watched objects, and the targets that Prometheus makes of them.
//!
//! * [`objects`]: the few fields of an object that anybody here needs.
//! * [`store`]: objects of a kind, kept up to date by a watch that everybody in the process shares.
//! * [`labels`]: from an object to a group of targets, without knowing where objects come from.
//! * [`follow_events`]: the events of a cluster, one after the other.
//! * [`KubernetesDiscovery`] is `kubernetes_sd_configs`.
//!
//! The feature `kubeconfig` reads kubeconfig files; in a cluster it is not needed. The feature `testing`
//! has an API server for tests.

mod api;
pub mod cluster;
mod discovery;
pub mod labels;
pub mod objects;
mod options;
mod selector;
mod shared;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod watch;

pub use cluster::{ClusterConfig, ClusterError, KubeconfigFile};
pub use discovery::KubernetesDiscovery;
pub use labels::Attach;
pub use options::{Options, OptionsError, Role};
pub use selector::Selector;
pub use shared::{WatchStatus, watches};
pub use text::Text;
pub use watch::Pace;
pub use watch::followed::{EventNews, FollowEvents, follow_events};
