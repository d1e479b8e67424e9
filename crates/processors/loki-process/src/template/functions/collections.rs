//! Functions of lists and maps.

use super::super::value::Val;
use super::{ANY, Arguments, Function, Result, function};

/// How long a list may become.
const MAX_ITEMS: i64 = 10_000;

pub(super) const TABLE: &[Function] = &[
    function("list", 0, ANY, |a| Ok(Val::List(a.rest()))),
    function("first", 1, 1, |a| {
        Ok(a.list()?.into_iter().next().unwrap_or(Val::Nil))
    }),
    function("last", 1, 1, |a| Ok(a.list()?.pop().unwrap_or(Val::Nil))),
    function("rest", 1, 1, |a| {
        Ok(Val::List(a.list()?.into_iter().skip(1).collect()))
    }),
    function("initial", 1, 1, |a| {
        let mut list = a.list()?;
        list.pop();
        Ok(Val::List(list))
    }),
    function("append", 2, 2, |a| {
        let mut list = a.list()?;
        list.push(a.any());
        Ok(Val::List(list))
    }),
    function("prepend", 2, 2, |a| {
        let mut list = a.list()?;
        list.insert(0, a.any());
        Ok(Val::List(list))
    }),
    function("concat", 0, ANY, |a| {
        let mut all = Vec::new();
        while a.left() > 0 {
            all.extend(a.list()?);
        }
        Ok(Val::List(all))
    }),
    function("reverse", 1, 1, |a| {
        Ok(Val::List(a.list()?.into_iter().rev().collect()))
    }),
    function("uniq", 1, 1, |a| {
        let mut unique: Vec<Val> = Vec::new();
        for item in a.list()? {
            if !unique.contains(&item) {
                unique.push(item);
            }
        }
        Ok(Val::List(unique))
    }),
    function("without", 1, ANY, |a| {
        let mut list = a.list()?;
        let not = a.rest();
        list.retain(|item| !not.contains(item));
        Ok(Val::List(list))
    }),
    function("has", 2, 2, |a| {
        let item = a.any();
        Ok(Val::Bool(a.list()?.contains(&item)))
    }),
    function("compact", 1, 1, |a| {
        let mut list = a.list()?;
        list.retain(Val::truth);
        Ok(Val::List(list))
    }),
    function("slice", 1, 3, slice),
    function("sortAlpha", 1, 1, |a| {
        let mut texts: Vec<_> = a.list()?.iter().map(Val::show).collect();
        texts.sort();
        Ok(texts.into())
    }),
    function("join", 2, 2, |a| {
        let by = a.text()?;
        let texts: Vec<_> = match a.any() {
            Val::List(items) => items
                .iter()
                .filter(|item| !item.is_nil())
                .map(Val::show)
                .collect(),
            Val::Nil => Vec::new(),
            other => vec![other.show()],
        };
        Ok(texts.join(&by).into())
    }),
    function("splitList", 2, 2, |a| {
        let (by, text) = (a.text()?, a.text()?);
        Ok(parts(&text, &by, usize::MAX).into())
    }),
    function("split", 2, 2, |a| {
        let (by, text) = (a.text()?, a.text()?);
        Ok(numbered(parts(&text, &by, usize::MAX)))
    }),
    function("splitn", 3, 3, |a| {
        let (by, count, text) = (a.text()?, a.int()?, a.text()?);
        let most = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(numbered(parts(&text, &by, most)))
    }),
    function("until", 1, 1, |a| numbers(0, a.int()?, 1)),
    function("untilStep", 3, 3, |a| numbers(a.int()?, a.int()?, a.int()?)),
    function("seq", 0, 3, seq),
    function("dict", 0, ANY, |a| {
        let mut entries = Vec::new();
        while a.left() > 0 {
            let key = a.shown();
            let value = if a.left() > 0 { a.any() } else { Val::from("") };
            put(&mut entries, key, value);
        }
        Ok(Val::Map(entries))
    }),
    function("get", 2, 2, |a| {
        let map = Val::Map(a.map()?);
        let key = a.text()?;
        Ok(map.key(&key).cloned().unwrap_or_else(|| Val::from("")))
    }),
    function("hasKey", 2, 2, |a| {
        let map = Val::Map(a.map()?);
        let key = a.text()?;
        Ok(Val::Bool(map.key(&key).is_some()))
    }),
    function("set", 3, 3, |a| {
        let mut entries = a.map()?;
        let key = a.text()?;
        put(&mut entries, key, a.any());
        Ok(Val::Map(entries))
    }),
    function("unset", 2, 2, |a| {
        let mut entries = a.map()?;
        let key = a.text()?;
        entries.retain(|(known, _)| *known != key);
        Ok(Val::Map(entries))
    }),
    function("keys", 1, ANY, |a| {
        let mut keys = Vec::new();
        while a.left() > 0 {
            keys.extend(a.map()?.into_iter().map(|(key, _)| key));
        }
        Ok(keys.into())
    }),
    function("values", 1, 1, |a| {
        Ok(Val::List(
            a.map()?.into_iter().map(|(_, value)| value).collect(),
        ))
    }),
    function("pick", 1, ANY, |a| choose(a, true)),
    function("omit", 1, ANY, |a| choose(a, false)),
    function("pluck", 1, ANY, |a| {
        let key = a.text()?;
        let mut found = Vec::new();
        while a.left() > 0 {
            found.extend(Val::Map(a.map()?).key(&key).cloned());
        }
        Ok(Val::List(found))
    }),
    function("merge", 1, ANY, |a| {
        let mut merged = a.map()?;
        while a.left() > 0 {
            for (key, value) in a.map()? {
                if !merged.iter().any(|(known, _)| *known == key) {
                    put(&mut merged, key, value);
                }
            }
        }
        Ok(Val::Map(merged))
    }),
];

