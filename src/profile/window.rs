//! The part of a captured curve that is played: between two times of day, moments or offsets.

use std::{fmt, ops::Range, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::units::{Span, UnitError, as_text, unit_error};
use crate::curve::Curve;

const FORM: &str =
    "a time of day in UTC (`11:00`), a moment (`2030-01-31T11:00:00Z`) or an offset from the curve's start (`90m`)";
const DAY_MS: i64 = 86_400_000;

/// One end of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowEdge {
    /// The first such time of day, UTC, in milliseconds from midnight: `11:00`, `23:59:59`.
    TimeOfDay(i64),
    /// A moment, in milliseconds since 1970: `2030-01-31T11:00:00Z`.
    Moment(i64),
    /// From the curve's start: `90m`.
    Offset(Span),
}

impl FromStr for WindowEdge {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let text = text.trim();
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Ok(WindowEdge::Moment(moment.as_millisecond()));
        }
        if let Some(ms) = time_of_day_ms(text) {
            return Ok(WindowEdge::TimeOfDay(ms));
        }
        text.parse().map(WindowEdge::Offset).map_err(|_| unit_error(text, FORM, "it is none of the three"))
    }
}

/// `11:00` or `11:00:30`.
fn time_of_day_ms(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(':').collect();
    let two_digits = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(two_digits) {
        return None;
    }
    let numbers: Vec<i64> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let (hours, minutes, seconds) = (numbers[0], numbers[1], numbers.get(2).copied().unwrap_or(0));
    (hours < 24 && minutes < 60 && seconds < 60).then_some(((hours * 60 + minutes) * 60 + seconds) * 1000)
}

impl fmt::Display for WindowEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WindowEdge::TimeOfDay(ms) => {
                let seconds = ms / 1000;
                write!(f, "{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
                if seconds % 60 > 0 { write!(f, ":{:02}", seconds % 60) } else { Ok(()) }
            }
            WindowEdge::Moment(ms) => match jiff::Timestamp::from_millisecond(*ms) {
                Ok(moment) => moment.fmt(f),
                Err(_) => write!(f, "{ms}"),
            },
            WindowEdge::Offset(span) => span.fmt(f),
        }
    }
}

as_text!(
    WindowEdge,
    "WindowEdge",
    r"^\s*([0-9]{2}:[0-9]{2}(:[0-9]{2})?|[+-]?[0-9]{4,6}-?[0-9]{2}-?[0-9]{2}[T ].*|([0-9._]*[0-9][0-9._]*\s*(ns|us|µs|ms|s|m|min|h|d)\s*)+)$",
    "11:00"
);

/// The buckets that begin within the window: at or after its first edge, and before its second.
///
/// # Errors
/// One sentence why there are none.
pub(super) fn buckets(from: WindowEdge, to: WindowEdge, curve: &Curve) -> Result<Range<usize>, String> {
    let step_ms = i64::try_from(curve.step_ms()).unwrap_or(i64::MAX);
    let length_ms = step_ms.saturating_mul(i64::try_from(curve.counts().len()).unwrap_or(i64::MAX));
    let from_ms = offset_ms(from, 0, curve)?;
    let to_ms = offset_ms(to, from_ms.saturating_add(1), curve)?;
    if to_ms <= from_ms {
        return Err(format!("the window ends at {to}, which is not after its start at {from}"));
    }
    if from_ms < 0 || to_ms > length_ms {
        return Err(format!("the window from {from} to {to} is not within the curve, which {}", extent(curve)));
    }
    let bucket = |ms: i64| usize::try_from(ms / step_ms + i64::from(ms % step_ms > 0)).unwrap_or(usize::MAX);
    let range = bucket(from_ms)..bucket(to_ms);
    if range.is_empty() {
        let step = Span::from_millis(curve.step_ms());
        return Err(format!("no bucket begins between {from} and {to}: the curve's buckets are {step} long"));
    }
    Ok(range)
}

