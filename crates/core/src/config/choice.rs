//! Words of which one is chosen: what `#[derive(Config)]` makes of an enum.

use super::fields::Alias;
use super::{Code, DecodeContext, Node, nearest};

/// One word.
#[derive(Debug)]
pub struct Choice {
    /// The word.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// Other spellings.
    pub aliases: &'static [Alias],
}

/// Finds the index of the word that `node` holds; `None` after an error was reported.
pub fn parse_choice(
    node: &Node,
    cx: &mut DecodeContext<'_>,
    choices: &[Choice],
    ignore_case: bool,
) -> Option<usize> {
    let Some(text) = node.as_text() else {
        let words = list(choices);
        cx.wrong_type(node, "a string")
            .help(format!("one of: {words}"));
        return None;
    };
    let equal = |word: &str| {
        if ignore_case {
            word.eq_ignore_ascii_case(text)
        } else {
            word == text
        }
    };
    for (index, choice) in choices.iter().enumerate() {
        if equal(choice.name) {
            return Some(index);
        }
        if let Some(alias) = choice.aliases.iter().find(|alias| equal(alias.key)) {
            if let Some(help) = alias.deprecated {
                let message = format!("value `{}` is deprecated", alias.key);
                cx.warning(Code::DEPRECATED, &node.origin, message)
                    .help(help);
            }
            return Some(index);
        }
    }
    let near = nearest(text, choices.iter().map(|choice| choice.name));
    let message = format!("{} is not one of the values it can have", cx.shown(node));
    let diagnostic = cx.error(Code::INVALID_VALUE, &node.origin, message);
    diagnostic.help(format!("one of: {}", list(choices)));
    if let Some(near) = near {
        diagnostic.label(format!("did you mean `{near}`?"));
    }
    None
}

fn list(choices: &[Choice]) -> String {
    let words: Vec<_> = choices
        .iter()
        .map(|choice| {
            if choice.name.is_empty() {
                "\"\""
            } else {
                choice.name
            }
        })
        .collect();
    words.join(", ")
}
