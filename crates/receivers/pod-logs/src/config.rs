//! What the user writes.

use std::time::Duration;

use headwater_core::ComponentId;
use headwater_core::config::{Config, Validation};
use headwater_logs::{ByteSize, Decoration, Operators};
use headwater_prometheus::relabel::RelabelConfig;
use headwater_prometheus::scrape_config::DiscoveryConfigs;
use headwater_receiver_file_log as file_log;
use headwater_receiver_file_log::{
    CheckpointConfig, Compression, Encoding, MultilineConfig, RetryConfig, StartAt, TooLong, Watch,
};

/// Configuration of the `pod_logs` receiver. Source: Alloy `loki.source.file`, `discovery.relabel`,
/// Prometheus `scrape_config`; keys of reading are those of `file_log`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
#[config(removed(
    key = "include",
    help = "set the label `__path__` in `relabel_configs`"
))]
#[config(removed(
    key = "forward_to",
    help = "list the processors and exporters of the pipeline"
))]
pub struct PodLogsConfig {
    /// Where targets come from.
    #[config(squash)]
    pub discovery: DiscoveryConfigs,
    /// What is made of a target's labels. `__path__` is a path or glob of the files to read,
    /// `__path_exclude__` one of files not to read; labels that begin with `__` are left out then.
    pub relabel_configs: Vec<RelabelConfig>,
    /// How many targets are read at most; further ones are not, and the log says so.
    pub max_targets: u32,
    /// Makes the labels a Loki stream, as the `loki_process` processor and the `loki` exporter take
    /// it; else they are plain attributes of the resource.
    pub stream: bool,
    /// The label that gets the path of the file. Empty means none.
    pub filename_label: String,
    /// Where reading begins in files that are there at the first start, `beginning` or `end`.
    /// Files known from before go on where they were, files that come later are read whole.
    pub start_at: StartAt,
    /// Leaves files alone that have not been written to for so long. 0 means never.
    pub exclude_older_than: Duration,
    /// How long lines that were written may stay unread.
    pub poll_interval: Duration,
    /// How many bytes from the beginning of a file help to know it again; at least 16.
    pub fingerprint_size: ByteSize,
    /// How long an entry may be.
    pub max_log_size: ByteSize,
    /// What happens to the rest of a line longer than that: `split` makes it the next entry,
    /// `truncate` drops it.
    pub max_log_size_behavior: TooLong,
    /// How many files are open at a time.
    pub max_concurrent_files: i64,
    /// How the text is encoded.
    pub encoding: Encoding,
    /// How entries of several lines are told apart.
    pub multiline: MultilineConfig,
    /// Keeps spaces, tabs and line ends at the beginning of an entry.
    pub preserve_leading_whitespaces: bool,
    /// Keeps spaces, tabs and line ends at the end of an entry.
    pub preserve_trailing_whitespaces: bool,
    /// How long the beginning of a line waits for the rest of it. 0 means for ever.
    pub force_flush_period: Duration,
    /// Adds the attribute `log.file.name`.
    pub include_file_name: bool,
    /// Adds the attribute `log.file.path`.
    pub include_file_path: bool,
    /// How files are compressed: `gzip` or `zstd` for all of them, `auto` by `.gz` and `.zst`.
    pub compression: Compression,
    /// How often what was refused is offered again.
    pub retry_on_failure: RetryConfig,
    /// Attributes of every record; `EXPR(…)` is evaluated.
    pub attributes: Decoration,
    /// Attributes of every resource; `EXPR(…)` is evaluated.
    pub resource: Decoration,
    /// What is done with each entry, as in `file_log`.
    pub operators: Operators,
    /// The id of a storage extension that keeps positions, instead of `checkpoints`.
    pub storage: Option<ComponentId>,
    /// Where positions are kept.
    pub checkpoints: CheckpointConfig,
    /// How changes are noticed: `auto` asks the kernel to tell, and polls where it cannot; `poll`
    /// always polls.
    pub watch: Watch,
}

impl Default for PodLogsConfig {
    fn default() -> Self {
        let file = file_log::Config::default();
        Self {
            discovery: DiscoveryConfigs::default(),
            relabel_configs: Vec::new(),
            max_targets: 10_000,
            stream: true,
            filename_label: "filename".to_owned(),
            start_at: StartAt::Beginning,
            exclude_older_than: file.exclude_older_than,
            poll_interval: file.poll_interval,
            fingerprint_size: file.fingerprint_size,
            max_log_size: file.max_log_size,
            max_log_size_behavior: file.max_log_size_behavior,
            max_concurrent_files: file.max_concurrent_files,
            encoding: file.encoding,
            multiline: file.multiline,
            preserve_leading_whitespaces: true,
            preserve_trailing_whitespaces: true,
            force_flush_period: file.force_flush_period,
            include_file_name: false,
            include_file_path: false,
            compression: file.compression,
            retry_on_failure: file.retry_on_failure,
            attributes: file.attributes,
            resource: file.resource,
            operators: file.operators,
            storage: None,
            checkpoints: file.checkpoints,
            watch: file.watch,
        }
    }
}

impl PodLogsConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.discovery.is_empty() {
            validation
                .error("", "no way to find targets is configured")
                .help("write `kubernetes_sd_configs: [{role: pod}]`, or `static_configs`");
        }
        if self.max_targets == 0 {
            validation.error("max_targets", "max_targets must be greater than 0");
        }
        let fixed = self.discovery.static_configs.iter();
        let has_path = fixed
            .clone()
            .any(|group| group.labels.get("__path__").is_some());
        let relabelled = self
            .relabel_configs
            .iter()
            .any(|rule| &*rule.target_label == "__path__");
        let only_fixed = fixed.len() > 0
            && self.discovery.file_sd_configs.is_empty()
            && self.discovery.http_sd_configs.is_empty();
        if !relabelled
            && !has_path
            && (only_fixed || !self.discovery.kubernetes_sd_configs.is_empty())
        {
            validation
                .error(
                    "relabel_configs",
                    "no rule sets the label `__path__`: no file would be read",
                )
                .help(
                    "write `- {source_labels: [__meta_kubernetes_pod_uid, \
                     __meta_kubernetes_pod_container_name], separator: /, target_label: __path__, \
                     replacement: /var/log/pods/*$$1/*.log}`",
                );
        }
        // The rest is what `file_log` checks; it needs files to look for.
        let mut file = self.file_log();
        file.include.push("/".to_owned());
        file.validate(validation);
    }

    /// The configuration of the receiver that reads.
    pub(crate) fn file_log(&self) -> file_log::Config {
        let this = self.clone();
        file_log::Config {
            start_at: this.start_at,
            exclude_older_than: this.exclude_older_than,
            poll_interval: this.poll_interval,
            fingerprint_size: this.fingerprint_size,
            max_log_size: this.max_log_size,
            max_log_size_behavior: this.max_log_size_behavior,
            max_concurrent_files: this.max_concurrent_files,
            encoding: this.encoding,
            multiline: this.multiline,
            preserve_leading_whitespaces: this.preserve_leading_whitespaces,
            preserve_trailing_whitespaces: this.preserve_trailing_whitespaces,
            force_flush_period: this.force_flush_period,
            include_file_name: this.include_file_name,
            include_file_path: this.include_file_path,
            compression: this.compression,
            retry_on_failure: this.retry_on_failure,
            attributes: this.attributes,
            resource: this.resource,
            operators: this.operators,
            storage: this.storage,
            checkpoints: this.checkpoints,
            watch: this.watch,
            ..file_log::Config::default()
        }
    }
}
