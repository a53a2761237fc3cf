//! The part of time to capture: from a moment to a moment, in whole buckets.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::curve::moment_text;
use crate::units::Span;

/// The most buckets of a capture: 23 days of seconds.
pub(crate) const MAX_BUCKETS: u64 = 2_000_000;

/// A moment as a user writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Milliseconds since 1970.
    AtMs(i64),
    /// This long before now.
    Ago(Span),
}

/// Why a text is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a moment: write it like `2030-01-31T11:00:00Z`, `7d ago` or `now`")]
pub struct MomentError(String);

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let wrong = || MomentError(text.to_owned());
        if text.trim() == "now" {
            return Ok(Moment::Ago(Span::default()));
        }
        if let Some(span) = text.trim().strip_suffix("ago") {
            return span.trim().parse().map(Moment::Ago).map_err(|_| wrong());
        }
        text.trim().parse::<Timestamp>().map(|at| Moment::AtMs(at.as_millisecond())).map_err(|_| wrong())
    }
}

impl Moment {
    /// In milliseconds since 1970, if it is `now_ms` now.
    #[must_use]
    pub fn unix_ms(self, now_ms: i64) -> i64 {
        match self {
            Moment::AtMs(ms) => ms,
            Moment::Ago(span) => now_ms.saturating_sub((span.as_nanos() / 1_000_000) as i64),
        }
    }
}

/// Why there is nothing to capture in a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// Buckets that no curve can have.
    #[error("--step {0}: a bucket must be a whole number of milliseconds, at least 1ms")]
    Step(Span),
    /// The wrong way round.
    #[error("--from {from} is not before --to {to}")]
    Reversed {
        /// The beginning.
        from: String,
        /// The end.
        to: String,
    },
    /// Not yet.
    #[error("--{flag} {moment} is in the future: it is now {now}")]
    Future {
        /// `from` or `to`.
        flag: &'static str,
        /// The moment.
        moment: String,
        /// Now.
        now: String,
    },
    /// Less than one bucket.
    #[error("no whole bucket of {step} fits between {from} and {to}: choose a smaller --step, or an earlier --from")]
    NoBucket {
        /// The beginning.
        from: String,
        /// The end.
        to: String,
        /// The bucket.
        step: Span,
    },
    /// More buckets than one capture may have.
    #[error(
        "{buckets} buckets of {step} are too many (limit {MAX_BUCKETS}): choose a larger --step, or a shorter range"
    )]
    TooMany {
        /// How many.
        buckets: u64,
        /// The bucket.
        step: Span,
    },
    /// Before 1970.
    #[error("--from {0} is before 1970")]
    TooEarly(String),
}

/// A series of equally long buckets: where the first begins, and the moments between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edges {
    first_ms: i64,
    step_ms: u64,
    buckets: usize,
}

impl Edges {
    /// Whole buckets over a range, on multiples of `step` since 1970. A bucket that the beginning cuts is included whole, and so is one
    /// that the end cuts, unless it ends in the future.
    ///
    /// # Errors
    /// [`RangeError`] for ranges that are reversed, in the future, too short or too fine.
    pub(crate) fn between(from: Moment, to: Moment, now_ms: i64, step: Span) -> Result<Self, RangeError> {
        let step_ms = whole_ms(step)?;
        let (from_ms, to_ms) = moments(from, to, now_ms)?;
        let step_i = step_ms as i64;
        let first_ms = from_ms - from_ms.rem_euclid(step_i);
        let floored_ms = to_ms - to_ms.rem_euclid(step_i);
        let ceiled_ms = if floored_ms == to_ms { to_ms } else { floored_ms.saturating_add(step_i) };
        let last_ms = if ceiled_ms <= now_ms { ceiled_ms } else { floored_ms };
        let buckets = (last_ms - first_ms).max(0) as u64 / step_ms;
        match buckets {
            0 => Err(RangeError::NoBucket { from: moment_text(from_ms), to: moment_text(to_ms), step }),
            1..=MAX_BUCKETS => Ok(Edges { first_ms, step_ms, buckets: buckets as usize }),
            _ => Err(RangeError::TooMany { buckets, step }),
        }
    }

