//! Targets in files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use headwater_prometheus::glob::glob;
use headwater_prometheus::scrape_config::FileSdConfig;
use tokio::time::{Instant, sleep, sleep_until};

use crate::groups::{groups_from_json, groups_from_yaml};
use crate::refresh::{Answer, settle};
use crate::report::Report;
use crate::watch::Watcher;
use crate::{Discovery, Health, TargetGroup, Updates};

/// The longest file that is read: 64 MiB.
const LONGEST_FILE: u64 = 64 << 20;
/// Files are read this long after they have changed, so that what is written in several steps is read
/// once.
const SETTLE: Duration = Duration::from_millis(50);
/// In a folder where something changes all the time files are read once in this time.
const LEAST_PAUSE: Duration = Duration::from_millis(500);
const META: &str = "__meta_filepath";

/// `file_sd_configs`: reads files when they change, and every `refresh_interval`. A file that cannot be
/// read keeps what it had; one that is gone loses it.
#[derive(Debug)]
pub struct FileDiscovery {
    patterns: Vec<String>,
    interval: Duration,
    health: Health,
}

impl FileDiscovery {
    /// Nothing is read before the discovery runs.
    #[must_use]
    pub fn new(config: &FileSdConfig) -> Self {
        let patterns: Vec<_> = config.files.iter().map(ToString::to_string).collect();
        Self {
            health: Health::new(format!("file_sd {}", patterns.join(", "))),
            patterns,
            interval: config.refresh_interval.get(),
        }
    }

    /// The folders whose files are looked at.
    fn folders(&self) -> BTreeSet<PathBuf> {
        let folder = |pattern: &String| match pattern.rsplit_once('/') {
            Some(("", _)) => PathBuf::from("/"),
            Some((folder, _)) => PathBuf::from(folder),
            None => PathBuf::from("."),
        };
        self.patterns.iter().map(folder).collect()
    }

    fn watch(&self, watcher: &Watcher) {
        for folder in self.folders() {
            if let Err(error) = watcher.add(&folder) {
                // It is found by the next refresh, which watches it then.
                tracing::debug!(folder = %folder.display(), %error, "Cannot watch folder");
            }
        }
    }
}

#[async_trait]
impl Discovery for FileDiscovery {
    async fn run(self: Box<Self>, updates: Updates) {
        let mut watcher = Watcher::new()
            .inspect_err(|error| tracing::warn!(%error, "Error adding file watcher"))
            .ok();
        let mut report = Report::default();
        let mut files = Files::default();
        loop {
            let earliest = Instant::now() + LEAST_PAUSE;
            // Watched before they are read, so that no change gets lost between.
            if let Some(watcher) = &watcher {
                self.watch(watcher);
            }
            let patterns = self.patterns.clone();
            let read = tokio::task::spawn_blocking(move || {
                let answer = files.read(&patterns);
                (files, answer)
            });
            let Ok((again, answer)) = read.await else {
                tracing::error!(
                    discovery = self.health.name(),
                    "Reading files was interrupted"
                );
                return;
            };
            files = again;
            settle(&self.health, &answer);
            if report.send(&updates, answer.groups).await.is_err() {
                return;
            }
            let changed = async {
                match &watcher {
                    Some(watcher) => watcher.changed().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = changed => match changed {
                    Ok(()) => sleep_until(earliest.max(Instant::now() + SETTLE)).await,
                    Err(error) => {
                        tracing::error!(%error, "Error watching file");
                        watcher = None;
                    }
                },
                () = sleep(self.interval) => {}
                () = updates.closed() => return,
            }
        }
    }

    fn health(&self) -> Option<Health> {
        Some(self.health.clone())
    }
}

/// What was read last.
#[derive(Debug, Default)]
struct Files(BTreeMap<PathBuf, Vec<TargetGroup>>);

impl Files {
    fn read(&mut self, patterns: &[String]) -> Answer {
        let mut before = std::mem::take(&mut self.0);
        let mut errors = Vec::new();
        let mut paths = BTreeSet::new();
        for pattern in patterns {
            match glob(pattern) {
                Ok(found) => paths.extend(found),
                Err(error) => errors.push(format!("{pattern}: {error}")),
            }
        }
        for path in paths {
            let known = before.remove(&path);
            let groups = match read(&path) {
                Ok(groups) => groups,
                Err(error) => {
                    errors.push(format!("{}: {error}", path.display()));
                    let Some(known) = known else { continue };
                    known
                }
            };
            self.0.insert(path, groups);
        }
        let groups = self.0.values().flatten().cloned().collect();
        let error = (!errors.is_empty()).then(|| errors.join("; "));
        Answer { groups, error }
    }
}

fn read(path: &Path) -> Result<Vec<TargetGroup>, String> {
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    file.take(LONGEST_FILE + 1)
        .read_to_end(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(format!(
            "the file is longer than {} MiB",
            LONGEST_FILE >> 20
        ));
    }
    let source = path.to_string_lossy();
    let json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let groups = if json {
        groups_from_json(&text, &source, META)
    } else {
        let text = String::from_utf8(text).map_err(|error| error.to_string())?;
        groups_from_yaml(&text, &source, META)
    };
    groups.map_err(|error| error.to_string())
}
