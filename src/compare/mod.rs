//! Is one set of runs worse than another? Pure: from the figures of runs to differences with intervals and a judgement.
//!
//! Each run gives one number for each figure. `figure` says what is compared, `measured` takes it from a summary, `estimate` says how far two
//! sets are apart, `deals` whether chance explains it, and `judge` whether it is worse. `alike` says what else differs, `facts` what is certain
//! without statistics.

mod alike;
mod compared;
mod deals;
mod estimate;
#[cfg(test)]
pub(crate) mod examples;
mod facts;
mod figure;
mod judge;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod made_up;
mod measured;
mod paired;
mod paired_ratio;
#[cfg(test)]
mod simulated;
mod thresholds;
pub(crate) mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use alike::load_of;
pub use alike::{Difference, DifferenceCode};
pub use compared::Compared;
pub use estimate::{Apart, INTERVAL_MISRATE, Interval, Side};
pub use facts::{Fact, FactCode};
pub use figure::{Figure, Percentile, Place, Subject, Unit};
pub use judge::{FAMILY_MISRATE, Judgement};
pub use measured::figures_of;
pub use paired_ratio::{PairedRatio, RatioInterval};
pub use thresholds::{Threshold, Thresholds};

use crate::results::{Manifest, RunState, Summary};
use crate::verdict::Verdict;
use words::one_line;

/// The schema of a comparison.
pub const COMPARE_SCHEMA: u32 = 1;

/// A run: one repetition.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its folder, as it was named.
    pub folder: String,
    /// What ran.
    pub manifest: Manifest,
    /// What it found.
    pub summary: Summary,
}

/// How to compare.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The smallest differences that matter.
    pub thresholds: Thresholds,
    /// Compare even different profiles, and take void runs in.
    pub anyway: bool,
}

/// Runs that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// A run stands twice.
    #[error(
        "run {} is named twice, by {} and {}: each run counts once, on one side",
        one_line(run),
        one_line(first),
        one_line(second)
    )]
    Twice {
        /// The run's id.
        run: String,
        /// Its folder.
        first: String,
        /// Its other folder, or the same.
        second: String,
    },
    /// The load differs.
    #[error("{0} Runs of different loads cannot be compared; --anyway does it all the same")]
    OtherLoad(String),
}

/// Whether new is worse than base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// New is worse: exit code 1.
    Regression,
    /// No figure is worse: exit code 0.
    NoRegression,
    /// Nothing can be said: exit code 3.
    Unclear,
}

/// A comparison of two sets of runs, as `floodmark compare --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The version of this layout: 1.
    pub schema: u32,
    /// Whether new is worse.
    pub finding: Finding,
    /// Why nothing can be said, or how many figures are worse, in a sentence.
    pub text: String,
    /// What else differs between the runs.
    pub differences: Vec<Difference>,
    /// Regressions that are certain without statistics.
    pub facts: Vec<Fact>,
    /// The runs of base.
    pub base: Vec<RunUsed>,
    /// The runs of new.
    pub new: Vec<RunUsed>,
    /// The smallest difference that matters, as a share of base, for figures that have none of their own.
    pub threshold: f64,
    /// How often equal sets are called different, at most, over all figures together.
    pub family_misrate: f64,
    /// Every figure, by stream, stage and phase.
    pub figures: Vec<Compared>,
}

/// A run of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunUsed {
    /// Its folder, as it was named.
    pub folder: String,
    /// Its id.
    pub id: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Whether its figures are in the comparison.
    pub used: bool,
}

/// Compares.
///
/// # Errors
/// A run that stands twice, or loads that differ, unless the rules allow that.
pub fn compare(base: &[Run], new: &[Run], rules: &Rules) -> Result<Comparison, CompareError> {
    refuse_twins(base.iter().chain(new))?;
    compare_sets(base, new, rules)
}

/// The same, of sets that may share runs.
fn compare_sets(base: &[Run], new: &[Run], rules: &Rules) -> Result<Comparison, CompareError> {
    let usable =
        |runs: &'_ [Run]| -> Vec<bool> { runs.iter().map(|run| rules.anyway || doubt(run).is_none()).collect() };
    let (base_usable, new_usable) = (usable(base), usable(new));
    let (base_used, new_used) = (used(base, &base_usable), used(new, &new_usable));
    let mut differences = alike::differences(base, new);
    if let Some(refusal) = differences.iter().find(|difference| difference.refuses && !rules.anyway) {
        return Err(CompareError::OtherLoad(refusal.text.clone()));
    }
    let paired = paired::Paired::of(&base_used, &new_used);
    differences.extend(paired.missing());
    differences.extend(base.iter().chain(new).filter_map(|run| left_out(run, rules)));
    let figures = paired.compared(&rules.thresholds);
    let facts = facts::facts(base, new);
    let (finding, text) = found(&facts, &figures, base_used.len(), new_used.len());
    Ok(Comparison {
        schema: COMPARE_SCHEMA,
        finding,
        text,
        differences,
        facts,
        base: listed(base, &base_usable),
        new: listed(new, &new_usable),
        threshold: rules.thresholds.of_all(),
        family_misrate: FAMILY_MISRATE,
        figures,
    })
}

