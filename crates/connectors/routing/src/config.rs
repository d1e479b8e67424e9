//! What the user writes.

use headwater_core::PipelineId;
use headwater_core::config::{Config, Validation};
use headwater_ottl::{Condition, ContextKind, OttlError, Statement, report};

/// Configuration of the `routing` connector. Source: Go `routingconnector.Config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
#[config(removed(
    key = "match_once",
    help = "the first row that matches has been the only one since upstream's 0.120; `action: copy` \
            lets later rows match, too"
))]
pub struct RoutingConfig {
    /// The pipelines of what no row takes. Absent: it is left out, and counted as filtered.
    pub default_pipelines: Vec<PipelineId>,
    /// What to do when a condition cannot be evaluated: `propagate` (refuse the batch), `ignore`
    /// (no match, with a warning) or `silent` (no match).
    pub error_mode: ErrorMode,
    /// The rows, in the order in which they are tried. Required.
    pub table: Vec<Route>,
}

/// What to do when a condition cannot be evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum ErrorMode {
    /// The batch is refused with the error.
    #[default]
    #[config(alias = "")]
    Propagate,
    /// The row does not match; a log line says so.
    Ignore,
    /// The row does not match.
    Silent,
}

/// One row of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct Route {
    /// What the condition is about: `request`, `resource`, `span`, `metric`, `datapoint` or `log`.
    pub context: RouteContext,
    /// When the row matches, as a statement: `route() where …`, or `delete_key(…) where …` and
    /// `delete_matching_keys(…) where …`, which remove attributes of what matches. Not for
    /// `request`. One of `statement` and `condition` is required.
    pub statement: String,
    /// When the row matches: an OTTL condition, for example `attributes["tenant"] == "acme"`,
    /// `request["X-Tenant"] == "acme"`, `tenant == "acme"` or `true`.
    pub condition: String,
    /// `move` (later rows do not see what matches) or `copy` (they do).
    pub action: Action,
    /// The pipelines of what matches. Required.
    pub pipelines: Vec<PipelineId>,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Config)]
pub enum RouteContext {
    /// A resource.
    #[default]
    #[config(alias = "")]
    Resource,
    /// What the batch came with: headers, tenant.
    Request,
    /// A span.
    Span,
    /// A metric.
    Metric,
    /// A data point.
    #[config(rename = "datapoint")]
    DataPoint,
    /// A log record.
    Log,
}

/// Whether later rows see what matches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Action {
    /// They do not.
    #[default]
    #[config(alias = "")]
    Move,
    /// They do.
    Copy,
}

impl RouteContext {
    pub(crate) const fn kind(self) -> ContextKind {
        match self {
            Self::Resource => ContextKind::Resource,
            Self::Request => ContextKind::Request,
            Self::Span => ContextKind::Span,
            Self::Metric => ContextKind::Metric,
            Self::DataPoint => ContextKind::DataPoint,
            Self::Log => ContextKind::Log,
        }
    }
}

impl Route {
    /// The row as a statement.
    pub(crate) fn compile(&self) -> Result<Statement, Vec<OttlError>> {
        let context = self.context.kind();
        if self.condition.is_empty() {
            return Statement::parse(&self.statement, context);
        }
        Condition::parse(&self.condition, context).map(|condition| Statement {
            editor: headwater_ottl::Editor::Route,
            condition,
        })
    }

    fn check(&self, index: usize, validation: &mut Validation<'_>) {
        let at = |key: &str| format!("table::{index}::{key}");
        let (statement, condition) = (!self.statement.is_empty(), !self.condition.is_empty());
        if self.pipelines.is_empty() {
            validation
                .error(&at("pipelines"), "invalid route: no pipelines defined")
                .help("name at least one pipeline that has this connector as a receiver");
        }
        if self.context == RouteContext::Request && (statement || !condition) {
            let message = "\"request\" context requires a 'condition'";
            let key = if statement { "statement" } else { "condition" };
            validation
                .error(&at(key), message)
                .help("write condition: request[\"X-Tenant\"] == \"acme\"");
            return;
        }
        match (statement, condition) {
            (true, true) => {
                let message = "invalid route: both condition and statement provided";
                validation.error(&at("statement"), message);
            }
            (false, false) => {
                let message = "invalid route: no condition or statement provided";
                validation
                    .error(&format!("table::{index}"), message)
                    .help("`condition: \"true\"` matches everything");
            }
            _ => {
                if let Err(errors) = self.compile() {
                    let key = if statement { "statement" } else { "condition" };
                    report(validation, &at(key), key, &errors);
                }
            }
        }
    }

    /// Whether both rows have the same words for when they match.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.context == other.context
            && self.statement == other.statement
            && self.condition == other.condition
    }
}

impl RoutingConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.table.is_empty() {
            validation.error("table", "invalid routing table: the routing table is empty");
        }
        for (index, row) in self.table.iter().enumerate() {
            row.check(index, validation);
            let written = !(row.statement.is_empty() && row.condition.is_empty());
            if written && self.table[..index].iter().any(|before| before.same_as(row)) {
                let key = if row.condition.is_empty() {
                    "statement"
                } else {
                    "condition"
                };
                let message = "already in the routing table: this row has no effect";
                validation.warning(&format!("table::{index}::{key}"), message);
            }
        }
    }
}
