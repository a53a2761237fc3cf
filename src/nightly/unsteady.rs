//! In which nights the machine's own readings differed by more than they usually do.

use crate::history::NightLine;
use crate::median::median;
use crate::nights::{BASELINE_NIGHTS, scaled_mad};

/// The readings of a night may differ by this share, whatever is usual.
pub(super) const MAY_DIFFER: f64 = 0.25;
/// Beyond that, they are unusual when they differ by this many deviations more than their median.
const FAR: f64 = 4.0;
/// So many nights say what is usual.
const LEAST_NIGHTS: usize = 5;

/// How far the probe's readings of a night are apart: the logarithm of the ratio of the highest to the lowest; none without readings.
fn apart(line: &NightLine) -> Option<f64> {
    let cpu = || line.probes.iter().map(|probe| probe.cpu_us_per_event).filter(|cpu| *cpu > 0.0);
    let (least, most) = (cpu().reduce(f64::min)?, cpu().reduce(f64::max)?);
    Some((most / least).ln())
}

/// Whether the last of these nights, the oldest first, was unsteady: its readings are further apart than may be, and than the nights before it
/// have them. Where they always are, as with a virtual machine whose neighbours come and go within seconds, they say nothing of this night.
pub(super) fn is_unsteady(nights: &[&NightLine]) -> bool {
    let Some((last, before)) = nights.split_last() else { return false };
    let Some(apart_now) = apart(last).filter(|apart| *apart > MAY_DIFFER.ln_1p()) else { return false };
    let usual: Vec<f64> = before.iter().rev().filter_map(|line| apart(line)).take(BASELINE_NIGHTS).collect();
    if usual.len() < LEAST_NIGHTS {
        return true;
    }
    let center = median(usual.clone()).unwrap_or_default();
    let deviations: Vec<f64> = usual.iter().map(|apart| apart - center).collect();
    apart_now > center + FAR * scaled_mad(&deviations).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::ProbeReading;
    use crate::nightly::examples::history;

    /// Nights whose two readings are apart by these shares.
    fn is_last_unsteady(apart: &[f64]) -> bool {
        let mut lines = history(apart.len(), &|_| 1.0);
        for (line, share) in lines.iter_mut().zip(apart) {
            let probe = line.probes[0];
            line.probes =
                [9.0, 9.0 * (1.0 + share)].map(|cpu| ProbeReading { cpu_us_per_event: cpu, ..probe }).to_vec();
        }
        is_unsteady(&lines.iter().collect::<Vec<_>>())
    }

    #[test]
    fn readings_are_held_against_what_is_usual_for_the_machine() {
        let steady = [0.02, 0.03, 0.02, 0.04, 0.03, 0.02];
        let restless = [0.31, 0.45, 0.27, 0.52, 0.38, 0.12, 0.41];
        let then = |nights: &[f64], last: f64| is_last_unsteady(&[nights, &[last]].concat());
        assert!(!then(&steady, 0.2) && then(&steady, 0.35), "a steady machine");
        assert!(!then(&restless, 0.5) && then(&restless, 3.0), "one that never is");
        assert!(then(&restless[..4], 0.5), "four nights say too little");
        assert!(!is_last_unsteady(&[0.2]) && is_last_unsteady(&[0.3]), "the first night");
    }
}
