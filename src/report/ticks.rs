//! Where an axis is marked, and what stands there: round numbers for rates, round moments in a zone for time.

use jiff::{Timestamp, ZonedDateTime, civil::Date, tz::TimeZone};

/// A mark on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    /// Where, in the axis' own numbers: seconds from the start, events per second.
    pub at: f64,
    /// What stands there.
    pub label: String,
}

/// An axis of time: its marks, and what holds for all of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TimeAxis {
    /// The marks, ascending.
    pub ticks: Vec<Tick>,
    /// What the marks do not say: `2025-03-30, Europe/Berlin`.
    pub title: String,
    /// Changes of the clocks: where, and what they do.
    pub changes: Vec<Tick>,
}

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 86_400;
/// All zones of our days are set apart by multiples of this.
const QUARTER_S: i64 = 900;
/// Steps below a day, in seconds.
const SHORT_S: [i64; 18] =
    [1, 2, 5, 10, 15, 30, MINUTE_S, 120, 300, 600, 900, 1800, HOUR_S, 7200, 10_800, 14_400, 21_600, 43_200];
/// Steps of whole days, and of whole months.
const DAYS: [i64; 4] = [1, 2, 7, 14];
const MONTHS: [i64; 11] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const MONTH_S: i64 = 2_629_746;
/// Steps of a time without a date, in seconds.
const ELAPSED_S: [f64; 9] = [60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0];

/// How far apart the marks of a dated axis are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Seconds(i64),
    Days(i64),
    Months(i64),
}

/// Marks for a time of `length_s` seconds from a moment, at most about `most` of them, at round moments of the zone.
/// Without a start, or beyond the calendar, marks count from the start.
#[must_use]
pub(crate) fn time_axis(start_unix_ms: Option<i64>, length_s: f64, zone: &TimeZone, most: usize) -> TimeAxis {
    let dated = start_unix_ms.and_then(|start_ms| {
        let end_ms = start_ms.checked_add((length_s * 1e3).round() as i64)?;
        let [start, end] = [start_ms, end_ms].map(|at_ms| Timestamp::from_millisecond(at_ms).ok());
        Some((start?.to_zoned_datetime(zone.clone()), end?.to_zoned_datetime(zone.clone())))
    });
    match dated {
        Some((start, end)) => dated_axis(&start, &end, length_s, most.max(1)),
        None => {
            TimeAxis { ticks: elapsed(length_s, most.max(1)), title: "from the start".to_owned(), changes: Vec::new() }
        }
    }
}

fn dated_axis(start: &ZonedDateTime, end: &ZonedDateTime, length_s: f64, most: usize) -> TimeAxis {
    // Below a second there is nothing round to say of a clock: the time counts from the start there.
    if length_s < 2.0 {
        let title = format!("from {}", start.strftime("%Y-%m-%d %H:%M:%S%.f %Z"));
        return TimeAxis { ticks: elapsed(length_s, most), title, changes: Vec::new() };
    }
    let changes = changes(start, end);
    let step = step_of(length_s, most);
    let moments = match step {
        Step::Seconds(step_s) => of_the_day(start, end, step_s),
        Step::Days(days) => of_days(start, end, days),
        Step::Months(months) => of_months(start, end, months),
    };
    let from_start = |moment: &ZonedDateTime| {
        (moment.timestamp().as_millisecond() - start.timestamp().as_millisecond()) as f64 / 1e3
    };
    let mut before: Option<&ZonedDateTime> = None;
    let mut ticks = Vec::with_capacity(moments.len());
    for moment in &moments {
        ticks.push(Tick { at: from_start(moment), label: label(moment, before, step, !changes.is_empty()) });
        before = Some(moment);
    }
    TimeAxis { ticks, title: title(start, end), changes }
}

fn step_of(length_s: f64, most: usize) -> Step {
    let fits = |step_s: i64| length_s / step_s as f64 <= most as f64;
    let short = SHORT_S.into_iter().find(|step_s| fits(*step_s)).map(Step::Seconds);
    let days = || DAYS.into_iter().find(|days| fits(days * DAY_S)).map(Step::Days);
    let months = || MONTHS.into_iter().find(|months| fits(months * MONTH_S)).map(Step::Months);
    short.or_else(days).or_else(months).unwrap_or(Step::Months(12_000))
}

