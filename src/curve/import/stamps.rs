//! Moments as files write them: RFC 3339, epochs in four units, and local times in a zone that the user names.

use jiff::{
    Timestamp,
    civil::DateTime,
    fmt::strtime::BrokenDownTime,
    tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase},
};

use super::{Findings, ImportError, Kind, Options, Place, quoted::beginning};

/// Numbers below this would be before 1973 in every unit: an index, or something else that is not an epoch.
const LEAST_EPOCH: f64 = 1e8;
/// The highest number of seconds, milliseconds, microseconds and nanoseconds; each is the year 5138.
const MOST_S: f64 = 1e11;
const MOST_MS: f64 = 1e14;
const MOST_US: f64 = 1e17;
const MOST_NS: f64 = 1e20;
const FORMS: &str = "a time is RFC 3339 (2030-01-31T11:00:00Z), a local time (2030-01-31 11:00:00), an epoch in s, ms, us or ns, or any other form set with --time-format";
/// Forms that are tried on an unreadable timestamp, to suggest one.
const OTHERS: [&str; 16] = [
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y%m%d%H%M%S",
    "%d/%b/%Y:%H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %Z",
];
/// A zone is missing.
const ZONE: &str = "add the zone that the file was written in, as in --zone UTC or --zone Europe/Berlin";

/// How a file writes its moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Rfc3339,
    Local,
    Epoch(Unit),
    /// As given by `--time-format`.
    Given,
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

/// Reads the timestamps of one series, in the order of the file. All have one form, that of the first.
#[derive(Debug, Default)]
pub(super) struct StampReader {
    zone: Option<TimeZone>,
    /// The user's own form, in the letters of `strptime`.
    given: Option<String>,
    form: Option<Form>,
    previous_ms: Option<i64>,
    newest_first: bool,
    pub(super) findings: Findings,
}

impl StampReader {
    pub(super) fn new(options: &Options) -> Result<Self, ImportError> {
        let given = options.time_format.clone();
        let form = given.as_ref().map(|_| Form::Given);
        Ok(StampReader { zone: options.zone.as_deref().map(zone_named).transpose()?, given, form, ..Self::default() })
    }

    /// The form of what has been read, for people.
    pub(super) fn form(&self) -> String {
        let fixed = match self.form {
            Some(Form::Given) => return format!("of the form {}", self.given.as_deref().unwrap_or_default()),
            None | Some(Form::Rfc3339) => "RFC 3339",
            Some(Form::Local) => "local time",
            Some(Form::Epoch(Unit::S)) => "epoch seconds",
            Some(Form::Epoch(Unit::Ms)) => "epoch milliseconds",
            Some(Form::Epoch(Unit::Us)) => "epoch microseconds",
            Some(Form::Epoch(Unit::Ns)) => "epoch nanoseconds",
        };
        fixed.to_owned()
    }

    /// Whether the timestamps are local times.
    pub(super) fn is_local(&self) -> bool {
        self.form == Some(Form::Local) || (self.form == Some(Form::Given) && self.zone.is_some())
    }

    /// A timestamp in milliseconds since 1970.
    pub(super) fn read(&mut self, text: &str, place: Place) -> Result<i64, ImportError> {
        let text = bare(text);
        let at_ms = match self.form {
            Some(Form::Given) => Some(self.as_given(text, place)?),
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
            let why = format!("the first time was {}, so all must be", self.form());
            ImportError::Stamp { place, text: beginning(text), why }
        };
        let at_ms = at_ms.ok_or_else(wrong)?;
        self.newest_first = self.previous_ms.is_some_and(|previous| previous > at_ms);
        self.previous_ms = Some(at_ms);
        Ok(at_ms)
    }

