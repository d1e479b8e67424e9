//! What slow checks found out, remembered by a hash of the credentials.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// A hash of a name and a password, keyed at random: neither can be found out from it without
/// trying.
pub(crate) type Key = [u8; 32];

/// Right and wrong credentials, apart: wrong ones cannot push right ones out.
#[derive(Debug)]
pub(crate) struct Known {
    salt: [u64; 2],
    right: Mutex<Recent>,
    wrong: Mutex<Recent>,
}

/// At most `most` keys. When half of them have come since, those that were not used are forgotten.
#[derive(Debug)]
struct Recent {
    most: usize,
    young: HashMap<Key, ()>,
    old: HashMap<Key, ()>,
}

impl Known {
    pub(crate) fn new(most: usize) -> Self {
        let salt = || RandomState::new().hash_one(0);
        let recent = || {
            Mutex::new(Recent {
                most,
                young: HashMap::new(),
                old: HashMap::new(),
            })
        };
        Self {
            salt: [salt(), salt()],
            right: recent(),
            wrong: recent(),
        }
    }

    pub(crate) fn key(&self, user: &str, password: &str) -> Key {
        let mut hash = Sha256::new();
        for salt in self.salt {
            hash.update(salt.to_le_bytes());
        }
        // A name has no colon.
        hash.update(user);
        hash.update(":");
        hash.update(password);
        hash.finalize().into()
    }

    /// Whether the credentials are right, if that is known.
    pub(crate) fn get(&self, key: &Key) -> Option<bool> {
        let holds = |recent: &Mutex<Recent>| {
            let mut recent = recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.holds(key)
        };
        if holds(&self.right) {
            Some(true)
        } else if holds(&self.wrong) {
            Some(false)
        } else {
            None
        }
    }

    pub(crate) fn put(&self, key: Key, is_right: bool) {
        let recent = if is_right { &self.right } else { &self.wrong };
        recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(key);
    }
}

impl Recent {
    fn holds(&mut self, key: &Key) -> bool {
        if self.young.contains_key(key) {
            return true;
        }
        let is_old = self.old.remove(key).is_some();
        if is_old {
            self.put(*key);
        }
        is_old
    }

    fn put(&mut self, key: Key) {
        if self.most == 0 {
            return;
        }
        if self.young.len() >= self.most.div_ceil(2) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, ());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_credentials_without_end_neither_grow_the_cache_nor_push_right_ones_out() {
        let known = Known::new(10);
        let right = known.key("ali", "open sesame");
        known.put(right, true);
        for number in 0..10_000 {
            known.put(known.key("ali", &number.to_string()), false);
        }
        let wrong = known.wrong.lock().unwrap();
        assert!(wrong.young.len() + wrong.old.len() <= 10);
        drop(wrong);
        assert_eq!(known.get(&right), Some(true));
        assert_eq!(known.get(&known.key("ali", "9999")), Some(false));
        assert_eq!(known.get(&known.key("ali", "0")), None);
    }

    #[test]
    fn what_is_used_stays_and_a_size_of_none_remembers_nothing() {
        let known = Known::new(4);
        let used = known.key("a", "used");
        known.put(used, true);
        for number in 0..100 {
            assert_eq!(known.get(&used), Some(true), "{number}");
            known.put(known.key("a", &number.to_string()), true);
        }
        let none = Known::new(0);
        none.put(used, true);
        assert_eq!(none.get(&used), None);
    }
}
