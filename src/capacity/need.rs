//! What a target must be able to take, and whether it can.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search_record::Found;
use crate::curve::Curve;
use crate::load::rate::RateCurve;
use crate::profile::{Profile, Replay, Span, Stream};

/// So much more than needed is comfortable: a fifth.
const COMFORTABLE: f64 = 1.2;
/// The p99 of fewer seconds or buckets is their maximum.
const LEAST_FOR_P99: usize = 100;
/// A rate is looked at in no more pieces than this, however long it is.
const MOST_PIECES: u64 = 1_000_000;

/// What is needed: a multiple of the highest rate (`3x`, `3x-peak`), or of the rate that 99 % of all seconds, or of a curve's buckets, do not exceed
/// (`2x-p99-burst`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    times: f64,
    of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Peak,
    P99Burst,
}

impl Need {
    /// The peak, once.
    pub(crate) const PEAK: Need = Need { times: 1.0, of: Of::Peak };
}

impl FromStr for Need {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (number, of) = match (text.strip_suffix("-p99-burst"), text.strip_suffix("-peak")) {
            (Some(number), _) => (number, Of::P99Burst),
            (None, Some(number)) => (number, Of::Peak),
            (None, None) => (text, Of::Peak),
        };
        match number.strip_suffix('x').and_then(|number| number.parse().ok()) {
            Some(times) if f64::is_finite(times) && times > 0.0 => Ok(Need { times, of }),
            _ => Err("write it as a multiple: 3x, 3x-peak or 2x-p99-burst".to_owned()),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Of::Peak => write!(f, "{}x the peak", self.times),
            Of::P99Burst => write!(f, "{}x the p99 burst", self.times),
        }
    }
}

/// A need, as a multiple of a profile's rates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Needed {
    /// The multiple.
    pub(crate) factor: f64,
    /// The rate at the profile's highest, in events per second.
    pub(crate) per_s: f64,
    /// What it is, in words: `3x the peak`, `2x the p99 burst of friday.csv`.
    pub(crate) text: String,
}

/// What a need on a profile's own rates means for it.
///
/// # Errors
/// One sentence why that is not known.
pub(crate) fn of_profile(need: Need, profile: &Profile) -> Result<Needed, String> {
    let rates = rates(profile);
    let per_s = need.rate(&rates, "the profile has", "seconds")?;
    Ok(Needed { factor: per_s / highest(&rates)?, per_s, text: need.to_string() })
}

/// What a need on a captured curve means for a profile. A bucket's rate is its mean.
///
/// # Errors
/// One sentence why that is not known.
pub(crate) fn of_curve(need: Need, curve: &Curve, name: &str, profile: &Profile) -> Result<Needed, String> {
    let buckets: Vec<f64> = curve.counts().iter().map(|count| count / curve.step_s()).collect();
    let per_s = need.rate(&buckets, &format!("{name} has"), "buckets")?;
    Ok(Needed { factor: per_s / highest(&rates(profile))?, per_s, text: format!("{need} of {name}") })
}

impl Need {
    fn rate(&self, rates: &[f64], whose: &str, pieces: &str) -> Result<f64, String> {
        let of = match self.of {
            Of::Peak => highest(rates)?,
            Of::P99Burst if rates.len() < LEAST_FOR_P99 => {
                return Err(format!(
                    "the p99 burst is not known: {whose} {} {pieces}, and {LEAST_FOR_P99} are the least; ask for a multiple of the peak, as in 3x-peak",
                    rates.len()
                ));
            }
            Of::P99Burst => p99(rates),
        };
        if of > 0.0 {
            Ok(of * self.times)
        } else {
            Err(format!("nothing is needed: {whose} no events in 99 % of its {pieces}"))
        }
    }
}

fn highest(rates: &[f64]) -> Result<f64, String> {
    let highest = rates.iter().copied().fold(0.0, f64::max);
    if highest > 0.0 { Ok(highest) } else { Err("the peak is not known: there is no event".to_owned()) }
}

/// The rate that 99 % of the pieces do not exceed.
fn p99(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * 0.99).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

/// The rates of a profile's seconds, over all streams, phases and curves played once.
fn rates(profile: &Profile) -> Vec<f64> {
    let once = |stream: &Stream| {
        let curve_ns = stream.curve.as_ref().and_then(Replay::played).map_or(0, |played| played.length_ns());
        u64::try_from(stream.phases_length()).unwrap_or(u64::MAX).max(curve_ns)
    };
    let longest_ns = profile.streams.iter().map(once).max().unwrap_or_default().max(profile.duration().as_nanos());
    let step_ns = (longest_ns / MOST_PIECES).max(1_000_000_000);
    let of = |stream: &Stream| RateCurve::of_stream(stream, Span::from_nanos(longest_ns), 1.0);
    let curves: Vec<RateCurve> = profile.streams.iter().map(of).collect();
    let sent = |at_ns: u64| curves.iter().map(|curve| curve.cumulative(at_ns)).sum::<f64>();
    let mut rates = Vec::new();
    let mut from_ns = 0;
    while from_ns < longest_ns {
        let until_ns = from_ns.saturating_add(step_ns).min(longest_ns);
        rates.push((sent(until_ns) - sent(from_ns)) / ((until_ns - from_ns) as f64 / 1e9));
        from_ns = until_ns;
    }
    rates
}

