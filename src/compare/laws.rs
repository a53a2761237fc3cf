//! The laws of comparing.

use proptest::prelude::*;

use super::made_up::{self, run, runs, scale_latencies};
use super::*;

type Change = fn(&mut Run);

fn rules() -> Rules {
    Rules { thresholds: Thresholds::of(&[]), anyway: false }
}

/// Runs whose latencies are these times the made-up ones.
fn sets(first: usize, factors: &[f64]) -> Vec<Run> {
    runs(first..first + factors.len(), |number, run| scale_latencies(run, factors[number - first]))
}

fn of<'a>(found: &'a Comparison, figure: &str) -> &'a Compared {
    found.figures.iter().find(|compared| compared.figure == figure).unwrap()
}

fn count_of(found: &Comparison, judgement: Judgement) -> usize {
    found.figures.iter().filter(|figure| figure.judgement == judgement).count()
}

fn factors(size: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.2..5.0_f64, size)
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_set_is_no_worse_and_no_better_than_itself(factors in factors(1..=7)) {
        let set = sets(0, &factors);
        let found = compare_sets(&set, &set, &rules()).unwrap();
        prop_assert_ne!(found.finding, Finding::Regression);
        prop_assert_eq!(count_of(&found, Judgement::Worse) + count_of(&found, Judgement::Better), 0);
        prop_assert!(found.differences.is_empty() && found.facts.is_empty());
        prop_assert!(found.figures.iter().all(|figure| close(figure.apart.unwrap().shift, 0.0)));
    }

    #[test]
    fn swapped_sides_mirror_the_shift(base in factors(1..=6), new in factors(1..=6)) {
        let (base, new) = (sets(0, &base), sets(100, &new));
        let forth = compare(&base, &new, &rules()).unwrap();
        let back = compare(&new, &base, &rules()).unwrap();
        for (forth, back) in forth.figures.iter().zip(&back.figures) {
            let (one, other) = (forth.apart.unwrap(), back.apart.unwrap());
            prop_assert!(close(one.shift, -other.shift), "{one:?} {other:?}");
            prop_assert_eq!(one.ratio.is_some(), other.ratio.is_some());
            if let (Some(one), Some(other)) = (one.ratio, other.ratio) {
                prop_assert!(close(one * other, 1.0), "{one:?} {other:?}");
            }
            prop_assert_eq!(one.interval.is_some(), other.interval.is_some());
            if let (Some(one), Some(other)) = (one.interval, other.interval) {
                prop_assert!(close(one.shift[0], -other.shift[1]) && close(one.shift[1], -other.shift[0]));
            }
            prop_assert!(forth.judgement != Judgement::Worse || back.judgement != Judgement::Worse);
        }
    }

    #[test]
    fn scaling_one_side_scales_the_ratio(base in factors(3..=6), new in factors(3..=6), scale in 0.5..2.0_f64) {
        let ratio = |new: &[f64]| {
            let found = compare(&sets(0, &base), &sets(100, new), &rules()).unwrap();
            let apart = of(&found, "end_to_end_p99").apart.unwrap();
            (apart.ratio.unwrap(), apart.interval.unwrap().ratio.unwrap())
        };
        let scaled: Vec<f64> = new.iter().map(|factor| factor * scale).collect();
        let ((was, [low, high]), (is, [scaled_low, scaled_high])) = (ratio(&new), ratio(&scaled));
        prop_assert!(close(is, was * scale) && close(scaled_low, low * scale) && close(scaled_high, high * scale));
    }

    #[test]
    fn worse_means_that_the_whole_interval_is_beyond_the_threshold(
        base in prop::collection::vec(0.9..1.1_f64, 5..=7), new in prop::collection::vec(0.9..1.3_f64, 5..=7),
    ) {
        let found = compare(&sets(0, &base), &sets(100, &new), &rules()).unwrap();
        for figure in found.figures.iter().filter(|figure| figure.judgement == Judgement::Worse) {
            let [least, _] = figure.apart.unwrap().interval.unwrap().ratio.unwrap();
            prop_assert!(least > 1.05 && figure.chance.unwrap() <= FAMILY_MISRATE, "{figure:?}");
        }
    }
}

/// Five factors around 1.
const CALM: [f64; 5] = [0.98, 0.99, 1.0, 1.01, 1.02];

#[test]
fn five_runs_of_each_find_what_is_clearly_slower_and_what_is_faster() {
    let slower = sets(100, &CALM.map(|factor| factor * 1.2));
    let found = compare(&sets(0, &CALM), &slower, &rules()).unwrap();
    assert_eq!(found.finding, Finding::Regression, "{}", found.text);
    assert_eq!(of(&found, "end_to_end_p99").judgement, Judgement::Worse);
    assert_eq!(of(&found, "end_to_end_max").judgement, Judgement::Shown);
    assert_eq!(of(&found, "delivered_per_s").judgement, Judgement::NotWorse);
    let found = compare(&slower, &sets(0, &CALM), &rules()).unwrap();
    assert_eq!((found.finding, of(&found, "end_to_end_p99").judgement), (Finding::NoRegression, Judgement::Better));
}

