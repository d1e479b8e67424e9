//! Configurations as they are written, and what becomes of them.

mod jobs;
mod mistakes;
mod real;
mod targets;

use headwater_config::testing::{decode, decode_with};

use super::{Job, PrometheusConfig};

/// The jobs of a configuration that has nothing wrong with it.
fn jobs(yaml: &str) -> Vec<Job> {
    let (config, warnings) = decode::<PrometheusConfig>(yaml).unwrap();
    assert_eq!(warnings, "");
    config.jobs().unwrap()
}

/// What is wrong with a configuration.
fn mistakes(yaml: &str) -> String {
    decode::<PrometheusConfig>(yaml).unwrap_err()
}

/// The only job, whose keys are `keys`, beside `global`.
fn job(global: &str, keys: &str) -> Job {
    let yaml = format!("{{global: {{{global}}}, scrape_configs: [{{job_name: a, {keys}}}]}}");
    jobs(&yaml).remove(0)
}
