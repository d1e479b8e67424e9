//! Sections that can be switched off.

use super::{Code, Config, DecodeContext, EncodeContext, Node, Schema, Validation, Value};

/// A section that is on only if the configuration, or its default, says so.
///
/// Any map switches it on; a null switches a section with ready defaults on and leaves the
/// others as they are, but a variable that is not set switches any section on; `enabled: false` inside switches it off whatever else is set. A plain
/// value instead of a section is cleared by null. Source: Go `configoptional.Optional`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Optional<T> {
    /// Off. If it is switched on it starts from the type's default.
    #[default]
    None,
    /// Off. If it is switched on, even by `key:` without a value, it starts from this.
    Default(T),
    /// On.
    Some(T),
}

impl<T> Optional<T> {
    /// The section, if it is on.
    pub const fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Some(value) => Some(value),
            Self::None | Self::Default(_) => None,
        }
    }

    /// The section to change it, if it is on.
    pub const fn as_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Some(value) => Some(value),
            Self::None | Self::Default(_) => None,
        }
    }

    /// The section by value, if it is on.
    pub fn into_option(self) -> Option<T> {
        match self {
            Self::Some(value) => Some(value),
            Self::None | Self::Default(_) => None,
        }
    }

    /// Whether the section is on.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        matches!(self, Self::Some(_))
    }
}

impl<T: Config> Config for Optional<T> {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        let before = std::mem::take(self);
        if node.is_null() {
            *self = match before {
                Self::Some(_) if T::is_scalar() => Self::None,
                Self::Default(value) => Self::Some(value),
                // As the Collector does for a variable that is not set.
                Self::None if node.is_expanded() && !T::is_scalar() => {
                    T::from_node(node, cx).map_or(Self::None, Self::Some)
                }
                before => before,
            };
            return;
        }
        let (node, enabled) = without_enabled(node, cx);
        let value = match before {
            Self::Some(mut value) | Self::Default(mut value) => {
                cx.optional(|cx| value.decode(&node, cx));
                Some(value)
            }
            Self::None => cx.optional(|cx| T::from_node(&node, cx)),
        };
        *self = match value {
            Some(value) if enabled => Self::Some(value),
            _ => Self::None,
        };
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let mut value = Self::None;
        value.decode(node, cx);
        Some(value)
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        self.as_ref()
            .map_or_else(Node::default, |value| value.encode(cx))
    }

    fn schema(&self) -> Schema {
        Schema::Optional(Box::new(match self {
            Self::None => T::type_schema(),
            Self::Default(value) | Self::Some(value) => value.schema(),
        }))
    }

    fn type_schema() -> Schema {
        Schema::Optional(Box::new(T::type_schema()))
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        if let Self::Some(value) = self {
            value.validate(validation);
        }
    }
}

/// Takes `enabled` out of a section; it is on unless that says no.
fn without_enabled<'a>(
    node: &'a Node,
    cx: &mut DecodeContext<'_>,
) -> (std::borrow::Cow<'a, Node>, bool) {
    use std::borrow::Cow;

    if node.as_map().is_none_or(|map| map.get("enabled").is_none()) {
        return (Cow::Borrowed(node), true);
    }
    let mut node = node.clone();
    let mut enabled = true;
    if let Value::Map(map) = &mut node.value
        && let Some((key, value)) = map.remove("enabled")
    {
        cx.child("enabled", &key.origin, &value, |cx| match value.value {
            Value::Bool(on) => enabled = on,
            _ => {
                let message = format!("expected a boolean, found {}", cx.shown(&value));
                cx.error(Code::WRONG_TYPE, &value.origin, message)
                    .help("write `true` or `false`, without quotes");
            }
        });
    }
    (Cow::Owned(node), enabled)
}