fn used<'a>(runs: &'a [Run], usable: &[bool]) -> Vec<&'a Run> {
    runs.iter().zip(usable).filter(|(_, usable)| **usable).map(|(run, _)| run).collect()
}

fn listed(runs: &[Run], usable: &[bool]) -> Vec<RunUsed> {
    let listed = |(run, used): (&Run, &bool)| RunUsed {
        folder: run.folder.clone(),
        id: run.manifest.run_id.clone(),
        verdict: run.summary.verdict,
        used: *used,
    };
    runs.iter().zip(usable).map(listed).collect()
}

fn refuse_twins<'a>(runs: impl Iterator<Item = &'a Run>) -> Result<(), CompareError> {
    let mut seen: std::collections::BTreeMap<&str, &str> = std::collections::BTreeMap::new();
    for run in runs {
        if let Some(first) = seen.insert(&run.manifest.run_id, &run.folder) {
            let (run, second) = (run.manifest.run_id.clone(), run.folder.clone());
            return Err(CompareError::Twice { run, first: first.to_owned(), second });
        }
    }
    Ok(())
}

/// Why a run's figures cannot be compared.
fn doubt(run: &Run) -> Option<String> {
    let summary = &run.summary;
    let first = || summary.reasons.first().map_or(String::new(), |reason| format!(": {}", one_sentence(&reason.text)));
    match (run.manifest.state, summary.verdict) {
        (RunState::Running, _) => Some("was killed or is still going".to_owned()),
        (_, Verdict::Part) => Some("is a part of a run, which `floodmark merge` joins with the others".to_owned()),
        (_, Verdict::Void) => Some(format!("is void{}", first())),
        _ if summary.interrupted => Some("was interrupted".to_owned()),
        _ if summary.partial => Some("misses a part".to_owned()),
        _ => None,
    }
}

fn one_sentence(text: &str) -> String {
    text.trim_end_matches('.').to_owned()
}

fn left_out(run: &Run, rules: &Rules) -> Option<Difference> {
    let doubt = doubt(run)?;
    let what = if rules.anyway { "it is compared all the same" } else { "it is left out" };
    let text = format!("{} {doubt}; {what}.", one_line(&run.folder));
    Some(Difference { code: DifferenceCode::LeftOut, refuses: false, text })
}

/// What it comes to.
fn found(facts: &[Fact], figures: &[Compared], base: usize, new: usize) -> (Finding, String) {
    let of = |judgement| figures.iter().filter(|figure| figure.judgement == judgement).count();
    let (worse, unclear) = (of(Judgement::Worse), of(Judgement::Unclear) + of(Judgement::MayBeChance));
    let clear = of(Judgement::NotWorse) + of(Judgement::Better);
    let runs = format!("{base} against {new} runs");
    if worse + facts.len() > 0 {
        let certain =
            if facts.is_empty() { String::new() } else { format!(", {} certain without statistics", facts.len()) };
        return (Finding::Regression, format!("{worse} of {} figures are worse{certain} ({runs}).", figures.len()));
    }
    if base == 0 || new == 0 {
        let side = if base == 0 { "base" } else { "new" };
        return (Finding::Unclear, format!("No run of {side} can be compared."));
    }
    if clear == 0 {
        return (Finding::Unclear, why_unclear(unclear, base, new));
    }
    let noisy = if unclear > 0 { format!("; {unclear} vary too much to tell") } else { String::new() };
    (Finding::NoRegression, format!("{clear} figures are not worse{noisy} ({runs})."))
}

fn why_unclear(unclear: usize, base: usize, new: usize) -> String {
    if unclear > 0 {
        return format!("All {unclear} figures vary too much from run to run to tell ({base} against {new} runs).");
    }
    if (base, new) == (1, 1) {
        return "One run each has no interval, and equal single runs often differ by 10 % in their median and by a factor of 2 in their p99: \
                only lost events and the verdict are judged.".to_owned();
    }
    format!("{base} against {new} runs are too few to tell a difference from chance: it takes 5 of each.")
}

/// The JSON Schema of a comparison, indented, with a line end.
#[must_use]
pub(crate) fn compare_schema() -> String {
    let mut schema = schemars::schema_for!(Comparison);
    schema.insert("title".to_owned(), "floodmark comparison".into());
    format!("{:#}\n", schema.to_value())
}