/// The moments at which a clock in the zone shows a multiple of the step since midnight.
fn of_the_day(start: &ZonedDateTime, end: &ZonedDateTime, step_s: i64) -> Vec<ZonedDateTime> {
    let stride_s = step_s.min(QUARTER_S);
    let zone = start.time_zone();
    let first = start.timestamp().as_second().div_euclid(stride_s) * stride_s;
    let moments = (0..).map(|number| first + number * stride_s).take_while(|at_s| *at_s <= end.timestamp().as_second());
    moments
        .filter_map(|at_s| Timestamp::from_second(at_s).ok())
        .filter(|at| *at >= start.timestamp() && *at <= end.timestamp())
        .map(|at| at.to_zoned_datetime(zone.clone()))
        .filter(|at| {
            let of_day = i64::from(at.hour()) * HOUR_S + i64::from(at.minute()) * MINUTE_S + i64::from(at.second());
            of_day % step_s == 0
        })
        .collect()
}

/// The midnights of every day, of every second one, or of Mondays.
fn of_days(start: &ZonedDateTime, end: &ZonedDateTime, days: i64) -> Vec<ZonedDateTime> {
    let wanted = |date: &Date| match days {
        1 => true,
        2 => date.day() % 2 == 1 && date.day() < 31,
        7 => date.weekday().to_monday_zero_offset() == 0,
        _ => [1, 15].contains(&date.day()),
    };
    midnights(start, end, start.date(), |date| date.tomorrow().ok(), wanted)
}

/// The first days of months.
fn of_months(start: &ZonedDateTime, end: &ZonedDateTime, months: i64) -> Vec<ZonedDateTime> {
    let number = |date: &Date| i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
    let next = |date: Date| date.checked_add(jiff::Span::new().months(1)).ok();
    midnights(start, end, start.date().first_of_month(), next, |date| number(date) % months == 0)
}

fn midnights(
    start: &ZonedDateTime,
    end: &ZonedDateTime,
    first: Date,
    next: impl Fn(Date) -> Option<Date>,
    wanted: impl Fn(&Date) -> bool,
) -> Vec<ZonedDateTime> {
    std::iter::successors(Some(first), |date| next(*date))
        .take_while(|date| *date <= end.date())
        .filter(wanted)
        .filter_map(|date| date.to_zoned_datetime(start.time_zone().clone()).ok())
        .filter(|moment| moment.timestamp() >= start.timestamp() && moment.timestamp() <= end.timestamp())
        .collect()
}

/// What stands at a mark: what is new since the mark before, from the time down to the year.
fn label(moment: &ZonedDateTime, before: Option<&ZonedDateTime>, step: Step, clocks_change: bool) -> String {
    let new_year = before.is_some_and(|before| before.year() != moment.year());
    let form = match step {
        Step::Seconds(step_s) => {
            if before.is_some_and(|before| before.date() != moment.date()) {
                "%a %-d %b"
            } else if step_s < MINUTE_S {
                "%H:%M:%S"
            } else if clocks_change && step_s <= HOUR_S {
                "%H:%M %Z"
            } else {
                "%H:%M"
            }
        }
        Step::Days(days) if new_year && days < 7 => "%a %-d %b %Y",
        Step::Days(_) if new_year => "%-d %b %Y",
        Step::Days(days) if days < 7 => "%a %-d %b",
        Step::Days(_) => "%-d %b",
        Step::Months(months) if months >= 12 => "%Y",
        Step::Months(_) if new_year || before.is_none() => "%b %Y",
        Step::Months(_) => "%b",
    };
    moment.strftime(form).to_string()
}

/// The days, with their year, and the zone.
fn title(start: &ZonedDateTime, end: &ZonedDateTime) -> String {
    let zone = start.time_zone().iana_name().map_or_else(|| start.strftime("UTC%:z").to_string(), str::to_owned);
    let day = |moment: &ZonedDateTime| moment.strftime("%a %-d %b %Y").to_string();
    // A curve that ends at midnight does not hold the day that begins there.
    let last =
        end.timestamp().as_millisecond().checked_sub(1).and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
    let last = last.map_or_else(|| end.clone(), |last| last.to_zoned_datetime(start.time_zone().clone()));
    if last.date() <= start.date() {
        return format!("{}, {zone}", day(start));
    }
    format!("{} to {}, {zone}", day(start), day(&last))
}

