//! From what a discovery found to what is scraped. Source: Prometheus 3, `scrape.PopulateLabels`.

use thiserror::Error;

use super::{Job, ParseDurationError, PromDuration};
use crate::Labels;
use crate::percent::{escape, escape_query};

/// The labels that a target has before its rules are applied.
const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const METRICS_PATH: &str = "__metrics_path__";
const SCRAPE_INTERVAL: &str = "__scrape_interval__";
const SCRAPE_TIMEOUT: &str = "__scrape_timeout__";
const NATIVE: &str = "__scrape_native_histograms__";
const CLASSIC: &str = "__always_scrape_classic_histograms__";
const CONVERT: &str = "__convert_classic_histograms_to_nhcb__";
const PARAM: &str = "__param_";
const META: &str = "__meta_";

/// Something to scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its labels after its rules were applied, without `__meta_*`, with `instance`. Those that begin
    /// with `__` say how it is scraped and are on no sample.
    pub labels: Labels,
    /// Its labels before, for display and for the resource attributes that come from a discovery.
    pub discovered: Labels,
    /// How often it is scraped.
    pub interval: PromDuration,
    /// How long a scrape may take.
    pub timeout: PromDuration,
    /// What is asked for: `http://host:port/path?query`.
    pub url: String,
    /// Whether native histograms are wanted.
    pub scrape_native_histograms: bool,
    /// Whether classic histograms are kept besides native ones.
    pub always_scrape_classic_histograms: bool,
    /// Whether classic histograms become native ones with the same buckets.
    pub convert_classic_histograms_to_nhcb: bool,
}

/// What became of something that a discovery found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Built {
    /// A target.
    Target(Box<Target>),
    /// A rule dropped it; its labels before.
    Dropped(Labels),
}

/// Why something cannot be a target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It has no `__address__`.
    #[error("no address")]
    NoAddress,
    /// Its `__address__` has a slash in it.
    #[error("{0:?} is not a valid hostname")]
    Address(String),
    /// Its `__scrape_interval__` is no duration.
    #[error("error parsing scrape interval: {0}")]
    Interval(ParseDurationError),
    /// Its `__scrape_interval__` is 0.
    #[error("scrape interval cannot be 0")]
    ZeroInterval,
    /// Its `__scrape_timeout__` is no duration.
    #[error("error parsing scrape timeout: {0}")]
    Timeout(ParseDurationError),
    /// Its `__scrape_timeout__` is 0.
    #[error("scrape timeout cannot be 0")]
    ZeroTimeout,
    /// Its timeout is longer than its interval.
    #[error("scrape timeout cannot be greater than scrape interval ({timeout:?} > {interval:?})")]
    LongTimeout {
        /// The timeout.
        timeout: String,
        /// The interval.
        interval: String,
    },
    /// A label that must be a boolean is none.
    #[error("error parsing {what}: strconv.ParseBool: parsing {value:?}: invalid syntax")]
    Flag {
        /// Which label, in words.
        what: &'static str,
        /// Its value.
        value: String,
    },
}

impl Target {
    /// The labels that its samples get.
    pub fn public_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels
            .iter()
            .filter(|(name, _)| !name.starts_with("__"))
    }
}

impl Job {
    /// The labels of something that a discovery found, before the rules: its own, those of its group,
    /// and what the job says.
    #[must_use]
    pub fn discovered_labels(&self, target: &Labels, group: &Labels) -> Labels {
        let mut labels = target.clone();
        for (name, value) in group.iter() {
            labels.set_default(name, value);
        }
        labels.set_default("job", &self.name);
        labels.set_default(SCRAPE_INTERVAL, &self.scrape_interval.to_string());
        labels.set_default(SCRAPE_TIMEOUT, &self.scrape_timeout.to_string());
        labels.set_default(METRICS_PATH, &self.metrics_path);
        labels.set_default(SCHEME, &self.scheme);
        for (name, flag) in [
            (CONVERT, self.convert_classic_histograms_to_nhcb),
            (CLASSIC, self.always_scrape_classic_histograms),
            (NATIVE, self.scrape_native_histograms),
        ] {
            labels.set_default(name, if flag { "true" } else { "false" });
        }
        for (name, values) in &self.params {
            if let Some(value) = values.first() {
                labels.set_default(&format!("{PARAM}{name}"), value);
            }
        }
        labels
    }

