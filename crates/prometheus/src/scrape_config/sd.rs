//! Where targets come from: the `*_sd_configs` that Headwater has.

use headwater_core::config::{Config, OrderedMap, Validation};

use super::{HttpClientConfig, KubernetesSdConfig, PromDuration};
use crate::text::Text;

/// How a job finds its targets; several ways may be combined.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct DiscoveryConfigs {
    /// Targets written here.
    pub static_configs: Vec<StaticConfig>,
    /// Targets in files that are watched.
    pub file_sd_configs: Vec<FileSdConfig>,
    /// Targets that a server lists.
    pub http_sd_configs: Vec<HttpSdConfig>,
    /// Targets in DNS records.
    pub dns_sd_configs: Vec<DnsSdConfig>,
    /// Targets in a Kubernetes cluster.
    pub kubernetes_sd_configs: Vec<KubernetesSdConfig>,
}

/// An entry of `static_configs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct StaticConfig {
    /// Hosts with ports.
    pub targets: Vec<Text>,
    /// Labels of all of them.
    pub labels: OrderedMap<Text>,
}

/// An entry of `file_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct FileSdConfig {
    /// Paths of files that end with `.json`, `.yml` or `.yaml`; the last part of a path may have one
    /// `*`.
    pub files: Vec<Text>,
    /// How often the files are read even if nobody says that they have changed.
    pub refresh_interval: PromDuration,
}

/// An entry of `http_sd_configs`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct HttpSdConfig {
    /// The URL that answers with the list. Required.
    pub url: Text,
    /// How often it is asked.
    pub refresh_interval: PromDuration,
    /// How requests are made and signed.
    #[config(squash)]
    pub http: HttpClientConfig,
}

/// An entry of `dns_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct DnsSdConfig {
    /// The names to ask for. Required.
    pub names: Vec<Text>,
    /// The type of records.
    #[config(rename = "type")]
    pub record: DnsRecord,
    /// The port of the targets; required unless the records are `SRV`.
    pub port: u16,
    /// How often the names are asked for.
    pub refresh_interval: PromDuration,
}

/// A type of DNS records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Config)]
#[config(case_insensitive)]
pub enum DnsRecord {
    /// Hosts with ports.
    #[default]
    #[config(rename = "SRV")]
    Srv,
    /// IPv4 addresses.
    #[config(rename = "A")]
    A,
    /// IPv6 addresses.
    #[config(rename = "AAAA")]
    Aaaa,
    /// Mail servers.
    #[config(rename = "MX")]
    Mx,
    /// Name servers.
    #[config(rename = "NS")]
    Ns,
}

impl Default for FileSdConfig {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            refresh_interval: PromDuration::from_secs(300),
        }
    }
}

impl Default for HttpSdConfig {
    fn default() -> Self {
        Self {
            url: Text::default(),
            refresh_interval: PromDuration::from_secs(60),
            http: HttpClientConfig::default(),
        }
    }
}

impl Default for DnsSdConfig {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            record: DnsRecord::Srv,
            port: 0,
            refresh_interval: PromDuration::from_secs(30),
        }
    }
}

impl DiscoveryConfigs {
    /// Whether no way to find targets is configured.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.static_configs.is_empty()
            && self.file_sd_configs.is_empty()
            && self.http_sd_configs.is_empty()
            && self.dns_sd_configs.is_empty()
            && self.kubernetes_sd_configs.is_empty()
    }
}

impl StaticConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.labels.get("").is_some() {
            v.error("labels", "\"\" is not a valid label name");
        }
    }
}

impl FileSdConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.files.is_empty() {
            v.error(
                "files",
                "file service discovery config must contain at least one path name",
            );
        }
        for (index, path) in self.files.iter().enumerate() {
            if !is_pattern(path) {
                let message = format!(
                    "path name {:?} is not valid for file discovery",
                    path.as_str()
                );
                v.error(&format!("files::{index}"), message).help(
                    "it must end with .json, .yml or .yaml; a `*` may stand in its last part",
                );
            }
        }
        check_interval(self.refresh_interval, v);
    }
}

/// `^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$`
fn is_pattern(path: &str) -> bool {
    let Some((stem, ending)) = path.rsplit_once('.') else {
        return false;
    };
    let ending = matches!(ending, "json" | "yml" | "yaml" | "JSON" | "YML" | "YAML");
    ending
        && stem
            .split_once('*')
            .is_none_or(|(_, after)| !after.contains('/'))
}

impl HttpSdConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.url.is_empty() {
            v.error("url", "URL is missing");
        } else if !self.url.starts_with("http://") && !self.url.starts_with("https://") {
            v.error("url", "URL scheme must be 'http' or 'https'");
        } else if self
            .url
            .contains(|c: char| c.is_ascii_control() || c == ' ')
        {
            v.error("url", "a URL has no blanks");
        } else if self.url.split('/').nth(2).is_none_or(str::is_empty) {
            v.error("url", "host is missing in URL");
        }
        check_interval(self.refresh_interval, v);
    }
}

impl DnsSdConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.names.is_empty() {
            v.error(
                "names",
                "DNS-SD config must contain at least one SRV record name",
            );
        }
        if self.port == 0 && self.record != DnsRecord::Srv {
            let message = "a port is required in DNS-SD configs for all record types except SRV";
            v.error("port", message);
        }
        check_interval(self.refresh_interval, v);
    }
}

fn check_interval(interval: PromDuration, v: &mut Validation<'_>) {
    if interval.is_zero() {
        v.error(
            "refresh_interval",
            "refresh interval must be greater than 0",
        );
    }
}
