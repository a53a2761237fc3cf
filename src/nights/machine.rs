//! What the machine itself does: which nights it disturbed, since when it is another one, and how much of a figure is the machine.

use super::robust::scaled_mad;
use super::{BASELINE_NIGHTS, LASTING_NIGHTS, MachineNight};
use crate::median::median;

/// Beyond this many deviations of its own usual, the machine is suspect.
const FAR: f64 = 4.0;
/// And beyond this share.
const FAR_SHARE: f64 = 0.05;
/// The probe itself is not known to better than this, as a share.
const LEAST_DEVIATION: f64 = 0.01;
/// So many nights say what the machine usually does.
const LEAST_NIGHTS: usize = 5;
/// The machine is taken out of a single figure only where that leaves less than this of its noise: a slope fitted to nothing lowers it a little, too.
const LOWERS: f64 = 0.85;
/// And out of all figures that become quieter by it, where that leaves less than this of the noise of most of them.
const LOWERS_ALL: f64 = 0.95;

/// What the probe reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What an event takes in CPU time.
    Cpu,
    /// How long an event waits for its answer.
    Answers,
}

/// Why a night is suspect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suspect {
    /// By which share a reading is away from its usual.
    pub by: f64,
    /// Which of them.
    pub reading: Reading,
}

/// What is known of the machine in a night.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct MachineState {
    /// The probe's reading that is away from its usual most, where that or a difference within the night makes it suspect.
    pub(super) suspect: Option<Suspect>,
    /// The night from which on the machine is as it is now.
    pub(super) since: usize,
}

/// Every night's state, from the nights before it. A machine that is another one for as many nights as a lasting change has begins anew with
/// the first of them.
#[must_use]
pub(super) fn states(nights: &[MachineNight]) -> Vec<MachineState> {
    let mut states: Vec<MachineState> = Vec::with_capacity(nights.len());
    let mut since = 0;
    for at in 0..nights.len() {
        states.push(MachineState { suspect: suspect(nights, &states, since, at), since });
        if let Some(first) = new_machine(nights, &states, at).filter(|first| *first > since) {
            since = first;
            for state in &mut states[first..] {
                *state = MachineState { suspect: None, since };
            }
        }
    }
    states
}

/// Whether a night is suspect, and by which reading.
fn suspect(nights: &[MachineNight], states: &[MachineState], since: usize, at: usize) -> Option<Suspect> {
    let of = |reading: Reading| away(nights, states, since, at, reading).map(|away| (reading, away));
    let [cpu, answers] = [Reading::Cpu, Reading::Answers].map(of);
    let far = [cpu, answers].into_iter().flatten().filter(|(_, away)| away.is_far);
    let furthest = far.max_by(|(_, one), (_, other)| one.by.abs().total_cmp(&other.by.abs()));
    let noisy = || nights[at].is_noisy.then(|| (Reading::Cpu, cpu.map_or(0.0, |(_, away)| away.by)));
    let found = furthest.map(|(reading, away)| (reading, away.by)).or_else(noisy);
    found.map(|(reading, by)| Suspect { by: by.exp_m1(), reading })
}

#[derive(Clone, Copy)]
struct Away {
    by: f64,
    is_far: bool,
}

/// How far a reading is from its usual, as a logarithm; none while that is not known.
fn away(nights: &[MachineNight], states: &[MachineState], since: usize, at: usize, reading: Reading) -> Option<Away> {
    let read = |night: usize| match reading {
        Reading::Cpu => nights[night].probe,
        Reading::Answers => nights[night].answers,
    };
    let tonight = read(at)?;
    let calm = (since..at).rev().filter(|night| states[*night].suspect.is_none()).filter_map(read);
    let calm: Vec<f64> = calm.take(BASELINE_NIGHTS).collect();
    if calm.len() < LEAST_NIGHTS.min(since.max(1) * LEAST_NIGHTS) && calm.len() < LASTING_NIGHTS {
        return None;
    }
    let center = median(calm.clone())?;
    let deviations: Vec<f64> = calm.iter().map(|value| value - center).collect();
    let deviation = scaled_mad(&deviations)?.max(LEAST_DEVIATION);
    let by = tonight - center;
    Some(Away { by, is_far: by.abs() > FAR * deviation && by.abs() > FAR_SHARE.ln_1p() })
}

/// The first of the latest nights that are all far on one side, when there are enough of them.
fn new_machine(nights: &[MachineNight], states: &[MachineState], at: usize) -> Option<usize> {
    let first = (at + 1).checked_sub(LASTING_NIGHTS)?;
    let calm = (first..=at).filter(|night| !nights[*night].is_noisy);
    let by: Vec<f64> = calm.filter_map(|night| states[night].suspect).map(|suspect| suspect.by).collect();
    let is_one_side = by.iter().all(|by| *by > 0.0) || by.iter().all(|by| *by < 0.0);
    (by.len() == LASTING_NIGHTS && is_one_side).then_some(first)
}

/// What a figure and the machine were away from their usual in the same nights.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Together {
    /// The figure, night by night.
    pub(super) figure: Vec<f64>,
    /// The machine's probe in the same nights; none where it was not measured in one of them.
    pub(super) machine: Option<Vec<f64>>,
}

