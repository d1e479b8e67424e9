//! How targets are found.

use headwater_discovery::Discovery;
use headwater_prometheus::scrape_config::DiscoveryConfigs;

/// The discoveries that a configuration asks for. One that cannot be set up is logged and left out,
/// as for scraping: the others go on.
pub(crate) fn discoveries(
    configs: &DiscoveryConfigs,
    user_agent: &str,
    span: &tracing::Span,
) -> Vec<Box<dyn Discovery>> {
    let complain = |error: &dyn std::fmt::Display| {
        tracing::error!(parent: span, error = %error, "Cannot create service discovery");
    };
    let mut all = headwater_discovery::discoveries(configs, user_agent)
        .inspect_err(|error| complain(error))
        .unwrap_or_default();
    add_kubernetes(configs, &mut all, &complain);
    all
}

#[cfg(feature = "kubernetes")]
fn add_kubernetes(
    configs: &DiscoveryConfigs,
    all: &mut Vec<Box<dyn Discovery>>,
    complain: &dyn Fn(&dyn std::fmt::Display),
) {
    use headwater_kubernetes::{KubernetesDiscovery, Options};
    for config in &configs.kubernetes_sd_configs {
        let options = match Options::try_from(config) {
            Ok(options) => options,
            Err(error) => {
                complain(&error);
                continue;
            }
        };
        match KubernetesDiscovery::new(options) {
            Ok(discovery) => all.push(Box::new(discovery)),
            Err(error) => complain(&error),
        }
    }
}

#[cfg(not(feature = "kubernetes"))]
fn add_kubernetes(
    configs: &DiscoveryConfigs,
    _: &mut Vec<Box<dyn Discovery>>,
    complain: &dyn Fn(&dyn std::fmt::Display),
) {
    if !configs.kubernetes_sd_configs.is_empty() {
        complain(&"this program is built without kubernetes_sd_configs (feature `kubernetes`)");
    }
}
