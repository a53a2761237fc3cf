//! Judged nights for tests.

use super::decision::{Broken, DECISION_SCHEMA, FigureDecision, NightDecision, NightFinding, ProfileNight};
use crate::compare::{Place, Unit};
use crate::nights::{CouldSee, FAMILY_LEVEL, Judged};

fn figure(profile: &str, phase: Option<&str>, figure: &str, unit: Unit, value: f64) -> FigureDecision {
    let place = Place { stream: Some("orders".to_owned()), phase: phase.map(str::to_owned), ..Place::default() };
    FigureDecision {
        profile: profile.to_owned(),
        place,
        figure: figure.to_owned(),
        unit,
        less_is_worse: unit == Unit::PerS,
        judged: Judged::AsUsual,
        value: Some(value),
        usual: Some(value),
        by: Some(0.002),
        since: None,
        chance: Some(0.4),
        could_see: Some(CouldSee { share: 0.09, is_too_noisy: false, repetitions: None }),
        least: 0.05,
        nights: 31,
    }
}

/// A night in which nothing is worse.
pub(crate) fn quiet() -> NightDecision {
    let profile = |name: &str| ProfileNight {
        name: name.to_owned(),
        counted: 5,
        runs: 5,
        void: Vec::new(),
        folders: vec![format!("nightly/staging/2030-01-31/trials/{name}-1")],
    };
    NightDecision {
        schema: DECISION_SCHEMA,
        suite: "staging".to_owned(),
        night: "2030-01-31".to_owned(),
        finding: NightFinding::Quiet,
        text: "no limit broke, and none of 3 figures is worse than the nights before".to_owned(),
        broken: Vec::new(),
        suspect: None,
        profiles: vec![profile("average"), profile("peak3x")],
        family_level: FAMILY_LEVEL,
        judged: 3,
        figures: vec![
            figure("average", None, "end_to_end_p99", Unit::Ms, 12.1),
            figure("average", None, "delivered_per_s", Unit::PerS, 998.0),
            figure("peak3x", Some("peak"), "end_to_end_p99", Unit::Ms, 31.0),
        ],
        notes: Vec::new(),
    }
}

/// A night in which a figure is worse, and a limit broke.
pub(crate) fn worse() -> NightDecision {
    let mut night = quiet();
    night.finding = NightFinding::Limit;
    night.text = "limits broke in 2 runs of peak3x; 1 figure is worse than before, too".to_owned();
    night.broken = vec![Broken {
        profile: "peak3x".to_owned(),
        runs: 2,
        of: 6,
        text: "orders: end_to_end_p99 was 620 ms, the limit is 500 ms.".to_owned(),
        folder: "nightly/staging/2030-01-31/trials/peak3x-2".to_owned(),
    }];
    night.profiles[1].runs = 6;
    night.profiles[1].void = vec!["The generator was late.".to_owned()];
    let figure = &mut night.figures[2];
    figure.judged = Judged::Worse;
    figure.value = Some(39.5);
    figure.by = Some(0.274);
    figure.since = Some("2030-01-30".to_owned());
    night.figures[1].could_see = Some(CouldSee { share: 0.31, is_too_noisy: true, repetitions: Some(9) });
    night.notes = vec![
        "average: a new baseline begins with night 2030-01-02, as the version of librdkafka is 2.12.1, was 2.12.0"
            .to_owned(),
    ];
    night
}
