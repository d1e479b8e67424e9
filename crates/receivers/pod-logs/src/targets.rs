//! From targets to files with labels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headwater_discovery::TargetGroup;
use headwater_loki::hints;
use headwater_prometheus::Labels;
use headwater_prometheus::relabel::Rules;
use headwater_receiver_file_log::{FileLabels, Listed};

const PATH: &str = "__path__";
const EXCLUDE: &str = "__path_exclude__";

/// A target that is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    path: String,
    exclude: Option<String>,
    labels: Vec<(String, String)>,
}

/// Makes files of what discoveries have found.
#[derive(Debug)]
pub(crate) struct Targets {
    rules: Rules,
    most: usize,
    stream: bool,
    filename_label: Option<String>,
    /// What each discovery has found, by source.
    groups: Vec<BTreeMap<Arc<str>, TargetGroup>>,
    current: BTreeSet<Target>,
    /// Globs that were complained about, and whether too many targets were.
    complained: (BTreeSet<String>, bool),
}

impl Targets {
    pub(crate) fn new(
        rules: Rules,
        most: usize,
        stream: bool,
        filename_label: &str,
        discoveries: usize,
    ) -> Self {
        Self {
            rules,
            most,
            stream,
            filename_label: Some(filename_label.to_owned()).filter(|name| !name.is_empty()),
            groups: (0..discoveries).map(|_| BTreeMap::new()).collect(),
            current: BTreeSet::new(),
            complained: (BTreeSet::new(), false),
        }
    }

    /// Takes over what a discovery has found.
    pub(crate) fn take(&mut self, discovery: usize, groups: Vec<TargetGroup>) {
        let Some(known) = self.groups.get_mut(discovery) else {
            return;
        };
        for group in groups {
            if group.targets.is_empty() {
                known.remove(&group.source);
            } else {
                known.insert(Arc::clone(&group.source), group);
            }
        }
    }

    /// The files to read, if they are others than before.
    pub(crate) fn changed(&mut self) -> Option<Vec<Listed>> {
        let mut targets = BTreeSet::new();
        for group in self.groups.iter().flat_map(BTreeMap::values) {
            for target in &group.targets {
                targets.extend(self.relabel(target, &group.labels));
            }
        }
        if targets.len() > self.most {
            if !self.complained.1 {
                tracing::warn!(
                    targets = targets.len(),
                    max_targets = self.most,
                    "More targets than max_targets: the rest is not read"
                );
            }
            self.complained.1 = true;
            targets = targets.into_iter().take(self.most).collect();
        } else {
            self.complained.1 = false;
        }
        if targets == self.current {
            return None;
        }
        self.current = targets;
        let mut files = Vec::with_capacity(self.current.len());
        for target in &self.current {
            match self.listed(target) {
                Ok(listed) => files.push(listed),
                Err(error) => {
                    if self.complained.0.len() < self.most
                        && self.complained.0.insert(target.path.clone())
                    {
                        tracing::error!(path = %target.path, error, "Cannot read __path__");
                    }
                }
            }
        }
        Some(files)
    }

    /// How many targets there are.
    pub(crate) fn len(&self) -> usize {
        self.current.len()
    }

    /// The target of some labels; none if a rule drops it or it has no path.
    fn relabel(&self, target: &Labels, group: &Labels) -> Option<Target> {
        let mut labels = target.clone();
        for (name, value) in group.iter() {
            labels.set_default(name, value);
        }
        if !self.rules.apply(&mut labels) {
            return None;
        }
        let path = labels.get(PATH).to_owned();
        let exclude = Some(labels.get(EXCLUDE).to_owned()).filter(|glob| !glob.is_empty());
        let kept = labels
            .iter()
            .filter(|(name, _)| !name.starts_with("__") || *name == hints::TENANT_LABEL)
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let labels = kept.collect();
        (!path.is_empty()).then_some(Target {
            path,
            exclude,
            labels,
        })
    }

    fn listed(&self, target: &Target) -> Result<Listed, String> {
        let mut resource = Vec::with_capacity(target.labels.len() + 1);
        if self.stream {
            resource.push((hints::STREAM.to_owned(), "true".to_owned()));
        }
        resource.extend(target.labels.iter().cloned());
        // A label of the target counts more than the path.
        let taken = |name: &String| target.labels.iter().any(|(known, _)| known == name);
        let labels = FileLabels {
            attributes: Vec::new(),
            resource,
            path: self.filename_label.clone().filter(|name| !taken(name)),
        };
        Listed::new(&target.path, target.exclude.as_deref(), labels)
    }
}