    /// Whole buckets that begin now and last `lasts` together, rounded up to a whole bucket.
    ///
    /// # Errors
    /// [`RangeError`] if there are too many buckets, or they do not make a curve.
    pub(crate) fn ahead(now_ms: i64, lasts: Span, step: Span) -> Result<Self, RangeError> {
        let step_ms = whole_ms(step)?;
        let buckets = lasts.as_nanos().div_ceil(step.as_nanos()).max(1);
        if buckets > MAX_BUCKETS {
            return Err(RangeError::TooMany { buckets, step });
        }
        Ok(Edges { first_ms: now_ms, step_ms, buckets: buckets as usize })
    }

    /// A single bucket between two moments, the second after the first.
    #[must_use]
    pub(crate) fn one(from_ms: i64, to_ms: i64) -> Self {
        Edges { first_ms: from_ms, step_ms: from_ms.abs_diff(to_ms), buckets: 1 }
    }

    /// How many buckets.
    #[must_use]
    pub(crate) fn buckets(&self) -> usize {
        self.buckets
    }

    /// How long each is, in milliseconds.
    #[must_use]
    pub(crate) fn step_ms(&self) -> u64 {
        self.step_ms
    }

    /// The moment of an edge, in milliseconds since 1970: edge `n` is the start of bucket
    /// `n`, and edge [`Edges::buckets`] the end of the last one.
    #[must_use]
    pub(crate) fn at_ms(&self, edge: usize) -> i64 {
        self.first_ms.saturating_add((edge as u64).saturating_mul(self.step_ms) as i64)
    }

    /// The same buckets, with the first beginning at another moment.
    #[must_use]
    pub(crate) fn starting_at(&self, first_ms: i64) -> Self {
        Edges { first_ms, ..*self }
    }

    /// Without the first `buckets` buckets.
    #[must_use]
    pub(crate) fn without_first(&self, buckets: usize) -> Self {
        Edges { first_ms: self.at_ms(buckets), buckets: self.buckets.saturating_sub(buckets), ..*self }
    }

    /// Only the first `buckets` buckets.
    #[must_use]
    pub(crate) fn cut_to(&self, buckets: usize) -> Self {
        Edges { buckets: buckets.min(self.buckets), ..*self }
    }
}

impl fmt::Display for Edges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", moment_text(self.at_ms(0)), moment_text(self.at_ms(self.buckets)))
    }
}

/// A beginning and an end in milliseconds since 1970: the right way round, and not in the future.
///
/// # Errors
/// [`RangeError`] if they are not.
pub(crate) fn moments(from: Moment, to: Moment, now_ms: i64) -> Result<(i64, i64), RangeError> {
    let (from_ms, to_ms) = (from.unix_ms(now_ms), to.unix_ms(now_ms));
    for (flag, at_ms) in [("from", from_ms), ("to", to_ms)] {
        if at_ms > now_ms {
            return Err(RangeError::Future { flag, moment: moment_text(at_ms), now: moment_text(now_ms) });
        }
    }
    if from_ms >= to_ms {
        return Err(RangeError::Reversed { from: moment_text(from_ms), to: moment_text(to_ms) });
    }
    if from_ms < 0 {
        return Err(RangeError::TooEarly(moment_text(from_ms)));
    }
    Ok((from_ms, to_ms))
}

/// The latest moment of a range before which there are not more than `most` records, by what `records_before` says of a moment; later where
/// more than that have the same timestamp, so that there is at least one.
///
/// # Errors
/// What `records_before` ends in.
pub(crate) fn last_moment<E>(
    (from_ms, to_ms): (i64, i64),
    most: u64,
    records_before: impl Fn(i64) -> Result<u64, E>,
) -> Result<i64, E> {
    if records_before(to_ms)? <= most {
        return Ok(to_ms);
    }
    let (mut few, mut many) = (from_ms, to_ms);
    while many - few > 1 {
        let middle = few + (many - few) / 2;
        if records_before(middle)? <= most { few = middle } else { many = middle }
    }
    Ok(if records_before(few)? > 0 { few } else { many })
}

