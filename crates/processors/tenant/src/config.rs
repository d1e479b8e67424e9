//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config, OrderedMap, Validation};

/// Configuration of the `tenant` processor.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct TenantConfig {
    /// Where a tenant comes from: the first of these that has one counts. A header behind an
    /// identity is not looked at when the sender authenticated.
    pub from: Vec<SourceConfig>,
    /// The tenant of telemetry for which no source has one.
    pub default: String,
    /// Whether telemetry without a tenant is refused. Otherwise it goes on without, under the
    /// limits of a tenant without a name.
    pub required: bool,
    /// The tenants there are; others are refused. Without any, every name is taken.
    pub allowed: Vec<String>,
    /// The longest name in bytes; a longer one is refused.
    pub max_name_length: u32,
    /// What each tenant may send.
    pub limits: LimitsConfig,
    /// What single tenants may send instead; keys that are not given are those of `limits`.
    pub overrides: OrderedMap<LimitsConfig>,
    /// A YAML file with more of `overrides`: names with the same keys below, and nothing around
    /// them. An entry replaces the one of the same name in `overrides`. A change is picked up
    /// within a second, also for tenants that are known; what cannot be used is logged, and what
    /// the file held before stays. At most 1 MiB.
    pub overrides_file: String,
    /// What happens to a request with resources of several tenants, some of them over a limit:
    /// `refuse` takes nothing of it, `drop` drops what is over the limit and takes the rest.
    pub mixed_over_limit: MixedOverLimit,
    /// How many tenants are told apart at a time, in limits; further ones share those of one.
    pub max_tenants: u32,
    /// How many tenants have metrics of their own at a time; further ones are counted as
    /// `overflow_label`.
    pub max_metrics_tenants: u32,
    /// The value of the label `tenant` for all that have no metrics of their own.
    pub overflow_label: String,
    /// After how long without telemetry a tenant is forgotten, with its metrics.
    pub idle_timeout: Duration,
}

/// One source of a tenant: exactly one of the keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct SourceConfig {
    /// An attribute of the identity that a server authenticator established: `username`,
    /// `subject`.
    pub identity: Option<String>,
    /// A request header, such as `X-Scope-OrgID`. Anybody can write it. Needs
    /// `include_metadata: true` at the receiver.
    pub header: Option<String>,
    /// An attribute of the resource. A request with resources of several tenants is split.
    pub resource: Option<String>,
}

/// What a tenant may send. What is not given, or 0, is not limited.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct LimitsConfig {
    /// Requests per second, over all signals.
    pub requests_per_second: Option<f64>,
    /// How many requests may come at once; those of one second if it is not given.
    pub request_burst: Option<u64>,
    /// Serialized bytes per second, over all signals.
    pub bytes_per_second: Option<f64>,
    /// How many bytes may come at once; those of one second if it is not given. A larger request
    /// is taken when nothing came before it.
    pub byte_burst: Option<u64>,
    /// How many bytes may be held at a time, in batches and queues. One request is always taken.
    pub max_in_flight_bytes: Option<u64>,
}

/// What happens to a request of several tenants, some of them over a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum MixedOverLimit {
    /// Nothing of it is taken.
    #[default]
    Refuse,
    /// What is over the limit is dropped, the rest is taken.
    Drop,
}

impl Default for TenantConfig {
    fn default() -> Self {
        Self {
            from: Vec::new(),
            default: String::new(),
            required: true,
            allowed: Vec::new(),
            // Source: Mimir, Loki and Tempo, "About tenant IDs".
            max_name_length: 150,
            limits: LimitsConfig::default(),
            overrides: OrderedMap::new(),
            overrides_file: String::new(),
            mixed_over_limit: MixedOverLimit::default(),
            max_tenants: 10_000,
            max_metrics_tenants: 500,
            overflow_label: "_overflow".to_owned(),
            idle_timeout: Duration::from_secs(600),
        }
    }
}

impl TenantConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.from.is_empty() && self.default.is_empty() {
            validation.error("from", "no source of a tenant").help(
                "write `from: [{identity: username}]`, `from: [{header: x-scope-orgid}]` or \
                 `from: [{resource: tenant}]`, or the `default:` of all who say nothing",
            );
        }
        for (index, source) in self.from.iter().enumerate() {
            let given = [&source.identity, &source.header, &source.resource];
            let given = given.iter().filter(|key| key.is_some()).count();
            if given != 1 {
                validation.error(
                    &format!("from::{index}"),
                    "a source has exactly one of `identity`, `header` and `resource`",
                );
            }
        }
        let identity = self.from.iter().any(|source| source.identity.is_some());
        let header = self.from.iter().position(|source| source.header.is_some());
        if let Some(header) = header
            && !identity
            && self.allowed.is_empty()
        {
            validation
                .warning(
                    &format!("from::{header}::header"),
                    "anybody who can send a request can write this header, in anybody's name",
                )
                .help("let the receiver authenticate and write `identity:` before it, or list `allowed:`");
        }
        self.limits.check("limits", validation);
        for (name, limits) in self.overrides.iter() {
            limits.check(&format!("overrides::{name}"), validation);
        }
        for (key, value) in [
            ("max_tenants", self.max_tenants),
            ("max_name_length", self.max_name_length),
        ] {
            if value == 0 {
                validation.error(key, "must be greater than 0");
            }
        }
    }
}

impl LimitsConfig {
    pub(crate) fn check(&self, path: &str, validation: &mut Validation<'_>) {
        for (key, rate) in [
            ("requests_per_second", self.requests_per_second),
            ("bytes_per_second", self.bytes_per_second),
        ] {
            if rate.is_some_and(|rate| !rate.is_finite() || rate < 0.0) {
                validation.error(&format!("{path}::{key}"), "must not be negative");
            }
        }
    }

    /// These limits, those of `other` where nothing is given.
    pub(crate) fn or(&self, other: &Self) -> Self {
        Self {
            requests_per_second: self.requests_per_second.or(other.requests_per_second),
            request_burst: self.request_burst.or(other.request_burst),
            bytes_per_second: self.bytes_per_second.or(other.bytes_per_second),
            byte_burst: self.byte_burst.or(other.byte_burst),
            max_in_flight_bytes: self.max_in_flight_bytes.or(other.max_in_flight_bytes),
        }
    }
}
