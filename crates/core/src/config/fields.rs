//! What `#[derive(Config)]` says about a struct, and how such a struct is decoded, encoded,
//! described and validated. The derive writes tables; the work is done here, once.

use super::{
    Code, Config, DecodeContext, EncodeContext, Field, Key, Map, Node, Origin, Schema, Section,
    Validation, Value, nearest,
};

/// What a field of a struct means for the keys of its map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A key.
    Key,
    /// A struct whose keys appear at this level.
    Squash,
    /// A map that takes every key that no other field knows.
    Rest,
}

/// Another spelling of a key.
#[derive(Debug, PartialEq, Eq)]
pub struct Alias {
    /// The spelling.
    pub key: &'static str,
    /// What to write today; none for a spelling that is as good as the other.
    pub deprecated: Option<&'static str>,
}

/// One field of a struct.
#[derive(Debug)]
pub struct FieldInfo {
    /// Its key.
    pub key: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// What it means for the keys.
    pub kind: FieldKind,
    /// Other spellings.
    pub aliases: &'static [Alias],
    /// Whether its value must never be shown.
    pub secret: bool,
    /// Why it is accepted without effect, if it is.
    pub ignored: Option<&'static str>,
    /// Whether its schema would contain itself, and so is not described.
    pub recursive: bool,
}

/// A key that existed once.
#[derive(Debug)]
pub struct Removed {
    /// The key.
    pub key: &'static str,
    /// What to write instead.
    pub help: &'static str,
    /// Whether a configuration that still has it cannot be used.
    pub error: bool,
}

/// A struct.
#[derive(Debug)]
pub struct StructInfo {
    /// Its name in the program.
    pub name: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// Its fields in the order of the struct, without those that are skipped.
    pub fields: &'static [FieldInfo],
    /// Keys that existed once.
    pub removed: &'static [Removed],
}

impl StructInfo {
    /// The field with that key, by its present spelling.
    pub(super) fn field(&self, key: &str) -> Option<&FieldInfo> {
        self.fields
            .iter()
            .find(|field| field.kind == FieldKind::Key && field.key == key)
    }
}

/// Access to the fields of a struct by their index in its [`StructInfo`]. Implemented by
/// `#[derive(Config)]`.
pub trait Fields {
    /// The table of the struct.
    fn info(&self) -> &'static StructInfo;

    /// A field; none for an index outside the table.
    fn field(&self, index: usize) -> Option<&dyn Config>;

    /// A field, to decode onto it.
    fn field_mut(&mut self, index: usize) -> Option<&mut dyn Config>;

    /// The struct's own checks.
    fn check(&self, validation: &mut Validation<'_>) {
        let _ = validation;
    }
}

/// Decodes a map onto a struct that holds its defaults. A null that was written keeps everything
/// as it is, one that comes from a variable that is not set goes to every field.
pub fn decode_struct(target: &mut dyn Fields, node: &Node, cx: &mut DecodeContext<'_>) {
    let optional = cx.take_optional();
    let map = match &node.value {
        Value::Null if node.is_expanded() => return decode_unset(target, node, cx),
        Value::Null => return,
        Value::Map(map) => map,
        _ => {
            cx.wrong_type(node, "a map");
            return;
        }
    };
    let mut unknown = Map::new();
    for (key, value) in map {
        if !decode_entry(target, key, value, cx) {
            unknown.insert(key.clone(), value.clone());
        }
    }
    if unknown.is_empty() || decode_rest(target, &unknown, node, cx) {
        return;
    }
    let mut known = Vec::new();
    known_keys(target, &mut known, false);
    let mut accepted = Vec::new();
    known_keys(target, &mut accepted, true);
    if optional {
        known.push("enabled");
        accepted.push("enabled");
    }
    for (key, _) in &unknown {
        report_unknown(key, &known, &accepted, cx);
    }
}