/// Sets a key; the keys stay in order.
fn put(entries: &mut Vec<(String, Val)>, key: String, value: Val) {
    match entries.binary_search_by(|(known, _)| known.cmp(&key)) {
        Ok(at) => entries[at].1 = value,
        Err(at) => entries.insert(at, (key, value)),
    }
}

fn parts(text: &str, by: &str, most: usize) -> Vec<String> {
    if by.is_empty() {
        return text.chars().take(most).map(String::from).collect();
    }
    text.splitn(most, by).map(str::to_owned).collect()
}

/// Sprig's `split`: a map with the keys `_0`, `_1`, ….
fn numbered(parts: Vec<String>) -> Val {
    let mut entries = Vec::with_capacity(parts.len());
    for (at, part) in parts.into_iter().enumerate() {
        put(&mut entries, format!("_{at}"), Val::Str(part));
    }
    Val::Map(entries)
}

fn numbers(from: i64, to: i64, step: i64) -> Result {
    let sensible = step != 0 && ((to > from) == (step > 0));
    if !sensible {
        return Ok(Val::List(Vec::new()));
    }
    let count = (i128::from(to) - i128::from(from)).abs() / i128::from(step).abs();
    if count > i128::from(MAX_ITEMS) {
        return Err(format!("a list may have at most {MAX_ITEMS} items"));
    }
    let mut items = Vec::new();
    let mut at = from;
    while (step > 0 && at < to) || (step < 0 && at > to) {
        items.push(Val::Int(at));
        match at.checked_add(step) {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(Val::List(items))
}

/// As the command: the numbers from, by and to, with spaces between them.
fn seq(a: &mut Arguments<'_>) -> Result {
    let given: Vec<i64> = (0..a.left()).map(|_| a.whole()).collect();
    let toward = |from: i64, to: i64| if to < from { -1 } else { 1 };
    let (from, by, to) = match given[..] {
        [to] => (1, toward(1, to), to),
        [from, to] => (from, toward(from, to), to),
        [from, by, to] => (from, by, to),
        _ => return Ok("".into()),
    };
    let Val::List(items) = numbers(from, to.saturating_add(by.signum()), by)? else {
        return Ok("".into());
    };
    let items: Vec<_> = items.iter().map(Val::show).collect();
    Ok(items.join(" ").into())
}

fn slice(a: &mut Arguments<'_>) -> Result {
    let value = a.any();
    let bound = |a: &mut Arguments<'_>, or: usize| match a.left() {
        0 => Ok(or),
        _ => usize::try_from(a.int()?).map_err(|_| "index out of range".to_owned()),
    };
    match value {
        Val::List(items) => {
            let (from, to) = (bound(a, 0)?, bound(a, items.len())?);
            let part = items.get(from..to);
            Ok(Val::List(part.ok_or("index out of range")?.to_vec()))
        }
        other => Err(format!(
            "list should be type of slice or array but {}",
            other.kind()
        )),
    }
}

fn choose(a: &mut Arguments<'_>, keep: bool) -> Result {
    let mut entries = a.map()?;
    let mut names = Vec::new();
    while a.left() > 0 {
        names.push(a.text()?);
    }
    entries.retain(|(key, _)| names.contains(key) == keep);
    Ok(Val::Map(entries))
}
