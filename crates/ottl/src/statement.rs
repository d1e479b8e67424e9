//! Statements, compiled: what to do, and when. So far those that routing knows; an editor more is
//! a variant more of [`Editor`] and an arm more in the compiler.

use headwater_core::config::nearest;
use headwater_regexp::Regex;

use crate::ast::{ArgumentValue, Call, ValueKind};
use crate::compile::Compiler;
use crate::condition::Condition;
use crate::context::ContextKind;
use crate::error::OttlError;
use crate::field::Field;
use crate::parse::parse_statement;

/// An editor with its condition.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What to do.
    pub editor: Editor,
    /// When.
    pub condition: Condition,
}

/// What a statement does.
#[derive(Debug, Clone)]
pub enum Editor {
    /// Nothing: only the condition matters.
    Route,
    /// Removes an attribute.
    DeleteKey(Target, Box<[u8]>),
    /// Removes the attributes whose names match.
    DeleteMatchingKeys(Target, Regex),
}

/// Whose attributes an editor changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Those of the resource.
    Resource,
    /// Those of the record.
    Record,
}

/// Every editor upstream has, for suggestions.
const EDITORS: [&str; 18] = [
    "route",
    "append",
    "delete_index",
    "delete_key",
    "delete_matching_keys",
    "flatten",
    "keep_keys",
    "keep_matching_keys",
    "limit",
    "merge_maps",
    "replace_all_matches",
    "replace_all_patterns",
    "replace_match",
    "replace_pattern",
    "set",
    "stringify_all",
    "truncate_all",
    "drop",
];

impl Statement {
    /// Parses and compiles a statement of the routing connector.
    ///
    /// # Errors
    /// The mistake in the grammar, or all mistakes in names and types.
    pub fn parse(text: &str, context: ContextKind) -> Result<Self, Vec<OttlError>> {
        let tree = parse_statement(text).map_err(|error| vec![error])?;
        let mut compiler = Compiler::new(context);
        let editor = editor(&mut compiler, &tree.editor);
        let mut errors = compiler.errors;
        let condition = match &tree.condition {
            None => Some(Condition::always()),
            Some(condition) => match Condition::compile(condition, context) {
                Ok(condition) => Some(condition),
                Err(more) => {
                    errors.extend(more);
                    None
                }
            },
        };
        match (editor, condition) {
            (Some(editor), Some(condition)) if errors.is_empty() => Ok(Self { editor, condition }),
            _ => Err(errors),
        }
    }
}

fn editor(compiler: &mut Compiler, call: &Call) -> Option<Editor> {
    let place = || call.place.clone();
    let mut fail = |error: OttlError| {
        compiler.errors.push(error);
        None
    };
    let wanted = match call.name.as_str() {
        "route" => 0,
        "delete_key" | "delete_matching_keys" => 2,
        name if EDITORS.contains(&name) => {
            let message = format!("the editor {name} does not exist here");
            return fail(
                OttlError::new(call.name_place.clone(), message)
                    .help("there are route(), delete_key(…) and delete_matching_keys(…)"),
            );
        }
        name => {
            let message = format!("undefined function \"{name}\"");
            let error = OttlError::new(call.name_place.clone(), message);
            return fail(error.suggest(nearest(name, EDITORS)));
        }
    };
    if call.arguments.len() != wanted {
        let message = format!(
            "incorrect number of arguments. Expected: {wanted} Received: {}",
            call.arguments.len()
        );
        return fail(OttlError::new(place(), message));
    }
    let [target, key] = &*call.arguments else {
        return Some(Editor::Route);
    };
    let target_place = target.value.place().clone();
    let target = match &target.value {
        ArgumentValue::Value(value) => match &value.kind {
            ValueKind::Path(path) => compiler.path(path)?,
            _ => {
                let message = "the attributes to change are named by a path";
                compiler.errors.push(OttlError::new(target_place, message));
                return None;
            }
        },
        ArgumentValue::Function(..) => {
            let message = "the attributes to change are named by a path";
            compiler.errors.push(OttlError::new(target_place, message));
            return None;
        }
    };
    let target = match target.field {
        Field::ResourceAttributes if target.keys.is_empty() => Target::Resource,
        Field::Attributes if target.keys.is_empty() => Target::Record,
        _ => {
            let message = "only `attributes` and `resource.attributes` can be changed here";
            compiler.errors.push(OttlError::new(target_place, message));
            return None;
        }
    };
    let key_place = key.value.place().clone();
    let text = match &key.value {
        ArgumentValue::Value(value) => compiler.value(value)?.text().map(<[u8]>::to_vec),
        ArgumentValue::Function(..) => None,
    };
    let Some(text) = text else {
        let message = "the name of an attribute is a text in quotes here";
        compiler.errors.push(OttlError::new(key_place, message));
        return None;
    };
    if call.name == "delete_key" {
        return Some(Editor::DeleteKey(target, text.into()));
    }
    match headwater_regexp::compile(&String::from_utf8_lossy(&text)) {
        Ok(regex) => Some(Editor::DeleteMatchingKeys(target, regex)),
        Err(error) => {
            let message = format!("the pattern is not a regular expression: {error}");
            compiler.errors.push(OttlError::new(key_place, message));
            None
        }
    }
}
