//! Rules that are applied.

use std::borrow::Cow;
use std::sync::Arc;

use headwater_regexp::Regex;
use md5::{Digest as _, Md5};
use thiserror::Error;

use super::template::Template;
use super::{Action, RelabelConfig, case};
use crate::Labels;
use crate::scrape_config::NameValidation;

/// Rules in the order in which they are applied. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules(Arc<[Rule]>);

/// A rule that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("rule {index}: {message}")]
pub struct RelabelError {
    /// Which rule, counted from 0.
    pub index: usize,
    /// What is wrong with it.
    pub message: String,
}

impl Rules {
    /// Rules ready to be applied; label names follow `names`.
    ///
    /// # Errors
    /// The first rule that Prometheus refuses. Rules of a configuration that was loaded have been
    /// checked, unless `names` is stricter than what they were checked with.
    pub fn new(configs: &[RelabelConfig], names: NameValidation) -> Result<Self, RelabelError> {
        let mut rules = Vec::with_capacity(configs.len());
        for (index, config) in configs.iter().enumerate() {
            if let Some(problem) = config.problems(names).into_iter().next() {
                let message = problem.message;
                return Err(RelabelError { index, message });
            }
            rules.push(Rule::new(config, names));
        }
        Ok(Self(rules.into()))
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies the rules one after the other. `false` if one of them drops the labels, which are then
    /// as that rule found them.
    #[must_use]
    pub fn apply(&self, labels: &mut Labels) -> bool {
        self.0.iter().all(|rule| rule.apply(labels))
    }
}

#[derive(Debug)]
struct Rule {
    config: RelabelConfig,
    names: NameValidation,
    matcher: Matcher,
    target_template: Template,
    replacement: Template,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config && self.names == other.names
    }
}

impl Rule {
    fn new(config: &RelabelConfig, names: NameValidation) -> Self {
        let regex = config.regex.regex();
        Self {
            config: config.clone(),
            names,
            matcher: Matcher::new(config.regex.as_str(), regex),
            target_template: Template::new(&config.target_label, regex),
            replacement: Template::new(&config.replacement, regex),
        }
    }

    fn apply(&self, labels: &mut Labels) -> bool {
        let target = &*self.config.target_label;
        match self.config.action {
            Action::Keep => return self.matcher.is_match(&self.joined(labels)),
            Action::Drop => return !self.matcher.is_match(&self.joined(labels)),
            Action::KeepEqual => return self.joined(labels) == labels.get(target),
            Action::DropEqual => return self.joined(labels) != labels.get(target),
            Action::Replace => self.replace(labels),
            Action::Lowercase => {
                let value = case::lower(&self.joined(labels));
                labels.set(target, &value);
            }
            Action::Uppercase => {
                let value = case::upper(&self.joined(labels));
                labels.set(target, &value);
            }
            Action::HashMod => {
                let hash = hash(self.joined(labels).as_bytes()) % self.config.modulus.max(1);
                labels.set(target, &hash.to_string());
            }
            Action::LabelMap => self.map(labels),
            Action::LabelDrop => labels.retain(|name, _| !self.matcher.is_match(name)),
            Action::LabelKeep => labels.retain(|name, _| self.matcher.is_match(name)),
        }
        true
    }

    /// The values of the sources with the separator between them.
    fn joined<'a>(&self, labels: &'a Labels) -> Cow<'a, str> {
        match &*self.config.source_labels {
            [] => Cow::Borrowed(""),
            [name] => Cow::Borrowed(labels.get(name)),
            [first, others @ ..] => {
                let mut text = labels.get(first).to_owned();
                for name in others {
                    text.push_str(&self.config.separator);
                    text.push_str(labels.get(name));
                }
                Cow::Owned(text)
            }
        }
    }

    fn replace(&self, labels: &mut Labels) {
        let source = self.joined(labels);
        let templates = [&self.target_template, &self.replacement];
        let (target, value) = if self.matcher.needs_captures(templates) {
            let Some(captures) = self.matcher.regex().captures(source.as_bytes()) else {
                return;
            };
            let group = |index: usize| {
                let range = captures.get(index)?.range();
                source.get(range)
            };
            (
                self.target_template.expand(group),
                self.replacement.expand(group),
            )
        } else {
            if !self.matcher.is_match(&source) {
                return;
            }
            // The match is the whole text, and so is the first group if there is one.
            let group = |_| Some(&*source);
            (
                self.target_template.expand(group),
                self.replacement.expand(group),
            )
        };
        if self.names.is_valid_label(&target) {
            labels.set(&target, &value);
        }
    }

    fn map(&self, labels: &mut Labels) {
        let regex = self.matcher.regex();
        let mut groups = regex.capture_locations();
        let mut mapped = Vec::new();
        for (name, value) in labels.iter() {
            // To say no takes far less than to look for groups.
            if !self.matcher.is_match(name)
                || regex.captures_read(&mut groups, name.as_bytes()).is_none()
            {
                continue;
            }
            let group = |index| {
                groups
                    .get(index)
                    .and_then(|(start, end)| name.get(start..end))
            };
            mapped.push((self.replacement.expand(group), value.to_owned()));
        }
        labels.extend(mapped);
    }
}

/// The last half of the MD5 sum, as Prometheus has always had it.
fn hash(text: &[u8]) -> u64 {
    let sum: [u8; 16] = Md5::digest(text).into();
    let mut half = [0; 8];
    half.copy_from_slice(&sum[8..]);
    u64::from_be_bytes(half)
}

/// A pattern for whole texts, with what most patterns are taken out of the automaton.
#[derive(Debug)]
enum Matcher {
    /// `.*` or `(.*)`.
    Anything(Regex),
    /// Words, one of which must be the text.
    Words(Box<[Box<str>]>, Regex),
    /// Anything else.
    Regex(Regex),
}

impl Matcher {
    fn new(text: &str, regex: &Regex) -> Self {
        let regex = regex.clone();
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'_' | b'-' | b';' | b':' | b'/' | b',' | b' ' | b'=' | b'@'
                )
        };
        if matches!(text, "(.*)" | ".*") {
            Self::Anything(regex)
        } else if text.bytes().all(|byte| plain(byte) || byte == b'|') {
            let words = text.split('|').map(Into::into).collect();
            Self::Words(words, regex)
        } else {
            Self::Regex(regex)
        }
    }

    const fn regex(&self) -> &Regex {
        match self {
            Self::Anything(regex) | Self::Words(_, regex) | Self::Regex(regex) => regex,
        }
    }

    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Anything(_) => true,
            Self::Words(words, _) => words.iter().any(|word| **word == *text),
            Self::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }

    /// Whether the groups must be looked up to expand these templates.
    fn needs_captures(&self, templates: [&Template; 2]) -> bool {
        match self {
            // Every group is the whole text.
            Self::Anything(_) | Self::Words(..) => false,
            Self::Regex(_) => templates.iter().any(|template| template.needs_groups()),
        }
    }
}
