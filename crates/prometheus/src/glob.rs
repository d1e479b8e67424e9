//! Patterns for paths. Source: Go, `filepath.Glob`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many paths a pattern may match.
const MOST_PATHS: usize = 100_000;

/// The paths that a pattern matches, in order. `*` and `?` stand for characters other than `/`,
/// `[a-z]` and `[^a-z]` for one of some. Nothing that matches is no error.
///
/// # Errors
/// A pattern that is not well formed, or that matches more than 100,000 paths. Folders that cannot be
/// read are left out.
pub fn glob(pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![PathBuf::from(if pattern.starts_with('/') {
        "/"
    } else {
        ""
    })];
    let segments: Vec<_> = pattern
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    for segment in &segments {
        let tokens = tokens(segment).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "syntax error in pattern")
        })?;
        let mut next = Vec::new();
        for folder in &found {
            if tokens.iter().all(|token| matches!(token, Token::Char(_))) {
                next.extend(Some(folder.join(segment)).filter(|path| path.exists()));
            } else {
                next.extend(entries(folder, &tokens));
            }
        }
        if next.len() > MOST_PATHS {
            return Err(io::Error::other("the pattern matches too many paths"));
        }
        found = next;
    }
    found.sort();
    Ok(if segments.is_empty() {
        Vec::new()
    } else {
        found
    })
}

fn entries(folder: &Path, tokens: &[Token]) -> Vec<PathBuf> {
    let place = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = fs::read_dir(place) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| matches(tokens, name))
        .map(|name| folder.join(name))
        .collect()
}

/// Whether a name, without slashes, is of a pattern without slashes. A pattern that is not well formed
/// matches nothing.
#[must_use]
pub fn is_match(pattern: &str, name: &str) -> bool {
    tokens(pattern).is_some_and(|tokens| matches(&tokens, name))
}

#[derive(Debug)]
enum Token {
    Char(char),
    Any,
    Star,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        tokens.push(match next {
            '*' => Token::Star,
            '?' => Token::Any,
            '\\' => Token::Char(rest.next()?),
            '[' => class(&mut rest)?,
            other => Token::Char(other),
        });
    }
    Some(tokens)
}

fn class(rest: &mut std::str::Chars<'_>) -> Option<Token> {
    let mut ranges = Vec::new();
    let negated = rest.as_str().starts_with('^');
    if negated {
        rest.next();
    }
    loop {
        let mut member = || match rest.next()? {
            '\\' => rest.next(),
            other => Some(other),
        };
        let low = member()?;
        if low == ']' && !ranges.is_empty() {
            return Some(Token::Class { negated, ranges });
        }
        let mut high = low;
        if rest.as_str().starts_with('-') {
            rest.next();
            high = rest.next()?;
        }
        ranges.push((low, high));
    }
}

fn matches(tokens: &[Token], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut token, mut at) = (0, 0);
    // Where the last star stands and how far it reaches: what follows it is tried again from there.
    let mut star = None;
    while at < name.len() {
        let fits = match tokens.get(token) {
            Some(Token::Star) => {
                star = Some((token, at));
                token += 1;
                continue;
            }
            Some(Token::Any) => true,
            Some(Token::Char(character)) => *character == name[at],
            Some(Token::Class { negated, ranges }) => {
                let within = |(low, high): &(char, char)| (*low..=*high).contains(&name[at]);
                ranges.iter().any(within) != *negated
            }
            None => false,
        };
        if fits {
            token += 1;
            at += 1;
        } else if let Some((last, reached)) = star {
            star = Some((last, reached + 1));
            token = last + 1;
            at = reached + 1;
        } else {
            return false;
        }
    }
    tokens[token..]
        .iter()
        .all(|token| matches!(token, Token::Star))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_go() {
        for (pattern, name, expected) in [
            ("*.json", "a.json", true),
            ("*.json", "a.yaml", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("[", "[", false),
            ("*", "", true),
        ] {
            assert_eq!(is_match(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_walks_through_folders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/1.yml", "a/2.yml", "b/1.yml", "b/1.json"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = |pattern: &str| -> Vec<String> {
            let pattern = format!("{}/{pattern}", folder.path().display());
            let paths = glob(&pattern).unwrap();
            let strip = |path: PathBuf| path.strip_prefix(folder.path()).unwrap().to_owned();
            paths
                .into_iter()
                .map(|path| strip(path).display().to_string())
                .collect()
        };
        assert_eq!(found("*/*.yml"), ["a/1.yml", "a/2.yml", "b/1.yml"]);
        assert_eq!(found("b/1.*"), ["b/1.json", "b/1.yml"]);
        assert_eq!(found("a/1.yml"), ["a/1.yml"]);
        assert!(found("c/*.yml").is_empty());
        assert!(glob("[").is_err());
    }
}
