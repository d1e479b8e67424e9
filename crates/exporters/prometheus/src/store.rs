//! The last value of each series.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

use headwater_prometheus::exposition::MetricType;
use headwater_prometheus::remote_write::Histogram as Native;

/// An example of what was measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: f64,
    /// Unit: milliseconds since 1970; 0 if nobody knows.
    pub(crate) timestamp: i64,
}

/// What a series shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(f64, Option<Exemplar>),
    Histogram {
        count: u64,
        sum: f64,
        bounds: Vec<f64>,
        /// Of each bucket by itself.
        counts: Vec<u64>,
        exemplars: Vec<Exemplar>,
    },
    Native(Box<Native>, Vec<Exemplar>),
    Summary {
        count: u64,
        sum: f64,
        quantiles: Vec<(f64, f64)>,
    },
}

/// A value at a time. Unit of times: nanoseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) value: Value,
    pub(crate) start: u64,
    pub(crate) time: u64,
    /// Since `start`, which is the end of the point before.
    pub(crate) delta: bool,
}

/// Names and values, by name. A scope's label may be empty.
pub(crate) type SeriesKey = Vec<(String, String)>;

#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) point: Point,
    updated: Instant,
}

/// The series of one name.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) kind: MetricType,
    pub(crate) help: String,
    pub(crate) unit: String,
    pub(crate) series: BTreeMap<SeriesKey, Series>,
}

/// What a family is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: MetricType,
    pub(crate) help: &'a str,
    pub(crate) unit: &'a str,
}

/// Why a point was not kept: a constant for the ledger.
pub(crate) type Refusal = &'static str;

/// How long name and labels of a series may be together, and a metric's description: nobody can fill
/// the memory, or the page, with a few of them. Unit: bytes.
const LONGEST: usize = 16 << 10;

/// See the module.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) families: BTreeMap<String, Family>,
    count: usize,
    limit: usize,
    expiration: Duration,
    swept: Instant,
}

impl Store {
    pub(crate) fn new(limit: usize, expiration: Duration, now: Instant) -> Self {
        Self {
            families: BTreeMap::new(),
            count: 0,
            limit,
            expiration,
            swept: now,
        }
    }

    /// Keeps a point as the last of its series.
    pub(crate) fn put(
        &mut self,
        head: Head<'_>,
        key: SeriesKey,
        point: Point,
        now: Instant,
    ) -> Result<(), Refusal> {
        let labels = key.iter().map(|(name, value)| name.len() + value.len());
        if head.name.len() + labels.sum::<usize>() > LONGEST {
            return Err("labels_too_long");
        }
        if !self.families.contains_key(head.name) {
            if self.count >= self.limit {
                return Err("too_many_series");
            }
            let family = Family {
                kind: head.kind,
                help: if head.help.len() > LONGEST {
                    String::new()
                } else {
                    head.help.to_owned()
                },
                unit: head.unit.to_owned(),
                series: BTreeMap::new(),
            };
            self.families.insert(head.name.to_owned(), family);
        }
        let Some(family) = self.families.get_mut(head.name) else {
            return Ok(());
        };
        if family.kind != head.kind {
            return Err("type_conflict");
        }
        match family.series.entry(key) {
            Entry::Occupied(mut known) => {
                let point = follow(&known.get().point, point)?;
                *known.get_mut() = Series {
                    point,
                    updated: now,
                };
            }
            Entry::Vacant(_) if self.count >= self.limit => return Err("too_many_series"),
            Entry::Vacant(new) => {
                new.insert(Series {
                    point,
                    updated: now,
                });
                self.count += 1;
            }
        }
        Ok(())
    }

    /// Forgets a series that has ended.
    pub(crate) fn remove(&mut self, name: &str, key: &SeriesKey) {
        if let Some(family) = self.families.get_mut(name)
            && family.series.remove(key).is_some()
        {
            self.count -= 1;
            if family.series.is_empty() {
                self.families.remove(name);
            }
        }
    }

    /// Forgets what has had no point for too long.
    pub(crate) fn expire(&mut self, now: Instant) {
        let expiration = self.expiration;
        let fresh = |series: &Series| now.saturating_duration_since(series.updated) < expiration;
        self.families.retain(|_, family| {
            family.series.retain(|_, series| fresh(series));
            !family.series.is_empty()
        });
        self.count = self.families.values().map(|f| f.series.len()).sum();
        self.swept = now;
    }

