//! The whole of Prometheus's configuration, as far as it is about scraping.

use headwater_core::config::{Config, Node, Validation, Value};

use super::{GlobalConfig, Job, JobError, NameValidation, ScrapeConfig, files};
use crate::relabel::RelabelConfig;
use crate::text::Text;

/// A Prometheus configuration.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct PrometheusConfig {
    /// What jobs inherit.
    pub global: GlobalConfig,
    /// The jobs.
    pub scrape_configs: Vec<ScrapeConfig>,
    /// Files with more `scrape_configs`; the last part of a path may have `*`.
    pub scrape_config_files: Vec<Text>,
    /// Settings of Go's garbage collector.
    #[config(ignored = "there is no Go runtime here")]
    pub runtime: Node,
    /// Settings of Prometheus's database.
    #[config(ignored = "there is no database here")]
    pub storage: Node,
    /// Settings of Prometheus's own traces.
    #[config(ignored = "the collector's own telemetry is set below `service`")]
    pub tracing: Node,
    /// Settings of Prometheus's OTLP receiver.
    #[config(ignored = "OTLP has a receiver of its own")]
    pub otlp: Node,
    /// Not supported: rules need a database.
    pub rule_files: Node,
    /// Not supported: there is nothing to alert about.
    pub alerting: Node,
    /// Not supported: write a `prometheusremotewrite` exporter.
    pub remote_write: Node,
    /// Not supported: there are no queries.
    pub remote_read: Node,
}

impl PrometheusConfig {
    /// The jobs of `scrape_configs` and of the files, with what they inherit. Reads the files.
    ///
    /// # Errors
    /// The first thing that is wrong with a file or a job.
    pub fn jobs(&self) -> Result<Vec<Job>, String> {
        let mut jobs = Vec::with_capacity(self.scrape_configs.len());
        for config in &self.scrape_configs {
            jobs.push(self.job(config).map_err(|error| error.to_string())?);
        }
        for file in files::load(&self.scrape_config_files)? {
            for config in &file.configs {
                let job = self
                    .job(config)
                    .map_err(|error| format!("{:?}: {error}", file.path))?;
                if jobs.iter().any(|known: &Job| known.name == job.name) {
                    return Err(format!(
                        "{:?}: found multiple scrape configs with job name {:?}",
                        file.path, job.name
                    ));
                }
                jobs.push(job);
            }
        }
        Ok(jobs)
    }

    /// A job that inherits from this configuration, for example one that a target allocator gave.
    ///
    /// # Errors
    /// [`JobError`] if the two do not fit together.
    pub fn job(&self, config: &ScrapeConfig) -> Result<Job, JobError> {
        Job::new(config, &self.global)
    }

    fn check(&self, v: &mut Validation<'_>) {
        for (key, node, help) in [
            (
                "rule_files",
                &self.rule_files,
                "evaluate rules in the backend",
            ),
            ("alerting", &self.alerting, "evaluate alerts in the backend"),
            (
                "remote_write",
                &self.remote_write,
                "use a `prometheusremotewrite` exporter",
            ),
            (
                "remote_read",
                &self.remote_read,
                "there is nothing to query here",
            ),
        ] {
            if !is_empty(node) {
                v.error(key, format!("unsupported features:\n\t{key}"))
                    .help(help);
            }
        }
        let before = self.scrape_configs.iter().enumerate();
        for (index, config) in before {
            let at = format!("scrape_configs::{index}");
            let same = |other: &ScrapeConfig| other.job_name == config.job_name;
            if self.scrape_configs[..index].iter().any(same) {
                let message = format!(
                    "found multiple scrape configs with job name {:?}",
                    config.job_name.as_str()
                );
                v.error(&format!("{at}::job_name"), message);
            }
            self.check_job(config, &at, v);
        }
        if let Err(message) = self.check_files() {
            v.error("scrape_config_files", message);
        }
    }

    fn check_job(&self, config: &ScrapeConfig, at: &str, v: &mut Validation<'_>) {
        let names = config
            .metric_name_validation_scheme
            .unwrap_or(self.global.metric_name_validation_scheme);
        if names == NameValidation::Legacy {
            check_legacy(
                &config.relabel_configs,
                &format!("{at}::relabel_configs"),
                v,
            );
            check_legacy(
                &config.metric_relabel_configs,
                &format!("{at}::metric_relabel_configs"),
                v,
            );
        }
        match self.job(config) {
            Ok(_) | Err(JobError::Relabel { .. }) => {}
            Err(error @ JobError::Timeout { .. }) => {
                v.error(&format!("{at}::scrape_timeout"), error.to_string());
            }
            Err(error @ JobError::Escaping) => {
                v.error(
                    &format!("{at}::metric_name_escaping_scheme"),
                    error.to_string(),
                );
            }
        }
    }

    /// What is wrong with the files; what is wrong here was reported.
    fn check_files(&self) -> Result<(), String> {
        if self.scrape_config_files.is_empty() {
            return Ok(());
        }
        self.jobs().map(drop)
    }
}

/// Reports rules whose names are valid only where any UTF-8 is.
fn check_legacy(rules: &[RelabelConfig], at: &str, v: &mut Validation<'_>) {
    for (index, rule) in rules.iter().enumerate() {
        for problem in rule.problems(NameValidation::Legacy) {
            v.error(&format!("{at}::{index}::{}", problem.key), problem.message);
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Seq(items) => items.is_empty(),
        Value::Map(map) => map.iter().all(|(_, node)| is_empty(node)),
        _ => false,
    }
}