/// When the clocks are changed within this time, if it is not long: in a year they do it twice, and nobody asks.
fn changes(start: &ZonedDateTime, end: &ZonedDateTime) -> Vec<Tick> {
    const LONGEST_S: i64 = 16 * DAY_S;
    let (from, to) = (start.timestamp(), end.timestamp());
    if to.as_second() - from.as_second() > LONGEST_S {
        return Vec::new();
    }
    let zone = start.time_zone();
    zone.following(from)
        .take_while(|change| change.timestamp() < to)
        .map(|change| {
            let at = (change.timestamp().as_millisecond() - from.as_millisecond()) as f64 / 1e3;
            let before =
                change.timestamp().as_second().checked_sub(1).and_then(|at_s| Timestamp::from_second(at_s).ok());
            let before = before
                .map(|before| before.to_zoned_datetime(zone.clone()).strftime("%Z").to_string())
                .unwrap_or_default();
            Tick {
                at,
                label: format!("{before} → {}", change.timestamp().to_zoned_datetime(zone.clone()).strftime("%Z")),
            }
        })
        .collect()
}

/// Marks of a time that counts from 0.
fn elapsed(length_s: f64, most: usize) -> Vec<Tick> {
    let step_s = if length_s > 60.0 * most as f64 / 2.0 {
        let days = || round_step(length_s / DAY_S as f64, most) * DAY_S as f64;
        let hours = [14_400.0, 21_600.0, 43_200.0, DAY_S as f64];
        let known = ELAPSED_S.into_iter().chain(hours).find(|step_s| length_s / step_s <= most as f64);
        known.unwrap_or_else(days)
    } else {
        let round = round_step(length_s, most);
        [10.0, 15.0, 20.0, 30.0].into_iter().find(|step_s| round > 5.0 && *step_s >= round).unwrap_or(round)
    };
    multiples(length_s, step_s).map(|at| Tick { at, label: duration(at, step_s) }).collect()
}

fn multiples(top: f64, step: f64) -> impl Iterator<Item = f64> {
    let last = if step > 0.0 && top.is_finite() { (top / step * (1.0 + 1e-9)).floor().min(1000.0) as u32 } else { 0 };
    (0..=last).map(move |number| f64::from(number) * step)
}

/// A time from the start: `0`, `1.5 s`, `2 min`, `1 h 30 min`, `3 d`.
fn duration(at_s: f64, step_s: f64) -> String {
    if at_s <= 0.0 {
        return "0".to_owned();
    }
    if step_s < 1.0 {
        return format!("{} s", (at_s / step_s).round() * (step_s * 1e9).round() / 1e9);
    }
    let mut rest = at_s.round() as i64;
    let mut parts = Vec::new();
    for (unit, length_s) in [("d", DAY_S), ("h", HOUR_S), ("min", MINUTE_S), ("s", 1)] {
        if rest >= length_s {
            parts.push(format!("{} {unit}", rest / length_s));
            rest %= length_s;
        }
    }
    parts.join(" ")
}

/// 1, 2 or 5 times a power of ten: a step of which at most `most` fit.
fn round_step(top: f64, most: usize) -> f64 {
    let least = (top / most as f64).max(1e-12);
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// An axis of rates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RateAxis {
    /// The marks, from 0 up to `top`, in events per second.
    pub ticks: Vec<Tick>,
    /// Where the axis ends: the highest rate and some room.
    pub top: f64,
}

/// Marks for rates up to `highest` events per second, at most about `most`: in a unit in which they are not all 0.
#[must_use]
pub(crate) fn rate_axis(highest: f64, most: usize) -> RateAxis {
    let highest = if highest.is_finite() && highest > 0.0 { highest } else { 1.0 };
    let unit = RateUnit::of(highest);
    let step = round_step(highest / unit.per_s, most.max(1));
    let ticks = multiples(highest / unit.per_s * 1.08, step)
        .map(|number| Tick { at: number * unit.per_s, label: unit.text(number, step) })
        .collect();
    RateAxis { ticks, top: highest * 1.08 }
}

