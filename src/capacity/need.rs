//! What a target must be able to take, and whether it can.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search_record::Found;

/// So much more than needed is comfortable: a fifth.
const COMFORTABLE: f64 = 1.2;

/// What is needed, as a multiple of the profile's rates: `3x`, or `3x-peak`, as the profile's peak is multiplied like everything in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need(f64);

impl FromStr for Need {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().trim_end_matches("-peak").strip_suffix('x').and_then(|number| number.parse().ok());
        match number {
            Some(factor) if f64::is_finite(factor) && factor > 0.0 => Ok(Need(factor)),
            _ => Err("write it as a multiple of the profile's rates: 3x".to_owned()),
        }
    }
}

/// How what was found stands to what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Headroom {
    /// The multiple of the profile's rates that is needed.
    pub(crate) need: f64,
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
    pub(crate) fn of(Need(need): Need, found: &Found) -> Self {
        let lower = found.lower.map(|bound| bound.factor);
        let upper = found.upper.map(|bound| bound.factor);
        let standing = if lower.is_some_and(|lower| lower >= need * COMFORTABLE) {
            Standing::Green
        } else if upper.is_some_and(|upper| upper <= need) {
            Standing::Red
        } else {
            Standing::Amber
        };
        Headroom { need, standing, of_need: lower.map(|lower| lower / need) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::search_record::{Bound, Ended};
    use super::*;

    fn standing(lower: Option<f64>, upper: Option<f64>, need: &str) -> Standing {
        let bound = |factor| Bound { factor, offered_per_s: 0.0, passes: 1, fails: 0 };
        let found = Found { ended: Ended::Found, lower: lower.map(bound), upper: upper.map(bound), binding: None };
        Headroom::of(need.parse().unwrap(), &found).standing
    }

    #[test]
    fn headroom_is_green_from_a_fifth_more_and_red_below_the_need() {
        assert_eq!(standing(Some(3.6), Some(3.7), "3x"), Standing::Green);
        assert_eq!(standing(Some(3.5), Some(3.7), "3x-peak"), Standing::Amber);
        assert_eq!(standing(Some(2.9), Some(3.1), "3x"), Standing::Amber);
        assert_eq!(standing(Some(2.9), Some(3.0), "3x"), Standing::Red);
        assert_eq!(standing(None, Some(0.5), "3x"), Standing::Red);
        assert_eq!(standing(Some(3.0), None, "3x"), Standing::Amber);
    }

    #[test]
    fn a_need_is_a_multiple() {
        for text in ["3", "x", "-1x", "0x", "3k/s", "infx", "NaNx", ""] {
            assert!(text.parse::<Need>().is_err(), "{text}");
        }
    }
}
