//! Executes actions.

use headwater_core::Context;
use headwater_core::pdata::edit::{AttributeEditor, EncodedValue, Put};
use headwater_core::pdata::view::Text;
use smallvec::SmallVec;

use super::compile::{Action, Actions, ContextValue, Source};
use super::hash::hash;

/// Actions with the context values of one batch.
#[derive(Debug, Clone)]
pub struct Bound<'a> {
    actions: &'a Actions,
    /// One per action that has a context value as its source, in order.
    context: SmallVec<[Option<EncodedValue>; 2]>,
}

impl Actions {
    /// The actions for a batch that came with `context`.
    #[must_use]
    pub fn bind(&self, context: &Context) -> Bound<'_> {
        let sources = self.actions.iter().filter_map(|action| match action {
            Action::Put { source, .. } => source.context.as_ref(),
            _ => None,
        });
        let context = sources.map(|source| source.value(context)).collect();
        Bound {
            actions: self,
            context,
        }
    }
}

impl Bound<'_> {
    /// Executes the actions in their order.
    pub fn apply(&self, attributes: &mut AttributeEditor<'_>) {
        let mut context = self.context.iter();
        for action in &self.actions.actions {
            match action {
                Action::Put { put, key, source } => {
                    let context = source
                        .context
                        .as_ref()
                        .and_then(|_| context.next()?.as_ref());
                    if let Some(value) = source.value.as_ref().or(context) {
                        attributes.put(*put, key, value);
                    } else if !source.attribute_put(*put, key, attributes)
                        && let Some(value) = &source.default
                    {
                        attributes.put(*put, key, value);
                    }
                }
                Action::Delete { key, pattern } => {
                    if let Some(key) = key {
                        attributes.remove(key);
                    }
                    if let Some(pattern) = pattern {
                        attributes.retain(|key, _| !pattern.is_match(key.as_bytes()));
                    }
                }
                Action::Hash { key, pattern } => {
                    if let Some(key) = key
                        && let Some(hash) = attributes.get(key).map(|value| hash(&value))
                    {
                        attributes.update(key, hash);
                    }
                    if let Some(pattern) = pattern {
                        attributes.replace_each(|key, value| {
                            pattern.is_match(key.as_bytes()).then(|| hash(&value))
                        });
                    }
                }
                Action::Extract {
                    key,
                    pattern,
                    names,
                } => {
                    let value = attributes.get(key).and_then(|value| value.as_text());
                    let Some(text) = value.map(|text| text.as_bytes().to_vec()) else {
                        continue;
                    };
                    if let Some(captures) = pattern.captures(&text) {
                        for (group, name) in captures.iter().skip(1).zip(names) {
                            // A group that took no part counts as empty.
                            let group = group.map_or(&[][..], |group| group.as_bytes());
                            attributes.upsert(name, Text::new(group));
                        }
                    }
                }
                Action::Convert { key, target } => {
                    let value = attributes.get(key).and_then(|value| target.convert(&value));
                    if let Some(value) = value {
                        attributes.update(key, value);
                    }
                }
            }
        }
    }
}

impl Source {
    fn attribute_put(&self, put: Put, key: &str, attributes: &mut AttributeEditor<'_>) -> bool {
        self.attribute
            .as_ref()
            .is_some_and(|from| attributes.put_from(put, key, from))
    }
}

impl ContextValue {
    fn value(&self, context: &Context) -> Option<EncodedValue> {
        let text = match self {
            // Without a peer it is empty, not absent, as upstream.
            Self::ClientAddress => context
                .peer()
                .map_or_else(String::new, |peer| peer.ip().to_canonical().to_string()),
            Self::Header(name) => {
                let values = context.header(name);
                if values.is_empty() {
                    return None;
                }
                values.join(";")
            }
            Self::Identity(name) => context.identity()?.get(name)?.to_owned(),
        };
        Some(EncodedValue::new(text.as_str()))
    }
}
