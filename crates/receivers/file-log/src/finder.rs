//! Which files are there to read.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::config::FilelogConfig;
use crate::glob::{Found, Pattern};
use crate::ordering::Order;

/// A file that is there.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) path: PathBuf,
    pub(crate) metadata: Metadata,
}

/// Finds files by the configured globs.
#[derive(Debug)]
pub(crate) struct Finder {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    order: Option<Order>,
    older: Duration,
}

impl Finder {
    /// Compiles the globs; what is wrong with them was reported before.
    pub(crate) fn new(config: &FilelogConfig) -> Self {
        let compile = |globs: &[String]| -> Vec<Pattern> {
            globs
                .iter()
                .filter_map(|glob| Pattern::new(glob).ok())
                .collect()
        };
        Self {
            include: compile(&config.include),
            exclude: compile(&config.exclude),
            order: Order::new(&config.ordering_criteria).ok(),
            older: config.exclude_older_than,
        }
    }

    /// Whether a file of that name is one to read.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.include.iter().any(|glob| glob.matches(path))
            && !self.exclude.iter().any(|glob| glob.matches(path))
    }

    /// The files there are, in the order in which to read them, and the folders to watch.
    pub(crate) fn find(&self) -> (Vec<Candidate>, BTreeSet<PathBuf>) {
        let mut found = Found::default();
        for glob in &self.include {
            glob.walk(&mut found);
        }
        let files = found.files.into_iter();
        let mut files: Vec<_> = files
            .filter(|path| !self.exclude.iter().any(|glob| glob.matches(path)))
            .collect();
        if let Some(order) = &self.order {
            files = order.select(files);
        }
        let now = SystemTime::now();
        let candidates = files.into_iter().filter_map(|path| {
            let metadata = fs::metadata(&path).ok()?;
            if !self.older.is_zero() {
                let age = metadata
                    .modified()
                    .ok()
                    .and_then(|time| now.duration_since(time).ok());
                if age.is_some_and(|age| age > self.older) {
                    return None;
                }
            }
            Some(Candidate { path, metadata })
        });
        (candidates.collect(), found.folders)
    }
}
