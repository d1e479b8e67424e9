//! What is known of one series as the target writes it.

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

/// One series. It costs this struct and one allocation.
#[derive(Debug, Default)]
pub(crate) struct Series {
    /// The text of the series, and behind it the encoded attributes.
    text: Box<[u8]>,
    raw: u32,
    pub(crate) role: Role,
    /// Whether its last sample was handed on and it is to be marked stale when it goes.
    pub(crate) live: bool,
    /// Whether its sample in this scrape asks for that.
    pub(crate) tracked: bool,
    /// The configuration under which it was translated.
    pub(crate) epoch: u16,
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
    pub(crate) fn new(raw: &[u8], role: Role, attributes: &[u8]) -> Self {
        let mut text = Vec::with_capacity(raw.len() + attributes.len());
        text.extend_from_slice(raw);
        text.extend_from_slice(attributes);
        Self {
            text: text.into_boxed_slice(),
            raw: raw.len() as u32,
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

    /// The series as the target writes it.
    #[inline]
    pub(crate) fn raw(&self) -> &[u8] {
        &self.text[..self.raw as usize]
    }

    /// The encoded attributes.
    #[inline]
    pub(crate) fn attributes(&self) -> &[u8] {
        &self.text[self.raw as usize..]
    }
}
