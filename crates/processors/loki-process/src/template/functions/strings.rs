//! Functions of texts: Alloy's own, whose names begin with a capital, and sprig's.

use super::super::MAX_OUTPUT;
use super::super::format::go_quote;
use super::super::value::Val;
use super::{ANY, Arguments, Function, function};

pub(super) const TABLE: &[Function] = &[
    function("ToLower", 1, 1, |a| Ok(a.text()?.to_lowercase().into())),
    function("ToUpper", 1, 1, |a| Ok(a.text()?.to_uppercase().into())),
    function("Replace", 4, 4, |a| {
        let (text, old, new) = (a.text()?, a.text()?, a.text()?);
        Ok(replace(&text, &old, &new, a.int()?).into())
    }),
    function("Trim", 2, 2, |a| {
        let (text, cut) = (a.text()?, a.text()?);
        Ok(text.trim_matches(|c| cut.contains(c)).into())
    }),
    function("TrimLeft", 2, 2, |a| {
        let (text, cut) = (a.text()?, a.text()?);
        Ok(text.trim_start_matches(|c| cut.contains(c)).into())
    }),
    function("TrimRight", 2, 2, |a| {
        let (text, cut) = (a.text()?, a.text()?);
        Ok(text.trim_end_matches(|c| cut.contains(c)).into())
    }),
    function("TrimPrefix", 2, 2, |a| {
        let (text, cut) = (a.text()?, a.text()?);
        Ok(text.strip_prefix(&*cut).unwrap_or(&text).into())
    }),
    function("TrimSuffix", 2, 2, |a| {
        let (text, cut) = (a.text()?, a.text()?);
        Ok(text.strip_suffix(&*cut).unwrap_or(&text).into())
    }),
    function("TrimSpace", 1, 1, |a| Ok(a.text()?.trim().into())),
    function("lower", 1, 1, |a| Ok(a.text()?.to_lowercase().into())),
    function("upper", 1, 1, |a| Ok(a.text()?.to_uppercase().into())),
    function("trim", 1, 1, |a| Ok(a.text()?.trim().into())),
    function("trimAll", 2, 2, |a| {
        let (cut, text) = (a.text()?, a.text()?);
        Ok(text.trim_matches(|c| cut.contains(c)).into())
    }),
    function("trimPrefix", 2, 2, |a| {
        let (cut, text) = (a.text()?, a.text()?);
        Ok(text.strip_prefix(&*cut).unwrap_or(&text).into())
    }),
    function("trimSuffix", 2, 2, |a| {
        let (cut, text) = (a.text()?, a.text()?);
        Ok(text.strip_suffix(&*cut).unwrap_or(&text).into())
    }),
    function("replace", 3, 3, |a| {
        let (old, new, text) = (a.text()?, a.text()?, a.text()?);
        Ok(replace(&text, &old, &new, -1).into())
    }),
    function("title", 1, 1, |a| {
        Ok(words(&a.text()?, char::to_uppercase).into())
    }),
    function("untitle", 1, 1, |a| {
        Ok(words(&a.text()?, char::to_lowercase).into())
    }),
    function("swapcase", 1, 1, |a| {
        Ok(a.text()?.chars().map(swap).collect::<String>().into())
    }),
    function("nospace", 1, 1, |a| {
        let text: String = a.text()?.chars().filter(|c| !c.is_whitespace()).collect();
        Ok(text.into())
    }),
    function("initials", 1, 1, |a| {
        let text = a.text()?;
        let firsts = text
            .split_whitespace()
            .filter_map(|word| word.chars().next());
        Ok(firsts.collect::<String>().into())
    }),
    function("repeat", 2, 2, |a| {
        let (count, text) = (usize::try_from(a.int()?).unwrap_or(0), a.text()?);
        if count.saturating_mul(text.len()) > MAX_OUTPUT {
            return Err("the text would be too long".to_owned());
        }
        Ok(text.repeat(count).into())
    }),
    function("substr", 3, 3, |a| {
        let (from, to, text) = (a.int()?, a.int()?, a.text()?);
        let from = usize::try_from(from).unwrap_or(0).min(text.len());
        let to = usize::try_from(to).unwrap_or(text.len()).min(text.len());
        Ok(bytes(&text, from, to.max(from)).into())
    }),
    function("trunc", 2, 2, |a| {
        let (count, text) = (a.int()?, a.text()?);
        let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        Ok(match (count < 0, size < text.len()) {
            (_, false) => text,
            (true, _) => bytes(&text, text.len() - size, text.len()),
            (false, _) => bytes(&text, 0, size),
        }
        .into())
    }),
    function("abbrev", 2, 2, |a| {
        let (width, text) = (usize::try_from(a.int()?).unwrap_or(0), a.text()?);
        if width < 4 || text.len() <= width {
            return Ok(text.into());
        }
        Ok((bytes(&text, 0, width - 3) + "...").into())
    }),
    function("contains", 2, 2, |a| {
        let (part, text) = (a.text()?, a.text()?);
        Ok(Val::Bool(text.contains(&part)))
    }),
    function("hasPrefix", 2, 2, |a| {
        let (part, text) = (a.text()?, a.text()?);
        Ok(Val::Bool(text.starts_with(&part)))
    }),
    function("hasSuffix", 2, 2, |a| {
        let (part, text) = (a.text()?, a.text()?);
        Ok(Val::Bool(text.ends_with(&part)))
    }),
    function("quote", 0, ANY, |a| {
        Ok(shown(a, |text| go_quote(&text)).join(" ").into())
    }),
    function("squote", 0, ANY, |a| {
        Ok(shown(a, |text| format!("'{text}'")).join(" ").into())
    }),
    function("cat", 0, ANY, |a| {
        Ok(shown(a, |text| text).join(" ").into())
    }),
    function("indent", 2, 2, |a| {
        let count = a.int()?;
        Ok(indent(count, &a.text()?).into())
    }),
    function("nindent", 2, 2, |a| {
        let count = a.int()?;
        Ok(format!("\n{}", indent(count, &a.text()?)).into())
    }),
    function("plural", 3, 3, |a| {
        let (one, many, count) = (a.text()?, a.text()?, a.int()?);
        Ok(if count == 1 { one } else { many }.into())
    }),
    function("snakecase", 1, 1, |a| Ok(separated(&a.text()?, '_').into())),
    function("kebabcase", 1, 1, |a| Ok(separated(&a.text()?, '-').into())),
    function("camelcase", 1, 1, |a| {
        let text = a.text()?;
        let mut upper = true;
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '_' | '-' | ' ' => upper = true,
                c if upper => {
                    out.extend(c.to_uppercase());
                    upper = false;
                }
                c => out.push(c),
            }
        }
        Ok(out.into())
    }),
    function("toString", 1, 1, |a| Ok(a.shown().into())),
    function("base", 1, 1, |a| {
        let text = a.text()?;
        let trimmed = text.trim_end_matches('/');
        Ok(match (text.is_empty(), trimmed.rsplit('/').next()) {
            (true, _) => ".",
            (_, None | Some("")) => "/",
            (_, Some(last)) => last,
        }
        .into())
    }),
    function("dir", 1, 1, |a| {
        let text = a.text()?;
        Ok(match text.rfind('/') {
            None => ".",
            Some(0) => "/",
            Some(end) => text[..end].trim_end_matches('/'),
        }
        .into())
    }),
    function("ext", 1, 1, |a| {
        let text = a.text()?;
        let name = text.rsplit('/').next().unwrap_or("");
        Ok(name.rfind('.').map_or("", |at| &name[at..]).into())
    }),
];

