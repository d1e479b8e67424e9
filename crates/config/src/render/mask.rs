//! Which parts of a line must not be shown.
//!
//! A component says which of its values are secrets, but only once it is decoded. So what looks
//! like a secret is masked as well: too much rather than too little.

use std::ops::Range;

use headwater_core::config::{Code, Span};

/// Words in a key that announce a secret.
const SECRET_WORDS: [&str; 14] = [
    "apikey",
    "auth",
    "bearer",
    "cookie",
    "credential",
    "key_pem",
    "license",
    "pass",
    "private",
    "pwd",
    "secret",
    "signing",
    "token",
    "access_key",
];
/// Ends of keys that name where a secret is, or what it is used for, not the secret.
const HARMLESS_ENDS: [&str; 12] = [
    "_file",
    "_path",
    "_type",
    "_url",
    "_uri",
    "_endpoint",
    "_name",
    "_id",
    "authenticator",
    "auth",
    "_enabled",
    "passthrough",
];

/// Byte ranges of `line`, in order and apart from each other, that must not be shown.
pub(super) fn mask(
    shown: &Span,
    line: &str,
    line_start: usize,
    secrets: &[Span],
    code: Code,
) -> Vec<Range<usize>> {
    let line_end = line_start + line.len();
    let mut ranges: Vec<Range<usize>> = secrets
        .iter()
        .filter(|secret| std::sync::Arc::ptr_eq(&secret.source, &shown.source))
        .filter(|secret| secret.start < line_end && secret.end > line_start)
        .map(|secret| {
            let start = secret.start.max(line_start) - line_start;
            let blanks = line[start..].len() - line[start..].trim_start().len();
            start + blanks..secret.end.min(line_end) - line_start
        })
        .collect();
    // What is found before components are decoded may stand next to any secret.
    let cautious = code < Code::WRONG_TYPE;
    ranges.extend(secret_value(line, cautious));
    ranges.extend(scheme_credentials(line));
    ranges.extend(url_password(line));
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// The rest of the line behind the first key that announces a secret. References to the
/// environment stay readable.
fn secret_value(line: &str, cautious: bool) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(at) = line[from..].find([':', '=']) {
        let separator = from + at;
        from = separator + 1;
        let key = line[..separator].trim_end().trim_end_matches(['"', '\'']);
        let key_start = key
            .rfind(|letter: char| !(letter.is_alphanumeric() || "_-.".contains(letter)))
            .map_or(0, |at| {
                at + key[at..].chars().next().map_or(1, char::len_utf8)
            });
        if !announces(&key[key_start..].to_lowercase().replace('-', "_"), cautious) {
            continue;
        }
        let rest = &line[from..];
        let start = from + (rest.len() - rest.trim_start().len());
        let value = line[start..].trim_end();
        let reference = value.trim_matches(['"', '\'']);
        if value.is_empty() || (reference.starts_with("${") && reference.ends_with('}')) {
            continue;
        }
        return Some(start..start + value.len());
    }
    None
}

fn announces(key: &str, cautious: bool) -> bool {
    let secret = SECRET_WORDS.iter().any(|word| key.contains(word))
        || key.replace('_', "").contains("apikey");
    (secret && !HARMLESS_ENDS.iter().any(|end| key.ends_with(end)))
        || (cautious && key == "value")
        || key == "authorization"
}

/// What follows `Bearer` or `Basic`.
fn scheme_credentials(line: &str) -> impl Iterator<Item = Range<usize>> {
    ["Bearer ", "bearer ", "Basic ", "basic "]
        .into_iter()
        .filter_map(|scheme| {
            let start = line.find(scheme)? + scheme.len();
            let end = line[start..]
                .find(|letter: char| letter.is_whitespace() || "\"',}]".contains(letter))
                .map_or(line.len(), |at| start + at);
            (end - start >= 8 && !line[start..].starts_with("${")).then_some(start..end)
        })
}

/// The password in `://user:password@`.
fn url_password(line: &str) -> Option<Range<usize>> {
    let authority = line.find("://")? + 3;
    let end = line[authority..]
        .find(|letter: char| letter.is_whitespace() || "/?#\"'".contains(letter))
        .map_or(line.len(), |at| authority + at);
    let at = authority + line[authority..end].rfind('@')?;
    let colon = authority + line[authority..at].find(':')?;
    Some(colon + 1..at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str, cautious: bool) -> String {
        let source = headwater_core::config::Source::new(
            headwater_core::config::SourceKind::File,
            "t",
            line,
        );
        let span = Span::new(&source, 0, 0);
        let code = if cautious {
            Code::YAML_SYNTAX
        } else {
            Code::UNKNOWN_FIELD
        };
        let mut text = line.to_owned();
        for range in mask(&span, line, 0, &[], code).into_iter().rev() {
            text.replace_range(range, "*");
        }
        text
    }

    #[test]
    fn what_looks_like_a_secret_is_masked() {
        for (line, shown) in [
            ("  password: hunter2", "  password: *"),
            ("  \"api-key\": 'abc' # x", "  \"api-key\": *"),
            (
                "headers: {authorization: Basic abcdefgh}",
                "headers: {authorization: *",
            ),
            ("x_api_token=abc", "x_api_token=*"),
            (
                "- name: x, value: Bearer abcdefgh1",
                "- name: x, value: Bearer *",
            ),
            ("url: https://me:pw@host/x", "url: https://me:*@host/x"),
            ("AWS_SECRET_ACCESS_KEY: abc", "AWS_SECRET_ACCESS_KEY: *"),
        ] {
            assert_eq!(masked(line, false), shown, "{line}");
        }
        assert_eq!(masked("value: \"a\\q\"", true), "value: *");
    }

    #[test]
    fn what_only_names_a_secret_stays_readable() {
        for line in [
            "  bearer_token_file: /var/run/token",
            "  password: ${env:PASSWORD}",
            "  auth:",
            "    authenticator: basicauth/client",
            "  auth_type: serviceAccount",
            "  passthrough: true",
            "  endpoint: localhost:4317",
            "  value: 5",
        ] {
            assert_eq!(masked(line, false), line);
        }
    }
}
