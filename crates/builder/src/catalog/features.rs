//! The Cargo features that a `Cargo.toml` declares.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item, TableLike, Value};

/// The tables that declare dependencies, of the crate and of each of its targets.
const DEPENDENCIES: [&str; 2] = ["dependencies", "build-dependencies"];

/// The features of the crate, `default` aside: the keys of `[features]`, and every optional
/// dependency that no feature names as `dep:…`.
///
/// Source: The Cargo Book, "Features".
pub(super) fn features(manifest: &DocumentMut) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut named = BTreeSet::new();
    for (name, list) in table(manifest.get("features")) {
        found.insert(name.to_owned());
        let items = list.as_array().into_iter().flatten();
        let items = items.filter_map(Value::as_str);
        named.extend(items.filter_map(|item| item.strip_prefix("dep:")));
    }
    let targets = table(manifest.get("target")).map(|(_, target)| target);
    for place in std::iter::once(manifest.as_item()).chain(targets) {
        for (name, dependency) in DEPENDENCIES.iter().flat_map(|key| table(place.get(key))) {
            let optional = dependency.get("optional").and_then(Item::as_bool);
            if optional == Some(true) && !named.contains(name) {
                found.insert(name.to_owned());
            }
        }
    }
    found.remove("default");
    found.into_iter().collect()
}

/// The entries of a table, inline or not; none if it is not there.
fn table(item: Option<&Item>) -> impl Iterator<Item = (&str, &Item)> {
    item.and_then(Item::as_table_like)
        .into_iter()
        .flat_map(TableLike::iter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_declared_or_an_optional_dependency_that_no_feature_names() {
        let text = "[features]\ndefault = [\"zip\"]\nzip = [\"dep:flate2\"]\nall = [\"zip\", \"lz4/std\"]\n\
                    [dependencies]\nserde = \"1\"\nflate2 = { version = \"1\", optional = true }\n\
                    lz4 = { version = \"1\", optional = true }\n\
                    [dependencies.zstd]\nversion = \"1\"\noptional = true\n\
                    [target.'cfg(unix)'.dependencies]\nlibc = { version = \"1\", optional = true }\n";
        assert_eq!(
            features(&text.parse().unwrap()),
            ["all", "libc", "lz4", "zip", "zstd"]
        );
        assert!(features(&"[package]\nname = \"a\"\n".parse().unwrap()).is_empty());
    }
}
