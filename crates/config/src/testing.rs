//! For the tests of components.

use headwater_core::config::{Config, Diagnostics, Origin, load};

use crate::{Resolver, render_human};

/// Decodes and validates a component's configuration: what stands below the component's id, in
/// YAML. Gives the configuration with the rendered warnings.
///
/// # Errors
///
/// Everything that is wrong, rendered as a user sees it.
pub fn decode<T: Config + Default>(yaml: &str) -> Result<(T, String), String> {
    decode_with(yaml, |_| None)
}

/// As [`decode`], with environment variables.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_with<T: Config + Default>(
    yaml: &str,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(T, String), String> {
    let resolved = Resolver::new()
        .environment(environment)
        .uri(format!("yaml:{yaml}"))
        .resolve();
    let mut diagnostics = resolved.diagnostics;
    let value = load("", &Origin::Default, &resolved.root, &mut diagnostics);
    finish(value, &diagnostics)
}

fn finish<T>(value: Option<T>, diagnostics: &Diagnostics) -> Result<(T, String), String> {
    let rendered = render_human(diagnostics, false);
    match value {
        Some(value) if !diagnostics.has_errors() => Ok((value, rendered)),
        _ => Err(rendered),
    }
}
