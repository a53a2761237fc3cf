//! The table of the documentation: how often the rule is wrong, and how soon it is right. `scripts/prove-nightly` calls it.

use super::world::{Change, World};
use super::{alarms, lived, worse_than_yesterday};
use crate::nights::{Judged, Nights};

/// Noise from night to night, and between repetitions.
const NOISE: [(f64, f64); 9] = [
    (0.02, 0.03),
    (0.02, 0.08),
    (0.02, 0.15),
    (0.05, 0.03),
    (0.05, 0.08),
    (0.05, 0.15),
    (0.10, 0.03),
    (0.10, 0.08),
    (0.10, 0.15),
];
/// The night of the change.
const CHANGED: usize = 45;

fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
#[ignore = "takes minutes: scripts/prove-nightly"]
fn how_often_it_is_wrong() {
    let (histories, seed) = (asked("FLOODMARK_HISTORIES", 225), asked("FLOODMARK_SEED", 1));
    let of_each = histories.div_ceil(NOISE.len() as u64);
    let mut all = [0_usize; 4];
    for (place, (night, repetition)) in NOISE.into_iter().enumerate() {
        let mut counted = [0_usize; 4];
        for history in 0..of_each {
            let seed = seed * 1_000_003 + history * 97 + place as u64;
            let mut world = World::new(night, repetition, seed);
            let judged = lived(&mut world);
            let judged_nights = judged.iter().filter(|night| {
                night.figures.iter().any(|figure| !matches!(figure.judged, Judged::TooFewNights | Judged::Suspect))
            });
            counted[0] += judged_nights.count();
            counted[1] += alarms(&judged).len();
            counted[2] += judged.iter().filter(|night| night.suspect.is_some()).count();
            counted[3] += worse_than_yesterday(&slept(night, repetition, seed)).len();
        }
        told(&format!("{:>3.0} % and {:>2.0} %", 100.0 * night, 100.0 * repetition), &counted);
        all.iter_mut().zip(counted).for_each(|(all, counted)| *all += counted);
    }
    told("all", &all);
}

/// The same nights, without the rule.
fn slept(night: f64, repetition: f64, seed: u64) -> Nights {
    let mut world = World::new(night, repetition, seed);
    let mut nights = world.without_nights();
    (0..world.count).for_each(|at| world.sleep(&mut nights, at));
    nights
}

fn told(name: &str, [nights, raised, suspect, yesterday]: &[usize; 4]) {
    let each = |count: &usize| {
        if *count == 0 { "none".to_owned() } else { format!("1 in {:.0}", *nights as f64 / *count as f64) }
    };
    eprintln!(
        "noise {name}: {nights} nights judged, {raised} false alarms ({}), {suspect} suspect ({}); worse than yesterday by 5 %: {yesterday} ({})",
        each(raised),
        each(suspect),
        each(yesterday)
    );
}

/// A machine that jumps in the night of a change makes it suspect, which is another question.
fn without_jumps(night: f64, repetition: f64) -> impl Fn(u64) -> World {
    move |seed| {
        let mut world = World::new(night, repetition, seed);
        world.has_jumps = false;
        world
    }
}

/// What was found of a change.
#[derive(Default)]
struct Found {
    histories: usize,
    same_night: usize,
    within_three: usize,
    within_fourteen: usize,
    dated: usize,
    could_see: Vec<f64>,
}

/// In histories of `worlds`, each with a seed of its own.
fn found_of(worlds: impl Fn(u64) -> World, by: f64, figures: &[usize], histories: u64, seed: u64) -> Found {
    let mut found = Found::default();
    for history in 0..histories {
        let mut world = worlds(seed * 7_000_003 + history);
        world.change = Some(Change { at: CHANGED, by: by.ln_1p(), figures: figures.to_vec() });
        let judged = lived(&mut world);
        let first = (CHANGED..world.count)
            .find(|at| figures.iter().any(|figure| judged[*at].figures[*figure].judged == Judged::Worse));
        let since = first.and_then(|at| {
            figures
                .iter()
                .filter_map(|figure| {
                    judged[at].figures[*figure].since.filter(|_| judged[at].figures[*figure].judged == Judged::Worse)
                })
                .min()
        });
        found.histories += 1;
        found.same_night += usize::from(first == Some(CHANGED));
        found.within_three += usize::from(first.is_some_and(|at| at < CHANGED + 3));
        found.within_fourteen += usize::from(first.is_some_and(|at| at < CHANGED + 14));
        found.dated += usize::from(since.is_some_and(|since| since.abs_diff(CHANGED) <= 1));
        found.could_see.extend(judged[CHANGED - 1].figures[figures[0]].could_see.map(|could_see| could_see.share));
    }
    found
}

