//! Moments as files write them: RFC 3339, epochs in four units, and local times in a zone that the user names.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase},
};

use super::{Findings, ImportError, Kind, Place, error::beginning};

/// Numbers below this would lie before 1973 in every unit: an index, or something else that is no epoch.
const LEAST_EPOCH: f64 = 1e8;
/// What a number is at most when it counts seconds, milliseconds and microseconds; each is the year 5138.
const MOST_S: f64 = 1e11;
const MOST_MS: f64 = 1e14;
const MOST_US: f64 = 1e17;
const FORMS: &str =
    "a time is RFC 3339 (2030-01-31T11:00:00Z), a local time (2030-01-31 11:00:00) or an epoch in s, ms, us or ns";

/// How a file writes its moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Rfc3339,
    Local,
    Epoch(Unit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    S,
    Ms,
    Us,
    Ns,
}

impl Unit {
    /// The unit in which the number is a moment between 1973 and 5138.
    fn of(number: f64) -> Self {
        match number.abs() {
            small if small < MOST_S => Unit::S,
            medium if medium < MOST_MS => Unit::Ms,
            large if large < MOST_US => Unit::Us,
            _ => Unit::Ns,
        }
    }
}

/// Reads the stamps of one series, in the order of the file. All have one form, that of the first.
#[derive(Debug, Default)]
pub(super) struct StampReader {
    zone: Option<TimeZone>,
    form: Option<Form>,
    previous_ms: Option<i64>,
    newest_first: bool,
    pub(super) findings: Findings,
}

impl StampReader {
    pub(super) fn new(zone: Option<&str>) -> Result<Self, ImportError> {
        Ok(StampReader { zone: zone.map(zone_named).transpose()?, ..Self::default() })
    }

    /// The form for people, of what has been read.
    pub(super) fn form(&self) -> &'static str {
        match self.form {
            None | Some(Form::Rfc3339) => "RFC 3339",
            Some(Form::Local) => "local time",
            Some(Form::Epoch(Unit::S)) => "epoch seconds",
            Some(Form::Epoch(Unit::Ms)) => "epoch milliseconds",
            Some(Form::Epoch(Unit::Us)) => "epoch microseconds",
            Some(Form::Epoch(Unit::Ns)) => "epoch nanoseconds",
        }
    }

    /// A stamp in milliseconds since 1970.
    pub(super) fn read(&mut self, text: &str, place: Place) -> Result<i64, ImportError> {
        let text = text.trim();
        let at_ms = match self.form {
            Some(Form::Rfc3339) => text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond),
            Some(Form::Local) => text.parse().ok().map(|local| self.local(local, text, place)).transpose()?,
            Some(Form::Epoch(unit)) => {
                epoch(text).filter(|number| Unit::of(*number) == unit).map(|_| epoch_ms(text, unit))
            }
            None => {
                self.form = Some(form_of(text, place)?);
                return self.read(text, place);
            }
        };
        let wrong = || {
            let why = format!("the first stamp was {}, and all must be", self.form());
            ImportError::Stamp { place, text: beginning(text), why }
        };
        let at_ms = at_ms.ok_or_else(wrong)?;
        self.newest_first = self.previous_ms.is_some_and(|previous| previous > at_ms);
        self.previous_ms = Some(at_ms);
        Ok(at_ms)
    }

    fn local(&mut self, local: DateTime, text: &str, place: Place) -> Result<i64, ImportError> {
        let zone = self.zone.as_ref().ok_or_else(|| ImportError::ZoneWanted { place, text: beginning(text) })?;
        let at = |offset: Offset| {
            let out = |_| ImportError::Stamp { place, text: beginning(text), why: "it leaves the calendar".to_owned() };
            offset.to_timestamp(local).map(Timestamp::as_millisecond).map_err(out)
        };
        match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset),
            AmbiguousOffset::Fold { before, after } => Ok(self.twice(at(before)?, at(after)?, place)),
            AmbiguousOffset::Gap { .. } => {
                let why =
                    "the clocks were set forward over it: is --zone the zone that the file was written in?".to_owned();
                Err(ImportError::Stamp { place, text: beginning(text), why })
            }
        }
    }

    /// A local time that the clocks showed twice: the one that goes on from the row before.
    fn twice(&mut self, first_ms: i64, second_ms: i64, place: Place) -> i64 {
        let first = match self.previous_ms {
            None => true,
            Some(previous) if self.newest_first => second_ms >= previous,
            Some(previous) => first_ms > previous,
        };
        let what =
            format!("the clocks showed this time twice: taken as the {} one", if first { "first" } else { "second" });
        self.findings.note(Kind::ClockChange, Some(place), &what, "each goes on from the row before it", false);
        if first { first_ms } else { second_ms }
    }
}

/// A zone by its name in the database that is built in, or a fixed offset.
pub(in crate::curve) fn zone_named(name: &str) -> Result<TimeZone, ImportError> {
    if name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Ok(TimeZone::UTC);
    }
    match TimeZoneDatabase::bundled().get(name) {
        Ok(zone) => Ok(zone),
        Err(_) => fixed_offset(name).map(TimeZone::fixed).ok_or_else(|| ImportError::NoZone { zone: beginning(name) }),
    }
}

/// An offset such as `+02:00`, by what it makes of a midnight.
fn fixed_offset(name: &str) -> Option<Offset> {
    const MIDNIGHT_S: i64 = 946_684_800;
    let midnight: Timestamp = format!("2000-01-01T00:00:00{name}").parse().ok()?;
    Offset::from_seconds(i32::try_from(MIDNIGHT_S - midnight.as_second()).ok()?).ok()
}

