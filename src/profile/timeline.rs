//! A stream's phases laid out in time: the only code that walks them.

use super::{Phase, PhaseRate, Rate, Span};

/// A stretch of time in which the rate changes along a straight line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
    /// Length in nanoseconds; 0 for a ramp or a hold that the phase does not have.
    pub length_ns: u64,
    /// The rate at its start, events per second.
    pub from_per_s: f64,
    /// The rate at its end, events per second.
    pub to_per_s: f64,
}

impl Stretch {
    fn events(&self) -> f64 {
        (self.from_per_s + self.to_per_s) / 2.0 * Span::from_nanos(self.length_ns).as_secs_f64()
    }
}

/// All stretches of the phases, with repeats. Before the first phase the stream is at its base rate: a ramp at the start begins there.
pub(crate) fn stretches(phases: &[Phase], base: Rate) -> impl Iterator<Item = Stretch> {
    let both = move |before_per_s: &mut f64, phase: &Phase| {
        let both = ramp_and_hold(phase, base, *before_per_s);
        *before_per_s = both[1].to_per_s;
        Some(both)
    };
    in_order(phases).scan(base.as_per_s(), both).flatten()
}

/// The phases that are not groups, each once however often it repeats, in the order in which they are written.
pub(super) fn leaves(phases: &[Phase]) -> Box<dyn Iterator<Item = &Phase> + '_> {
    let own = |phase| -> Box<dyn Iterator<Item = &Phase>> {
        if is_group(phase) { leaves(&phase.phases) } else { Box::new(std::iter::once(phase)) }
    };
    Box::new(phases.iter().flat_map(own))
}

/// The phases that are not groups, in the order in which they run.
pub(super) fn in_order(phases: &[Phase]) -> Box<dyn Iterator<Item = &Phase> + '_> {
    let once = |phase| -> Box<dyn Iterator<Item = &Phase>> {
        if is_group(phase) { in_order(&phase.phases) } else { Box::new(std::iter::once(phase)) }
    };
    Box::new(phases.iter().flat_map(move |phase| (0..times(phase)).flat_map(move |_| once(phase))))
}

fn is_group(phase: &Phase) -> bool {
    !phase.phases.is_empty()
}

fn times(phase: &Phase) -> u32 {
    phase.repeat.unwrap_or(1)
}

/// How long a phase that is not a group ramps, and how long it holds, in nanoseconds.
fn lengths_ns(phase: &Phase) -> [u64; 2] {
    let lasts_ns = phase.lasts.unwrap_or_default().as_nanos();
    let ramp_ns = phase.ramp.unwrap_or_default().as_nanos().min(lasts_ns);
    [ramp_ns, lasts_ns - ramp_ns]
}

fn ramp_and_hold(phase: &Phase, base: Rate, before_per_s: f64) -> [Stretch; 2] {
    let target = phase.rate.map_or(base, |rate: PhaseRate| rate.resolve(base)).as_per_s();
    let [ramp_ns, hold_ns] = lengths_ns(phase);
    [
        Stretch { length_ns: ramp_ns, from_per_s: before_per_s, to_per_s: target },
        Stretch { length_ns: hold_ns, from_per_s: target, to_per_s: target },
    ]
}

/// Nanoseconds that the phases take, repeats included; it cannot overflow for what TOML can hold.
pub(super) fn length_ns(phases: &[Phase]) -> u128 {
    phases.iter().map(|phase| once_ns(phase).saturating_mul(u128::from(times(phase)))).fold(0, u128::saturating_add)
}

fn once_ns(phase: &Phase) -> u128 {
    if is_group(phase) { length_ns(&phase.phases) } else { lengths_ns(phase).map(u128::from).iter().sum() }
}

/// Events of the phases. Repeats are multiplied, not walked: a profile may ask for billions.
pub(super) fn events(phases: &[Phase], base: Rate) -> f64 {
    events_from(phases, base, base.as_per_s()).0
}

/// Events of the phases, and the rate at their end.
fn events_from(phases: &[Phase], base: Rate, before_per_s: f64) -> (f64, f64) {
    phases.iter().fold((0.0, before_per_s), |(sum, before_per_s), phase| {
        let (first, end_per_s) = events_once(phase, base, before_per_s);
        let again = f64::from(times(phase).saturating_sub(1));
        // The second round begins at the rate at which the first ended, and so do all later ones.
        let later = if again > 0.0 { events_once(phase, base, end_per_s).0 } else { 0.0 };
        (sum + first + again * later, end_per_s)
    })
}

fn events_once(phase: &Phase, base: Rate, before_per_s: f64) -> (f64, f64) {
    if is_group(phase) {
        return events_from(&phase.phases, base, before_per_s);
    }
    let [ramp, hold] = ramp_and_hold(phase, base, before_per_s);
    (ramp.events() + hold.events(), hold.to_per_s)
}

/// The lengths of all ramps and holds, in nanoseconds, each once however often it repeats; 0 for those that a phase does not have.
pub(super) fn stretch_lengths_ns(phases: &[Phase]) -> Vec<u64> {
    let of = |phase: &Phase| match is_group(phase) {
        true => stretch_lengths_ns(&phase.phases),
        false => lengths_ns(phase).to_vec(),
    };
    phases.iter().flat_map(of).collect()
}

/// The phase that a stream is in at `at_ns`, repeats counted; none before, between and after them.
#[must_use]
pub(crate) fn phase_at(phases: &[Phase], at_ns: u128) -> Option<&Phase> {
    phase_and_rest_at(phases, at_ns).map(|(phase, _)| phase)
}

/// The phase that a stream is in at `at_ns`, and how long it still lasts, in nanoseconds; a phase that repeats is one long phase.
#[must_use]
pub(crate) fn phase_and_rest_at(phases: &[Phase], at_ns: u128) -> Option<(&Phase, u128)> {
    let mut left_ns = at_ns;
    for phase in phases {
        let all_ns = once_ns(phase).saturating_mul(u128::from(times(phase)));
        if left_ns >= all_ns {
            left_ns -= all_ns;
        } else if is_group(phase) {
            return phase_and_rest_at(&phase.phases, left_ns % once_ns(phase));
        } else {
            return Some((phase, all_ns - left_ns));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn the_phase_after_a_group_that_repeats_has_its_own_name() {
        let phases = "rate = \"1/s\"\nphases = [{ name = \"a\", for = \"2s\" }, \
            { repeat = 3, phases = [{ name = \"b\", for = \"1s\" }, { name = \"c\", for = \"2s\", repeat = 2 }] }, { name = \"d\", for = \"4s\" }]";
        let profile: Profile = toml::from_str(&format!("[[stream]]\nname = \"s\"\n{phases}")).unwrap();
        let name = |at_s: u128| {
            let phase = phase_at(&profile.streams[0].phases, at_s * 1_000_000_000);
            phase.and_then(|phase| phase.name.as_deref()).unwrap_or("-")
        };
        let names: String = (0..23).map(name).collect();
        assert_eq!(names, "aabccccbccccbccccdddd--");
        let rest_s = |at_s: u128| {
            let found = phase_and_rest_at(&profile.streams[0].phases, at_s * 1_000_000_000);
            found.map(|(_, rest_ns)| rest_ns / 1_000_000_000)
        };
        assert_eq!(
            [0, 1, 2, 3, 17, 20, 21].map(rest_s),
            [2, 1, 1, 4, 4, 1, 0].map(|rest_s| (rest_s > 0).then_some(rest_s))
        );
    }
}
