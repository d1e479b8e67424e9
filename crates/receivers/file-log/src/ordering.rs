//! `ordering_criteria`: which of the files are read, and in which order.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use headwater_core::config::Validation;
use headwater_logs::{Layout, Zone};
use headwater_regexp::Regex;

use crate::config::{OrderingConfig, SortConfig};

/// Checks what the user wrote.
pub(crate) fn check(config: &OrderingConfig, validation: &mut Validation<'_>) {
    if let Err((key, message)) = Order::new(config) {
        let key = if key.is_empty() {
            "ordering_criteria".to_owned()
        } else {
            format!("ordering_criteria::{key}")
        };
        validation.error(&key, message);
    }
}

/// What one criterion compares.
#[derive(Debug)]
enum By {
    Numeric(String),
    Alphabetical(String),
    Timestamp(String, Layout, Zone),
    Modified,
}

/// Compiled criteria.
#[derive(Debug)]
pub(crate) struct Order {
    regex: Option<Regex>,
    group_by: Option<Regex>,
    top_n: usize,
    sort_by: Vec<(By, bool)>,
}

/// A file and what it is sorted by.
type Sortable = (PathBuf, Vec<Key>);

/// What a file is sorted by.
enum Key {
    Number(i64),
    Text(String),
    Time(SystemTime),
}

impl Key {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            _ => Ordering::Equal,
        }
    }
}

fn regex(key: &str, pattern: &str) -> Result<Option<Regex>, (String, String)> {
    if pattern.is_empty() {
        return Ok(None);
    }
    headwater_regexp::compile(pattern)
        .map(Some)
        .map_err(|error| (key.to_owned(), format!("compile {key}: {error}")))
}

impl Order {
    /// Compiles the criteria; the error names the key.
    pub(crate) fn new(config: &OrderingConfig) -> Result<Self, (String, String)> {
        if config.top_n < 0 {
            return Err((
                "top_n".to_owned(),
                "'top_n' must be a positive integer".to_owned(),
            ));
        }
        let named = config.sort_by.iter().any(|sort| sort.sort_type != "mtime");
        if named && config.regex.is_empty() {
            let message = "'regex' must be specified when 'sort_by' is specified";
            return Err(("regex".to_owned(), message.to_owned()));
        }
        let mut sort_by = Vec::new();
        for (index, sort) in config.sort_by.iter().enumerate() {
            let by = criterion(sort)
                .map_err(|(key, message)| (format!("sort_by::{index}::{key}"), message))?;
            sort_by.push((by, sort.ascending));
        }
        Ok(Self {
            regex: regex("regex", &config.regex)?,
            group_by: regex("group_by", &config.group_by)?,
            top_n: usize::try_from(config.top_n).unwrap_or(0).max(1),
            sort_by,
        })
    }

    /// Whether everything is read in the order of its names.
    pub(crate) fn is_trivial(&self) -> bool {
        self.sort_by.is_empty()
    }

    /// The files to read.
    pub(crate) fn select(&self, files: Vec<PathBuf>) -> Vec<PathBuf> {
        if self.is_trivial() {
            return files;
        }
        let mut groups: Vec<Vec<Sortable>> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        for file in files {
            let Some(keys) = self.keys(&file) else {
                continue;
            };
            let group = self.group(&file);
            let at = *index.entry(group).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[at].push((file, keys));
        }
        let mut selected = Vec::new();
        for mut files in groups {
            files.sort_by(|(_, a), (_, b)| self.compare(a, b));
            selected.extend(files.into_iter().take(self.top_n).map(|(file, _)| file));
        }
        selected
    }

    fn compare(&self, a: &[Key], b: &[Key]) -> Ordering {
        for ((a, b), (_, ascending)) in a.iter().zip(b).zip(&self.sort_by) {
            let order = a.compare(b);
            if order != Ordering::Equal {
                return if *ascending { order } else { order.reverse() };
            }
        }
        Ordering::Equal
    }

