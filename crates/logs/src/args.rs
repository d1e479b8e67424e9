//! The arguments of one operator: read by name, checked, and those that nobody reads reported.

use headwater_core::config::{
    Code, Config, DecodeContext, Map, Node, Origin, Value as NodeValue, nearest,
};

use crate::expr::Expr;
use crate::{Field, Map as ValueMap, Value};

/// Reads the arguments of one operator.
pub(crate) struct Args<'n, 'c, 'd> {
    node: &'n Node,
    map: &'n Map,
    cx: &'c mut DecodeContext<'d>,
    known: Vec<&'static str>,
    failed: bool,
}

impl<'n, 'c, 'd> Args<'n, 'c, 'd> {
    /// The arguments in `node`; `None` after reporting that it is no map.
    pub(crate) fn new(node: &'n Node, cx: &'c mut DecodeContext<'d>) -> Option<Self> {
        let Some(map) = node.as_map() else {
            cx.wrong_type(node, "a map");
            return None;
        };
        Some(Self {
            node,
            map,
            cx,
            known: Vec::new(),
            failed: false,
        })
    }

    /// The arguments under `key`, with the same context; `None` if there are none.
    pub(crate) fn section<R>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Args<'_, '_, '_>) -> Option<R>,
    ) -> Option<R> {
        let node = self.node(key)?;
        let anchor = &self.map.entry(key)?.0.origin;
        self.child(key, anchor, node, read)
    }

    /// The arguments in `node`, which stands at `path` from here.
    fn child<R>(
        &mut self,
        path: &str,
        anchor: &Origin,
        node: &Node,
        read: impl FnOnce(&mut Args<'_, '_, '_>) -> Option<R>,
    ) -> Option<R> {
        let (result, failed) = self.cx.child(path, anchor, node, |cx| {
            let Some(mut args) = Args::new(node, cx) else {
                return (None, true);
            };
            let result = read(&mut args);
            args.report_unknown();
            let failed = args.failed || result.is_none();
            (result, failed)
        });
        self.failed |= failed;
        result
    }

    /// The value of an argument that is not null.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        self.map.get(key).filter(|node| !node.is_null())
    }

    /// Whether an argument was given.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|node| !node.is_null())
    }

    /// An argument of any type that a configuration knows.
    pub(crate) fn get<T: Config>(&mut self, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        let anchor = &self.map.entry(key)?.0.origin;
        let value = self
            .cx
            .child(key, anchor, node, |cx| T::from_node(node, cx));
        self.failed |= value.is_none();
        value
    }

    /// An argument with a default.
    pub(crate) fn or<T: Config>(&mut self, key: &'static str, default: T) -> T {
        self.get(key).unwrap_or(default)
    }

    /// An argument that must be there.
    pub(crate) fn required<T: Config>(&mut self, key: &'static str) -> Option<T> {
        if !self.has(key) {
            self.known.push(key);
            self.refuse("", format!("missing required field '{key}'"));
            return None;
        }
        self.get(key)
    }

    /// A field that must be there.
    pub(crate) fn field(&mut self, key: &'static str) -> Option<Field> {
        self.required(key)
    }

    /// An expression.
    pub(crate) fn expr(&mut self, key: &'static str) -> Option<Expr> {
        let text: String = self.get(key)?;
        match Expr::compile(&text) {
            Ok(expr) => Some(expr),
            Err(error) => {
                self.refuse(
                    key,
                    format!("failed to compile expression '{text}': {error}"),
                );
                None
            }
        }
    }

    /// An argument as the value it is written as.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<Value<'static>> {
        self.node(key).map(value_of)
    }

    /// Refuses an argument, or the operator if `key` is empty.
    pub(crate) fn refuse(&mut self, key: &str, message: impl Into<String>) {
        self.failed = true;
        let origin = match self.map.entry(key) {
            Some((_, node)) if node.origin.span().is_some() => node.origin.clone(),
            _ => self.node.origin.clone(),
        };
        let node = Node::null(origin.clone());
        if key.is_empty() {
            self.cx.error(Code::REFUSED_VALUE, &origin, message);
        } else {
            self.cx.child(key, &origin, &node, |cx| {
                cx.error(Code::REFUSED_VALUE, &origin, message);
            });
        }
    }

    /// Whether everything could be read.
    pub(crate) const fn is_sound(&self) -> bool {
        !self.failed
    }

    /// Each map of a list.
    pub(crate) fn each<R>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Args<'_, '_, '_>) -> Option<R>,
    ) -> Vec<R> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let Some(items) = node.as_seq() else {
            self.refuse(key, "expected a list");
            return Vec::new();
        };
        let mut results = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = format!("{key}::{index}");
            results.extend(self.child(&path, &item.origin, item, &mut read));
        }
        results
    }

    /// Warns about arguments that nobody has read. Upstream ignores them without a word.
    pub(crate) fn report_unknown(&mut self) {
        for (key, _) in self.map {
            if self.known.contains(&key.name.as_str()) {
                continue;
            }
            let message = format!(
                "operators ignore the unknown field `{}`",
                key.name.escape_debug()
            );
            let near = nearest(&key.name, self.known.iter().copied());
            let diagnostic = self.cx.warning(Code::QUESTIONABLE, &key.origin, message);
            if let Some(near) = near {
                diagnostic.label(format!("did you mean `{near}`?"));
            }
        }
    }
}

/// A value of the configuration as a value of an entry.
pub(crate) fn value_of(node: &Node) -> Value<'static> {
    if let Some(text) = &node.expanded
        && !matches!(node.value, NodeValue::Map(_) | NodeValue::Seq(_))
        && matches!(node.value, NodeValue::String(_) | NodeValue::Null)
    {
        return Value::from(text.to_string());
    }
    match &node.value {
        NodeValue::Null => Value::Null,
        NodeValue::Bool(value) => Value::Bool(*value),
        NodeValue::Int(value) => Value::Int(*value),
        NodeValue::UInt(value) => Value::Float(*value as f64),
        NodeValue::Float(value) => Value::Float(*value),
        NodeValue::String(text) => Value::from(text.clone()),
        NodeValue::Seq(items) => Value::List(items.iter().map(value_of).collect()),
        NodeValue::Map(map) => {
            let mut values = ValueMap::new();
            for (key, node) in map {
                values.insert(key.name.clone(), value_of(node));
            }
            Value::Map(values)
        }
    }
}
