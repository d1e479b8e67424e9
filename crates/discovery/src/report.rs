//! Says only what has changed.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};
use std::sync::Arc;

use crate::{TargetGroup, Updates};

/// Remembers what a discovery has reported.
#[derive(Debug, Default)]
pub(crate) struct Report {
    hasher: RandomState,
    /// A hash of each group, by its source.
    known: HashMap<Arc<str>, u64>,
    any: bool,
}

/// The reader of the updates is gone.
#[derive(Debug)]
pub(crate) struct NobodyListens;

impl Report {
    /// Reports the groups that are not as they were, and the end of those that are gone. `groups` are
    /// all there are. The first report is made even if there are none.
    pub(crate) async fn send(
        &mut self,
        updates: &Updates,
        groups: Vec<TargetGroup>,
    ) -> Result<(), NobodyListens> {
        let mut known = HashMap::with_capacity(groups.len());
        let mut changed = Vec::new();
        for group in groups {
            let hash = self.hash(&group);
            if self.known.remove(&group.source) != Some(hash) {
                known.insert(Arc::clone(&group.source), hash);
                changed.push(group);
            } else {
                known.insert(group.source, hash);
            }
        }
        let gone = std::mem::replace(&mut self.known, known);
        // A source that is listed twice was taken out of the known ones by the first.
        for source in gone
            .into_keys()
            .filter(|source| !self.known.contains_key(source))
        {
            changed.push(TargetGroup {
                source,
                ..TargetGroup::default()
            });
        }
        if changed.is_empty() && self.any {
            return Ok(());
        }
        self.any = true;
        updates.send(changed).await.map_err(|_| NobodyListens)
    }

    fn hash(&self, group: &TargetGroup) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        group.targets.hash(&mut hasher);
        group.labels.hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use headwater_prometheus::Labels;
    use tokio::sync::mpsc;

    use super::*;

    fn group(source: &str, address: &str) -> TargetGroup {
        TargetGroup {
            source: source.into(),
            targets: vec![[("__address__", address)].into_iter().collect()],
            labels: Labels::new(),
        }
    }

    #[tokio::test]
    async fn only_what_has_changed_is_reported() {
        let (sender, mut receiver) = mpsc::channel(8);
        let mut report = Report::default();
        report.send(&sender, Vec::new()).await.unwrap();
        assert!(
            receiver.recv().await.unwrap().is_empty(),
            "the first is made anyhow"
        );
        let both = vec![group("a", "1"), group("b", "1")];
        report.send(&sender, both.clone()).await.unwrap();
        assert_eq!(receiver.recv().await.unwrap(), both);
        report.send(&sender, both).await.unwrap();
        assert!(receiver.try_recv().is_err());
        report.send(&sender, vec![group("b", "2")]).await.unwrap();
        let mut changed = receiver.recv().await.unwrap();
        changed.sort_by(|a, b| a.source.cmp(&b.source));
        assert_eq!(changed[1], group("b", "2"));
        assert_eq!((&*changed[0].source, changed[0].targets.len()), ("a", 0));
        drop(receiver);
        assert!(report.send(&sender, Vec::new()).await.is_err());
    }
}
