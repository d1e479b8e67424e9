//! Time zones by name, from the system's database.

use headwater_core::calendar::civil_from_days;
use jiff::civil;
use jiff::tz::TimeZone;
use thiserror::Error;

/// A time zone.
#[derive(Debug, Clone)]
pub struct Zone(Option<TimeZone>);

/// The system's database has no such zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no time zone `{0}` in this system's time zone database")]
pub struct ZoneError(String);

impl Zone {
    /// UTC.
    #[must_use]
    pub const fn utc() -> Self {
        Self(None)
    }

    /// The zone of the host.
    #[must_use]
    pub fn local() -> Self {
        Self::of(TimeZone::system())
    }

    /// The zone of that name, such as `Europe/Berlin`, `UTC` or `Local`.
    ///
    /// # Errors
    /// [`ZoneError`] if the system does not know it.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        match name {
            "" | "UTC" | "Etc/UTC" | "GMT" => Ok(Self::utc()),
            "Local" => Ok(Self::local()),
            _ => TimeZone::get(name)
                .map(Self::of)
                .map_err(|_| ZoneError(name.to_owned())),
        }
    }

    fn of(zone: TimeZone) -> Self {
        Self((zone != TimeZone::UTC).then_some(zone))
    }

    /// The zone that an abbreviation in a text means, where the database has one of that name,
    /// such as `EST` or `CET`; `None` leaves it to the configured zone.
    pub(super) fn abbreviation(name: &str) -> Option<Self> {
        Self::named(name).ok()
    }

    /// Seconds east of UTC when clocks there show `local` seconds since 1970-01-01 00:00. A time
    /// that is skipped counts with the offset before the change, one that comes twice with the
    /// offset after it, as in Go.
    pub(super) fn offset_at_local(&self, local: i64) -> i64 {
        let Some(zone) = &self.0 else {
            return 0;
        };
        let (year, month, day) = civil_from_days(local.div_euclid(86_400));
        let seconds = local.rem_euclid(86_400);
        let time = i16::try_from(year).ok().and_then(|year| {
            civil::DateTime::new(
                year,
                month as i8,
                day as i8,
                (seconds / 3600) as i8,
                (seconds / 60 % 60) as i8,
                (seconds % 60) as i8,
                0,
            )
            .ok()
        });
        let Some(time) = time else {
            return 0;
        };
        let zoned = zone.to_ambiguous_timestamp(time);
        let offset = match zoned.offset() {
            jiff::tz::AmbiguousOffset::Unambiguous { offset } => offset,
            jiff::tz::AmbiguousOffset::Gap { before, .. } => before,
            jiff::tz::AmbiguousOffset::Fold { after, .. } => after,
        };
        i64::from(offset.seconds())
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::calendar::days_from_civil;

    use super::*;

    #[test]
    fn a_named_zone_knows_its_summer_time() {
        let Ok(berlin) = Zone::named("Europe/Berlin") else {
            // A system without a time zone database.
            return;
        };
        let local = |days: i64| days * 86_400 + 43_200;
        assert_eq!(
            berlin.offset_at_local(local(days_from_civil(2026, 1, 1))),
            3600
        );
        assert_eq!(
            berlin.offset_at_local(local(days_from_civil(2026, 7, 1))),
            7200
        );
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert!(Zone::named("Middle/Earth").is_err());
        assert_eq!(Zone::utc().offset_at_local(0), 0);
    }
}
