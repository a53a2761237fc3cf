//! Figures of a plan as a person reads them.

use super::known::{Known, Unit};
use crate::figures;

/// A figure with its unit.
#[must_use]
pub(crate) fn quantity(value: f64, unit: Unit) -> String {
    match unit {
        Unit::EventsPerS => figures::rate(value),
        Unit::Bytes => figures::bytes(value.round() as u64),
        Unit::BytesPerS => format!("{}/s", figures::bytes(value.round() as u64)),
        Unit::Seconds => figures::seconds(value),
        Unit::Count => figures::count(value.round() as u64),
        Unit::Factor => number(value),
    }
}

/// A number with at most two decimals; a small one with three digits.
#[must_use]
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value >= 1000.0 {
        return figures::count(value.round() as u64);
    }
    let decimals = if value >= 0.1 || value <= 0.0 { 2 } else { (2.0 - value.log10().floor()).min(12.0) as usize };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A known figure with its unit.
#[must_use]
pub(super) fn said(known: &Known) -> String {
    quantity(known.value, known.unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_short() {
        assert_eq!(
            [0.0, 0.2, 1.0, 3.936, 12_345.6, 0.001_234].map(number),
            ["0", "0.2", "1", "3.94", "12,346", "0.00123"]
        );
        assert_eq!(quantity(97.0, Unit::BytesPerS), "97 B/s");
    }
}
