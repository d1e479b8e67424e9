//! Which names need quotes, and names written for those who cannot read any.

use std::borrow::Cow;

use crate::scrape_config::NameEscaping;

/// Whether a metric's name is of letters, digits, underscores and colons and needs no quotes.
#[must_use]
pub fn is_legacy_metric_name(name: &str) -> bool {
    is_legacy(name, true)
}

/// Whether a label's name is of letters, digits and underscores and needs no quotes.
#[must_use]
pub fn is_legacy_label_name(name: &str) -> bool {
    is_legacy(name, false)
}

fn is_legacy(name: &str, colons: bool) -> bool {
    !name.is_empty() && name.chars().enumerate().all(|(at, c)| fits(c, at, colons))
}

const fn fits(c: char, at: usize, colons: bool) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (c == ':' && colons) || (c.is_ascii_digit() && at > 0)
}

/// The name of a metric in an escaping scheme.
#[must_use]
pub fn escape_metric_name(name: &str, scheme: NameEscaping) -> Cow<'_, str> {
    escape(name, scheme, true)
}

/// The name of a label in an escaping scheme. Other than in Prometheus's libraries a colon is escaped,
/// too, because no format takes one in the name of a label.
#[must_use]
pub fn escape_label_name(name: &str, scheme: NameEscaping) -> Cow<'_, str> {
    escape(name, scheme, false)
}

fn escape(name: &str, scheme: NameEscaping, colons: bool) -> Cow<'_, str> {
    let legacy = is_legacy(name, colons);
    if name.is_empty()
        || scheme == NameEscaping::AllowUtf8
        || (legacy && scheme != NameEscaping::Dots)
        || (legacy && !name.contains('_'))
    {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + 8);
    if scheme == NameEscaping::Values {
        out.push_str("U__");
    }
    // A digit may begin a name once it is in UTF-8, so its place is counted in bytes.
    for (at, c) in name.char_indices() {
        match (scheme, c) {
            (NameEscaping::Dots | NameEscaping::Values, '_') => out.push_str("__"),
            (NameEscaping::Dots, '.') => out.push_str("_dot_"),
            _ if fits(c, at, colons) => out.push(c),
            (NameEscaping::Underscores, _) => out.push('_'),
            (NameEscaping::Dots, _) => out.push_str("__"),
            (_, c) => out.push_str(&format!("_{:x}_", u32::from(c))),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_by_prometheuss_libraries() {
        for (name, underscores, dots, values) in [
            (
                "mysystem.prod.west.cpu.load",
                "mysystem_prod_west_cpu_load",
                "mysystem_dot_prod_dot_west_dot_cpu_dot_load",
                "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load",
            ),
            (
                "mysystem.prod.west.cpu.load_total",
                "mysystem_prod_west_cpu_load_total",
                "mysystem_dot_prod_dot_west_dot_cpu_dot_load__total",
                "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load__total",
            ),
            (
                "no:escaping_required",
                "no:escaping_required",
                "no:escaping__required",
                "no:escaping_required",
            ),
            (
                "http.status:sum",
                "http_status:sum",
                "http_dot_status:sum",
                "U__http_2e_status:sum",
            ),
            (
                "label with 😱",
                "label_with__",
                "label__with____",
                "U__label_20_with_20__1f631_",
            ),
            ("花火", "__", "____", "U___82b1__706b_"),
            ("1abc", "_abc", "__abc", "U___31_abc"),
            ("", "", "", ""),
        ] {
            assert_eq!(escape_metric_name(name, NameEscaping::AllowUtf8), name);
            assert_eq!(
                escape_metric_name(name, NameEscaping::Underscores),
                underscores
            );
            assert_eq!(escape_metric_name(name, NameEscaping::Dots), dots);
            assert_eq!(escape_metric_name(name, NameEscaping::Values), values);
        }
        assert_eq!(escape_label_name("a:b", NameEscaping::Underscores), "a_b");
        assert!(is_legacy_metric_name("a:b") && !is_legacy_label_name("a:b"));
    }
}
