//! Users by name, from htpasswd lines. Source: Go `tg123/go-htpasswd`.

use std::collections::HashMap;

use crate::hashes::Hash;
use crate::known::Known;

/// Who may send, and what is known of their passwords: a changed file begins with nothing known.
#[derive(Debug)]
pub(crate) struct Users {
    hashes: HashMap<String, Hash>,
    pub(crate) known: Known,
}

impl Users {
    pub(crate) fn new(cache: usize) -> Self {
        Self {
            hashes: HashMap::new(),
            known: Known::new(cache),
        }
    }

    /// Adds the users of these lines; one who is known gets the new password. A line that cannot
    /// be used is left out, as upstream, and reported by its number: it may hold a password.
    pub(crate) fn read(&mut self, text: &str, from: &str, span: &tracing::Span) {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let read = match line.split_once(':') {
                Some((user, hash)) => Hash::parse(hash).map(|hash| (user, hash)),
                None => Err("it has no colon"),
            };
            match read {
                Ok((user, hash)) => {
                    self.hashes.insert(user.to_owned(), hash);
                }
                Err(reason) => {
                    tracing::warn!(
                        parent: span,
                        from,
                        line = index + 1,
                        reason,
                        "A line of htpasswd cannot be used"
                    );
                }
            }
        }
    }

    pub(crate) fn hash(&self, user: &str) -> Option<&Hash> {
        self.hashes.get(user)
    }
}
