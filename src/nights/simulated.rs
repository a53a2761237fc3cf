//! Nights that never were, with noise of the kind that shared machines have: what the rule says of them is counted.
//!
//! A night's number is made of what the machine does to all figures (it lasts into the next night, has heavy tails, and jumps to another level now
//! and then), of what is the figure's own, and of what its repetitions make, with wild ones among them. The probe sees the machine, not quite.

mod proof;
mod world;

use world::{Change, World};

use super::judge::Going;
use super::{Judged, NightJudged, Nights};

/// What was said of each night of a history; on suspicion, a night's repetitions are doubled.
fn lived(world: &mut World) -> Vec<NightJudged> {
    let mut nights = world.without_nights();
    let mut going = Going::new(nights.series.len());
    (0..world.count)
        .map(|at| {
            world.sleep(&mut nights, at);
            let mut judged = going.look(&nights, at);
            if !judged.suspected.is_empty() {
                world.repeat(&mut nights, at, &judged.suspected);
                judged = going.look(&nights, at);
            }
            going.keep(&judged, &nights, at);
            judged
        })
        .collect()
}

/// The nights with a new alarm.
fn alarms(judged: &[NightJudged]) -> Vec<usize> {
    let is_alarm = |night: &NightJudged| night.figures.iter().any(|figure| figure.judged == Judged::Worse);
    (0..judged.len()).filter(|at| is_alarm(&judged[*at])).collect()
}

/// In how many nights a rule that compares with the night before would have raised one: any figure 5 % worse than yesterday.
fn worse_than_yesterday(nights: &Nights) -> Vec<usize> {
    let is_worse = |at: usize| {
        nights.series.iter().any(|series| {
            let of = |night: usize| series.nights[night].map(|value| value.center);
            of(at).zip(of(at - 1)).is_some_and(|(now, before)| now - before > 0.05_f64.ln_1p())
        })
    };
    (1..nights.machine.len()).filter(|at| is_worse(*at)).collect()
}

#[test]
fn nights_without_a_change_raise_an_alarm_once_in_two_hundred_at_most() {
    let (mut nights, mut raised) = (0, 0);
    for seed in 0..40 {
        let mut world = World::new(0.05, 0.05, seed);
        raised += alarms(&lived(&mut world)).len();
        nights += world.count;
    }
    // 2,400 nights: 12 are expected at the level. Four deviations more would be 26.
    assert!(raised <= 26, "{raised} alarms in {nights} nights");
}

#[test]
fn a_change_of_a_fifth_is_found_within_three_nights_and_dated() {
    let mut found = 0;
    for seed in 0..40 {
        let mut world = World::new(0.03, 0.03, 1_000 + seed);
        world.change = Some(Change { at: 45, by: 0.2_f64.ln_1p(), figures: vec![7] });
        let judged = lived(&mut world);
        let first = (45..48).find(|at| judged[*at].figures[7].judged == Judged::Worse);
        found += usize::from(
            first.is_some_and(|at| judged[at].figures[7].since.is_some_and(|since| since.abs_diff(45) <= 1)),
        );
    }
    assert!(found >= 34, "{found} of 40");
}
