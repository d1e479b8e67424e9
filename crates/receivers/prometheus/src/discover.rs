//! How the targets of a job are found.

use headwater_discovery::Discovery;
use headwater_prometheus::scrape_config::Job;

/// The discoveries that a job's configuration asks for.
///
/// # Errors
/// What cannot be set up.
pub(crate) fn discoveries(job: &Job, user_agent: &str) -> Result<Vec<Box<dyn Discovery>>, String> {
    let mut all = headwater_discovery::discoveries(&job.discovery, user_agent)
        .map_err(|error| error.to_string())?;
    add_kubernetes(job, &mut all)?;
    Ok(all)
}

#[cfg(feature = "kubernetes")]
fn add_kubernetes(job: &Job, all: &mut Vec<Box<dyn Discovery>>) -> Result<(), String> {
    use headwater_kubernetes::{KubernetesDiscovery, Options};
    for config in &job.discovery.kubernetes_sd_configs {
        let options = Options::try_from(config).map_err(|error| error.to_string())?;
        let discovery = KubernetesDiscovery::new(options).map_err(|error| error.to_string())?;
        all.push(Box::new(discovery));
    }
    Ok(())
}

#[cfg(not(feature = "kubernetes"))]
fn add_kubernetes(job: &Job, _: &mut Vec<Box<dyn Discovery>>) -> Result<(), String> {
    if job.discovery.kubernetes_sd_configs.is_empty() {
        return Ok(());
    }
    Err(
        "this distribution is built without kubernetes_sd_configs (feature `kubernetes`)"
            .to_owned(),
    )
}
