//! Which files are there to read.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::config::FilelogConfig;
use crate::glob::{Found, Pattern};
use crate::listed::{FileLabels, Listed};
use crate::ordering::Order;

/// A file that is there.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) path: PathBuf,
    pub(crate) metadata: Metadata,
    /// What the list says of it.
    pub(crate) labels: Option<Arc<FileLabels>>,
}

/// Finds files by the configured globs and by the list.
#[derive(Debug)]
pub(crate) struct Finder {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    order: Option<Order>,
    older: Duration,
    listed: Arc<[Listed]>,
}

impl Finder {
    /// Compiles the globs; what is wrong with them was reported before.
    pub(crate) fn new(config: &FilelogConfig) -> Self {
        let compile = |globs: &[String], compile: fn(&str) -> Result<Pattern, String>| {
            let globs = globs.iter().filter_map(|glob| compile(glob).ok());
            globs.collect()
        };
        Self {
            include: compile(&config.include, Pattern::include),
            exclude: compile(&config.exclude, Pattern::new),
            order: Order::new(&config.ordering_criteria).ok(),
            older: config.exclude_older_than,
            listed: Arc::default(),
        }
    }

    /// Takes another list.
    pub(crate) fn set_listed(&mut self, listed: Arc<[Listed]>) {
        self.listed = listed;
    }

    /// Whether a file of that name is one to read.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        let included = self.include.iter().any(|glob| glob.matches(path))
            || self.listed.iter().any(|listed| listed.matches(path));
        included && !self.exclude.iter().any(|glob| glob.matches(path))
    }

    /// The files there are, in the order in which to read them, and the folders to watch.
    pub(crate) fn find(&self) -> (Vec<Candidate>, BTreeSet<PathBuf>) {
        let mut found = Found::default();
        for glob in &self.include {
            glob.walk(&mut found);
        }
        let mut labels: HashMap<PathBuf, Arc<FileLabels>> = HashMap::new();
        let mut files = found.files;
        for listed in &*self.listed {
            let mut found_here = Found::default();
            listed.include().walk(&mut found_here);
            found.folders.append(&mut found_here.folders);
            for path in found_here.files {
                if listed.exclude().is_some_and(|glob| glob.matches(&path)) {
                    continue;
                }
                labels
                    .entry(path.clone())
                    .or_insert_with(|| Arc::clone(listed.labels()));
                files.insert(path);
            }
        }
        let mut files: Vec<_> = files
            .into_iter()
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
            let labels = labels.remove(&path);
            Some(Candidate {
                path,
                metadata,
                labels,
            })
        });
        (candidates.collect(), found.folders)
    }
}