#[test]
fn a_rate_is_worse_when_it_falls() {
    let slower = runs(100..105, |_, run| run.summary.streams[0].achieved_per_s = 900.0);
    let found = compare(&sets(0, &CALM), &slower, &rules()).unwrap();
    assert_eq!((found.finding, of(&found, "achieved_per_s").judgement), (Finding::Regression, Judgement::Worse));
    let found = compare(&slower, &sets(0, &CALM), &rules()).unwrap();
    assert_eq!(of(&found, "achieved_per_s").judgement, Judgement::Better);
}

#[test]
fn a_figure_has_its_own_threshold() {
    let slower = sets(100, &CALM.map(|factor| factor * 1.2));
    let lenient = Thresholds::of(&["end_to_end_p99=30%".parse().unwrap()]);
    let found = compare(&sets(0, &CALM), &slower, &Rules { thresholds: lenient, anyway: false }).unwrap();
    assert_eq!(of(&found, "end_to_end_p99").judgement, Judgement::NotWorse);
    assert_eq!(of(&found, "end_to_end_p90").judgement, Judgement::Worse);
}

#[test]
fn one_run_of_each_is_judged_by_facts_alone() {
    let slow = sets(100, &[9.0]);
    let found = compare(&sets(0, &[1.0]), &slow, &rules()).unwrap();
    assert_eq!((found.finding, of(&found, "end_to_end_p99").judgement), (Finding::Unclear, Judgement::TooFewRuns));
    assert!(found.text.contains("no interval"), "{}", found.text);
    let lossy = runs(100..101, |_, run| run.summary.streams[0].counts.lost = 3);
    let found = compare(&sets(0, &[1.0]), &lossy, &rules()).unwrap();
    assert_eq!((found.finding, found.facts[0].code), (Finding::Regression, FactCode::Lost));
    assert!(found.facts[0].text.contains("3 events"), "{:?}", found.facts);
    // What base lost before is no news.
    let found = compare(&lossy, &runs(200..201, |_, run| run.summary.streams[0].counts.lost = 9), &rules()).unwrap();
    assert!(found.facts.is_empty());
}

#[test]
fn a_verdict_is_worse_when_all_of_new_fail_and_none_of_base() {
    let failing = |failed: usize| {
        runs(100..105, |number, run| {
            if number - 100 < failed {
                run.summary.verdict = Verdict::Fail;
            }
        })
    };
    let facts = |failed| compare(&sets(0, &CALM), &failing(failed), &rules()).unwrap().facts;
    assert_eq!(facts(5).first().map(|fact| fact.code), Some(FactCode::Verdict));
    assert!(facts(4).is_empty());
}

#[test]
fn void_killed_and_partial_runs_are_left_out_with_the_reason() {
    let doubtful = |change: Change| {
        let new = runs(100..106, |number, run| {
            if number == 100 {
                change(run)
            }
        });
        compare(&sets(0, &CALM), &new, &rules()).unwrap()
    };
    let cases: [(Change, &str); 5] = [
        (|run| run.manifest.state = RunState::Running, "results/100 was killed or is still going; it is left out."),
        (|run| run.summary.verdict = Verdict::Void, "results/100 is void; it is left out."),
        (|run| run.summary.verdict = Verdict::Part, "`floodmark merge`"),
        (|run| run.summary.interrupted = true, "was interrupted"),
        (|run| run.summary.partial = true, "misses a part"),
    ];
    for (change, said) in cases {
        let found = doubtful(change);
        let [left_out] = &found.differences[..] else { panic!("{:?}", found.differences) };
        assert!(left_out.code == DifferenceCode::LeftOut && left_out.text.contains(said), "{left_out:?}");
        assert_eq!(found.new.iter().filter(|run| run.used).count(), 5);
        assert_eq!(found.finding, Finding::NoRegression);
    }
    let all_void = runs(100..105, |_, run| run.summary.verdict = Verdict::Void);
    let found = compare(&sets(0, &CALM), &all_void, &rules()).unwrap();
    assert_eq!((found.finding, found.text.as_str()), (Finding::Unclear, "No run of new can be compared."));
    let found = compare(&sets(0, &CALM), &all_void, &Rules { anyway: true, ..rules() }).unwrap();
    assert_eq!(found.finding, Finding::NoRegression);
}

