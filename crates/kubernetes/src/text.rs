//! Text that many objects share: one allocation per distinct value.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Longer text is rarely the same twice and is not looked up.
const LONGEST_SHARED: usize = 256;

/// Below this many distinct texts nobody looks for unused ones.
const FEWEST_SWEPT: usize = 4096;

/// Text that is kept once however many objects carry it: names of labels, of nodes, of images.
///
/// Label keys and most label values repeat from pod to pod, so an object holds pointers of 16 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

/// Every text in use. Swept when it has doubled, so unused texts are at most half of it.
struct Pool {
    texts: HashSet<Arc<str>>,
    sweep_at: usize,
}

static POOL: LazyLock<Mutex<Pool>> = LazyLock::new(|| {
    Mutex::new(Pool {
        texts: HashSet::new(),
        sweep_at: FEWEST_SWEPT,
    })
});

static EMPTY: LazyLock<Arc<str>> = LazyLock::new(|| "".into());

impl Pool {
    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        if self.texts.len() >= self.sweep_at {
            self.texts.retain(|text| Arc::strong_count(text) > 1);
            self.texts.shrink_to_fit();
            self.sweep_at = (self.texts.len() * 2).max(FEWEST_SWEPT);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        match text.len() {
            0 => Self::default(),
            1..=LONGEST_SHARED => {
                let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
                Self(pool.intern(text))
            }
            _ => Self(text.into()),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Arc::clone(&EMPTY))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Interned;

        impl Visitor<'_> for Interned {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(text.into())
            }

            fn visit_unit<E: Error>(self) -> Result<Text, E> {
                Ok(Text::default())
            }
        }

        deserializer.deserialize_any(Interned)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{FEWEST_SWEPT, LONGEST_SHARED, POOL, Text};

    #[test]
    fn equal_texts_are_one_allocation() {
        let one = Text::from("app.kubernetes.io/name");
        let two: Text = serde_json::from_str("\"app.kubernetes.io\\/name\"").unwrap();
        assert!(Arc::ptr_eq(&one.0, &two.0));
    }

    #[test]
    fn long_texts_are_not_looked_up() {
        let long = "x".repeat(LONGEST_SHARED + 1);
        assert!(!Arc::ptr_eq(&Text::from(&*long).0, &Text::from(&*long).0));
    }

    #[test]
    fn texts_that_nobody_holds_go_away() {
        for number in 0..FEWEST_SWEPT * 4 {
            drop(Text::from(&*format!("short-lived {number}")));
        }
        let held = POOL.lock().unwrap().texts.len();
        assert!(held < FEWEST_SWEPT * 2, "{held}");
    }
}
