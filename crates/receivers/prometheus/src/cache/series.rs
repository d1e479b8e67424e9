//! What is known of one series as the target writes it.

use headwater_prometheus::fingerprint::Fingerprint;

/// No series, group or stream.
pub(crate) const NONE: u32 = u32::MAX;

/// What a series is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Role {
    /// A free place.
    #[default]
    Vacant,
    /// Known, but what it means has to be found out again: its family has changed.
    Unresolved,
    /// Relabelling drops it.
    Dropped,
    /// It is counted but cannot be translated, for example a bucket without a bound.
    Useless,
    /// `target_info`: its labels are attributes of the resource.
    Info,
    /// A number data point of its own.
    Number,
    /// The start time of a number data point.
    NumberCreated,
    /// A bucket of a classic histogram or a quantile of a summary.
    Bound,
    /// The sum of a histogram or summary.
    Sum,
    /// The count of a histogram or summary.
    Count,
    /// The start time of a histogram or summary.
    GroupCreated,
    /// A native histogram.
    Native,
}

impl Role {
    /// Whether the series is part of a data point that several series make up.
    pub(crate) const fn is_grouped(self) -> bool {
        matches!(
            self,
            Self::Bound | Self::Sum | Self::Count | Self::GroupCreated
        )
    }
}

/// The text by which a target names a series. It is not kept: half of what a series costs would be it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) fingerprint: Fingerprint,
    /// In bytes; 0 for a series that no text finds.
    pub(crate) length: u32,
}

/// One series. It costs this struct, and an allocation for its attributes unless it is grouped.
#[derive(Debug, Default)]
pub(crate) struct Series {
    fingerprint: Fingerprint,
    /// The encoded attributes.
    attributes: Box<[u8]>,
    length: u32,
    pub(crate) role: Role,
    /// Whether its last sample was handed on and it is to be marked stale when it goes.
    pub(crate) live: bool,
    /// Whether its sample in this scrape asks for that.
    pub(crate) tracked: bool,
    /// The configuration under which it was translated.
    pub(crate) epoch: u8,
    /// The stream; for [`Role::Info`] the resource.
    pub(crate) stream: u32,
    /// The group, for grouped roles; for numbers that other texts name, too, what they share.
    pub(crate) group: u32,
    /// The series that came after this one the last time.
    pub(crate) next: u32,
    /// The scrape that it was last seen in.
    pub(crate) seen: u32,
    /// Numbers and native histograms: the start time in nanoseconds, 0 for none. Bounds: the bits of
    /// the bound. Start times of numbers: the hash of the attributes.
    pub(crate) aux: u64,
}

impl Series {
    pub(crate) fn new(text: Text, role: Role, attributes: &[u8]) -> Self {
        Self {
            fingerprint: text.fingerprint,
            attributes: attributes.into(),
            length: text.length,
            role,
            live: false,
            tracked: false,
            epoch: 0,
            stream: NONE,
            group: NONE,
            next: NONE,
            seen: 0,
            aux: 0,
        }
    }

    /// How the target writes the series.
    #[inline]
    pub(crate) const fn text(&self) -> Text {
        Text {
            fingerprint: self.fingerprint,
            length: self.length,
        }
    }

    /// The encoded attributes.
    #[inline]
    pub(crate) fn attributes(&self) -> &[u8] {
        &self.attributes
    }
}

#[cfg(test)]
mod tests {
    use super::Series;

    #[test]
    fn a_series_costs_a_cache_line() {
        assert_eq!(size_of::<Series>(), 64);
    }
}
