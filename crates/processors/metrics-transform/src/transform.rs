//! The transforms on the metrics of one scope.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::owned::{Metric, Text};
use headwater_core::pdata::view;
use headwater_core::pdata::wire::WireError;

use crate::combine::{combine, obstacle};
use crate::compile::Transform;
use crate::config::Action;
use crate::points::{count_points, retain_points};

/// A metric as it came, until something has to be decoded.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    Raw(Bytes),
    Decoded(Box<Metric>),
}

impl Slot {
    fn name(&self) -> &[u8] {
        match self {
            Self::Raw(bytes) => view::Metric::new(bytes).name().as_bytes(),
            Self::Decoded(metric) => metric.name.as_bytes(),
        }
    }

    fn decoded(&mut self) -> Result<&mut Metric, WireError> {
        if let Self::Raw(bytes) = self {
            *self = Self::Decoded(Box::new(Metric::decode(bytes)?));
        }
        match self {
            Self::Decoded(metric) => Ok(metric),
            Self::Raw(_) => Err(WireError::Truncated),
        }
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Raw(bytes) => out.extend_from_slice(bytes),
            Self::Decoded(metric) => metric.encode_to(out),
        }
    }
}

impl Transform {
    /// Executes the transform on the metrics of a scope. What is grouped goes to `grouped`, why
    /// metrics were not combined to `warn`.
    ///
    /// # Errors
    /// [`WireError`] if an included metric is none.
    pub(crate) fn execute(
        &self,
        metrics: &mut Vec<Slot>,
        grouped: &mut Vec<Slot>,
        warn: &dyn Fn(String),
    ) -> Result<(), WireError> {
        match self.action {
            Action::None => Ok(()),
            Action::Update => self.update(metrics),
            Action::Insert => self.insert(metrics),
            Action::Group => {
                grouped.extend(self.extract(metrics)?.into_iter().map(boxed));
                Ok(())
            }
            Action::Combine => self.combine(metrics, warn),
        }
    }

    fn update(&self, metrics: &mut Vec<Slot>) -> Result<(), WireError> {
        let mut kept = Vec::with_capacity(metrics.len());
        for mut slot in metrics.drain(..) {
            if self.filter.names(slot.name()) {
                let metric = slot.decoded()?;
                if self.filter.metric(metric) {
                    let whole = self.filter.all_points(metric);
                    if !self.change(metric, whole) {
                        continue;
                    }
                }
            }
            kept.push(slot);
        }
        *metrics = kept;
        Ok(())
    }

    fn insert(&self, metrics: &mut Vec<Slot>) -> Result<(), WireError> {
        let mut inserted = Vec::new();
        for slot in metrics.iter() {
            if !self.filter.names(slot.name()) {
                continue;
            }
            let mut copy = slot.clone();
            let metric = copy.decoded()?;
            if self.keep_included(metric) && self.change(metric, true) {
                inserted.push(copy);
            }
        }
        metrics.extend(inserted);
        Ok(())
    }

    /// Takes out the points that are not included; false if none is.
    fn keep_included(&self, metric: &mut Metric) -> bool {
        if !self.filter.has_labels() || count_points(metric) == 0 {
            return true;
        }
        retain_points(metric, |attributes| self.filter.point(attributes));
        count_points(metric) > 0
    }

    /// Takes the included metrics out. As upstream, points of them that are not included are lost.
    fn extract(&self, metrics: &mut Vec<Slot>) -> Result<Vec<Metric>, WireError> {
        let mut extracted = Vec::new();
        let mut kept = Vec::with_capacity(metrics.len());
        for mut slot in metrics.drain(..) {
            if self.filter.names(slot.name()) {
                let metric = slot.decoded()?;
                let mut included = metric.clone();
                if self.keep_included(&mut included) {
                    extracted.push(included);
                    continue;
                }
            }
            kept.push(slot);
        }
        *metrics = kept;
        Ok(extracted)
    }

    fn combine(&self, metrics: &mut Vec<Slot>, warn: &dyn Fn(String)) -> Result<(), WireError> {
        let mut matched = 0;
        for slot in metrics.iter_mut() {
            if self.filter.names(slot.name()) {
                matched += usize::from(self.filter.metric(slot.decoded()?));
            }
        }
        if matched == 0 {
            return Ok(());
        }
        let candidates: Vec<&Metric> = metrics
            .iter()
            .filter_map(|slot| match slot {
                Slot::Decoded(metric) if self.filter.metric(metric) => Some(&**metric),
                _ => None,
            })
            .collect();
        if let Some(obstacle) = obstacle(&candidates) {
            warn(obstacle);
            return Ok(());
        }
        let extracted = self.extract(metrics)?;
        let combined = combine(extracted, &self.filter, &self.new_name, self.by, self.case);
        if let Some(mut combined) = combined
            && self.change(&mut combined, true)
        {
            metrics.push(boxed(combined));
        }
        Ok(())
    }

    /// Renames and operates; false if no point is left that was there before.
    fn change(&self, metric: &mut Metric, whole: bool) -> bool {
        let empty = count_points(metric) == 0;
        if !self.new_name.is_empty() && whole {
            metric.name = self.name_of(metric.name.as_bytes());
        }
        for operation in &self.operations {
            operation.execute(metric, &self.filter, whole);
        }
        empty || count_points(metric) > 0
    }

    /// The new name, with the groups of the pattern filled in.
    fn name_of(&self, name: &[u8]) -> Text {
        if let Some(captures) = self.filter.captures(name) {
            let mut expanded = Vec::new();
            captures.expand(self.new_name.as_bytes(), &mut expanded);
            if !expanded.is_empty() {
                return Text::new(expanded.into());
            }
        }
        self.new_name.as_str().into()
    }
}

fn boxed(metric: Metric) -> Slot {
    Slot::Decoded(Box::new(metric))
}
