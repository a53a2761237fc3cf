//! From the lines of a history to series of nights that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::key;
use super::unsteady::is_unsteady;
use crate::compare::{Figure, Place, Thresholds, Unit};
use crate::history::{Accepted, NightLine, ProbeReading, Surroundings, changed};
use crate::nights::{LEAST_NIGHTS, MachineNight, NightValue, Nights, Series};

/// A figure's name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    /// The profile.
    pub(crate) profile: String,
    /// Where it is measured.
    pub(crate) place: Place,
    /// The figure.
    pub(crate) figure: String,
    /// What it is counted in.
    pub(crate) unit: Unit,
}

/// The nights of a suite up to one of them, and what its series are.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The nights' names, the oldest first; the last is the one that is judged.
    pub(crate) names: Vec<String>,
    /// The nights as the rule takes them.
    pub(crate) nights: Nights,
    /// The figures, in the same order as the series.
    pub(crate) figures: Vec<Named>,
    /// Where a baseline begins anew, a sentence each.
    pub(crate) begins: Vec<String>,
}

/// The nights up to `night`. What ran elsewhere, on another version or with another load than in the last of them is no part of it.
#[must_use]
pub(crate) fn told(lines: &[NightLine], accepted: &[Accepted], night: &str, thresholds: &Thresholds) -> Told {
    let lines: Vec<&NightLine> = lines.iter().filter(|line| line.night.as_str() <= night).collect();
    let names: Vec<String> = lines.iter().map(|line| line.night.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let place: BTreeMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut told = Told {
        nights: Nights { machine: machine(&lines, &names), series: Vec::new() },
        figures: Vec::new(),
        begins: Vec::new(),
        names: names.clone(),
    };
    let tonight: BTreeSet<&String> =
        lines.iter().filter(|line| line.night == night).map(|line| &line.profile).collect();
    for profile in tonight {
        let of_profile: Vec<&NightLine> = lines.iter().copied().filter(|line| line.profile == *profile).collect();
        told.add(profile, &of_profile, accepted, &place, thresholds);
    }
    told
}

impl Told {
    /// As it was told in an earlier night that has the same figures.
    pub(super) fn up_to(&self, at: usize) -> Told {
        let mut told = self.clone();
        told.names.truncate(at + 1);
        told.nights.machine.truncate(at + 1);
        for series in &mut told.nights.series {
            series.nights.truncate(at + 1);
            series.accepted.retain(|first| *first <= at);
        }
        told
    }

    fn add(
        &mut self,
        profile: &str,
        lines: &[&NightLine],
        accepted: &[Accepted],
        place: &BTreeMap<&str, usize>,
        thresholds: &Thresholds,
    ) {
        let Some(last) = lines.last() else { return };
        let alike: Vec<&NightLine> =
            lines.iter().copied().filter(|line| line.fingerprint == last.fingerprint).collect();
        self.begins.extend(new_baseline(profile, lines, &alike));
        for figure in &last.figures {
            let mut nights = vec![None; self.names.len()];
            let wanted = key(&figure.place, &figure.figure);
            for line in &alike {
                let same = line.figures.iter().find(|of| key(&of.place, &of.figure) == wanted);
                if let Some((at, same)) = place.get(line.night.as_str()).zip(same) {
                    nights[*at] = NightValue::of(&same.values);
                }
            }
            let least = Figure::named(&figure.figure).map_or(thresholds.of_all(), |named| thresholds.of_figure(named));
            let accepted = accepted
                .iter()
                .filter(|of| of.covers(profile, &figure.figure))
                .filter_map(|of| first_of(&of.since, &self.names));
            let accepted = accepted.collect();
            self.nights.series.push(Series { less_is_worse: figure.less_is_worse, least, nights, accepted });
            self.figures.push(Named {
                profile: profile.to_owned(),
                place: figure.place.clone(),
                figure: figure.figure.clone(),
                unit: figure.unit,
            });
        }
    }
}

/// That a baseline began anew, while that is new: until its figures are judged. Nights that alternate between two classes of machine have two.
fn new_baseline(profile: &str, lines: &[&NightLine], alike: &[&NightLine]) -> Option<String> {
    let first = alike.first().filter(|_| alike.len() <= LEAST_NIGHTS)?;
    let before = lines.iter().rfind(|line| line.night < first.night && line.fingerprint != first.fingerprint)?;
    Some(begins(profile, &before.surroundings, first))
}

/// Why a baseline begins anew with a night.
pub(super) fn begins(profile: &str, before: &Surroundings, first: &NightLine) -> String {
    let what = changed(before, &first.surroundings).join("; ");
    format!("{profile}: a new baseline begins with night {}, as {what}", first.night)
}

/// The first night that is not before `since`; none when all are.
pub(super) fn first_of(since: &str, names: &[String]) -> Option<usize> {
    names.iter().position(|name| name.as_str() >= since)
}

/// What the machine did in each night: the middle of its readings, on a machine of any of the hosts that wrote lines.
fn machine(lines: &[&NightLine], names: &[String]) -> Vec<MachineNight> {
    let of_each: Vec<Option<&NightLine>> =
        names.iter().map(|name| lines.iter().rfind(|line| line.night == *name).copied()).collect();
    let of = |at: usize| {
        let line = of_each[at]?;
        let so_far: Vec<&NightLine> = of_each[..=at].iter().flatten().copied().collect();
        let middle = |of: fn(&ProbeReading) -> f64| {
            NightValue::of(&line.probes.iter().map(of).collect::<Vec<_>>()).map(|value| value.center)
        };
        let (probe, answers) = (middle(|probe| probe.cpu_us_per_event), middle(|probe| probe.ack_p50_ms));
        Some(MachineNight { probe, answers, is_noisy: line.suspect.is_some() && is_unsteady(&so_far) })
    };
    (0..names.len()).map(|at| of(at).unwrap_or_default()).collect()
}
