//! Names and figures in sentences.

use super::compared::Compared;
use super::estimate::{Apart, Interval};
use super::figure::Unit;
use crate::figures::{latency, rate, rounded, seconds};

/// The longest name that a sentence or a row shows.
const LONGEST_NAME_CHARS: usize = 60;

/// A text of somebody else's without line ends.
#[must_use]
pub(crate) fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name or value of somebody else's in one line of a length that can be read.
#[must_use]
pub(crate) fn one_line(text: &str) -> String {
    let whole = in_one_line(text);
    if whole.chars().count() <= LONGEST_NAME_CHARS {
        return whole;
    }
    whole.chars().take(LONGEST_NAME_CHARS - 1).chain(['…']).collect()
}

/// A figure in its unit.
#[must_use]
pub(crate) fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ms => latency(value),
        Unit::PerS => rate(value),
        Unit::Events => rounded(value),
        Unit::S => seconds(value),
    }
}

/// A change relative to base: `+12.3 %`, `-4 %`.
#[must_use]
pub(crate) fn change(ratio: f64) -> String {
    percent((ratio - 1.0) * 100.0, true)
}

/// How far apart the sides of a figure are: relative, or in its own unit where a run has 0.
#[must_use]
pub(crate) fn apart(of: &Compared, apart: &Apart) -> String {
    apart.ratio.map_or_else(|| shift(apart.shift, of.unit), change)
}

/// Where that may be: `-1 % to +3.2 %`.
#[must_use]
pub(crate) fn between(of: &Compared, interval: &Interval) -> String {
    let [least, most] = match interval.ratio {
        Some(ratio) => ratio.map(change),
        None => interval.shift.map(|bound| shift(bound, of.unit)),
    };
    if least == most { least } else { format!("{least} to {most}") }
}

/// A difference in the figure's unit, with its sign.
fn shift(shift: f64, unit: Unit) -> String {
    let sign = match () {
        () if shift > 0.0 => "+",
        () if shift < 0.0 => "-",
        () => "",
    };
    format!("{sign}{}", figure(shift.abs(), unit))
}

/// A share in percent: `5 %`.
#[must_use]
pub(crate) fn share(share: f64) -> String {
    percent(share * 100.0, false)
}

fn percent(percent: f64, signed: bool) -> String {
    let decimals = if percent.abs() < 9.95 { 1 } else { 0 };
    let text = format!("{:.decimals$}", percent.abs());
    let text = text.strip_suffix(".0").unwrap_or(&text);
    let sign = match (text == "0", percent < 0.0, signed) {
        (true, _, _) | (false, false, false) => "",
        (false, true, _) => "-",
        (false, false, true) => "+",
    };
    format!("{sign}{text} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_carry_their_sign_and_no_needless_digits() {
        assert_eq!(
            [1.0, 1.05, 1.0512, 1.4, 0.96, 0.99999].map(change),
            ["0 %", "+5 %", "+5.1 %", "+40 %", "-4 %", "0 %"]
        );
        assert_eq!([0.05, 0.125].map(share), ["5 %", "12 %"]);
    }

    #[test]
    fn a_hostile_name_stays_in_its_line() {
        assert_eq!(one_line("a\nb\t\u{2028}c"), "a b c");
        assert_eq!(one_line(&"x".repeat(500)).chars().count(), LONGEST_NAME_CHARS);
    }
}