fn whole_ms(step: Span) -> Result<u64, RangeError> {
    let nanos = step.as_nanos();
    if nanos == 0 || !nanos.is_multiple_of(1_000_000) {
        return Err(RangeError::Step(step));
    }
    Ok(nanos / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_896_087_630_500; // 2030-01-31T11:00:30.5Z
    const MINUTE: Span = Span::from_secs(60);

    fn between(from: &str, to: &str, step: Span) -> Result<Edges, RangeError> {
        Edges::between(from.parse().unwrap(), to.parse().unwrap(), NOW_MS, step)
    }

    #[test]
    fn a_range_is_whole_buckets_none_of_them_in_the_future() {
        let edges = between("1h ago", "now", MINUTE).unwrap();
        assert_eq!(edges.to_string(), "2030-01-31T10:00:00Z to 2030-01-31T11:00:00Z");
        assert_eq!((edges.buckets(), edges.at_ms(1) - edges.at_ms(0)), (60, 60_000));
        let edges = between("2030-01-31T09:00:10Z", "2030-01-31T09:10:10Z", MINUTE).unwrap();
        assert_eq!(edges.to_string(), "2030-01-31T09:00:00Z to 2030-01-31T09:11:00Z");
        assert_eq!(between("7d ago", "now", MINUTE).unwrap().buckets(), 7 * 1440);
    }

    #[test]
    fn a_live_range_begins_at_once() {
        let edges = Edges::ahead(NOW_MS, Span::from_secs(90), MINUTE).unwrap();
        assert_eq!((edges.at_ms(0), edges.buckets()), (NOW_MS, 2));
    }

    #[test]
    fn a_limit_ends_a_range_at_the_last_moment_that_fits() {
        let stamps_ms = [10, 11, 11, 11, 20, 21, 30];
        let before = |at_ms: i64| Ok::<_, ()>(stamps_ms.iter().filter(|stamp_ms| **stamp_ms < at_ms).count() as u64);
        let taken = |from_ms: i64, most: u64| {
            let to_ms =
                last_moment((from_ms, 40), most, |at_ms| Ok::<_, ()>(before(at_ms)? - before(from_ms)?)).unwrap();
            (to_ms, before(to_ms).unwrap() - before(from_ms).unwrap())
        };
        assert_eq!(taken(0, 7), (40, 7), "all of them fit");
        assert_eq!(taken(0, 6), (30, 6));
        assert_eq!(taken(0, 3), (11, 1), "three have the same timestamp");
        assert_eq!(taken(11, 2), (12, 3), "and if they come first, they all are taken");
        assert_eq!(taken(0, 1), (11, 1));
    }

    #[test]
    fn ranges_that_cannot_be_are_refused() {
        for (from, to, step, said) in [
            ("1h ago", "2h ago", MINUTE, "is not before"),
            ("1h ago", "1h ago", MINUTE, "is not before"),
            ("1h ago", "2030-01-31T11:00:31Z", MINUTE, "--to 2030-01-31T11:00:31Z is in the future"),
            ("2040-01-31T11:00:31Z", "now", MINUTE, "--from 2040-01-31T11:00:31Z is in the future"),
            ("20s ago", "now", MINUTE, "no whole bucket of 1m"),
            ("365d ago", "now", Span::from_millis(1), "are too many (limit 2000000)"),
            ("1h ago", "now", Span::from_nanos(5), "whole number of milliseconds"),
            ("1h ago", "now", Span::default(), "whole number of milliseconds"),
            ("1960-01-01T00:00:00Z", "now", MINUTE, "before 1970"),
        ] {
            let error = between(from, to, step).map(|edges| edges.to_string()).unwrap_err().to_string();
            assert!(error.contains(said), "{from} {to}: {error}");
        }
        for text in ["yesterday", "7 ago", "ago", "", "2030-01-31"] {
            assert!(text.parse::<Moment>().unwrap_err().to_string().contains("7d ago"), "{text}");
        }
    }
}