    /// [`Store::expire`] now and then, for when nobody asks for the page.
    pub(crate) fn expire_sometimes(&mut self, now: Instant) {
        if now.saturating_duration_since(self.swept) >= self.expiration {
            self.expire(now);
        }
    }
}

/// What a series shows after `point`, which came after `last`.
fn follow(last: &Point, mut point: Point) -> Result<Point, Refusal> {
    if point.time < last.time {
        return Err("older_timestamp");
    }
    if !point.delta {
        return Ok(point);
    }
    if point.start != last.time {
        // A gap: the source has begun anew. What overlaps cannot be added.
        let overlaps = point.start < last.time;
        return match point.value {
            Value::Histogram { .. } if overlaps => Err("misaligned_delta"),
            _ => Ok(point),
        };
    }
    let added = match (&last.value, &mut point.value) {
        (Value::Number(before, _), Value::Number(value, _)) => {
            *value += before;
            true
        }
        (
            Value::Histogram {
                count: count_before,
                sum: sum_before,
                bounds: bounds_before,
                counts: counts_before,
                ..
            },
            Value::Histogram {
                count,
                sum,
                bounds,
                counts,
                ..
            },
        ) if bounds_before == bounds => {
            *count = count.saturating_add(*count_before);
            *sum += sum_before;
            for (count, before) in counts.iter_mut().zip(counts_before) {
                *count = count.saturating_add(*before);
            }
            true
        }
        // Other bounds: nothing to add to.
        _ => false,
    };
    if added {
        point.start = last.start;
    }
    Ok(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head<'static> = Head {
        name: "m",
        kind: MetricType::Counter,
        help: "",
        unit: "",
    };

    fn point(value: f64, start: u64, time: u64, delta: bool) -> Point {
        Point {
            value: Value::Number(value, None),
            start,
            time,
            delta,
        }
    }

    fn value(store: &Store) -> Option<f64> {
        let series = store.families.get("m")?.series.values().next()?;
        match series.point.value {
            Value::Number(value, _) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn delta_values_are_added_up_as_long_as_they_follow() {
        let now = Instant::now();
        let mut store = Store::new(10, Duration::from_secs(60), now);
        let mut put = |p: Point| {
            let done = store.put(HEAD, Vec::new(), p, now);
            (done, value(&store))
        };
        assert_eq!(put(point(1.0, 0, 10, true)), (Ok(()), Some(1.0)));
        assert_eq!(put(point(2.0, 10, 20, true)), (Ok(()), Some(3.0)));
        assert_eq!(
            put(point(9.0, 5, 15, true)),
            (Err("older_timestamp"), Some(3.0))
        );
        // A gap means that the source has begun anew.
        assert_eq!(put(point(4.0, 25, 30, true)), (Ok(()), Some(4.0)));
    }

    #[test]
    fn series_expire_and_their_number_is_bounded() {
        let now = Instant::now();
        let mut store = Store::new(2, Duration::from_secs(60), now);
        let key = |n: u8| vec![("n".to_owned(), n.to_string())];
        for n in 0..2 {
            let at = now + Duration::from_secs(u64::from(n) * 30);
            store
                .put(HEAD, key(n), point(1.0, 0, 1, false), at)
                .unwrap();
        }
        let third = store.put(HEAD, key(2), point(1.0, 0, 1, false), now);
        assert_eq!(third, Err("too_many_series"));
        store.expire(now + Duration::from_secs(60));
        assert_eq!(store.families["m"].series.len(), 1);
        store
            .put(HEAD, key(2), point(1.0, 0, 1, false), now)
            .unwrap();
        store.remove("m", &key(2));
        store.remove("m", &key(1));
        assert!(store.families.is_empty());
        assert_eq!(store.count, 0);
    }

    #[test]
    fn another_type_of_the_same_name_is_refused() {
        let now = Instant::now();
        let mut store = Store::new(10, Duration::from_secs(60), now);
        store
            .put(HEAD, Vec::new(), point(1.0, 0, 1, false), now)
            .unwrap();
        let gauge = Head {
            kind: MetricType::Gauge,
            ..HEAD
        };
        let refused = store.put(gauge, Vec::new(), point(1.0, 0, 2, false), now);
        assert_eq!(refused, Err("type_conflict"));
    }
}