/// Decodes null onto every field but those that can be switched off.
fn decode_unset(target: &mut dyn Fields, node: &Node, cx: &mut DecodeContext<'_>) {
    let info = target.info();
    // Its text, if it is `null` or `~`, is that of the section, not of each string in it.
    let unset = Node {
        expanded: Some("".into()),
        ..Node::null(node.origin.clone())
    };
    for (index, field) in info.fields.iter().enumerate() {
        if let Some(value) = target.field_mut(index)
            && !matches!(value.schema(), Schema::Optional(_))
        {
            let anchor = cx.anchor().clone();
            cx.child(field.key, &anchor, &unset, |cx| value.decode(&unset, cx));
        }
    }
}

/// Adds the error for a key that does not exist. `known` are the keys to list, `accepted` those
/// and their other spellings.
pub fn report_unknown(key: &Key, known: &[&str], accepted: &[&str], cx: &mut DecodeContext<'_>) {
    let message = format!("unknown field `{}`", key.name.escape_debug());
    let diagnostic = cx.error(Code::UNKNOWN_FIELD, &key.origin, message);
    if let Some(near) = nearest(&key.name, accepted.iter().copied()) {
        diagnostic.label(format!("did you mean `{near}`?"));
    } else if known.is_empty() {
        diagnostic.help("there are no keys here");
    } else if known.len() <= 16 {
        diagnostic.help(format!("the keys here are: {}", known.join(", ")));
    }
}

/// Decodes one entry; false if no field knows the key.
fn decode_entry(
    target: &mut dyn Fields,
    key: &Key,
    node: &Node,
    cx: &mut DecodeContext<'_>,
) -> bool {
    let info = target.info();
    for (index, field) in info.fields.iter().enumerate() {
        match field.kind {
            FieldKind::Rest => {}
            FieldKind::Squash => {
                let inner = target.field_mut(index).and_then(|field| field.fields_mut());
                if inner.is_some_and(|inner| decode_entry(inner, key, node, cx)) {
                    return true;
                }
            }
            FieldKind::Key => {
                let alias = field.aliases.iter().find(|alias| alias.key == key.name);
                if field.key == key.name || alias.is_some() {
                    remark(field, alias, key, cx);
                    if let Some(value) = target.field_mut(index) {
                        cx.child(field.key, &key.origin, node, |cx| {
                            if field.secret {
                                cx.secret(node, |cx| value.decode(node, cx));
                            } else {
                                value.decode(node, cx);
                            }
                        });
                    }
                    return true;
                }
            }
        }
    }
    let Some(removed) = info.removed.iter().find(|removed| removed.key == key.name) else {
        return false;
    };
    if removed.error {
        let message = format!("field `{}` was removed", removed.key);
        cx.error(Code::REMOVED_FIELD, &key.origin, message)
            .help(removed.help);
    } else {
        let message = format!("field `{}` was removed and is ignored", removed.key);
        cx.warning(Code::OBSOLETE_FIELD, &key.origin, message)
            .help(removed.help);
    }
    true
}

/// Says what there is to say about the use of a key.
fn remark(field: &FieldInfo, alias: Option<&Alias>, key: &Key, cx: &mut DecodeContext<'_>) {
    if let Some(help) = alias.and_then(|alias| alias.deprecated) {
        let message = format!("field `{}` is deprecated", key.name);
        cx.warning(Code::DEPRECATED, &key.origin, message)
            .help(help);
    }
    if let Some(why) = field.ignored {
        let message = format!("field `{}` has no effect: {why}", key.name);
        cx.note(Code::NO_EFFECT, &key.origin, message);
    }
}

/// Hands the keys that no field knows to the field that takes them; false if there is none.
fn decode_rest(
    target: &mut dyn Fields,
    unknown: &Map,
    node: &Node,
    cx: &mut DecodeContext<'_>,
) -> bool {
    for (index, field) in target.info().fields.iter().enumerate() {
        match field.kind {
            FieldKind::Key => {}
            FieldKind::Squash => {
                let inner = target.field_mut(index).and_then(|field| field.fields_mut());
                if inner.is_some_and(|inner| decode_rest(inner, unknown, node, cx)) {
                    return true;
                }
            }
            FieldKind::Rest => {
                if let Some(rest) = target.field_mut(index) {
                    let node = Node::new(Value::Map(unknown.clone()), node.origin.clone());
                    rest.decode(&node, cx);
                    return true;
                }
            }
        }
    }
    false
}

