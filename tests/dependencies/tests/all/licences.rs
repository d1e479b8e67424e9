//! SPDX expressions, as far as crates use them.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

/// Whether the licences in `allowed` are enough to use what is offered under `expression`.
pub(crate) fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().map(str::to_owned).collect();
    let mut words = words.into_iter().peekable();
    let permitted = any(&mut words, allowed);
    permitted && words.next().is_none()
}

fn any(words: &mut Peekable<IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
    let mut permitted = all(words, allowed);
    while words.next_if(|word| word == "OR").is_some() {
        permitted |= all(words, allowed);
    }
    permitted
}

fn all(words: &mut Peekable<IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
    let mut permitted = one(words, allowed);
    while words.next_if(|word| word == "AND").is_some() {
        permitted &= one(words, allowed);
    }
    permitted
}

fn one(words: &mut Peekable<IntoIter<String>>, allowed: &BTreeSet<String>) -> bool {
    let Some(mut licence) = words.next() else {
        return false;
    };
    if licence == "(" {
        let permitted = any(words, allowed);
        return words.next().is_some_and(|word| word == ")") && permitted;
    }
    if words.next_if(|word| word == "WITH").is_some() {
        let exception = words.next().unwrap_or_default();
        licence = format!("{licence} WITH {exception}");
    }
    allowed.contains(&licence)
}

#[test]
fn an_expression_is_read_with_its_precedence() {
    let allowed: BTreeSet<String> = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]
        .map(str::to_owned)
        .into();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("MIT AND ISC", true),
        ("MIT OR GPL-3.0 AND ISC", true),
        ("(MIT OR ISC) AND GPL-3.0", false),
        ("(GPL-3.0 OR ISC) AND MIT", true),
        ("Apache-2.0", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
        ("", false),
        ("MIT ISC", false),
        ("(MIT", false),
    ] {
        assert_eq!(permits(expression, &allowed), expected, "{expression}");
    }
}