/// How what was found stands to what is needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Headroom {
    /// The multiple of the profile's rates that is needed.
    pub(crate) need: f64,
    /// That in words: `3x the peak`.
    #[serde(default)]
    pub(crate) text: String,
    /// The rate that is needed, in events per second.
    #[serde(default)]
    pub(crate) need_per_s: f64,
    /// Whether it is there.
    pub(crate) standing: Standing,
    /// What is there for certain, relative to what is needed; absent without a lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) of_need: Option<f64>,
}

/// Whether what is needed is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// A fifth more than needed, at least.
    Green,
    /// What is needed, and less than a fifth more; or it lies between the bounds.
    Amber,
    /// Less than needed.
    Red,
}

impl Headroom {
    /// How what was found stands to a need.
    #[must_use]
    pub(crate) fn of(needed: &Needed, found: &Found) -> Self {
        let need = needed.factor;
        let lower = found.lower.map(|bound| bound.factor);
        let upper = found.upper.map(|bound| bound.factor);
        let standing = if lower.is_some_and(|lower| lower >= need * COMFORTABLE) {
            Standing::Green
        } else if upper.is_some_and(|upper| upper <= need) {
            Standing::Red
        } else {
            Standing::Amber
        };
        Headroom {
            need,
            text: needed.text.clone(),
            need_per_s: needed.per_s,
            standing,
            of_need: lower.map(|lower| lower / need),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::search_record::{Bound, Ended};
    use super::*;

    fn standing(lower: Option<f64>, upper: Option<f64>, factor: f64) -> Standing {
        let bound = |factor| Bound { factor, offered_per_s: 0.0, tried: None, passes: 1, fails: 0 };
        let found = Found {
            ended: Ended::Found,
            lower: lower.map(bound),
            upper: upper.map(bound),
            moves: None,
            rechecked: None,
            binding: None,
        };
        Headroom::of(&Needed { factor, per_s: factor, text: String::new() }, &found).standing
    }

    #[test]
    fn headroom_is_green_from_a_fifth_more_and_red_below_the_need() {
        assert_eq!(standing(Some(3.6), Some(3.7), 3.0), Standing::Green);
        assert_eq!(standing(Some(3.5), Some(3.7), 3.0), Standing::Amber);
        assert_eq!(standing(Some(2.9), Some(3.1), 3.0), Standing::Amber);
        assert_eq!(standing(Some(2.9), Some(3.0), 3.0), Standing::Red);
        assert_eq!(standing(None, Some(0.5), 3.0), Standing::Red);
        assert_eq!(standing(Some(3.0), None, 3.0), Standing::Amber);
    }

    #[test]
    fn a_need_is_a_multiple() {
        for text in ["3", "x", "-1x", "0x", "3k/s", "infx", "NaNx", "", "3x-mean", "-peak"] {
            assert!(text.parse::<Need>().is_err(), "{text}");
        }
    }

    /// 98 seconds of 100/s and 3 of 1,000/s, then 99 more at 100/s.
    const BURST: &str = "[[stream]]\nname = \"orders\"\nrate = \"100/s\"\n\
                         phases = [{ for = \"98s\" }, { for = \"3s\", rate = \"10x\" }, { for = \"99s\" }]\n";

    fn needed(need: &str, profile: &str) -> Result<Needed, String> {
        of_profile(need.parse().unwrap(), &Profile::from_text(profile, "need.toml").unwrap().profile)
    }

    #[test]
    fn a_burst_counts_by_the_seconds_that_it_lasts() {
        let peak = needed("3x-peak", BURST).unwrap();
        assert!((peak.factor - 3.0).abs() < 1e-9 && (peak.per_s - 3000.0).abs() < 1e-6, "{peak:?}");
        assert!((needed("3x", BURST).unwrap().factor - peak.factor).abs() < 1e-9);
        // Three of 200 seconds are more than 1 %.
        assert!((needed("2x-p99-burst", BURST).unwrap().factor - 2.0).abs() < 1e-9);
        let shorter = BURST.replace("3s", "1s");
        let p99 = needed("2x-p99-burst", &shorter).unwrap();
        assert!((p99.factor - 0.2).abs() < 1e-9 && p99.text == "2x the p99 burst", "{p99:?}");
        let short = "duration = \"30s\"\n[[stream]]\nname = \"orders\"\nrate = \"100/s\"\n";
        assert!(
            needed("2x-p99-burst", short).unwrap_err().contains("the profile has 30 seconds, and 100 are the least")
        );
        assert!((needed("3x", short).unwrap().factor - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_captured_curve_says_what_is_needed_by_its_buckets() {
        let profile = Profile::from_text(BURST, "need.toml").unwrap().profile;
        let curve = Curve::new(None, 60_000, vec![6000.0, 90_000.0, 12_000.0]).unwrap();
        let peak = of_curve("2x".parse().unwrap(), &curve, "a.csv", &profile).unwrap();
        assert!((peak.factor - 3.0).abs() < 1e-9 && (peak.per_s - 3000.0).abs() < 1e-9, "{peak:?}");
        let refused = of_curve("2x-p99-burst".parse().unwrap(), &curve, "a.csv", &profile);
        assert!(refused.unwrap_err().contains("a.csv has 3 buckets"));
    }
}