/// The keys of a struct and of those squashed into it, with other spellings if asked for.
fn known_keys(target: &dyn Fields, keys: &mut Vec<&'static str>, aliases: bool) {
    for (index, field) in target.info().fields.iter().enumerate() {
        match field.kind {
            FieldKind::Rest => {}
            FieldKind::Squash => {
                if let Some(inner) = target.field(index).and_then(|field| field.fields()) {
                    known_keys(inner, keys, aliases);
                }
            }
            FieldKind::Key => {
                keys.push(field.key);
                if aliases {
                    keys.extend(field.aliases.iter().map(|alias| alias.key));
                }
            }
        }
    }
}

/// Writes a struct as a map with every key.
pub fn encode_struct(target: &dyn Fields, cx: EncodeContext) -> Node {
    let mut map = Map::new();
    for (index, info) in target.info().fields.iter().enumerate() {
        let Some(field) = target.field(index) else {
            continue;
        };
        let mut node = field.encode(cx);
        if info.secret && cx.redact {
            node = redact(node);
        }
        match (info.kind, node.value) {
            (FieldKind::Squash | FieldKind::Rest, Value::Map(inner)) => {
                for (key, node) in inner {
                    map.insert(key, node);
                }
            }
            (FieldKind::Squash | FieldKind::Rest, _) => {}
            (FieldKind::Key, value) => {
                let node = Node { value, ..node };
                map.insert(Key::new(info.key, Origin::Default), node);
            }
        }
    }
    Node::from(map)
}

/// Hides a value unless there is nothing to hide.
fn redact(node: Node) -> Node {
    match &node.value {
        Value::Null => node,
        Value::String(text) if text.is_empty() => node,
        _ => Node {
            value: Value::String(super::REDACTED.to_owned()),
            ..node
        },
    }
}

/// Describes a struct, with the values of `target` as the defaults.
pub fn struct_schema(target: &dyn Fields) -> Schema {
    let info = target.info();
    let mut section = Section {
        name: info.name,
        doc: info.doc,
        fields: Vec::new(),
    };
    for (index, info) in info.fields.iter().enumerate() {
        let Some(field) = target.field(index) else {
            continue;
        };
        match info.kind {
            FieldKind::Rest => {}
            FieldKind::Squash => {
                if let Schema::Section(inner) = field.schema() {
                    section.fields.extend(inner.fields);
                }
            }
            FieldKind::Key => section.fields.push(Field {
                key: info.key,
                doc: info.doc,
                schema: match (info.secret, info.recursive) {
                    (true, _) => Schema::Secret,
                    (false, true) => Schema::Any,
                    (false, false) => field.schema(),
                },
                default: field.encode(EncodeContext::default()),
                aliases: info.aliases,
                ignored: info.ignored,
            }),
        }
    }
    Schema::Section(section)
}

/// Validates the sections of a struct, then the struct itself. The struct's own checks are left
/// out if it could not be decoded, so that one mistake is not reported twice.
pub fn validate_struct(target: &dyn Fields, validation: &mut Validation<'_>) {
    let info = target.info();
    let decoded = !validation.has_errors();
    validation.with_info(info, |validation| {
        for (index, info) in info.fields.iter().enumerate() {
            match (info.kind, target.field(index)) {
                (_, None) => {}
                (FieldKind::Key, Some(field)) => {
                    validation.child(info.key, |validation| field.validate(validation));
                }
                (FieldKind::Squash | FieldKind::Rest, Some(field)) => field.validate(validation),
            }
        }
        if decoded {
            target.check(validation);
        }
    });
}