#[test]
fn a_run_counts_once() {
    let said = compare(&[run(1)], &[run(1)], &rules()).unwrap_err().to_string();
    assert!(said.contains("run-1") && said.contains("twice"), "{said}");
    assert!(compare(&[run(1), run(1)], &[run(2)], &rules()).is_err());
}

#[test]
fn other_loads_are_refused_and_what_else_differs_is_said() {
    let changed = |change: Change| compare(&[run(1)], &runs(2..3, |_, run| change(run)), &rules());
    let rate: Change = |run| {
        run.manifest.profile["stream"][0].as_table_mut().unwrap().insert("rate".to_owned(), "2k/s".into());
    };
    let said = changed(rate).unwrap_err().to_string();
    assert!(said.contains("stream.orders.rate is 1k/s and 2k/s") && said.contains("--anyway"), "{said}");
    let new = runs(2..3, |_, run| rate(run));
    let found = compare(&[run(1)], &new, &Rules { anyway: true, ..rules() }).unwrap();
    assert!(found.differences[0].refuses && found.differences[0].code == DifferenceCode::Profile);
    let cases: [(Change, DifferenceCode, &str); 7] = [
        (|run| run.manifest.seed = 8, DifferenceCode::Seed, "The seed differs: 7 (base), 8 (new)."),
        (|run| run.manifest.fingerprint = "g".to_owned(), DifferenceCode::Plan, "planned events differ"),
        (|run| run.manifest.target.embedded = true, DifferenceCode::Target, "c (base), the embedded broker (new)"),
        (|run| run.manifest.floodmark = "9.9.9".to_owned(), DifferenceCode::Version, "0.1.0 (base), 9.9.9 (new)"),
        (
            |run| run.manifest.host.memory_bytes = Some(8_000_000_000),
            DifferenceCode::Machine,
            "unknown (base), 8 GB (new)",
        ),
        (
            |run| {
                drop(
                    run.manifest
                        .client
                        .insert("producer orders".to_owned(), [("linger.ms".to_owned(), "0".to_owned())].into()),
                )
            },
            DifferenceCode::Client,
            "linger.ms of producer orders is not set and 0",
        ),
        (|run| run.summary.streams.push(made_up::stream("more")), DifferenceCode::Missing, "Only new has stream more."),
    ];
    for (change, code, said) in cases {
        let found = changed(change).unwrap();
        let [difference] = &found.differences[..] else { panic!("{:?}", found.differences) };
        assert!(difference.code == code && difference.text.contains(said) && !difference.refuses, "{difference:?}");
    }
}

#[test]
fn what_a_run_did_not_measure_is_not_judged() {
    let unmeasured = runs(100..105, |number, run| {
        if number == 103 {
            run.summary.streams[0].latency_ms.due_to_consumed.count = 0;
        }
    });
    let found = compare(&sets(0, &CALM), &unmeasured, &rules()).unwrap();
    let figure = of(&found, "end_to_end_p99");
    assert_eq!((figure.judgement, figure.new.unwrap().runs), (Judgement::NotMeasured, 4));
    let nan = runs(100..105, |_, run| run.summary.streams[0].latency_ms.sent_to_acked.p99 = f64::NAN);
    let found = compare(&sets(0, &CALM), &nan, &rules()).unwrap();
    assert_eq!((of(&found, "ack_p99").judgement, of(&found, "ack_p99").new), (Judgement::NotMeasured, None));
}

#[test]
fn two_hundred_streams_are_compared() {
    let many = |first: usize| {
        runs(first..first + 5, |_, run| {
            run.summary.streams = (0..200).map(|at| made_up::stream(&format!("s{at}"))).collect();
        })
    };
    let found = compare(&many(0), &many(100), &rules()).unwrap();
    assert_eq!((found.finding, found.figures.len()), (Finding::NoRegression, 200 * 24 + 1));
}

#[test]
fn a_phase_is_compared_with_the_same_phase() {
    let with_phase = |first: usize, slower: f64| {
        runs(first..first + 5, |number, run| {
            let mut peak = run.clone();
            scale_latencies(&mut peak, CALM[number - first] * slower);
            let stream = &mut run.summary.streams[0];
            stream.phases = vec![crate::results::summary::PhaseSummary {
                name: "peak".to_owned(),
                latency_ms: Some(peak.summary.streams[0].latency_ms),
                delivered_per_s: Some(1000.0),
                ..Default::default()
            }];
        })
    };
    let found = compare(&with_phase(0, 1.0), &with_phase(100, 1.3), &rules()).unwrap();
    let worse = found.figures.iter().filter(|figure| figure.judgement == Judgement::Worse);
    let places: Vec<Option<&str>> = worse.map(|figure| figure.place.phase.as_deref()).collect();
    assert_eq!(places, vec![Some("peak"); 16]);
}