/// How much of the machine is in each figure of a family: the median of the slopes between all pairs of nights (Theil and Sen), half-way drawn to
/// that of the family where the family as a whole is quieter without the machine. 0 for a figure that is not.
#[must_use]
pub(super) fn shares_of_machine(family: &[Option<Together>]) -> Vec<f64> {
    let slopes: Vec<Option<f64>> = family.iter().map(|of| of.as_ref().and_then(slope)).collect();
    let common = median(slopes.iter().flatten().copied().collect()).unwrap_or(0.0);
    let drawn: Vec<Option<f64>> = slopes.iter().map(|slope| slope.map(|slope| f64::midpoint(slope, common))).collect();
    let left = |(of, slope): (&Option<Together>, &Option<f64>)| {
        of.as_ref().zip(*slope).map(|(of, slope)| noise_left(of, slope))
    };
    let of_family = median(family.iter().zip(&drawn).filter_map(left).collect());
    let is_the_familys = of_family.is_some_and(|left| left < LOWERS_ALL);
    let share = |((of, own), drawn): ((&Option<Together>, &Option<f64>), &Option<f64>)| {
        let (of, own, drawn) = (of.as_ref()?, (*own)?, (*drawn)?);
        if is_the_familys && noise_left(of, drawn) < 1.0 {
            return Some(drawn);
        }
        Some(own).filter(|own| noise_left(of, *own) < LOWERS)
    };
    family.iter().zip(&slopes).zip(&drawn).map(|all| share(all).unwrap_or(0.0)).collect()
}

fn slope(of: &Together) -> Option<f64> {
    let machine = of.machine.as_ref().filter(|machine| machine.len() >= super::LEAST_NIGHTS)?;
    let both: Vec<(f64, f64)> = of.figure.iter().copied().zip(machine.iter().copied()).collect();
    let pairs = both.iter().enumerate().flat_map(|(at, one)| both[at + 1..].iter().map(move |other| (one, other)));
    let apart = pairs.filter(|(one, other)| (one.1 - other.1).abs() > 1e-9);
    median(apart.map(|(one, other)| (one.0 - other.0) / (one.1 - other.1)).collect())
}

/// Which part of a figure's deviation is left without the machine.
fn noise_left(of: &Together, slope: f64) -> f64 {
    let left: Vec<f64> =
        of.figure.iter().zip(of.machine.iter().flatten()).map(|(figure, machine)| figure - slope * machine).collect();
    let center = median(left.clone()).unwrap_or(0.0);
    let left: Vec<f64> = left.iter().map(|left| left - center).collect();
    let (with, without) = (scaled_mad(&left).unwrap_or(0.0), scaled_mad(&of.figure).unwrap_or(0.0));
    if without > 0.0 { with / without } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nights(probes: &[f64]) -> Vec<MachineNight> {
        probes.iter().map(|probe| MachineNight { probe: Some(*probe), ..MachineNight::default() }).collect()
    }

    /// Nights that differ by a percent or so.
    fn calm(count: usize) -> Vec<f64> {
        (0..count).map(|at| 0.01 * ((at * 7 % 5) as f64 - 2.0)).collect()
    }

    #[test]
    fn one_slow_night_is_suspect_and_the_next_is_not() {
        let mut probes = calm(20);
        probes[12] += 0.3;
        let states = states(&nights(&probes));
        let suspect: Vec<usize> = (0..20).filter(|night| states[*night].suspect.is_some()).collect();
        assert_eq!(suspect, [12]);
        let suspect = states[12].suspect.unwrap();
        assert!((suspect.by - 0.3_f64.exp_m1()).abs() < 0.05 && suspect.reading == Reading::Cpu, "{suspect:?}");
    }

    #[test]
    fn a_night_in_which_events_waited_for_the_processors_is_suspect_though_each_took_no_more_of_them() {
        let waits: Vec<f64> =
            calm(20).iter().enumerate().map(|(at, wait)| if at == 12 { wait + 0.12 } else { *wait }).collect();
        let mut busy = nights(&calm(20));
        busy.iter_mut().zip(&waits).for_each(|(night, wait)| night.answers = Some(*wait));
        let states = states(&busy);
        let suspect: Vec<usize> = (0..20).filter(|night| states[*night].suspect.is_some()).collect();
        assert_eq!(suspect, [12]);
        assert_eq!(states[12].suspect.map(|suspect| suspect.reading), Some(Reading::Answers));
    }

    #[test]
    fn a_machine_that_stays_slow_is_another_one_from_its_first_night() {
        let mut probes = calm(20);
        probes[12..].iter_mut().for_each(|probe| *probe += 0.3);
        let states = states(&nights(&probes));
        assert_eq!(states[19], MachineState { suspect: None, since: 12 });
        assert!(states[15..].iter().all(|state| state.suspect.is_none()));
    }

    #[test]
    fn what_follows_the_machine_has_it_taken_out_and_what_does_not_has_not() {
        let machine: Vec<f64> = calm(20).into_iter().map(|probe| 3.0 * probe).collect();
        let wobble = |at: usize, by: f64| by * ((at * 3 % 7) as f64 - 3.0);
        let follows: Vec<f64> = machine.iter().enumerate().map(|(at, probe)| 1.3 * probe + wobble(at, 0.002)).collect();
        let apart: Vec<f64> = (0..20).map(|at| wobble(at, 0.02)).collect();
        let still = vec![0.0; 20];
        let together = |figure: &Vec<f64>| Some(Together { figure: figure.clone(), machine: Some(machine.clone()) });
        let shares = shares_of_machine(&[
            together(&follows),
            together(&follows),
            together(&follows),
            together(&apart),
            together(&still),
            None,
        ]);
        assert!(shares[..3].iter().all(|share| (share - 1.3).abs() < 0.1), "{shares:?}");
        assert_eq!(shares[4..], [0.0, 0.0]);
        let alone = shares_of_machine(&[together(&apart)]);
        assert!(alone[0].abs() < f64::EPSILON, "{alone:?}");
    }
}
