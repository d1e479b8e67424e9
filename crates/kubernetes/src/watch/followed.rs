//! The changes of a kind, one after the other, for who wants to see each of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tokio::sync::mpsc::Sender;

use super::{Origin, Pace, Scope, Sink, Watcher};
use crate::api::ApiError;
use crate::cluster::{Cluster, ClusterConfig};
use crate::objects::{Event, Kind};
use crate::selector::Selector;

/// What is heard of the events of a cluster.
#[derive(Debug)]
#[non_exhaustive]
pub enum EventNews {
    /// An event of a list: of the first one, or of one that was asked for since the server had
    /// forgotten where a watch was to go on. It may have been reported before, and so may the whole
    /// list.
    Listed(Box<Event>),
    /// A list is over. What comes next has happened after this version.
    Complete(String),
    /// A new event.
    Added(Box<Event>),
    /// An event that has happened again.
    Modified(Box<Event>),
    /// An object that cannot be read, and why.
    Unreadable(String),
    /// The server cannot be used. Reported when that begins, and when the reason changes.
    Failing {
        /// What is followed: `events`, `events in shop`.
        what: String,
        /// Why.
        error: String,
        /// What to do about it; empty if nobody knows.
        hint: String,
    },
    /// The server can be used again.
    Back {
        /// What is followed.
        what: String,
        /// For how long it could not be used.
        after: Duration,
    },
}

/// Which events are followed.
#[derive(Debug, Clone)]
pub struct FollowEvents {
    /// Of which cluster.
    pub cluster: ClusterConfig,
    /// In which namespace; in all of them without one.
    pub namespace: Option<String>,
    /// From which version on; without one everything is listed first. If the server has forgotten the
    /// version, everything is listed as well.
    pub from: Option<String>,
    /// How fast things go.
    pub pace: Pace,
}

/// Follows events for as long as it is polled and somebody listens. News wait in `to`: the server is
/// not read while it is full.
pub async fn follow_events(follow: FollowEvents, to: Sender<EventNews>) {
    let scope = Scope {
        plural: Event::KIND.plural,
        namespace: follow.namespace,
        selector: Selector::default(),
    };
    let followed = Followed {
        to: to.clone(),
        failing: None,
    };
    let cluster = Arc::new(Cluster::new(follow.cluster));
    let watcher = Watcher::new(cluster, scope, follow.pace, followed);
    tokio::select! {
        () = watcher.from(follow.from).run() => {}
        () = to.closed() => {}
    }
}

/// An object, or why it cannot be read: the others of a list are read all the same.
pub(crate) struct Readable(Result<Box<Event>, String>);

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(match serde_json::from_str::<Event>(text.get()) {
            Ok(event) if event.metadata.name.is_empty() => {
                Err("an event without a name".to_owned())
            }
            Ok(event) => Ok(Box::new(event)),
            Err(error) => Err(error.to_string()),
        }))
    }
}

struct Followed {
    to: Sender<EventNews>,
    /// Since when the server cannot be used, and why.
    failing: Option<(Instant, String)>,
}

impl Followed {
    async fn tell(&self, news: EventNews) {
        // Nobody listens any more: then nobody polls either, soon.
        self.to.send(news).await.ok();
    }
}

impl Sink for Followed {
    type Item = Readable;
    const KIND: Kind = Event::KIND;
    const STRICT: bool = false;

    fn has_name(_: &Readable) -> bool {
        true
    }

    async fn put(&mut self, item: Readable, origin: Origin) {
        self.tell(match (item.0, origin) {
            (Err(reason), _) => EventNews::Unreadable(reason),
            (Ok(event), Origin::Listed) => EventNews::Listed(event),
            (Ok(event), Origin::Added) => EventNews::Added(event),
            (Ok(event), Origin::Modified) => EventNews::Modified(event),
        })
        .await;
    }

    fn remove(&mut self, _: Readable) {}

    async fn complete(&mut self, version: &str) {
        self.tell(EventNews::Complete(version.to_owned())).await;
    }

    async fn contact(&mut self, scope: &Scope) {
        if let Some((since, _)) = self.failing.take() {
            let (what, after) = (scope.to_string(), since.elapsed());
            self.tell(EventNews::Back { what, after }).await;
        }
    }

    async fn fail(&mut self, scope: &Scope, error: &ApiError, hint: String) {
        let error = error.to_string();
        let since = match &self.failing {
            Some((_, known)) if *known == error => return,
            Some((since, _)) => *since,
            None => Instant::now(),
        };
        self.failing = Some((since, error.clone()));
        let what = scope.to_string();
        self.tell(EventNews::Failing { what, error, hint }).await;
    }
}
