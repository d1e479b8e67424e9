//! Writing a time by a layout, with Go's rules.

use std::fmt::Write as _;

use headwater_core::calendar::{civil_from_days, days_from_civil};

use super::SECOND;
use super::layout::{FractionForm, Item, Layout};
use super::parse::{DAYS, MONTHS};

/// A time as a clock in UTC shows it.
struct Clock {
    year: i64,
    month: u32,
    day: u32,
    /// Days since 1970.
    days: i64,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
}

impl Clock {
    const fn of(time: i64) -> Self {
        let seconds = time.div_euclid(SECOND);
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        Self {
            year,
            month,
            day,
            days,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanos: time.rem_euclid(SECOND),
        }
    }

    fn weekday(&self) -> &'static str {
        // The first of January 1970 was a Thursday.
        DAYS[(self.days + 4).rem_euclid(7) as usize]
    }

    fn month_name(&self) -> &'static str {
        MONTHS[self.month as usize - 1]
    }
}

pub(super) fn format(layout: &Layout, time: i64) -> String {
    let clock = Clock::of(time);
    let mut out = String::new();
    for item in layout.items() {
        put(&mut out, item, &clock);
    }
    out
}

fn put(out: &mut String, item: &Item, clock: &Clock) {
    let two = |out: &mut String, number: i64, two: bool| {
        let width = if two { 2 } else { 1 };
        write!(out, "{number:0width$}").ok();
    };
    match item {
        Item::Literal(text) => out.push_str(text),
        Item::LongYear => {
            write!(out, "{:04}", clock.year).ok();
        }
        Item::Year => two(out, clock.year.rem_euclid(100), true),
        Item::LongMonth => out.push_str(clock.month_name()),
        Item::Month => out.push_str(&clock.month_name()[..3]),
        Item::NumMonth { two: wide } => two(out, clock.month.into(), *wide),
        Item::LongWeekDay => out.push_str(clock.weekday()),
        Item::WeekDay => out.push_str(&clock.weekday()[..3]),
        Item::Day { padded: true, .. } => {
            write!(out, "{:2}", clock.day).ok();
        }
        Item::Day { two: wide, .. } => two(out, clock.day.into(), *wide),
        Item::YearDay => {
            let day = clock.days - days_from_civil(clock.year, 1, 1) + 1;
            write!(out, "{day:03}").ok();
        }
        Item::Hour => two(out, clock.hour, true),
        Item::Hour12 { two: wide } => two(out, (clock.hour + 11) % 12 + 1, *wide),
        Item::Minute { two: wide } => two(out, clock.minute, *wide),
        Item::Second { two: wide } => two(out, clock.second, *wide),
        Item::Noon { upper } => out.push_str(match (clock.hour >= 12, upper) {
            (false, true) => "AM",
            (true, true) => "PM",
            (false, false) => "am",
            (true, false) => "pm",
        }),
        Item::ZoneName => out.push_str("UTC"),
        Item::Offset { zulu: true, .. } => out.push('Z'),
        Item::Offset { colon, parts, .. } => {
            out.push_str("+00");
            for _ in 1..*parts {
                out.push_str(if *colon { ":00" } else { "00" });
            }
        }
        Item::Fraction(form) => fraction(out, *form, clock.nanos, true),
        Item::FixedFraction(form) => fraction(out, *form, clock.nanos, false),
    }
}

/// A fraction of a second; `trim` leaves zeros at its end out, and a fraction of nothing else.
fn fraction(out: &mut String, form: FractionForm, nanos: i64, trim: bool) {
    let digits = std::format!("{nanos:09}");
    let digits = &digits[..form.digits.min(9)];
    let digits = if trim {
        digits.trim_end_matches('0')
    } else {
        digits
    };
    if !digits.is_empty() {
        out.push(if form.comma { ',' } else { '.' });
        out.push_str(digits);
    }
    if !trim {
        out.extend(std::iter::repeat_n('0', form.digits.saturating_sub(9)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-04-02 15:04:05.0123 UTC, a Sunday.
    const TIME: i64 = 1_680_447_845_012_300_000;

    #[test]
    fn times_are_written_as_go_writes_them() {
        for (layout, expected) in [
            ("%Y-%m-%dT%H:%M:%S", "2023-04-02T15:04:05"),
            ("%A %h %e %Y", "Sunday Apr  2 2023"),
            ("%a %B %g %y, %q", "Sun April 2 23, 4"),
            ("%I:%M %p|%l %P|%r", "03:04 PM|3 pm|03:04:05 pm"),
            ("%S.%L|%S.%f|%S,%s", "05.012|05.0123|05,0123"),
            ("%Z %z %i %j %k %w", "UTC Z +00 +00:00 +00:00:00 +000000"),
            ("%D %F %R%t%%", "04/02/2023 2023-04-02 15:04\t%"),
            ("%c", "Sun Apr 02 15:04:05 2023"),
        ] {
            let layout = Layout::strptime(layout).unwrap();
            assert_eq!(layout.format(TIME), expected);
        }
        let layout = Layout::gotime("002 15:04:05.000").unwrap();
        assert_eq!(layout.format(TIME), "092 15:04:05.012");
        assert_eq!(layout.format(-1), "365 23:59:59.999");
        let midnight = Layout::strptime("%I:%M:%S.%L %p").unwrap();
        assert_eq!(midnight.format(0), "12:00:00 AM");
    }

    #[test]
    fn what_was_written_can_be_read() {
        let layout = Layout::strptime("%Y-%m-%d %H:%M:%S.%s").unwrap();
        for time in [i64::MIN + SECOND, -1, 0, TIME, i64::MAX] {
            let text = layout.format(time);
            let read = layout.parse(&text, &super::super::Zone::utc(), 0);
            assert_eq!(read, Ok(time), "{text}");
        }
    }
}
