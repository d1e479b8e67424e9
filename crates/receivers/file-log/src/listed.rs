//! Files that another component names: which there are, and what is known of each.
//!
//! This is the seam for discovery. A component that learns elsewhere which files matter (pod log
//! discovery, for one) makes a [`FileList`], starts the receiver of this crate with it
//! ([`crate::receiver`]), and sets the list anew whenever it has changed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::glob::Pattern;
use crate::watch::Waker;

/// What is added to every record of a file, besides what the configuration says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileLabels {
    /// Attributes of the record, set before the operators run.
    pub attributes: Vec<(String, String)>,
    /// Attributes of the resource, set before the operators run.
    pub resource: Vec<(String, String)>,
    /// The attribute of the resource that gets the path of the file, if it is text.
    pub path: Option<String>,
}

/// Files to read, with what is known of them.
#[derive(Debug, Clone)]
pub struct Listed {
    include: Pattern,
    exclude: Option<Pattern>,
    labels: Arc<FileLabels>,
}

impl Listed {
    /// The files of a path or glob, as in the key `include`.
    ///
    /// # Errors
    /// What is wrong with a glob, as a phrase.
    pub fn new(include: &str, exclude: Option<&str>, labels: FileLabels) -> Result<Self, String> {
        Ok(Self {
            include: Pattern::include(include)?,
            exclude: exclude.map(Pattern::new).transpose()?,
            labels: Arc::new(labels),
        })
    }

    /// Whether the glob finds a file of that name.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.include.matches(path) && !self.exclude.as_ref().is_some_and(|glob| glob.matches(path))
    }

    pub(crate) const fn include(&self) -> &Pattern {
        &self.include
    }

    pub(crate) const fn exclude(&self) -> Option<&Pattern> {
        self.exclude.as_ref()
    }

    pub(crate) const fn labels(&self) -> &Arc<FileLabels> {
        &self.labels
    }
}

#[derive(Debug, Default)]
struct State {
    files: Arc<[Listed]>,
    version: u64,
    waker: Option<Waker>,
}

/// The files to read, set from outside; clones are the same list.
///
/// Files of the list are read besides those of `include`; where two entries find the same file,
/// the first one's labels count. A file that appears in the list is read from where it was left
/// if it is known, else from its beginning (`start_at` speaks of what the first list holds).
/// One that is no longer in it is read to its end and closed; its position stays known for a while.
/// Labels may change at any time: lines that are read afterwards carry the new ones.
#[derive(Debug, Clone, Default)]
pub struct FileList(Arc<Mutex<State>>);

impl FileList {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the list; the receiver looks at it at once.
    pub fn set(&self, files: Vec<Listed>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.files = files.into();
        state.version += 1;
        if let Some(waker) = &state.waker {
            waker.wake();
        }
    }

    /// Wakes that reader from now on.
    pub(crate) fn attach(&self, waker: Waker) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.waker = Some(waker);
    }

    /// Whether it is another list than that of `version`.
    pub(crate) fn is_newer(&self, version: u64) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.version != version
    }

    /// The list if it is another one than that of `version`, which is set to the new one.
    pub(crate) fn newer(&self, version: &mut u64) -> Option<Arc<[Listed]>> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (state.version != *version).then(|| {
            *version = state.version;
            Arc::clone(&state.files)
        })
    }
}
