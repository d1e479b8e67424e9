//! From the labels that a target shows to the labels of the series: honor_labels, metric
//! relabelling, external labels and limits.

use std::fmt::Write as _;

use headwater_prometheus::Labels;
use headwater_prometheus::relabel::Rules;
use headwater_prometheus::scrape_config::NameValidation;

use crate::failure::Failure;
use crate::resource::ResourceRules;

/// The label that holds a metric's name.
pub(crate) const NAME: &str = "__name__";

/// What a target's configuration says about its series.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SeriesRules {
    /// The labels that the target gives to each of its series.
    pub(crate) target: Labels,
    /// Whether scraped labels win over those of the target.
    pub(crate) honor_labels: bool,
    /// `metric_relabel_configs`.
    pub(crate) relabel: Rules,
    /// Labels that replace all others of their name.
    pub(crate) external: Labels,
    /// Which names are allowed.
    pub(crate) names: NameValidation,
    /// The most labels of a series; 0 for any number.
    pub(crate) label_limit: u64,
    /// The longest label name in bytes; 0 for any length.
    pub(crate) label_name_length_limit: u64,
    /// The longest label value in bytes; 0 for any length.
    pub(crate) label_value_length_limit: u64,
    /// Whether metric names lose the suffixes of type and unit.
    pub(crate) trim_suffixes: bool,
    /// The version of the receiver's own scope.
    pub(crate) version: Box<str>,
    /// What the resources look like.
    pub(crate) resource: ResourceRules,
}

impl SeriesRules {
    /// The labels of a scraped series; `None` if relabelling drops it.
    ///
    /// # Errors
    /// What makes the whole scrape fail.
    pub(crate) fn apply<N, V>(
        &self,
        scraped: impl Iterator<Item = (N, V)>,
    ) -> Result<Option<Labels>, Failure>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut labels = Labels::new();
        // Labels that are there with an empty value: they keep the target's away if honoured.
        let mut emptied: Vec<Box<str>> = Vec::new();
        for (name, value) in scraped {
            let (name, value) = (name.as_ref(), value.as_ref());
            if labels.contains(name) || emptied.iter().any(|known| **known == *name) {
                return Err(Failure::DuplicateLabel(name.into()));
            }
            if value.is_empty() {
                emptied.push(name.into());
            }
            labels.set(name, value);
        }
        self.add_target(&mut labels, &emptied);
        if !self.relabel.apply(&mut labels) || labels.is_empty() {
            return Ok(None);
        }
        self.check(&labels)?;
        for (name, value) in self.external.iter() {
            labels.set(name, value);
        }
        Ok(Some(labels))
    }

    /// The labels of a report series, which no relabelling sees.
    pub(crate) fn report(&self, metric: &str) -> Labels {
        let mut labels = self.target.clone();
        labels.set(NAME, metric);
        for (name, value) in self.external.iter() {
            labels.set(name, value);
        }
        labels
    }

    fn add_target(&self, labels: &mut Labels, emptied: &[Box<str>]) {
        if self.honor_labels {
            for (name, value) in self.target.iter() {
                if !emptied.iter().any(|known| **known == *name) {
                    labels.set_default(name, value);
                }
            }
            return;
        }
        let mut exposed: Vec<(Box<str>, Box<str>)> = Vec::new();
        for (name, value) in self.target.iter() {
            let scraped = labels.get(name);
            if !scraped.is_empty() {
                exposed.push((name.into(), scraped.into()));
            }
            labels.set(name, value);
        }
        exposed.sort_by_key(|(name, _)| name.len());
        for (name, value) in exposed {
            let mut renamed = format!("exported_{name}");
            while labels.contains(&renamed) {
                renamed.insert_str(0, "exported_");
            }
            labels.set(&renamed, &value);
        }
    }

    fn check(&self, labels: &Labels) -> Result<(), Failure> {
        let metric = labels.get(NAME);
        if metric.is_empty() {
            return Err(Failure::NoName);
        }
        let valid = labels.iter().all(|(name, value)| match name {
            NAME => self.names.is_valid_metric(value),
            _ => self.names.is_valid_label(name),
        });
        if !valid {
            return Err(Failure::InvalidName(show(labels).into()));
        }
        let exceeded = |limit: u64, found: usize| limit > 0 && found as u64 > limit;
        if exceeded(self.label_limit, labels.len()) {
            return Err(Failure::Labels {
                metric: metric.into(),
                found: labels.len(),
                limit: self.label_limit,
            });
        }
        if self.label_name_length_limit == 0 && self.label_value_length_limit == 0 {
            return Ok(());
        }
        for (name, value) in labels.iter() {
            if exceeded(self.label_name_length_limit, name.len()) {
                return Err(Failure::NameLength {
                    metric: metric.into(),
                    label: name.into(),
                    found: name.len(),
                    limit: self.label_name_length_limit,
                });
            }
            if exceeded(self.label_value_length_limit, value.len()) {
                return Err(Failure::ValueLength {
                    metric: metric.into(),
                    label: name.into(),
                    value: value.chars().take(64).collect::<String>().into(),
                    found: value.len(),
                    limit: self.label_value_length_limit,
                });
            }
        }
        Ok(())
    }
}

fn show(labels: &Labels) -> String {
    let mut text = String::from(labels.get(NAME));
    text.push('{');
    let mut comma = "";
    for (name, value) in labels.iter().filter(|(name, _)| *name != NAME) {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{comma}{name}={value:?}");
        comma = ", ";
    }
    text.push('}');
    text
}
