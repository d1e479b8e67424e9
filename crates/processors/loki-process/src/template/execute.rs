//! Executing a tree.

use super::functions::{self, Call};
use super::parse::{Node, Operand, Pipe};
use super::value::Val;
use super::{Data, ExecuteError, MAX_OUTPUT, Template};

/// How many nodes one execution may visit: `range` over what a function made ends somewhere.
const MAX_STEPS: usize = 100_000;

/// How deep templates may call each other.
const MAX_CALLS: usize = 100;

/// What `.` or a variable is.
#[derive(Clone)]
enum Place {
    /// The data.
    Root,
    Value(Val),
}

/// How a list of nodes ended.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Execution<'t> {
    template: &'t Template,
    data: &'t dyn Data,
    out: String,
    variables: Vec<(&'t str, Place)>,
    steps: usize,
    calls: usize,
}

pub(super) fn execute(template: &Template, data: &dyn Data) -> Result<String, ExecuteError> {
    let mut execution = Execution {
        template,
        data,
        out: String::new(),
        variables: vec![("$", Place::Root)],
        steps: 0,
        calls: 0,
    };
    execution.nodes(&template.body, &Place::Root)?;
    Ok(execution.out)
}

impl<'t> Execution<'t> {
    fn nodes(&mut self, nodes: &'t [Node], dot: &Place) -> Result<Flow, ExecuteError> {
        for node in nodes {
            self.steps += 1;
            if self.steps > MAX_STEPS || self.out.len() > MAX_OUTPUT {
                return Err(ExecuteError::new("the template makes too much"));
            }
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Action(pipe) => self.action(pipe, dot)?,
                Node::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    let known = self.variables.len();
                    let value = self.pipe(condition, dot)?;
                    let chosen = if self.truth(&value) { then } else { otherwise };
                    let flow = self.nodes(chosen, dot)?;
                    self.variables.truncate(known);
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::With {
                    value,
                    then,
                    otherwise,
                } => {
                    let known = self.variables.len();
                    let value = self.pipe(value, dot)?;
                    let flow = if self.truth(&value) {
                        self.nodes(then, &value)?
                    } else {
                        self.nodes(otherwise, dot)?
                    };
                    self.variables.truncate(known);
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Range {
                    list,
                    each,
                    otherwise,
                } => self.range(list, each, otherwise, dot)?,
                Node::Call { name, with } => self.call_template(name, with.as_ref(), dot)?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, pipe: &'t Pipe, dot: &Place) -> Result<(), ExecuteError> {
        // A field alone is most of what there is: its text needs no copy in between.
        if let ([command], []) = (&pipe.commands[..], &pipe.variables[..])
            && let [Operand::Fields(of, names)] = &command[..]
            && let (Operand::Dot, [name], Place::Root) = (&**of, &names[..], dot)
            && let Some(text) = self.data.get(name)
        {
            self.out.push_str(&text);
            return Ok(());
        }
        let value = self.pipe(pipe, dot)?;
        if pipe.variables.is_empty() {
            let shown = self.value(value).show();
            self.out.push_str(&shown);
        }
        Ok(())
    }

    fn call_template(
        &mut self,
        name: &str,
        with: Option<&'t Pipe>,
        dot: &Place,
    ) -> Result<(), ExecuteError> {
        let with = match with {
            Some(pipe) => self.pipe(pipe, dot)?,
            None => Place::Value(Val::Nil),
        };
        let found = self.template.named.iter().find(|(known, _)| known == name);
        let Some((_, body)) = found else {
            return Err(ExecuteError::new(format!("template {name:?} not defined")));
        };
        self.calls += 1;
        if self.calls > MAX_CALLS {
            return Err(ExecuteError::new("templates call each other too deep"));
        }
        let outer = std::mem::replace(&mut self.variables, vec![("$", with.clone())]);
        self.nodes(body, &with)?;
        self.variables = outer;
        self.calls -= 1;
        Ok(())
    }

    fn range(
        &mut self,
        list: &'t Pipe,
        each: &'t [Node],
        otherwise: &'t [Node],
        dot: &Place,
    ) -> Result<(), ExecuteError> {
        let known = self.variables.len();
        // The variables of a range are set in each turn, not by the pipe.
        let over = self.commands(list, dot)?;
        let items: Vec<(Val, Val)> = match self.value(over) {
            Val::Missing | Val::Nil => Vec::new(),
            Val::List(items) => (0..).map(Val::Int).zip(items).collect(),
            Val::Map(entries) => entries
                .into_iter()
                .map(|(key, value)| (Val::Str(key), value))
                .collect(),
            Val::Int(count) if count <= MAX_STEPS as i64 => {
                (0..count).map(|n| (Val::Int(n), Val::Int(n))).collect()
            }
            other => {
                let message = format!("range can't iterate over {}", other.show());
                return Err(ExecuteError::new(message));
            }
        };
        if items.is_empty() {
            self.nodes(otherwise, dot)?;
            return Ok(());
        }
        for (key, value) in items {
            match &list.variables[..] {
                [] => {}
                [one] => self.set(list.declares, one, Place::Value(value.clone())),
                [index, item, ..] => {
                    self.set(list.declares, index, Place::Value(key));
                    self.set(list.declares, item, Place::Value(value.clone()));
                }
            }
            let flow = self.nodes(each, &Place::Value(value))?;
            self.variables.truncate(known);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    fn set(&mut self, declares: bool, name: &'t str, value: Place) {
        if !declares
            && let Some((_, old)) = self
                .variables
                .iter_mut()
                .rev()
                .find(|(known, _)| *known == name)
        {
            *old = value;
            return;
        }
        self.variables.push((name, value));
    }

    fn pipe(&mut self, pipe: &'t Pipe, dot: &Place) -> Result<Place, ExecuteError> {
        let value = self.commands(pipe, dot)?;
        for name in &pipe.variables {
            self.set(pipe.declares, name, value.clone());
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &'t Pipe, dot: &Place) -> Result<Place, ExecuteError> {
        let mut last: Option<Place> = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        Ok(last.unwrap_or(Place::Value(Val::Nil)))
    }

    fn command(
        &mut self,
        command: &'t [Operand],
        dot: &Place,
        last: Option<Place>,
    ) -> Result<Place, ExecuteError> {
        let Some(Operand::Function(function)) = command.first() else {
            return match command.first() {
                Some(operand) => self.operand(operand, dot),
                None => Ok(Place::Value(Val::Nil)),
            };
        };
        // `and` and `or` look at no more than they need.
        if let Some(stop_at) = functions::stops_at(function) {
            let mut value = Place::Value(Val::Nil);
            for operand in &command[1..] {
                value = self.operand(operand, dot)?;
                if self.truth(&value) == stop_at {
                    return Ok(value);
                }
            }
            return Ok(last.unwrap_or(value));
        }
        let mut arguments = Vec::with_capacity(command.len());
        for operand in &command[1..] {
            let place = self.operand(operand, dot)?;
            arguments.push(self.value(place));
        }
        if let Some(last) = last {
            arguments.push(self.value(last));
        }
        let call = Call {
            function,
            arguments,
            patterns: &self.template.patterns,
        };
        call.run().map(Place::Value).map_err(|message| {
            ExecuteError::new(format!("error calling {}: {message}", function.name))
        })
    }

    fn operand(&mut self, operand: &'t Operand, dot: &Place) -> Result<Place, ExecuteError> {
        Ok(Place::Value(match operand {
            Operand::Dot => return Ok(dot.clone()),
            Operand::Nil => Val::Nil,
            Operand::Bool(value) => Val::Bool(*value),
            Operand::Int(value) => Val::Int(*value),
            Operand::Float(value) => Val::Float(*value),
            Operand::Str(text) => Val::Str(text.clone()),
            Operand::Function(_) => return self.command(std::slice::from_ref(operand), dot, None),
            Operand::Variable(name) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                return found
                    .map(|(_, place)| place.clone())
                    .ok_or_else(|| ExecuteError::new(format!("undefined variable: {name}")));
            }
            Operand::Pipe(pipe) => return self.pipe(pipe, dot),
            Operand::Fields(of, names) => {
                let mut place = self.operand(of, dot)?;
                for name in names {
                    place = Place::Value(self.field(&place, name)?);
                }
                return Ok(place);
            }
        }))
    }

    fn field(&self, of: &Place, name: &str) -> Result<Val, ExecuteError> {
        match of {
            Place::Root => Ok(self
                .data
                .get(name)
                .map_or(Val::Missing, |text| Val::Str(text.into_owned()))),
            Place::Value(map @ Val::Map(_)) => Ok(map.key(name).cloned().unwrap_or(Val::Missing)),
            Place::Value(Val::Missing | Val::Nil) => Err(ExecuteError::new(format!(
                "nil data; no entry for key {name:?}"
            ))),
            Place::Value(other) => Err(ExecuteError::new(format!(
                "can't evaluate field {name} in type {}",
                other.type_name()
            ))),
        }
    }

    fn truth(&self, place: &Place) -> bool {
        match place {
            Place::Root => !self.data.all().is_empty(),
            Place::Value(value) => value.truth(),
        }
    }

    /// The value of a place; the data as a map.
    fn value(&self, place: Place) -> Val {
        match place {
            Place::Value(value) => value,
            Place::Root => {
                let mut all = self.data.all();
                all.sort();
                Val::Map(all.into_iter().map(|(k, v)| (k, Val::Str(v))).collect())
            }
        }
    }
}
