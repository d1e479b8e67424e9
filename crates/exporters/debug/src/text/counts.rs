//! What is in a batch, in numbers.

use std::fmt;

use headwater_core::{Batch, Signal};

use super::{resource_logs, resource_metrics, resource_spans};

/// The numbers of the line that there is for each batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    Traces {
        resources: usize,
        spans: usize,
    },
    Metrics {
        resources: usize,
        metrics: usize,
        points: usize,
    },
    Logs {
        resources: usize,
        records: usize,
    },
}

impl Counts {
    pub(crate) fn of(batch: &Batch) -> Self {
        let items = batch.items();
        match batch.signal() {
            Signal::Traces => Self::Traces {
                resources: resource_spans(batch).count(),
                spans: items,
            },
            Signal::Logs => Self::Logs {
                resources: resource_logs(batch).count(),
                records: items,
            },
            Signal::Metrics => {
                let scopes = resource_metrics(batch).flat_map(|resource| resource.scope_metrics());
                Self::Metrics {
                    resources: resource_metrics(batch).count(),
                    metrics: scopes.map(|scope| scope.metrics().count()).sum(),
                    points: items,
                }
            }
        }
    }

    /// The message of the line.
    pub(crate) const fn title(&self) -> &'static str {
        match self {
            Self::Traces { .. } => "Traces",
            Self::Metrics { .. } => "Metrics",
            Self::Logs { .. } => "Logs",
        }
    }
}

/// The fields of the line as JSON.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Traces { resources, spans } => {
                write!(f, "{{\"resource spans\": {resources}, \"spans\": {spans}}}")
            }
            Self::Metrics {
                resources,
                metrics,
                points,
            } => write!(
                f,
                "{{\"resource metrics\": {resources}, \"metrics\": {metrics}, \
                 \"data points\": {points}}}"
            ),
            Self::Logs { resources, records } => {
                write!(
                    f,
                    "{{\"resource logs\": {resources}, \"log records\": {records}}}"
                )
            }
        }
    }
}