#[test]
#[ignore = "takes minutes: scripts/prove-nightly"]
fn how_soon_it_is_right() {
    let (histories, seed) = (asked("FLOODMARK_HISTORIES", 60), asked("FLOODMARK_SEED", 1));
    for (night, repetition) in [(0.02, 0.03), (0.03, 0.03), (0.03, 0.08), (0.05, 0.05), (0.10, 0.08)] {
        for (name, figures) in [("one figure", vec![7]), ("a profile", (0..12).collect())] {
            for by in [0.05, 0.1, 0.2] {
                let found = found_of(without_jumps(night, repetition), by, &figures, histories, seed);
                let of = |count: usize| 100.0 * count as f64 / found.histories as f64;
                let when_found = 100.0 * found.dated as f64 / found.within_fourteen.max(1) as f64;
                eprintln!(
                    "noise {:.0} % and {:.0} %, {name} {:.0} % worse: same night {:.0} %, within 3 nights {:.0} %, within 14 {:.0} %; the night named within 1 in {when_found:.0} %",
                    100.0 * night,
                    100.0 * repetition,
                    100.0 * by,
                    of(found.same_night),
                    of(found.within_three),
                    of(found.within_fourteen)
                );
            }
        }
    }
}

#[test]
#[ignore = "takes minutes: scripts/prove-nightly"]
fn whether_what_it_could_see_is_what_it_sees() {
    let (histories, seed) = (asked("FLOODMARK_HISTORIES", 60), asked("FLOODMARK_SEED", 1));
    for (night, repetition) in [(0.02, 0.03), (0.03, 0.03), (0.03, 0.08), (0.05, 0.05), (0.05, 0.15), (0.10, 0.08)] {
        let (mut said, mut below) = (Vec::new(), (0.0, 0.0));
        let mut truth = None;
        for step in 1..40 {
            let by = 1.08_f64.powi(step) * 0.03;
            let found = found_of(without_jumps(night, repetition), by, &[7], histories, seed + step as u64);
            let share = found.within_three as f64 / found.histories as f64;
            said.extend(found.could_see);
            if share >= 0.9 {
                truth = Some(below.0 + (by - below.0) * (0.9 - below.1) / (share - below.1));
                break;
            }
            below = (by, share);
        }
        said.sort_by(f64::total_cmp);
        let at = |share: f64| 100.0 * said[((said.len() - 1) as f64 * share) as usize];
        eprintln!(
            "noise {:.0} % and {:.0} %: says that it could see {:.1} % (9 of 10 from {:.1} to {:.1}); found in 9 of 10 within three nights: {}",
            100.0 * night,
            100.0 * repetition,
            at(0.5),
            at(0.05),
            at(0.95),
            truth.map_or("no change tried".to_owned(), |truth| format!("{:.1} %", 100.0 * truth))
        );
    }
}

#[test]
#[ignore = "takes minutes: scripts/prove-nightly"]
fn what_the_probe_is_worth() {
    let (histories, seed) = (asked("FLOODMARK_HISTORIES", 60), asked("FLOODMARK_SEED", 1));
    for (night, repetition) in [(0.02, 0.03), (0.03, 0.03), (0.05, 0.03), (0.05, 0.08), (0.10, 0.08)] {
        for has_probe in [true, false] {
            let worlds = |seed: u64| {
                let mut world = without_jumps(night, repetition)(seed);
                world.has_probe = has_probe;
                world
            };
            let with_jumps = |seed: u64| {
                let mut world = worlds(seed);
                world.has_jumps = true;
                world
            };
            let raised: usize =
                (0..histories).map(|at| alarms(&lived(&mut with_jumps(seed * 9_000_011 + at))).len()).sum();
            let profile: Vec<usize> = (0..12).collect();
            let found = [0.1, 0.2].map(|by| found_of(worlds, by, &profile, histories, seed).within_three);
            let share = |count: usize| 100.0 * count as f64 / histories as f64;
            eprintln!(
                "noise {:.0} % and {:.0} %, {} the probe: {raised} false alarms in {} nights; a profile 10 and 20 % worse is found within 3 nights in {:.0} and {:.0} %",
                100.0 * night,
                100.0 * repetition,
                if has_probe { "with" } else { "without" },
                60 * histories,
                share(found[0]),
                share(found[1])
            );
        }
    }
}