fn form_of(text: &str, place: Place) -> Result<Form, ImportError> {
    if text.parse::<Timestamp>().is_ok() {
        return Ok(Form::Rfc3339);
    }
    if text.parse::<DateTime>().is_ok() && text.contains(['-', ':']) {
        return Ok(Form::Local);
    }
    let wrong = |why: &str| ImportError::Stamp { place, text: beginning(text), why: why.to_owned() };
    match epoch(text) {
        Some(number) if number.abs() < LEAST_EPOCH => Err(wrong("as an epoch it would lie before 1973")),
        Some(number) => Ok(Form::Epoch(Unit::of(number))),
        None => Err(wrong(FORMS)),
    }
}

/// Whether a cell is a stamp and no column's name.
pub(super) fn is_stamp(text: &str) -> bool {
    form_of(text.trim(), Place::line(1)).is_ok()
}

fn epoch(text: &str) -> Option<f64> {
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    if numeric { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

/// Whole numbers exactly; fractions to the nearest millisecond.
fn epoch_ms(text: &str, unit: Unit) -> i64 {
    let per_ms = match unit {
        Unit::S => 0.001,
        Unit::Ms => 1.0,
        Unit::Us => 1e3,
        Unit::Ns => 1e6,
    };
    match (text.parse::<i64>(), unit) {
        (Ok(whole), Unit::S) => whole.saturating_mul(1000),
        (Ok(whole), Unit::Ms) => whole,
        (Ok(whole), Unit::Us) => whole.div_euclid(1000),
        (Ok(whole), Unit::Ns) => whole.div_euclid(1_000_000),
        (Err(_), _) => text.parse::<f64>().map_or(0, |number| (number / per_ms).round() as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::moment_text;

    fn read(zone: Option<&str>, stamps: &[&str]) -> Result<Vec<String>, String> {
        let mut reader = StampReader::new(zone).map_err(|error| error.to_string())?;
        (2..)
            .zip(stamps)
            .map(|(line, text)| {
                reader.read(text, Place::line(line)).map(moment_text).map_err(|error| error.to_string())
            })
            .collect()
    }

    #[test]
    fn one_moment_has_many_forms() {
        for (zone, text) in [
            (None, "2023-11-14T22:13:20Z"),
            (None, "2023-11-14T23:13:20+01:00"),
            (None, "2023-11-14 22:13:20.000Z"),
            (None, "1700000000"),
            (None, "1700000000.000"),
            (None, "1.7e9"),
            (None, "1700000000000"),
            (None, "1700000000000000"),
            (None, "1700000000000000000"),
            (Some("UTC"), "2023-11-14 22:13:20"),
            (Some("Europe/Berlin"), "2023-11-14 23:13:20"),
            (Some("America/New_York"), "2023-11-14T17:13:20"),
            (Some("+02:00"), "2023-11-15 00:13:20"),
        ] {
            assert_eq!(read(zone, &[text]), Ok(vec!["2023-11-14T22:13:20Z".to_owned()]), "{zone:?} {text}");
        }
    }

    #[test]
    fn a_fraction_of_an_epoch_second_is_kept_to_the_millisecond() {
        assert_eq!(read(None, &["1700000000.781"]), Ok(vec!["2023-11-14T22:13:20.781Z".to_owned()]));
    }

    #[test]
    fn an_hour_that_the_clocks_show_twice_goes_on_from_the_row_before() {
        let autumn = [
            "2024-10-27 01:30:00",
            "2024-10-27 02:00:00",
            "2024-10-27 02:30:00",
            "2024-10-27 02:00:00",
            "2024-10-27 02:30:00",
            "2024-10-27 03:00:00",
        ];
        let expected: Vec<String> = ["23:30", "00:00", "00:30", "01:00", "01:30", "02:00"]
            .map(|time| format!("2024-10-{}T{time}:00Z", if time == "23:30" { 26 } else { 27 }))
            .to_vec();
        assert_eq!(read(Some("Europe/Berlin"), &autumn), Ok(expected.clone()));
        let newest_first: Vec<&str> = autumn.into_iter().rev().collect();
        assert_eq!(read(Some("Europe/Berlin"), &newest_first), Ok(expected.into_iter().rev().collect()));
    }

    #[test]
    fn a_time_that_no_clock_showed_is_refused() {
        let error = read(Some("Europe/Berlin"), &["2024-03-31 02:30:00"]).unwrap_err();
        assert!(error.starts_with("line 2: `2024-03-31 02:30:00` is no time: the clocks were set forward"), "{error}");
    }

    #[test]
    fn what_is_no_moment_is_refused_with_its_line() {
        for (zone, stamps, expected) in [
            (None, &["2024-03-31 02:30:00"][..], "line 2: `2024-03-31 02:30:00` does not say its zone: add --zone"),
            (None, &["yesterday"], "line 2: `yesterday` is no time: a time is RFC 3339"),
            (None, &["10/27/2024 01:30"], "line 2: `10/27/2024 01:30` is no time"),
            (None, &["0"], "before 1973"),
            (None, &["inf"], "is no time"),
            (
                None,
                &["1700000000", "1700000060000"],
                "line 3: `1700000060000` is no time: the first stamp was epoch seconds",
            ),
            (None, &["2023-11-14T22:13:20Z", "2023-11-14 22:14:20"], "line 3: "),
            (Some("Mars/Olympus"), &[], "no time zone `Mars/Olympus`"),
        ] {
            let error = read(zone, stamps).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
