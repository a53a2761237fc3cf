//! A curve's day and week: the mean rate of each hour and of each weekday.

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{Curve, import::ImportError};

const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;
/// Zones change their offset only at quarters of an hour.
const QUARTER_MS: i64 = 900_000;

/// The day and the week. Rates in events per second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Shape {
    /// The mean rate in each hour of the day, from 0; nothing for an hour that the curve does not contain.
    pub hours_per_s: Option<Vec<Option<f64>>>,
    /// The mean rate on each weekday, from Monday.
    pub weekdays_per_s: Option<Vec<Option<f64>>>,
}

/// The zone with this name: `UTC`, `Europe/Berlin`, `+02:00`.
///
/// # Errors
/// When there is no such zone.
pub(crate) fn zone(name: &str) -> Result<TimeZone, ImportError> {
    super::import::zone_named(name)
}

/// The shape in a zone. The day needs a dated curve of at least one day in buckets of at most an hour; the week, one of 7 days in buckets
/// of at most a day.
#[must_use]
pub(crate) fn shape(curve: &Curve, zone: &TimeZone) -> Shape {
    let length_ms = curve.step_ms().saturating_mul(curve.counts().len() as u64);
    let dated = curve.start_unix_ms().is_some();
    let day = dated && length_ms >= DAY_MS && curve.step_ms() <= HOUR_MS;
    let week = dated && length_ms >= 7 * DAY_MS && curve.step_ms() <= DAY_MS;
    if !day && !week {
        return Shape { hours_per_s: None, weekdays_per_s: None };
    }
    let (mut hours, mut weekdays) = ([(0.0, 0_u64); 24], [(0.0, 0_u64); 7]);
    let (mut quarter, mut place) = (i64::MIN, (0, 0));
    for (bucket, count) in curve.counts().iter().enumerate() {
        let at_ms = curve.bucket_start_ms(bucket);
        if at_ms.div_euclid(QUARTER_MS) != quarter {
            quarter = at_ms.div_euclid(QUARTER_MS);
            place = hour_and_weekday(at_ms, zone).unwrap_or(place);
        }
        for sum in [&mut hours[place.0], &mut weekdays[place.1]] {
            sum.0 += count;
            sum.1 += 1;
        }
    }
    let mean = |&(events, buckets): &(f64, u64)| (buckets > 0).then(|| events / (buckets as f64 * curve.step_s()));
    Shape {
        hours_per_s: day.then(|| hours.iter().map(mean).collect()),
        weekdays_per_s: week.then(|| weekdays.iter().map(mean).collect()),
    }
}

fn hour_and_weekday(at_ms: i64, zone: &TimeZone) -> Option<(usize, usize)> {
    let local = zone.to_datetime(Timestamp::from_millisecond(at_ms).ok()?);
    let hour = usize::try_from(local.hour()).ok()?;
    let weekday = usize::try_from(local.date().weekday().to_monday_zero_offset()).ok()?;
    Some((hour, weekday))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A week from Monday 2024-01-01 in UTC, a bucket an hour: 3600 events from 9 to 10, on Sundays twice as many.
    fn week() -> Curve {
        let count = |hour: u32| {
            if hour % 24 != 9 {
                0.0
            } else if hour / 24 == 6 {
                7200.0
            } else {
                3600.0
            }
        };
        Curve::new(Some(1_704_067_200_000), 3_600_000, (0..168).map(count).collect()).unwrap()
    }

    #[test]
    fn hours_and_weekdays_are_those_of_the_zone() {
        let utc = shape(&week(), &TimeZone::UTC);
        let hours = utc.hours_per_s.unwrap();
        assert_eq!((hours[8], hours[9], hours[10]), (Some(0.0), Some(8.0 / 7.0), Some(0.0)));
        let days = utc.weekdays_per_s.unwrap();
        assert_eq!((days[0], days[6]), (Some(1.0 / 24.0), Some(2.0 / 24.0)));
        let tokyo = shape(&week(), &zone("Asia/Tokyo").unwrap());
        assert_eq!(tokyo.hours_per_s.unwrap()[18], Some(8.0 / 7.0));
    }

    #[test]
    fn a_short_or_undated_curve_has_no_day() {
        let short = Curve::new(Some(0), 3_600_000, vec![1.0; 23]).unwrap();
        let undated = Curve::new(None, 3_600_000, vec![1.0; 500]).unwrap();
        for curve in [short, undated] {
            assert_eq!(shape(&curve, &TimeZone::UTC), Shape { hours_per_s: None, weekdays_per_s: None });
        }
    }
}
