//! A document of XML as a tree of elements, as Go's `encoding/xml` reads it strictly: without
//! namespaces, and with the five entities that XML has of its own.

/// How deep elements may nest. A level of `ParseXML` is five messages of protobuf, and decoders
/// stop at 100 of them or little more.
const MAX_DEPTH: usize = 20;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Without the prefix of a namespace.
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// The pieces of its text, each without the blanks around it.
    pub(super) text: String,
    pub(super) children: Vec<Self>,
}

type Result<T> = std::result::Result<T, String>;

/// Reads a document: one element, with declarations and comments around it.
pub(super) fn document(text: &str) -> Result<Element> {
    let mut reader = Reader { text, at: 0 };
    // Each with its name as it is written, by which its end is known.
    let mut open: Vec<(Element, &str)> = Vec::new();
    loop {
        let (piece, next) = reader.piece()?;
        match open.last_mut() {
            Some((element, _)) => element.text.push_str(resolved(piece)?.trim()),
            None if piece.trim().is_empty() => {}
            None => return Err("text outside of the element".to_owned()),
        }
        let closed = match next {
            Next::End => return Err("unexpected end of the text".to_owned()),
            Next::Skipped => continue,
            Next::Data(data) => {
                let (element, _) = open.last_mut().ok_or("text outside of the element")?;
                element.text.push_str(data.trim());
                continue;
            }
            Next::Open(element, name, false) => {
                if open.len() == MAX_DEPTH {
                    return Err(format!("elements nest deeper than {MAX_DEPTH}"));
                }
                open.push((element, name));
                continue;
            }
            Next::Open(element, _, true) => element,
            Next::Close(name) => match open.pop() {
                Some((element, opened)) if opened == name => element,
                Some((_, opened)) => {
                    return Err(format!("element <{opened}> closed by </{name}>"));
                }
                None => return Err(format!("unexpected end element </{name}>")),
            },
        };
        match open.last_mut() {
            Some((parent, _)) => parent.children.push(closed),
            None => return reader.finish().map(|()| closed),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

/// What follows a piece of text.
enum Next<'t> {
    End,
    /// A comment, a declaration, an instruction.
    Skipped,
    /// Text in which nothing has a meaning.
    Data(&'t str),
    /// An element, its name as it is written, and whether it ends at once.
    Open(Element, &'t str, bool),
    Close(&'t str),
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The text up to the next tag, and that.
    fn piece(&mut self) -> Result<(&'t str, Next<'t>)> {
        let rest = self.rest();
        let Some(length) = rest.find('<') else {
            self.at = self.text.len();
            return Ok((rest, Next::End));
        };
        self.at += length;
        Ok((&rest[..length], self.tag()?))
    }

    fn tag(&mut self) -> Result<Next<'t>> {
        let rest = self.rest();
        for (begin, end) in [("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>")] {
            if let Some(inner) = rest.strip_prefix(begin) {
                let length = inner
                    .find(end)
                    .ok_or_else(|| format!("`{begin}` without `{end}`"))?;
                self.at += begin.len() + length + end.len();
                return Ok(match begin {
                    "<![CDATA[" => Next::Data(&inner[..length]),
                    _ => Next::Skipped,
                });
            }
        }
        if rest.starts_with("<!") {
            return self.declaration();
        }
        if let Some(inner) = rest.strip_prefix("</") {
            let length = inner.find('>').ok_or("a tag without its `>`")?;
            self.at += length + 3;
            let name = inner[..length].trim_end();
            local(name)?;
            return Ok(Next::Close(name));
        }
        self.at += 1;
        self.element()
    }

    /// Skips `<!DOCTYPE …>`, with what stands in brackets and quotes inside of it.
    fn declaration(&mut self) -> Result<Next<'t>> {
        let mut depth = 0_usize;
        let mut quote = None;
        for (index, c) in self.rest().char_indices() {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if open == c => quote = None,
                (None, '<') => depth += 1,
                (None, '>') => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += index + 1;
                        return Ok(Next::Skipped);
                    }
                }
                _ => {}
            }
        }
        Err("a declaration without its `>`".to_owned())
    }

    /// An element behind its `<`.
    fn element(&mut self) -> Result<Next<'t>> {
        let written = self.name()?;
        let mut element = Element {
            name: local(written)?.to_owned(),
            ..Element::default()
        };
        loop {
            self.skip_blanks();
            let rest = self.rest();
            if rest.starts_with("/>") {
                self.at += 2;
                return Ok(Next::Open(element, written, true));
            }
            if rest.starts_with('>') {
                self.at += 1;
                return Ok(Next::Open(element, written, false));
            }
            let name = local(self.name()?)?.to_owned();
            self.skip_blanks();
            let rest = self.rest().strip_prefix('=');
            let rest = rest.ok_or("attribute name without = in element")?;
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
            let quote = quote.ok_or("unquoted or missing attribute value in element")?;
            let value = &rest[1..];
            let length = value.find(quote).ok_or("an attribute without its quote")?;
            self.at = self.text.len() - value.len() + length + 1;
            let value = resolved(&value[..length])?;
            match element
                .attributes
                .iter_mut()
                .find(|(known, _)| *known == name)
            {
                Some(known) => known.1 = value,
                None => element.attributes.push((name, value)),
            }
        }
    }

    fn name(&mut self) -> Result<&'t str> {
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/' | '<' | '"' | '\'');
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        Ok(&rest[..length])
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Behind the element there are blanks and comments only.
    fn finish(&mut self) -> Result<()> {
        loop {
            match self.piece()? {
                (text, _) if !text.trim().is_empty() => break,
                (_, Next::End) => return Ok(()),
                (_, Next::Skipped) => {}
                _ => break,
            }
        }
        Err("trailing bytes behind the element".to_owned())
    }
}

/// A name without the prefix of a namespace.
fn local(name: &str) -> Result<&str> {
    let local = match name.split_once(':') {
        Some((prefix, local)) if !prefix.is_empty() => local,
        _ => name,
    };
    let first = local
        .chars()
        .next()
        .filter(|c| c.is_alphabetic() || matches!(c, '_' | ':'));
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '\u{b7}');
    if first.is_none() || !local.chars().all(fits) {
        return Err(format!("invalid XML name: {name:?}"));
    }
    Ok(local)
}

/// Text with its references resolved.
fn resolved(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, reference)) = rest.split_once('&') {
        out.push_str(plain);
        let (name, after) = reference
            .split_once(';')
            .ok_or("invalid character entity & (no semicolon)")?;
        let number = |digits: &str, radix| {
            let code = u32::from_str_radix(digits, radix).ok();
            code.and_then(char::from_u32)
        };
        let c = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => match name.strip_prefix('#') {
                Some(number_of) => match number_of.strip_prefix('x') {
                    Some(digits) => number(digits, 16),
                    None => number(number_of, 10),
                },
                None => None,
            },
        };
        out.push(c.ok_or_else(|| format!("invalid character entity &{name};"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
