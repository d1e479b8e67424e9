//! From the configuration to the program.

mod kinds;
mod steps;

use std::collections::HashMap;

use headwater_core::config::{Code, DecodeContext, Node};

use crate::args::Args;
use crate::expr::{Expr, Template};
use crate::program::{Action, END, OnError, Program, Route, Step};

/// What building needs to know across operators.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    pub(crate) program: Program,
}

/// What one operator was built to, before its outputs are known by index.
pub(crate) struct Draft {
    id: String,
    condition: Option<Expr>,
    on_error: OnError,
    outputs: Option<Vec<String>>,
    action: Built,
}

/// A route whose outputs are still ids.
pub(crate) struct RouteDraft {
    expr: Expr,
    outputs: Vec<String>,
    attributes: Vec<(String, Template)>,
}

/// An action whose own outputs are still ids.
pub(crate) enum Built {
    Action(Action),
    Router {
        routes: Vec<RouteDraft>,
        default: Vec<String>,
    },
}

/// Compiles a list of operators; `None` after errors.
pub(crate) fn build(items: &[Node], cx: &mut DecodeContext<'_>) -> Option<Program> {
    let mut builder = Builder::default();
    let mut drafts = Vec::new();
    let mut sound = true;
    for (index, item) in items.iter().enumerate() {
        let draft = cx.child(&index.to_string(), &item.origin, item, |cx| {
            draft(item, &mut builder, cx)
        });
        sound &= draft.is_some();
        drafts.extend(draft.map(|draft| (item, draft)));
    }
    if !sound {
        return None;
    }
    let ids = number(&mut drafts, cx)?;
    let steps = resolve(drafts, &ids, cx)?;
    let looping = find_loop(&steps);
    if let Some(at) = looping {
        let message = format!("the outputs of operator `{}` lead back to it", steps[at].id);
        cx.error(Code::REFUSED_VALUE, &items[at].origin, message);
        return None;
    }
    builder.program.steps = steps;
    Some(builder.program)
}

fn draft(item: &Node, builder: &mut Builder, cx: &mut DecodeContext<'_>) -> Option<Draft> {
    let mut args = Args::new(item, cx)?;
    let kind: String = args.required("type")?;
    let id = args.or("id", String::new());
    let outputs = match args.node("output") {
        Some(node) if node.as_seq().is_some() => args.get::<Vec<String>>("output"),
        Some(_) => args.get::<String>("output").map(|id| vec![id]),
        None => None,
    };
    let condition = args.expr("if");
    let on_error = match args.get::<String>("on_error").as_deref() {
        None | Some("" | "send") => OnError::default(),
        Some("send_quiet") => OnError {
            drop: false,
            quiet: true,
        },
        Some("drop") => OnError {
            drop: true,
            quiet: false,
        },
        Some("drop_quiet") => OnError {
            drop: true,
            quiet: true,
        },
        Some(_) => {
            args.refuse(
                "on_error",
                "operator config has an invalid `on_error` field: write one of `send`, \
                 `send_quiet`, `drop`, `drop_quiet`",
            );
            OnError::default()
        }
    };
    let action = kinds::action(&kind, &mut args, builder);
    let sound = args.is_sound();
    if sound {
        args.report_unknown();
    }
    Some(Draft {
        id: if id.is_empty() { kind } else { id },
        condition,
        on_error,
        outputs,
        action: action?,
    })
    .filter(|_| sound)
}

/// Gives ids that come again a number, as upstream does, and finds those written twice.
fn number(
    drafts: &mut [(&Node, Draft)],
    cx: &mut DecodeContext<'_>,
) -> Option<HashMap<String, usize>> {
    let mut ids = HashMap::new();
    let mut sound = true;
    for (index, (item, draft)) in drafts.iter_mut().enumerate() {
        let written = item.lookup("id").is_some_and(|node| !node.is_null());
        if written && ids.contains_key(&draft.id) {
            let message = format!("two operators have the id `{}`", draft.id);
            cx.error(Code::DUPLICATE_ID, &item.origin, message);
            sound = false;
            continue;
        }
        let base = draft.id.clone();
        let mut next = 1;
        while ids.contains_key(&draft.id) {
            draft.id = format!("{base}{next}");
            next += 1;
        }
        ids.insert(draft.id.clone(), index);
    }
    sound.then_some(ids)
}

fn resolve(
    drafts: Vec<(&Node, Draft)>,
    ids: &HashMap<String, usize>,
    cx: &mut DecodeContext<'_>,
) -> Option<Vec<Step>> {
    let count = drafts.len();
    let mut sound = true;
    let mut steps = Vec::with_capacity(count);
    for (index, (item, draft)) in drafts.into_iter().enumerate() {
        let mut find = |names: &[String]| -> Vec<usize> {
            let found = names.iter().map(|name| match ids.get(name) {
                Some(at) => *at,
                None => {
                    let message = format!("there is no operator `{name}` to send to");
                    cx.error(Code::UNDEFINED_REFERENCE, &item.origin, message);
                    sound = false;
                    END
                }
            });
            found.collect()
        };
        let next = if index + 1 < count { index + 1 } else { END };
        let outputs = match &draft.outputs {
            Some(names) => find(names),
            None => vec![next],
        };
        let action = match draft.action {
            Built::Action(action) => action,
            Built::Router { routes, default } => Action::Router {
                routes: routes
                    .into_iter()
                    .map(|route| Route {
                        expr: route.expr,
                        outputs: find(&route.outputs),
                        attributes: route.attributes,
                    })
                    .collect(),
                default: find(&default),
            },
        };
        steps.push(Step {
            id: draft.id,
            condition: draft.condition,
            on_error: draft.on_error,
            outputs,
            action,
        });
    }
    sound.then_some(steps)
}

fn successors(step: &Step) -> Vec<usize> {
    match &step.action {
        Action::Router { routes, default } => {
            let routed = routes.iter().flat_map(|route| &route.outputs);
            routed.chain(default).copied().collect()
        }
        _ => step.outputs.clone(),
    }
}

/// An operator that its own outputs lead back to.
fn find_loop(steps: &[Step]) -> Option<usize> {
    // 0: not seen, 1: on the way, 2: done.
    let mut marks = vec![0_u8; steps.len()];
    for start in 0..steps.len() {
        if marks[start] != 0 {
            continue;
        }
        marks[start] = 1;
        let mut way = vec![(start, successors(&steps[start]))];
        while let Some((at, rest)) = way.last_mut() {
            let at = *at;
            match rest.pop() {
                None => {
                    marks[at] = 2;
                    way.pop();
                }
                Some(END) => {}
                Some(next) if marks[next] == 1 => return Some(next),
                Some(next) if marks[next] == 0 => {
                    marks[next] = 1;
                    way.push((next, successors(&steps[next])));
                }
                Some(_) => {}
            }
        }
    }
    None
}