/// Milliseconds from the curve's start; a time of day is the first one at or after `not_before_ms`.
fn offset_ms(edge: WindowEdge, not_before_ms: i64, curve: &Curve) -> Result<i64, String> {
    let start_ms =
        || curve.start_unix_ms().ok_or_else(|| format!("the curve has no dates, so {edge} cannot be found in it"));
    Ok(match edge {
        WindowEdge::Offset(span) => i64::try_from(span.as_nanos() / 1_000_000).unwrap_or(i64::MAX),
        WindowEdge::Moment(ms) => ms.saturating_sub(start_ms()?),
        WindowEdge::TimeOfDay(ms) => {
            let earliest_ms = start_ms()?.saturating_add(not_before_ms);
            not_before_ms.saturating_add((ms - earliest_ms).rem_euclid(DAY_MS))
        }
    })
}

/// The curve's start and end, as the end of a sentence.
pub(super) fn extent(curve: &Curve) -> String {
    let length_ms = curve.step_ms().saturating_mul(curve.counts().len() as u64);
    let moment = |ms: i64| jiff::Timestamp::from_millisecond(ms).ok();
    let start = curve.start_unix_ms();
    match (start.and_then(moment), start.and_then(|ms| moment(ms.saturating_add_unsigned(length_ms)))) {
        (Some(start), Some(end)) => format!("goes from {start} to {end}"),
        _ => format!("lasts {}", Span::from_millis(length_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two days of 5-minute buckets from 2030-01-31T21:42:53Z.
    fn curve() -> Curve {
        let start = "2030-01-31T21:42:53Z".parse::<jiff::Timestamp>().unwrap();
        Curve::new(Some(start.as_millisecond()), 300_000, vec![1.0; 576]).unwrap()
    }

    fn cut(from: &str, to: &str) -> Result<Range<usize>, String> {
        buckets(from.parse().unwrap(), to.parse().unwrap(), &curve())
    }

    #[test]
    fn a_window_holds_the_buckets_that_begin_in_it() {
        assert_eq!(cut("0s", "2d"), Ok(0..576));
        assert_eq!(cut("5m", "15m"), Ok(1..3));
        assert_eq!(cut("1s", "5m1s"), Ok(1..2));
        assert_eq!(cut("21:42:53", "21:52:53"), Ok(0..2));
        // The first eleven o'clock is that of the next day: 13 h 17 min 7 s later.
        assert_eq!(cut("11:00", "13:00"), Ok(160..184));
        assert_eq!(cut("23:00", "01:00").unwrap().len(), 24, "over midnight");
        assert_eq!(cut("11:00", "11:00").unwrap().len(), 288, "a whole day");
        assert_eq!(cut("2030-02-01T11:00:00Z", "2030-02-01T13:00:00Z"), Ok(160..184));
    }

    #[test]
    fn a_window_outside_the_curve_is_refused_with_its_extent() {
        let whole = "goes from 2030-01-31T21:42:53Z to 2030-02-02T21:42:53Z";
        for (from, to) in [("1d", "3d"), ("2030-01-01T00:00:00Z", "1d"), ("2030-02-02T11:00:00Z", "22:00")] {
            let said = cut(from, to).unwrap_err();
            assert!(said.contains(whole), "{said}");
        }
        assert!(cut("2h", "1h").unwrap_err().contains("not after its start"));
        assert!(cut("1s", "2s").unwrap_err().contains("no bucket begins"));
        let undated = Curve::new(None, 1000, vec![1.0; 10]).unwrap();
        let said = buckets("11:00".parse().unwrap(), "9s".parse().unwrap(), &undated).unwrap_err();
        assert!(said.contains("no dates"), "{said}");
    }

    #[test]
    fn an_edge_is_written_as_it_is_read() {
        for text in ["11:00", "23:59:59", "2030-01-31T11:00:00Z", "1h30m"] {
            assert_eq!(text.parse::<WindowEdge>().unwrap().to_string(), text);
        }
        for text in ["", "25:00", "11", "11:0", "eleven", "2030-01-31"] {
            assert!(text.parse::<WindowEdge>().unwrap_err().to_string().contains("time of day"), "{text}");
        }
    }
}