/// The next of 1, 2, 3, 4, 5, 6, 8 times a power of ten in the axis' unit: a top that halves well.
#[must_use]
pub(crate) fn round_top(highest: f64) -> f64 {
    let unit = RateUnit::of(highest);
    let number = highest / unit.per_s;
    let power = 10_f64.powf(number.log10().floor());
    let digit = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0].into_iter().find(|digit| number <= digit * power * (1.0 + 1e-9));
    digit.unwrap_or(10.0) * power * unit.per_s
}

/// A rate as a mark says it, in the unit of an axis up to `highest`.
#[must_use]
pub(crate) fn rate_in_unit_of(highest: f64, per_s: f64) -> String {
    let unit = RateUnit::of(highest);
    let number = per_s / unit.per_s;
    unit.text(number, if number > 0.0 { 10_f64.powf(number.log10().floor() - 2.0) } else { 1.0 })
}

#[derive(Debug, Clone, Copy)]
struct RateUnit {
    per_s: f64,
    name: &'static str,
}

impl RateUnit {
    /// The first unit in which the highest rate is 1 or more; below one in a day, days.
    fn of(highest: f64) -> Self {
        const UNITS: [RateUnit; 4] = [
            RateUnit { per_s: 1.0, name: "s" },
            RateUnit { per_s: 1.0 / 60.0, name: "min" },
            RateUnit { per_s: 1.0 / 3600.0, name: "h" },
            RateUnit { per_s: 1.0 / 86_400.0, name: "d" },
        ];
        UNITS.into_iter().find(|unit| highest >= unit.per_s * (1.0 - 1e-9)).unwrap_or(UNITS[3])
    }