/// Go's `strings.Replace`: at most `count` times, as often as it is there if that is negative. An
/// empty text is found before each character and at the end.
fn replace(text: &str, old: &str, new: &str, count: i64) -> String {
    match usize::try_from(count) {
        Ok(count) => text.replacen(old, new, count),
        Err(_) => text.replace(old, new),
    }
}

/// The bytes of a text, at the borders of characters.
fn bytes(text: &str, from: usize, to: usize) -> String {
    String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()
}

fn words<I: Iterator<Item = char>>(text: &str, change: fn(char) -> I) -> String {
    let mut begins = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if begins {
            out.extend(change(c));
        } else {
            out.push(c);
        }
        begins = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    out
}

fn swap(c: char) -> char {
    let mut swapped: Box<dyn Iterator<Item = char>> = if c.is_lowercase() {
        Box::new(c.to_uppercase())
    } else {
        Box::new(c.to_lowercase())
    };
    swapped.next().unwrap_or(c)
}

fn shown(a: &mut Arguments<'_>, change: fn(String) -> String) -> Vec<String> {
    let rest = a.rest().into_iter();
    rest.filter(|value| !value.is_nil())
        .map(|value| change(value.show()))
        .collect()
}

fn indent(count: i64, text: &str) -> String {
    let space = " ".repeat(usize::try_from(count).unwrap_or(0).min(1000));
    format!("{space}{}", text.replace('\n', &format!("\n{space}")))
}

/// Words joined by a letter, in lower case.
fn separated(text: &str, by: char) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let letters: Vec<char> = text.chars().collect();
    for (at, c) in letters.iter().copied().enumerate() {
        if matches!(c, '_' | '-' | ' ') {
            out.push(by);
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]);
        let lower_before = before.is_some_and(|c| c.is_lowercase() || c.is_numeric());
        let lower_after = letters.get(at + 1).is_some_and(|c| c.is_lowercase());
        let upper_before = before.is_some_and(char::is_uppercase);
        if c.is_uppercase() && (lower_before || (upper_before && lower_after)) {
            out.push(by);
        }
        out.extend(c.to_lowercase());
    }
    out
}