    fn group(&self, file: &Path) -> String {
        let Some(regex) = &self.group_by else {
            return String::new();
        };
        let text = file.to_string_lossy();
        let Some(captures) = regex.captures(text.as_bytes()) else {
            return String::new();
        };
        let named: Vec<_> = regex
            .capture_names()
            .flatten()
            .filter_map(|name| captures.name(name))
            .map(|found| String::from_utf8_lossy(found.as_bytes()).into_owned())
            .collect();
        named.join("::")
    }

    fn keys(&self, file: &Path) -> Option<Vec<Key>> {
        let text = file.to_string_lossy();
        let captures = match &self.regex {
            Some(regex) => Some(regex.captures(text.as_bytes())?),
            None => None,
        };
        let named = |name: &str| {
            let found = captures.as_ref()?.name(name)?;
            std::str::from_utf8(found.as_bytes()).ok()
        };
        self.sort_by
            .iter()
            .map(|(by, _)| match by {
                By::Numeric(key) => named(key)?.parse().ok().map(Key::Number),
                By::Alphabetical(key) => named(key).map(|text| Key::Text(text.to_owned())),
                By::Timestamp(key, layout, zone) => {
                    let time = layout.parse(named(key)?, zone, headwater_logs::now());
                    time.ok().map(Key::Number)
                }
                By::Modified => std::fs::metadata(file).ok()?.modified().ok().map(Key::Time),
            })
            .collect()
    }
}

fn criterion(sort: &SortConfig) -> Result<By, (String, String)> {
    let key = || {
        if sort.regex_key.is_empty() {
            let message = "'regex_key' must be specified";
            return Err(("regex_key".to_owned(), message.to_owned()));
        }
        Ok(sort.regex_key.clone())
    };
    match sort.sort_type.as_str() {
        "numeric" => Ok(By::Numeric(key()?)),
        "alphabetical" => Ok(By::Alphabetical(key()?)),
        "mtime" => Ok(By::Modified),
        "timestamp" => {
            if sort.layout.is_empty() {
                let message = "'layout' must be specified for a timestamp";
                return Err(("layout".to_owned(), message.to_owned()));
            }
            let layout = Layout::strptime(&sort.layout)
                .map_err(|error| ("layout".to_owned(), error.to_string()))?;
            let zone = Zone::named(&sort.location)
                .map_err(|error| ("location".to_owned(), error.to_string()))?;
            Ok(By::Timestamp(key()?, layout, zone))
        }
        other => Err((
            "sort_type".to_owned(),
            format!(
                "'sort_type' must be one of numeric, alphabetical, timestamp, mtime, not '{other}'"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_each_group_is_read() {
        let sort = SortConfig {
            sort_type: "numeric".to_owned(),
            regex_key: "n".to_owned(),
            ..SortConfig::default()
        };
        let order = Order::new(&OrderingConfig {
            regex: r"\.(?P<n>\d+)$".to_owned(),
            group_by: r"/(?P<app>\w+)\.".to_owned(),
            top_n: 2,
            sort_by: vec![sort],
        })
        .unwrap();
        let files = ["/l/a.1", "/l/a.10", "/l/a.9", "/l/b.1", "/l/b.x"].map(PathBuf::from);
        let selected = order.select(files.to_vec());
        assert_eq!(selected, ["/l/a.10", "/l/a.9", "/l/b.1"].map(PathBuf::from));
    }

    #[test]
    fn criteria_that_cannot_work_are_refused() {
        let sort = |kind: &str| OrderingConfig {
            regex: "(?P<t>.*)".to_owned(),
            sort_by: vec![SortConfig {
                sort_type: kind.to_owned(),
                ..SortConfig::default()
            }],
            ..OrderingConfig::default()
        };
        assert!(Order::new(&sort("mtime")).is_ok());
        for kind in ["", "numeric", "timestamp", "size"] {
            assert!(Order::new(&sort(kind)).is_err(), "{kind}");
        }
    }
}
