//! What a lock file pins.

use std::collections::BTreeMap;

use thiserror::Error;
use toml_edit::DocumentMut;

/// Why a lock file cannot be used.
#[derive(Debug, Error)]
pub enum LockError {
    /// It is not TOML.
    #[error("the lock file is not valid TOML")]
    Syntax(#[from] toml_edit::TomlError),
    /// Crates are needed that the lock file does not pin.
    #[error("the lock file does not pin {}, and --locked was given", .0.join(", "))]
    NotPinned(Vec<String>),
}

/// The crates of a lock file that come from somewhere else than a folder, with their checksums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock(BTreeMap<(String, String), Option<String>>);

impl Lock {
    /// Reads the text of a `Cargo.lock`.
    ///
    /// # Errors
    /// [`LockError::Syntax`] when it is not TOML.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let document: DocumentMut = text.parse()?;
        let mut pinned = BTreeMap::new();
        let packages = document
            .get("package")
            .and_then(|item| item.as_array_of_tables());
        for package in packages.into_iter().flatten() {
            let text = |key: &str| Some(package.get(key)?.as_str()?.to_owned());
            if let (Some(name), Some(version), Some(_)) =
                (text("name"), text("version"), text("source"))
            {
                pinned.insert((name, version), text("checksum"));
            }
        }
        Ok(Self(pinned))
    }

    /// The SHA-256 checksum of a crate, in hexadecimal.
    #[must_use]
    pub fn checksum(&self, name: &str, version: &str) -> Option<&str> {
        self.0
            .get(&(name.to_owned(), version.to_owned()))?
            .as_deref()
    }

    /// Whether everything that `self` pins is pinned by `base` as well.
    ///
    /// # Errors
    /// [`LockError::NotPinned`] names the crates that are not.
    pub fn within(&self, base: &Self) -> Result<(), LockError> {
        let more: Vec<String> = self
            .0
            .iter()
            .filter(|(package, checksum)| base.0.get(package) != Some(checksum))
            .map(|((name, version), _)| format!("{name} {version}"))
            .collect();
        if more.is_empty() {
            Ok(())
        } else {
            Err(LockError::NotPinned(more))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str, &str)]) -> Lock {
        let mut text =
            "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n".to_owned();
        for (name, version, checksum) in packages {
            text.push_str(&format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
                 source = \"registry+x\"\nchecksum = \"{checksum}\"\n"
            ));
        }
        Lock::parse(&text).unwrap()
    }

    #[test]
    fn a_crate_that_the_first_lock_file_does_not_pin_is_named() {
        let base = lock(&[("a", "1.0.0", "aa"), ("b", "2.0.0", "bb")]);
        assert!(lock(&[("a", "1.0.0", "aa")]).within(&base).is_ok());
        let more = lock(&[
            ("a", "1.0.1", "ab"),
            ("b", "2.0.0", "other"),
            ("c", "3.0.0", "cc"),
        ]);
        let error = more.within(&base).unwrap_err().to_string();
        assert_eq!(
            error,
            "the lock file does not pin a 1.0.1, b 2.0.0, c 3.0.0, and --locked was given"
        );
        assert_eq!(base.checksum("b", "2.0.0"), Some("bb"));
    }
}
