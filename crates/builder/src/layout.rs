//! Which folders a build reads and writes.

use std::env;
use std::path::{Path, PathBuf};

/// The folders of one build, all absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The root of the checkout of Headwater, if there is one.
    pub checkout: Option<PathBuf>,
    /// Where the generated crate, the program and what goes with it lie.
    pub output: PathBuf,
    /// Where Cargo keeps what it has compiled.
    pub compiled: PathBuf,
}

impl Layout {
    /// The folders for the distribution `name`. Everything goes below the `target` folder of
    /// the checkout, or of the working folder without one.
    #[must_use]
    pub fn new(name: &str, checkout: Option<&Path>, working: &Path) -> Self {
        let target = checkout.unwrap_or(working).join("target");
        Self {
            checkout: checkout.map(Path::to_owned),
            output: target.join("distributions").join(name),
            compiled: target.join("distributions-build"),
        }
    }
}

/// The root of the checkout around a folder: the nearest folder above it, or itself, that
/// holds Headwater's core and service.
#[must_use]
pub fn checkout_around(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|root| {
        root.join("crates/core/Cargo.toml").is_file()
            && root.join("crates/service/Cargo.toml").is_file()
    })
}

/// The root of the checkout that a build uses: around the manifest, else around the working
/// folder, else the one that `cargo run` runs the builder of.
#[must_use]
pub fn find_checkout(manifest: &Path, working: &Path) -> Option<PathBuf> {
    let run_from = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    [Some(manifest), Some(working), run_from.as_deref()]
        .into_iter()
        .flatten()
        .find_map(checkout_around)
        .map(Path::to_owned)
}

/// A path as a user in the folder `working` writes it.
#[must_use]
pub fn shown(path: &Path, working: &Path) -> PathBuf {
    path.strip_prefix(working).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_found_from_anywhere_inside_it() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = checkout_around(here).unwrap();
        assert!(root.join("crates/builder").is_dir());
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(checkout_around(empty.path()), None);
        assert_eq!(
            find_checkout(empty.path(), here).as_deref(),
            Some(root),
            "the working folder counts when the manifest lies elsewhere"
        );
    }

    #[test]
    fn everything_goes_below_target() {
        let layout = Layout::new("a", Some(Path::new("/w")), Path::new("/elsewhere"));
        assert_eq!(layout.output, Path::new("/w/target/distributions/a"));
        assert_eq!(
            shown(&layout.output, Path::new("/w")),
            Path::new("target/distributions/a")
        );
        assert_eq!(shown(&layout.output, Path::new("/x")), layout.output);
    }
}