    /// Makes a target of what a discovery found.
    ///
    /// # Errors
    /// [`TargetError`] if the rules left nothing that can be scraped.
    pub fn build(&self, target: &Labels, group: &Labels) -> Result<Built, TargetError> {
        let discovered = self.discovered_labels(target, group);
        let mut labels = discovered.clone();
        if !self.relabel.apply(&mut labels) {
            return Ok(Built::Dropped(discovered));
        }
        let address = labels.get(ADDRESS).to_owned();
        if address.is_empty() {
            return Err(TargetError::NoAddress);
        }
        if address.contains('/') {
            return Err(TargetError::Address(address));
        }
        let (interval, timeout) = times(&labels)?;
        let [convert, classic, native] = [
            (CONVERT, "convert classic histograms to nhcb"),
            (CLASSIC, "always scrape classic histograms"),
            (NATIVE, "scrape native histograms"),
        ]
        .map(|(name, what)| flag(labels.get(name), what));
        labels.retain(|name, _| !name.starts_with(META));
        labels.set_default("instance", &address);
        Ok(Built::Target(Box::new(Target {
            url: self.url(&labels),
            labels,
            discovered,
            interval,
            timeout,
            scrape_native_histograms: native?,
            always_scrape_classic_histograms: classic?,
            convert_classic_histograms_to_nhcb: convert?,
        })))
    }

    /// What is asked for, with the parameters in the order of their names.
    fn url(&self, labels: &Labels) -> String {
        let mut params: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, values) in &self.params {
            params.push((name, values.iter().map(String::as_str).collect()));
        }
        for (name, value) in labels.iter() {
            let Some(name) = name.strip_prefix(PARAM) else {
                continue;
            };
            match params.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) if !values.is_empty() => values[0] = value,
                Some((_, values)) => values.push(value),
                None => params.push((name, vec![value])),
            }
        }
        params.sort_unstable();
        let path = labels.get(METRICS_PATH);
        let slash = if path.is_empty() || path.starts_with('/') {
            ""
        } else {
            "/"
        };
        let (scheme, address) = (labels.get(SCHEME), labels.get(ADDRESS));
        let colon = if scheme.is_empty() { "" } else { ":" };
        let mut url = format!("{scheme}{colon}//");
        escape(&mut url, address, b"-_.~!$&'()*+,;=:[]<>\"");
        url.push_str(slash);
        escape(&mut url, path, b"$&+,/:;=@-_.~");
        let mut mark = '?';
        for (name, values) in params {
            for value in values {
                url.push(mark);
                mark = '&';
                escape_query(&mut url, name);
                url.push('=');
                escape_query(&mut url, value);
            }
        }
        url
    }
}

/// Interval and timeout as the labels say.
fn times(labels: &Labels) -> Result<(PromDuration, PromDuration), TargetError> {
    let text = labels.get(SCRAPE_INTERVAL);
    let interval: PromDuration = text.parse().map_err(TargetError::Interval)?;
    if interval.is_zero() {
        return Err(TargetError::ZeroInterval);
    }
    let timeout_text = labels.get(SCRAPE_TIMEOUT);
    let timeout: PromDuration = timeout_text.parse().map_err(TargetError::Timeout)?;
    if timeout.is_zero() {
        return Err(TargetError::ZeroTimeout);
    }
    if timeout > interval {
        return Err(TargetError::LongTimeout {
            timeout: timeout_text.to_owned(),
            interval: text.to_owned(),
        });
    }
    Ok((interval, timeout))
}

/// A boolean as Go's `strconv.ParseBool` takes it; no text is `false`.
fn flag(text: &str, what: &'static str) -> Result<bool, TargetError> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(TargetError::Flag {
            what,
            value: text.to_owned(),
        }),
    }
}