    /// A number of this unit with the decimals that its step needs.
    fn text(self, number: f64, step: f64) -> String {
        let (scale, letter) = match number.abs() {
            huge if huge >= 1e15 => return format!("{number:.2e}/{}", self.name),
            giga if giga >= 1e9 => (1e9, "G"),
            mega if mega >= 1e6 => (1e6, "M"),
            kilo if kilo >= 1e3 => (1e3, "k"),
            _ => (1.0, ""),
        };
        let decimals = (-(step / scale).log10().floor()).clamp(0.0, 9.0) as usize;
        let text = format!("{:.decimals$}", number / scale);
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        format!("{text}{letter}/{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn zone(name: &str) -> TimeZone {
        crate::curve::shape::zone(name).unwrap()
    }

    fn labels(axis: &TimeAxis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn seconds_minutes_and_hours_are_round_and_say_when_the_day_changes() {
        let axis = time_axis(Some(at("2025-03-02T08:00:03Z")), 20.0, &TimeZone::UTC, 8);
        assert_eq!(labels(&axis), ["08:00:05", "08:00:10", "08:00:15", "08:00:20"]);
        assert_eq!((axis.ticks[0].at, axis.title.as_str()), (2.0, "Sun 2 Mar 2025, UTC"));
        let axis = time_axis(Some(at("2025-03-02T22:10:00Z")), 3600.0, &zone("Europe/Berlin"), 8);
        assert_eq!(labels(&axis), ["23:10", "23:20", "23:30", "23:40", "23:50", "Mon 3 Mar", "00:10"]);
        assert_eq!(axis.title, "Sun 2 Mar 2025 to Mon 3 Mar 2025, Europe/Berlin");
        let kolkata = time_axis(Some(at("2025-03-02T08:00:00Z")), 4.0 * 3600.0, &zone("Asia/Kolkata"), 6);
        assert_eq!(labels(&kolkata), ["14:00", "15:00", "16:00", "17:00"]);
    }

    #[test]
    fn days_weeks_and_months_are_those_of_the_zone() {
        let axis = time_axis(Some(at("2025-03-02T23:00:00Z")), 86_400.0, &zone("Europe/Berlin"), 8);
        assert_eq!(
            labels(&axis),
            ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "Tue 4 Mar"]
        );
        assert_eq!(axis.title, "Mon 3 Mar 2025, Europe/Berlin");
        let week = time_axis(Some(at("2025-12-29T00:00:00Z")), 7.0 * 86_400.0, &TimeZone::UTC, 8);
        assert_eq!(labels(&week)[..4], ["Mon 29 Dec", "Tue 30 Dec", "Wed 31 Dec", "Thu 1 Jan 2026"]);
        let year = time_axis(Some(at("2025-01-01T00:00:00Z")), 365.0 * 86_400.0, &TimeZone::UTC, 12);
        assert_eq!(labels(&year)[..3], ["Jan 2025", "Feb", "Mar"]);
        let century = time_axis(Some(at("1950-01-01T00:00:00Z")), 100.0 * 365.25 * 86_400.0, &TimeZone::UTC, 11);
        assert_eq!(labels(&century)[..3], ["1950", "1960", "1970"]);
    }

    #[test]
    fn an_hour_that_is_missing_or_comes_twice_is_marked() {
        let spring = time_axis(Some(at("2025-03-29T23:00:00Z")), 6.0 * 3600.0, &zone("Europe/Berlin"), 8);
        assert_eq!(labels(&spring)[..4], ["00:00 CET", "01:00 CET", "03:00 CEST", "04:00 CEST"]);
        assert_eq!(spring.changes, [Tick { at: 7200.0, label: "CET → CEST".to_owned() }]);
        let autumn = time_axis(Some(at("2025-10-25T22:00:00Z")), 6.0 * 3600.0, &zone("Europe/Berlin"), 8);
        assert_eq!(labels(&autumn)[1..5], ["01:00 CEST", "02:00 CEST", "02:00 CET", "03:00 CET"]);
        assert_eq!(autumn.changes, [Tick { at: 10_800.0, label: "CEST → CET".to_owned() }]);
    }

    #[test]
    fn a_time_without_a_date_counts_from_its_start() {
        let of = |length_s: f64| {
            let axis = time_axis(None, length_s, &TimeZone::UTC, 6);
            axis.ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(of(60.0), ["0", "10 s", "20 s", "30 s", "40 s", "50 s", "1 min"]);
        assert_eq!(of(0.5), ["0", "0.1 s", "0.2 s", "0.3 s", "0.4 s", "0.5 s"]);
        assert_eq!(of(5400.0), ["0", "15 min", "30 min", "45 min", "1 h", "1 h 15 min", "1 h 30 min"]);
        assert_eq!(of(10.0 * 86_400.0), ["0", "2 d", "4 d", "6 d", "8 d", "10 d"]);
        // Beyond the calendar there are no dates.
        assert_eq!(time_axis(Some(i64::MAX), 60.0, &TimeZone::UTC, 6).title, "from the start");
    }

    #[test]
    fn rates_are_round_in_a_unit_in_which_they_are_not_all_0() {
        let of = |highest: f64| rate_axis(highest, 5).ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>();
        assert_eq!(of(1000.0), ["0/s", "200/s", "400/s", "600/s", "800/s", "1k/s"]);
        assert_eq!(of(250_000.0), ["0/s", "50k/s", "100k/s", "150k/s", "200k/s", "250k/s"]);
        assert_eq!(of(2.2), ["0/s", "0.5/s", "1/s", "1.5/s", "2/s"]);
        assert_eq!(of(0.02), ["0/min", "0.5/min", "1/min"]);
        assert_eq!(of(0.000_3), ["0/h", "0.5/h", "1/h"]);
        assert_eq!(of(1e-6), ["0/d", "0.02/d", "0.04/d", "0.06/d", "0.08/d"]);
        assert_eq!(of(0.0).len(), 6);
        let top = |highest: f64| rate_in_unit_of(highest, round_top(highest));
        assert_eq!([3000.0, 2.0 / 3600.0, 7.0 / 60.0].map(top), ["3k/s", "2/h", "8/min"]);
        assert_eq!([rate_in_unit_of(0.02, 0.004), rate_in_unit_of(5000.0, 1234.0)], ["0.24/min", "1.23k/s"]);
    }

    #[test]
    fn no_axis_is_without_end() {
        for length_s in [0.0, 1e-9, 1.0, 1e3, 1e7, 1e10, 1e15, 1e300, f64::INFINITY, f64::NAN] {
            for start in [None, Some(0), Some(at("2025-03-02T08:00:00Z")), Some(i64::MIN)] {
                let axis = time_axis(start, length_s, &TimeZone::UTC, 8);
                assert!(axis.ticks.len() <= 1001, "{length_s} {start:?}");
            }
            assert!(rate_axis(length_s, 5).ticks.len() <= 12, "{length_s}");
        }
    }
}
