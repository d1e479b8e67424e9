//! What earlier requests have said: metadata of 1.0, and what targets are. Each sender has its own:
//! nobody gives another tenant's series attributes by naming the same job and instance.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use headwater_prometheus::fingerprint::{Fingerprint, Seeds};
use headwater_prometheus::remote_write::MetricType;

/// How long what is remembered of a metric or a target may be; what is longer is not, so that nobody
/// fills the memory with a few of them. Unit: bytes.
const LONGEST: usize = 16 << 10;

/// A map of at most so many entries; the oldest one makes room.
#[derive(Debug)]
struct Bounded<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
    limit: usize,
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    fn new(limit: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            limit: limit.max(1),
        }
    }

    fn put(&mut self, key: K, value: V) {
        if self.entries.insert(key.clone(), value).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }
}

/// What is known of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Family {
    pub(crate) kind: MetricType,
    pub(crate) help: String,
    pub(crate) unit: String,
}

/// `job` and `instance`.
pub(crate) type Target = (String, String);

/// Names and values.
pub(crate) type Attributes = Arc<[(String, String)]>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Known {
    seeds: Seeds,
    /// Whose request is being read.
    sender: Fingerprint,
    families: Bounded<Fingerprint, Arc<Family>>,
    targets: Bounded<Fingerprint, Attributes>,
}

impl Known {
    pub(crate) fn new(limit: usize) -> Self {
        let seeds = Seeds::random();
        Self {
            sender: seeds.start(),
            seeds,
            families: Bounded::new(limit),
            targets: Bounded::new(limit),
        }
    }

    /// What follows is about the requests of the sender that these texts tell from others.
    pub(crate) fn enter(&mut self, sender: &[&[u8]]) {
        let texts = sender.iter();
        self.sender = texts.fold(self.seeds.start(), |key, text| self.seeds.add(key, text));
    }

    fn key(&self, texts: &[&str]) -> Fingerprint {
        let texts = texts.iter();
        texts.fold(self.sender, |key, text| {
            self.seeds.add(key, text.as_bytes())
        })
    }

    pub(crate) fn learn_family(&mut self, name: &str, family: Family) {
        if name.len() + family.help.len() + family.unit.len() > LONGEST {
            return;
        }
        self.families.put(self.key(&[name]), Arc::new(family));
    }

    pub(crate) fn learn_target(&mut self, target: &Target, attributes: Attributes) {
        let length = |(name, value): &(String, String)| name.len() + value.len();
        if length(target) + attributes.iter().map(length).sum::<usize>() > LONGEST {
            return;
        }
        self.targets
            .put(self.key(&[&target.0, &target.1]), attributes);
    }

    pub(crate) fn target(&self, target: &Target) -> Option<&Attributes> {
        self.targets.entries.get(&self.key(&[&target.0, &target.1]))
    }

    /// The family of a series: under its own name, or without the suffix that the series of
    /// histograms and summaries have.
    pub(crate) fn family(&self, series: &str) -> Option<&Arc<Family>> {
        let known = |name: &str| self.families.entries.get(&self.key(&[name]));
        known(series).or_else(|| {
            ["_bucket", "_count", "_sum", "_total"]
                .into_iter()
                .find_map(|suffix| known(series.strip_suffix(suffix)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_not_remembered() {
        let mut known = Known::new(2);
        let long = "x".repeat(LONGEST);
        let family = Family {
            help: long.clone(),
            ..Family::default()
        };
        known.learn_family("m", family);
        known.learn_family(&format!("{long}x"), Family::default());
        let target = ("j".to_owned(), "i".to_owned());
        known.learn_target(&target, [("a".to_owned(), long)].into());
        assert!(known.family("m").is_none() && known.target(&target).is_none());
        assert_eq!(known.families.entries.len(), 0);
        known.learn_target(&target, [("a".to_owned(), "b".to_owned())].into());
        assert!(known.target(&target).is_some());
    }

    #[test]
    fn each_sender_has_its_own() {
        let mut known = Known::new(10);
        let target = ("j".to_owned(), "i".to_owned());
        known.enter(&[b"a", b""]);
        known.learn_family("m", Family::default());
        known.learn_target(&target, [].into());
        for other in [[&b"b"[..], b""], [b"", b"a"], [b"", b""]] {
            known.enter(&other);
            assert!(known.family("m").is_none() && known.target(&target).is_none());
        }
        known.enter(&[b"a", b""]);
        assert!(known.family("m").is_some() && known.target(&target).is_some());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut known = Known::new(2);
        for n in 0..5 {
            known.learn_family(&format!("m{n}"), Family::default());
        }
        assert!(known.family("m2").is_none());
        assert!(known.family("m3").is_some() && known.family("m4_bucket").is_some());
        assert_eq!(known.families.order.len(), 2);
    }
}
