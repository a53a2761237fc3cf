//! A combination, over all its trials.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::front::Standing;
use super::record::SweepTrial;
use crate::compare::Side;
use crate::verdict::Verdict;

/// A combination, over all its trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Point {
    /// Which combination, from 1.
    pub(crate) combination: usize,
    /// How many of its trials count.
    pub(crate) counted: usize,
    /// How many say nothing of its settings.
    pub(crate) invalid: usize,
    /// How many of those that count broke a limit of the profile.
    pub(crate) failed: usize,
    /// Each figure over the trials that count: centre, smallest and largest.
    pub(crate) figures: BTreeMap<Figure, Side>,
    /// How it stands to the other combinations.
    pub(crate) standing: Standing,
}

impl Point {
    /// A figure over its trials.
    pub(crate) fn figure(&self, figure: Figure) -> Option<&Side> {
        self.figures.get(&figure)
    }
}

/// Every combination.
pub(super) fn points(combinations: usize, trials: &[SweepTrial]) -> Vec<Point> {
    (1..=combinations).map(|combination| point(combination, trials)).collect()
}

fn point(combination: usize, trials: &[SweepTrial]) -> Point {
    let own = || trials.iter().filter(|trial| trial.round > 0 && trial.combination == combination);
    let counted = || own().filter(|trial| trial.figures.is_some());
    let mut values: BTreeMap<Figure, Vec<f64>> = BTreeMap::new();
    for (figure, value) in counted().filter_map(|trial| trial.figures.as_ref()).flatten() {
        values.entry(*figure).or_default().push(*value);
    }
    Point {
        combination,
        counted: counted().count(),
        invalid: own().count() - counted().count(),
        failed: counted().filter(|trial| trial.verdict == Verdict::Fail).count(),
        figures: values.into_iter().filter_map(|(figure, values)| Some((figure, Side::of(&values)?))).collect(),
        standing: Standing::Unknown,
    }
}
