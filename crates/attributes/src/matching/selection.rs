//! `include` and `exclude` together, applied on the way through a batch.

use headwater_core::Signal;
use headwater_core::pdata::edit::{
    AttributeEditor, LogEditor, MetricEditor, ResourceEditor, ScopeEditor, SpanEditor,
};

use super::compile::MatchError;
use super::config::MatchConfig;
use super::matcher::Matcher;

/// Which records of one signal a processor acts on: those that `include` matches, or all without
/// it, except those that `exclude` matches.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    include: Option<Matcher>,
    exclude: Option<Matcher>,
}

impl Selection {
    /// Compiles the properties for `signal`.
    ///
    /// # Errors
    /// The first thing that is wrong; the path begins with `include` or `exclude`.
    pub fn compile(signal: Signal, config: &MatchConfig) -> Result<Self, MatchError> {
        let compile = |key: &str, properties: Option<&_>| {
            properties.map_or(Ok(None), |properties| {
                Matcher::compile(signal, properties).map_err(|mut error| {
                    let colons = if error.path.is_empty() { "" } else { "::" };
                    error.path = format!("{key}{colons}{}", error.path);
                    error
                })
            })
        };
        Ok(Self {
            include: compile("include", config.include.as_ref())?,
            exclude: compile("exclude", config.exclude.as_ref())?,
        })
    }

    /// Begins the way through a batch.
    #[must_use]
    pub const fn start(&self) -> Selected<'_> {
        Selected {
            include: Half::new(self.include.as_ref()),
            exclude: Half::new(self.exclude.as_ref()),
        }
    }
}

/// A [`Selection`] on its way through a batch: what the resource and the scope have decided is
/// not asked again for each record.
#[derive(Debug, Clone)]
pub struct Selected<'a> {
    include: Half<'a>,
    exclude: Half<'a>,
}

/// One of the two, with what is known of the resource and the scope in hand.
#[derive(Debug, Clone)]
struct Half<'a> {
    matcher: Option<&'a Matcher>,
    resource: bool,
    scope: bool,
}

impl<'a> Half<'a> {
    const fn new(matcher: Option<&'a Matcher>) -> Self {
        Self {
            matcher,
            resource: true,
            scope: true,
        }
    }

    fn resource(&mut self, attributes: &AttributeEditor<'_>) {
        if let Some(matcher) = self.matcher {
            self.resource = matcher.resource(attributes);
        }
    }

    fn scope(&mut self, scope: &ScopeEditor<'_>) {
        if let Some(matcher) = self.matcher {
            self.scope = matcher.scope(scope.name(), scope.version());
        }
    }

    fn matches(&self, record: impl FnOnce(&Matcher) -> bool) -> bool {
        self.resource && self.scope && self.matcher.is_some_and(record)
    }
}

impl Selected<'_> {
    /// Takes notice of the resource; false if none of its records is selected.
    pub fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> bool {
        if self.include.matcher.is_none() && self.exclude.matcher.is_none() {
            return true;
        }
        let attributes = resource.attributes();
        self.include.resource(&attributes);
        self.exclude.resource(&attributes);
        // What is known of a scope is that of one of the resource before.
        (self.include.scope, self.exclude.scope) = (true, true);
        let whole = |matcher: &Matcher| !matcher.reads_records() && matcher.libraries.is_empty();
        self.may_select(whole)
    }

    /// Whether [`Selected::scope`] has to be called.
    #[must_use]
    pub fn wants_scopes(&self) -> bool {
        [&self.include, &self.exclude].into_iter().any(|half| {
            half.matcher
                .is_some_and(|matcher| !matcher.libraries.is_empty())
        })
    }

    /// Takes notice of the scope; false if none of its records is selected.
    pub fn scope(&mut self, scope: &ScopeEditor<'_>) -> bool {
        self.include.scope(scope);
        self.exclude.scope(scope);
        self.may_select(|matcher| !matcher.reads_records())
    }

    /// Whether a record may still be selected. `decided` says whether all that a matcher looks
    /// at has been seen.
    fn may_select(&self, decided: impl Fn(&Matcher) -> bool) -> bool {
        let include = &self.include;
        (include.matcher.is_none() || include.matches(|_| true)) && !self.exclude.matches(decided)
    }

    fn selects(&self, mut record: impl FnMut(&Matcher) -> bool) -> bool {
        (self.include.matcher.is_none() || self.include.matches(&mut record))
            && !self.exclude.matches(record)
    }

    /// Whether a span is selected.
    pub fn span(&self, span: &mut SpanEditor<'_>) -> bool {
        self.selects(|matcher| matcher.span(span))
    }

    /// Whether a log record is selected.
    pub fn log(&self, log: &mut LogEditor<'_>) -> bool {
        self.selects(|matcher| matcher.log(log))
    }

    /// Whether the points of a metric are selected.
    #[must_use]
    pub fn metric(&self, metric: &MetricEditor<'_>) -> bool {
        self.selects(|matcher| matcher.metric(metric))
    }
}
