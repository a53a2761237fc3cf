//! The runs of a night: which are there, and which one stands for a figure.

use super::{PastNight, PastRun};
use crate::history::{FigureLine, NightLine};

/// The runs of a profile's line.
pub(super) fn runs(line: &NightLine, has_page: &dyn Fn(&str) -> bool) -> Vec<PastRun> {
    let run = |run: &crate::history::Repetition| PastRun {
        profile: line.profile.clone(),
        number: run.number,
        verdict: run.verdict,
        counts: run.counts,
        folder: run.folder.clone(),
        has_page: has_page(&run.folder),
    };
    line.repetitions.iter().map(run).collect()
}

/// The run of a profile whose page says most about a figure: of those whose page is there, the one in the middle of what was measured, or the first that counts.
pub(super) fn run_of(night: &PastNight, profile: &str, figure: Option<&FigureLine>) -> Option<String> {
    let of_profile: Vec<&PastRun> = night.runs.iter().filter(|run| run.profile == profile).collect();
    let counting: Vec<&PastRun> = of_profile.iter().copied().filter(|run| run.counts).collect();
    let values = figure.map(|figure| figure.values.as_slice()).filter(|values| values.len() == counting.len());
    let middle = values.and_then(middle).and_then(|at| counting.get(at).copied());
    let choices = middle.into_iter().chain(counting.iter().copied()).chain(of_profile.iter().copied());
    choices.into_iter().find(|run| run.has_page).map(|run| run.folder.clone())
}

/// Which of the values is in the middle.
fn middle(values: &[f64]) -> Option<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    order.get(order.len() / 2).copied()
}
