//! Which phase of a stream a moment lies in, for figures and limits of each phase.

use super::timeline::leaves;
use super::{Phase, Slo, Span, Stream};

/// The most phases that a stream's figures are told for; a stream with more has figures for the whole only.
pub(crate) const MOST_PHASES: usize = 32;
/// The most times that phases may begin, repeats counted.
const MOST_STRETCHES: usize = 4096;

/// A stream's phases as its figures name them. A phase that repeats is one phase, with all its repeats.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PhasePlan {
    /// In the order in which they first begin.
    phases: Vec<PlannedPhase>,
    /// Each stretch of time that lies in one phase, in order, without a gap.
    stretches: Vec<PhaseStretch>,
}

/// One phase.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlannedPhase {
    /// Its name, or `phase N` where the profile gives none; the same name twice is numbered.
    pub(crate) name: String,
    /// The limits of its own.
    pub(crate) slo: Option<Slo>,
}

/// A stretch of time in one phase, in nanoseconds from the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PhaseStretch {
    /// The phase's place in the plan.
    pub(crate) phase: u8,
    /// Its first moment.
    pub(crate) from_ns: u64,
    /// The first moment after it.
    pub(crate) to_ns: u64,
}

impl PhasePlan {
    /// The phases of a stream that sends for `duration`; none where it has a single one, or too many to tell apart.
    #[must_use]
    pub(crate) fn of(stream: &Stream, duration: Span) -> Self {
        let written: Vec<&Phase> = leaves(&stream.phases).collect();
        if written.len() < 2 || written.len() > MOST_PHASES {
            return PhasePlan::default();
        }
        let Some(stretches) = stretches_of(stream, &written, duration.as_nanos()) else {
            return PhasePlan::default();
        };
        PhasePlan { phases: named(&written), stretches }
    }

    /// The phases, in the order in which they first begin.
    #[must_use]
    pub(crate) fn phases(&self) -> &[PlannedPhase] {
        &self.phases
    }

    /// When this phase lasts.
    pub(crate) fn stretches_of(&self, phase: u8) -> impl Iterator<Item = PhaseStretch> + '_ {
        self.stretches.iter().copied().filter(move |stretch| stretch.phase == phase)
    }

    /// The phase that is on at this moment; none before, between and after them.
    #[must_use]
    pub(crate) fn at(&self, at_ns: u64) -> Option<u8> {
        let place = self.stretches.partition_point(|stretch| stretch.to_ns <= at_ns);
        self.stretches.get(place).map(|stretch| stretch.phase)
    }
}

/// Every phase with its repeats, cut at the end; nothing when they are too many.
fn stretches_of(stream: &Stream, written: &[&Phase], end_ns: u64) -> Option<Vec<PhaseStretch>> {
    let mut stretches: Vec<PhaseStretch> = Vec::new();
    let mut from_ns: u64 = 0;
    for phase in super::timeline::in_order(&stream.phases) {
        let place = written.iter().position(|written| std::ptr::eq(*written, phase))?;
        let to_ns = from_ns.saturating_add(phase.lasts.unwrap_or_default().as_nanos()).min(end_ns);
        if stretches.len() == MOST_STRETCHES {
            return None;
        }
        if to_ns > from_ns {
            stretches.push(PhaseStretch { phase: u8::try_from(place).ok()?, from_ns, to_ns });
        }
        if to_ns == end_ns {
            break;
        }
        from_ns = to_ns;
    }
    Some(stretches)
}

fn named(written: &[&Phase]) -> Vec<PlannedPhase> {
    let mut phases: Vec<PlannedPhase> = Vec::new();
    for (number, phase) in (1..).zip(written) {
        let name = phase.name.clone().unwrap_or_else(|| format!("phase {number}"));
        let is_taken = phases.iter().any(|other| other.name == name);
        let name = if is_taken { format!("{name} ({number})") } else { name };
        phases.push(PlannedPhase { name, slo: phase.slo });
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn plan(phases: &str, seconds: u64) -> PhasePlan {
        let text = format!("[[stream]]\nname = \"s\"\nrate = \"1/s\"\nphases = [{phases}]");
        let profile: Profile = toml::from_str(&text).unwrap();
        PhasePlan::of(&profile.streams[0], Span::from_secs(seconds))
    }

    fn names_by_the_second(plan: &PhasePlan, seconds: u64) -> Vec<String> {
        let name = |second: u64| {
            let at = plan.at(second * 1_000_000_000);
            at.map_or("-".to_owned(), |phase| plan.phases()[usize::from(phase)].name.clone())
        };
        (0..seconds).map(name).collect()
    }

    #[test]
    fn each_moment_has_its_phase_and_repeats_are_one() {
        let phases = "{ name = \"calm\", for = \"2s\" }, { repeat = 2, phases = [{ name = \"burst\", for = \"1s\" }, { for = \"1s\" }] }, { name = \"calm\", for = \"2s\" }";
        let plan = plan(phases, 7);
        let by_second = names_by_the_second(&plan, 8).join(" ");
        assert_eq!(by_second, "calm calm burst phase 3 burst phase 3 calm (4) -");
        assert_eq!(plan.stretches_of(1).map(|stretch| stretch.from_ns / 1_000_000_000).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(plan.stretches_of(3).next().map(|stretch| stretch.to_ns), Some(7_000_000_000), "cut at the end");
    }

    #[test]
    fn one_phase_or_too_many_are_told_as_the_whole_only() {
        assert_eq!(plan("{ for = \"2s\" }", 2).phases(), []);
        let many = "{ for = \"1s\" }, ".repeat(MOST_PHASES + 1);
        assert_eq!(plan(&many, 60).phases(), []);
        let often = "{ for = \"1ms\", repeat = 4096 }, { for = \"1ms\" }";
        assert_eq!(plan(often, 60).phases(), []);
        assert_eq!(plan("{ for = \"1ms\", repeat = 4000000000 }, { for = \"1s\" }", 4).phases().len(), 2);
    }
}