    fn local(&mut self, local: DateTime, text: &str, place: Place) -> Result<i64, ImportError> {
        let zone = match &self.zone {
            Some(zone) => zone,
            None => {
                // Taken as UTC for now, to find other problems, too.
                if !self.findings.stop() {
                    let what = format!("`{}` has no zone", beginning(text));
                    self.findings.note(Kind::ZoneWanted, Some(place), &what, ZONE, true);
                }
                &TimeZone::UTC
            }
        };
        let at = |offset: Offset| {
            let out =
                |_| ImportError::Stamp { place, text: beginning(text), why: "it is not in the calendar".to_owned() };
            offset.to_timestamp(local).map(Timestamp::as_millisecond).map_err(out)
        };
        match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset),
            AmbiguousOffset::Fold { before, after } => Ok(self.twice(at(before)?, at(after)?, place)),
            AmbiguousOffset::Gap { .. } => {
                let why =
                    "the clocks were set forward past it: check that --zone is the zone that the file was written in"
                        .to_owned();
                Err(ImportError::Stamp { place, text: beginning(text), why })
            }
        }
    }

    /// A timestamp in the user's own form.
    fn as_given(&mut self, text: &str, place: Place) -> Result<i64, ImportError> {
        let format = self.given.clone().unwrap_or_default();
        let wrong = |why: String| ImportError::Stamp { place, text: beginning(text), why };
        let parsed = BrokenDownTime::parse(&format, text)
            .map_err(|error| wrong(format!("it does not have the form {}: {error}", beginning(&format))))?;
        if let Ok(timestamp) = parsed.to_timestamp() {
            return Ok(timestamp.as_millisecond());
        }
        let midnight = || parsed.to_date().map(|date| date.at(0, 0, 0, 0));
        match parsed.to_datetime().or_else(|_| midnight()) {
            Ok(local) => self.local(local, text, place),
            Err(error) => Err(wrong(format!("{} gives no date and time: {error}", beginning(&format)))),
        }
    }

    /// A local time that the clocks showed twice: the one that continues from the row before.
    fn twice(&mut self, first_ms: i64, second_ms: i64, place: Place) -> i64 {
        let first = match self.previous_ms {
            None => true,
            Some(previous) if self.newest_first => second_ms >= previous,
            Some(previous) => first_ms > previous,
        };
        let what =
            format!("the clocks showed this time twice: read as the {} one", if first { "first" } else { "second" });
        self.findings.note(Kind::ClockChange, Some(place), &what, "each follows the row before it", false);
        if first { first_ms } else { second_ms }
    }
}

/// A zone by its name in the built-in database, or a fixed offset.
pub(in crate::curve) fn zone_named(name: &str) -> Result<TimeZone, ImportError> {
    if name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Ok(TimeZone::UTC);
    }
    match TimeZoneDatabase::bundled().get(name) {
        Ok(zone) => Ok(zone),
        Err(_) => fixed_offset(name).map(TimeZone::fixed).ok_or_else(|| ImportError::NoZone { zone: beginning(name) }),
    }
}

/// An offset such as `+02:00`, from its effect on a midnight.
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
    let wrong = |why: String| ImportError::Stamp { place, text: beginning(text), why };
    match epoch(text) {
        Some(number) if number.abs() < LEAST_EPOCH => Err(wrong("as an epoch it would be before 1973".to_owned())),
        Some(number) => Ok(Form::Epoch(Unit::of(number))),
        None => Err(wrong(meant(text).unwrap_or_else(|| FORMS.to_owned()))),
    }
}

/// The forms that an unreadable timestamp may have.
fn meant(text: &str) -> Option<String> {
    let of_form = |form: &&&str| {
        BrokenDownTime::parse(form, text).is_ok_and(|parsed| parsed.to_datetime().is_ok() || parsed.to_date().is_ok())
    };
    let forms: Vec<String> =
        OTHERS.iter().filter(of_form).map(|form| format!("--time-format '{form}'")).take(3).collect();
    (!forms.is_empty()).then(|| format!("set its form, as in {}", forms.join(" or ")))
}

/// A cell without blanks and byte order marks around it.
pub(super) fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Whether a cell is a timestamp rather than a column's name.
pub(super) fn is_stamp(text: &str, given: Option<&str>) -> bool {
    let text = bare(text);
    match given {
        Some(format) => BrokenDownTime::parse(format, text).is_ok(),
        None => form_of(text, Place::line(1)).is_ok() || meant(text).is_some(),
    }
}

fn epoch(text: &str) -> Option<f64> {
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    if numeric { text.parse().ok().filter(|number: &f64| number.abs() < MOST_NS) } else { None }
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
        let options = Options { zone: zone.map(str::to_owned), ..Options::default() };
        let mut reader = StampReader::new(&options).map_err(|error| error.to_string())?;
        let read = (2..)
            .zip(stamps)
            .map(|(line, text)| {
                reader.read(text, Place::line(line)).map(moment_text).map_err(|error| error.to_string())
            })
            .collect::<Result<_, _>>()?;
        if reader.findings.stop() { Err(reader.findings.stops().concat()) } else { Ok(read) }
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
        assert!(
            error.starts_with("line 2: `2024-03-31 02:30:00` is not a time: the clocks were set forward"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_moment_is_refused_with_its_line() {
        for (zone, stamps, expected) in [
            (None, &["2024-03-31 02:30:00"][..], "line 2: `2024-03-31 02:30:00` has no zone: add the zone"),
            (None, &["yesterday"], "line 2: `yesterday` is not a time: a time is RFC 3339"),
            (None, &["10/27/2024 01:30"], "line 2: `10/27/2024 01:30` is not a time"),
            (None, &["0"], "before 1973"),
            (None, &["inf"], "is not a time"),
            (
                None,
                &["1700000000", "1700000060000"],
                "line 3: `1700000060000` is not a time: the first time was epoch seconds",
            ),
            (None, &["2023-11-14T22:13:20Z", "2023-11-14 22:14:20"], "line 3: "),
            (Some("Mars/Olympus"), &[], "`Mars/Olympus` is not a known time zone"),
        ] {
            let error = read(zone, stamps).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
