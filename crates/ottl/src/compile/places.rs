//! Paths to fields.

use headwater_core::config::nearest;

use super::Compiler;
use crate::ast;
use crate::context::ContextKind;
use crate::error::OttlError;
use crate::expr::{Key, Path};
use crate::field::Field;
use crate::paths::{Keys, Known, OTELCOL, paths};

impl Compiler {
    pub(crate) fn path(&mut self, path: &ast::Path) -> Option<Path> {
        let (owner, known, fields) = self.owner(path)?;
        let name = fields
            .iter()
            .map(|field| field.name.as_str())
            .collect::<Vec<_>>()
            .join(".");
        let Some((_, field, keys)) = known.iter().find(|(known, ..)| *known == name) else {
            let error = self.unknown(path, owner, known, fields, &name);
            return self.error(error);
        };
        let (last, before) = fields.split_last()?;
        // `body["a"].string` and the like.
        let misplaced = before.iter().find_map(|field| field.keys.first());
        if let Some(key) = misplaced {
            let message = "only the end of a path can be indexed";
            return self.error(OttlError::new(key.0.place.clone(), message));
        }
        let mut field = *field;
        if field == Field::Attributes
            && owner == Some(ContextKind::Span)
            && self.context == ContextKind::SpanEvent
        {
            field = Field::SpanAttributes;
        }
        let compiled = self.keys(&last.keys)?;
        self.check_keys(&name, *keys, last, &compiled)?;
        self.level = self.level.max(field.level());
        Some(Path {
            field,
            keys: compiled,
        })
    }

    /// The context that the path begins in, its paths, and what is left to look up there.
    fn owner<'p>(
        &mut self,
        path: &'p ast::Path,
    ) -> Option<(Option<ContextKind>, &'static [Known], &'p [ast::Field])> {
        let (first, rest) = path.fields.split_first()?;
        if rest.is_empty() || !first.keys.is_empty() {
            return Some((Some(self.context), paths(self.context), &path.fields));
        }
        if first.name == "otelcol" {
            return Some((None, OTELCOL, rest));
        }
        match ContextKind::by_name(&first.name) {
            Some(context) if self.context.reachable().contains(&context) => {
                Some((Some(context), paths(context), rest))
            }
            Some(context) => {
                let message = format!(
                    "the {} cannot be reached from a {}",
                    context.name(),
                    self.context.name()
                );
                let reachable = self.context.reachable();
                let names: Vec<_> = reachable.iter().map(|context| context.name()).collect();
                let help = format!("from here: {}, otelcol", names.join(", "));
                self.error(OttlError::new(first.place.clone(), message).help(help))
            }
            None if matches!(first.name.as_str(), "profile" | "profilesample") => {
                let message = "profiles are not supported";
                self.error(OttlError::new(first.place.clone(), message))
            }
            None => Some((Some(self.context), paths(self.context), &path.fields)),
        }
    }

    fn unknown(
        &self,
        path: &ast::Path,
        owner: Option<ContextKind>,
        known: &'static [Known],
        fields: &[ast::Field],
        name: &str,
    ) -> OttlError {
        let begin = fields
            .first()
            .map_or(path.place.start, |field| field.place.start);
        let end = fields
            .last()
            .map_or(path.place.end, |field| field.place.end);
        if name == "cache" {
            return OttlError::new(begin..end, "a condition has no cache")
                .help("`cache` exists between the statements of the transform processor");
        }
        let of = owner.map_or("otelcol", ContextKind::name);
        let message = format!("`{name}` is not a path of the {of} context");
        let error = OttlError::new(begin..end, message);
        // With a dot it is hardly a slip of a name without one.
        let dotted = |name: &str| name.contains('.');
        let alike = known.iter().map(|(known, ..)| *known);
        let alike = alike.filter(|known| dotted(known) == dotted(name));
        if let Some(near) = nearest(name, alike) {
            return error.suggest(Some(near));
        }
        // `service.name`: an attribute, most likely.
        let elsewhere = self
            .context
            .reachable()
            .iter()
            .find(|context| paths(**context).iter().any(|(known, ..)| *known == name));
        match elsewhere {
            Some(context) if Some(*context) != owner => {
                error.label(format!("did you mean `{}.{name}`?", context.name()))
            }
            _ if fields.len() > 1 => error.help(format!(
                "an attribute is written attributes[\"{name}\"], that of the resource \
                 resource.attributes[\"{name}\"]"
            )),
            _ => {
                let names: Vec<_> = known.iter().map(|(known, ..)| *known).collect();
                error.help(format!("there are: {}", names.join(", ")))
            }
        }
    }

    fn check_keys(
        &mut self,
        name: &str,
        keys: Keys,
        field: &ast::Field,
        compiled: &[Key],
    ) -> Option<()> {
        let place = || match (field.keys.first(), field.keys.last()) {
            (Some(first), Some(last)) => first.0.place.start..last.0.place.end,
            _ => field.place.clone(),
        };
        let error = match (keys, compiled) {
            (Keys::None, [_, ..]) => OttlError::new(place(), format!("`{name}` cannot be indexed")),
            (Keys::Map, [Key::Index(_), ..]) => OttlError::new(
                place(),
                format!("`{name}` is indexed with a text, not with a number"),
            ),
            (Keys::Name, [Key::Index(_), ..] | [_, _, ..]) => {
                OttlError::new(place(), format!("`{name}` is indexed with one text"))
            }
            (Keys::Name, []) if name == "request" => {
                OttlError::new(place(), "the name of a header is missing")
                    .help("write request[\"X-Scope-OrgID\"]")
            }
            _ => return Some(()),
        };
        self.error(error)
    }
}
