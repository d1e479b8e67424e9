//! Patterns that are not written out, compiled once each.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_regexp::{Error, Regex};

/// How many patterns one call keeps. A compiled one takes some kilobytes, as a rule; `regex` itself
/// refuses those of more than 10 MiB.
const MOST: usize = 8;
/// The longest pattern that is kept, in bytes: a longer one is nothing that comes again and again.
const LONGEST: usize = 1024;

/// The patterns that one call has seen last.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Mutex<VecDeque<(Box<str>, Arc<Regex>)>>);

impl Clone for Patterns {
    /// A copy begins with nothing.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Patterns {
    /// The compiled pattern. What is no pattern is tried again each time: that costs little, and
    /// keeps no room from those that are.
    pub(super) fn get(&self, pattern: &str) -> Result<Arc<Regex>, Error> {
        if let Some(known) = self.known(pattern) {
            return Ok(known);
        }
        // Not under the lock: others need not wait for it.
        let regex = Arc::new(headwater_regexp::compile(pattern)?);
        if pattern.len() <= LONGEST {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.truncate(MOST - 1);
            kept.push_front((pattern.into(), Arc::clone(&regex)));
        }
        Ok(regex)
    }

    /// A known pattern goes to the front: the one that was not asked for the longest goes first.
    fn known(&self, pattern: &str) -> Option<Arc<Regex>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| **known == *pattern)?;
        if at > 0 {
            let known = kept.remove(at)?;
            kept.push_front(known);
        }
        kept.front().map(|(_, regex)| Arc::clone(regex))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_compiled_once_while_few_others_come() {
        let patterns = Patterns::default();
        let first = patterns.get("^a").unwrap();
        for other in 0..MOST - 1 {
            patterns.get(&other.to_string()).unwrap();
        }
        assert!(Arc::ptr_eq(&first, &patterns.get("^a").unwrap()));
        // It has been asked for: another one goes.
        patterns.get("new").unwrap();
        assert!(Arc::ptr_eq(&first, &patterns.get("^a").unwrap()));
    }

    #[test]
    fn any_number_of_patterns_takes_the_room_of_a_few() {
        let patterns = Patterns::default();
        let first = patterns.get("^a").unwrap();
        for other in 0..1000 {
            patterns.get(&other.to_string()).unwrap();
            patterns.get("(").unwrap_err();
        }
        patterns.get(&"x".repeat(LONGEST + 1)).unwrap();
        let kept = patterns.0.lock().unwrap().len();
        assert_eq!(kept, MOST);
        assert!(!Arc::ptr_eq(&first, &patterns.get("^a").unwrap()));
    }
}
